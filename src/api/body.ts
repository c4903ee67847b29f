// Request bodies: JSON, with limits on size and depth. The declared content type is ignored: `curl -d` declares a form,
// some clients declare nothing, and all of them send JSON.

import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { StatorError } from '../base/errors.ts'
import { chargePointBodyBytesMax, frameDepthMax, jsonValuesMax, requestBodyBytesMax } from '../base/limits.ts'
import { jsonShape } from '../ocpp/json-shape.ts'
import type { ApiEnv } from './env.ts'
import { badRequest } from './errors.ts'

const limits = { operator: limit(requestBodyBytesMax), chargePoint: limit(chargePointBodyBytesMax) }

function limit(bytesMax: number): MiddlewareHandler<ApiEnv> {
  return bodyLimit({
    maxSize: bytesMax,
    onError: () => {
      throw new StatorError('REQUEST_TOO_LARGE', `The request body is larger than ${bytesMax} bytes`)
    },
  })
}

/**
 * Middleware that reads and parses the body once. An empty body counts as none; the body of a DELETE is ignored.
 * Must come after `authenticated`, since the size limit depends on the sender.
 */
export const jsonBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (c.req.raw.body === null || c.req.method === 'DELETE') return next()
  return limits[c.get('principal').kind](c, async () => {
    await readJson(c)
    await next()
  })
}

async function readJson(c: Context<ApiEnv>): Promise<void> {
  const text = await c.req.raw.text()
  const headers = new Headers(c.req.raw.headers)
  headers.delete('Content-Length')
  if (text === '') headers.delete('Content-Type')
  else headers.set('Content-Type', 'application/json')
  const { url, method } = c.req.raw
  c.req.raw = new Request(url, { method, headers, ...(text === '' ? {} : { body: text }) })
  if (text === '') return
  const value = parsed(text)
  // Cached: Hono would parse the text again at each access.
  Object.assign(c.req, { json: async () => value })
}

function parsed(text: string): unknown {
  // Checked before parsing, because the cost of parsing grows with the number of values.
  const shape = jsonShape(text, frameDepthMax, jsonValuesMax)
  // Serializing thousands of levels, for instance into a CALL, would exhaust the stack.
  if (shape === 'tooDeep') throw badRequest('body', `The body must nest no deeper than ${frameDepthMax} levels`)
  if (shape === 'tooManyValues')
    throw badRequest('body', `The body must hold no more than ${jsonValuesMax} JSON values`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest('body', `The body must be JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
