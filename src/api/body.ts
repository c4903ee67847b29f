// Request bodies: no larger and no deeper than allowed, and JSON. The declared content type is not held against anybody: `curl -d`
// says "form", some clients say nothing, and all of them mean JSON.

import type { MiddlewareHandler } from 'hono'
import { StatorError } from '../base/errors.ts'
import { frameDepthMax } from '../base/limits.ts'
import { nestsTooDeep } from '../ocpp/frame.ts'
import { badRequest } from './errors.ts'

/** Reads the body once, and hands it on as JSON; an empty one is no body. That of a DELETE means nothing, and is left alone. */
export function jsonBody(bytesMax: number): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.raw.body !== null && c.req.method !== 'DELETE') {
      const text = await bodyText(c.req.raw, bytesMax)
      requireJson(text)
      const headers = new Headers(c.req.raw.headers)
      headers.delete('Content-Length')
      if (text === '') headers.delete('Content-Type')
      else headers.set('Content-Type', 'application/json')
      c.req.raw = new Request(c.req.raw.url, {
        method: c.req.raw.method,
        headers,
        ...(text === '' ? {} : { body: text }),
      })
    }
    await next()
  }
}

async function bodyText(request: Request, bytesMax: number): Promise<string> {
  if (Number(request.headers.get('Content-Length') ?? 0) > bytesMax) throw tooLarge(bytesMax)
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  // A body sent in chunks does not say beforehand how long it will be.
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function tooLarge(bytesMax: number): StatorError {
  return new StatorError('REQUEST_TOO_LARGE', `The request body is larger than ${bytesMax} bytes`)
}

function requireJson(text: string): void {
  if (text === '') return
  try {
    JSON.parse(text)
  } catch (error) {
    throw badRequest('body', `The body must be JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  // Whatever writes it again, as a CALL above all, would exhaust its stack on thousands of levels.
  if (nestsTooDeep(text)) throw badRequest('body', `The body must nest no deeper than ${frameDepthMax} levels`)
}
