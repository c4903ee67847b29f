// Request bodies: JSON, with limits on size and depth. The declared content type is ignored: `curl -d` declares a form,
// some clients declare nothing, and all of them send JSON. A batch may also be CSV, which must be declared.

import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { StatorError } from '../base/errors.ts'
import {
  batchBodyBytesMax,
  batchJsonValuesMax,
  batchLinesMax,
  chargePointBodyBytesMax,
  frameDepthMax,
  jsonValuesMax,
  requestBodyBytesMax,
} from '../base/limits.ts'
import { jsonShape } from '../ocpp/json-shape.ts'
import type { ApiEnv } from './env.ts'
import { badRequest } from './errors.ts'

const tooLarge = (bytesMax: number) => `The request body is larger than ${bytesMax} bytes`
const split = `split it into several requests of at most ${batchLinesMax} lines`
const tooLargeBatch = (bytesMax: number) => `The batch is larger than ${bytesMax} bytes; ${split}`

const limits = {
  operator: limit(requestBodyBytesMax, tooLarge),
  batch: limit(batchBodyBytesMax, tooLargeBatch),
  chargePoint: limit(chargePointBodyBytesMax, tooLarge),
}

function limit(bytesMax: number, sentence: (bytesMax: number) => string): MiddlewareHandler<ApiEnv> {
  return bodyLimit({
    maxSize: bytesMax,
    onError: () => {
      throw new StatorError('REQUEST_TOO_LARGE', sentence(bytesMax))
    },
  })
}

/**
 * Middleware that reads and parses the body once. An empty body counts as none; the body of a DELETE is ignored, and
 * CSV is left to the route. Must come after `authenticated`, since the size limit depends on the sender.
 */
export const jsonBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (c.req.raw.body === null || c.req.method === 'DELETE') return next()
  const { kind } = c.get('principal')
  const isBatch = c.req.path.endsWith(':batch')
  const limited = kind === 'operator' && isBatch ? limits.batch : limits[kind]
  return limited(c, async () => {
    if (!(isBatch && isCsv(c))) await readJson(c, isBatch)
    await next()
  })
}

/** Whether the request declares that its body is CSV. */
export function isCsv(c: Context<ApiEnv>): boolean {
  return /^\s*(text|application)\/csv\s*(;|$)/i.test(c.req.header('Content-Type') ?? '')
}

async function readJson(c: Context<ApiEnv>, isBatch: boolean): Promise<void> {
  const text = await c.req.raw.text()
  const headers = new Headers(c.req.raw.headers)
  headers.delete('Content-Length')
  if (text === '') headers.delete('Content-Type')
  else headers.set('Content-Type', 'application/json')
  const { url, method } = c.req.raw
  c.req.raw = new Request(url, { method, headers, ...(text === '' ? {} : { body: text }) })
  if (text === '') return
  const value = parsed(text, isBatch)
  // Cached: Hono would parse the text again at each access.
  Object.assign(c.req, { json: async () => value })
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
    throw badRequest('body', `The body must be JSON${or}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
