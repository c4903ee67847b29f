// Request bodies: JSON, with limits on size, depth and time. The declared content type is ignored: `curl -d` declares a
// form, some clients declare nothing, and all of them send JSON. A batch may also be CSV, which must be declared.

import type { Context, MiddlewareHandler } from 'hono'
import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import {
  batchBodyBytesMax,
  batchJsonValuesMax,
  batchLinesMax,
  chargePointBodyBytesMax,
  frameDepthMax,
  jsonValuesMax,
  requestBodyBytesMax,
  requestBodyMsMax,
} from '../base/limits.ts'
import { jsonShape } from '../ocpp/json-shape.ts'
import type { ApiEnv } from './env.ts'
import { badRequest } from './errors.ts'

const tooLarge = (bytesMax: number) => `The request body is larger than ${bytesMax} bytes`
const split = `split it into several requests of at most ${batchLinesMax} lines`
const tooLargeBatch = (bytesMax: number) => `The batch is larger than ${bytesMax} bytes; ${split}`

interface BodyLimit {
  readonly bytesMax: number
  /** What is said about a larger body. */
  readonly sentence: (bytesMax: number) => string
}

const limits = {
  operator: { bytesMax: requestBodyBytesMax, sentence: tooLarge },
  batch: { bytesMax: batchBodyBytesMax, sentence: tooLargeBatch },
  chargePoint: { bytesMax: chargePointBodyBytesMax, sentence: tooLarge },
} as const satisfies Record<string, BodyLimit>

/**
 * Middleware that reads the body once, and parses JSON. An empty body counts as none; the body of a DELETE is ignored,
 * and CSV is left to the route. Must come after `authenticated`, since the size limit depends on the sender.
 */
export function requestBody(clock: Clock): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (c.req.raw.body === null || c.req.method === 'DELETE') return next()
    const { kind } = c.get('principal')
    const isBatch = isBatchPath(c.req.path)
    const bytes = await received(c.req.raw, kind === 'operator' && isBatch ? limits.batch : limits[kind], clock)
    if (isBatch && isCsv(c)) replaceBody(c, bytes)
    else readJson(c, new TextDecoder().decode(bytes), isBatch)
    return next()
  }
}

/** @throws {StatorError} `REQUEST_TOO_LARGE`, `REQUEST_TIMEOUT`, or `BAD_REQUEST` when the client has gone. */
async function received(request: Request, limit: BodyLimit, clock: Clock): Promise<ArrayBuffer> {
  const { bytesMax, sentence } = limit
  const announced = request.headers.get('Content-Length')
  if (Number(announced) > bytesMax) throw new StatorError('REQUEST_TOO_LARGE', sentence(bytesMax))
  const body = announced === null ? readChunks(request, limit) : request.arrayBuffer()
  return new Promise((resolve, reject) => {
    const cancel = clock.after(requestBodyMsMax, () => {
      reject(new StatorError('REQUEST_TIMEOUT', `The body has not arrived within ${requestBodyMsMax / 1_000} s`))
    })
    const failed = (error: unknown): void => {
      reject(error instanceof StatorError ? error : badRequest('body', 'The connection was closed before its end'))
    }
    body.then(resolve, failed).finally(cancel)
  })
}

async function readChunks({ body }: Request, { bytesMax, sentence }: BodyLimit): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new StatorError('REQUEST_TOO_LARGE', sentence(bytesMax))
    chunks.push(chunk)
  }
  return Bun.concatArrayBuffers(chunks)
}

/** Whether a path is that of a batch: not one that ends in the name of one thing, as an id tag `x:batch`. */
export function isBatchPath(path: string): boolean {
  return /^\/api\/[^/]+:batch$/.test(path)
}

/** Whether the request declares that its body is CSV. */
export function isCsv(c: Context<ApiEnv>): boolean {
  return /^\s*(text|application)\/csv\s*(;|$)/i.test(c.req.header('Content-Type') ?? '')
}

function readJson(c: Context<ApiEnv>, text: string, isBatch: boolean): void {
  replaceBody(c, text)
  if (text === '') return
  const value = parsed(text, isBatch)
  // Cached: Hono would parse the text again at each access.
  Object.assign(c.req, { json: async () => value })
}

/** Puts what was read of the body into the request. An empty text counts as no body, and has no type. */
function replaceBody(c: Context<ApiEnv>, body: string | ArrayBuffer): void {
  const headers = new Headers(c.req.raw.headers)
  headers.delete('Content-Length')
  if (body === '') headers.delete('Content-Type')
  else if (typeof body === 'string') headers.set('Content-Type', 'application/json')
  const { url, method } = c.req.raw
  c.req.raw = new Request(url, { method, headers, ...(body === '' ? {} : { body }) })
}

function parsed(text: string, isBatch: boolean): unknown {
  const valuesMax = isBatch ? batchJsonValuesMax : jsonValuesMax
  // Checked before parsing, because the cost of parsing grows with the number of values.
  const shape = jsonShape(text, frameDepthMax, valuesMax)
  // Serializing thousands of levels, for instance into a CALL, would exhaust the stack.
  if (shape === 'tooDeep') throw badRequest('body', `The body must nest no deeper than ${frameDepthMax} levels`)
  if (shape === 'tooManyValues' && isBatch) {
    throw new StatorError('REQUEST_TOO_LARGE', `The batch has more than ${valuesMax} JSON values; ${split}`)
  }
  if (shape === 'tooManyValues') throw badRequest('body', `The body must hold no more than ${valuesMax} JSON values`)
  try {
    return JSON.parse(text)
  } catch (error) {
    const or = isBatch ? ', or CSV with the header Content-Type: text/csv' : ''
    throw badRequest('body', `The body must be JSON${or}: ${problemOf(error)}`)
  }
}

/** What a parser complains about, without the words of the body that it repeats: one may be a secret. */
function problemOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ "[^]*"/, '') : 'it cannot be parsed'
}
