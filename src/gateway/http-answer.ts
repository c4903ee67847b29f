// What holds for every HTTP answer, of the REST API and of refused handshakes: headers that restrict what browsers do
// with it, and an end for a body that nobody reads.

import type { Clock } from '../base/clock.ts'
import { requestBodyMsMax } from '../base/limits.ts'

// Values that an answer sets itself stay, such as the policy of a page.
const headers = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const

/**
 * Adds the security headers to `response`.
 *
 * @param httpsOnlySeconds how long browsers shall use https only; null: no word about it.
 */
export function withSecurityHeaders(response: Response, httpsOnlySeconds: number | null): Response {
  for (const [name, value] of Object.entries(headers)) {
    if (!response.headers.has(name)) response.headers.set(name, value)
  }
  if (httpsOnlySeconds !== null) {
    response.headers.set('Strict-Transport-Security', `max-age=${httpsOnlySeconds}`)
  }
  return response
}

/**
 * Waits for the end of a body that the answer did not need, and drops it. A client that does not send it all in
 * `requestBodyMsMax` gets the answer then, and its connection is closed: slow bodies would keep connections for hours.
 */
export async function afterBody(request: Request, response: Response, clock: Clock): Promise<Response> {
  if (request.body !== null && !request.bodyUsed && !(await isReceived(request.body, clock))) {
    response.headers.set('Connection', 'close')
  }
  return response
}

async function isReceived(body: ReadableStream<Uint8Array>, clock: Clock): Promise<boolean> {
  const reader = body.getReader()
  let isInTime = true
  const stopWaiting = clock.after(requestBodyMsMax, () => {
    isInTime = false
    void reader.cancel().catch(() => {})
  })
  try {
    while (!(await reader.read()).done);
    return isInTime
  } catch {
    // The client is gone, or the body is larger than Bun accepts.
    return false
  } finally {
    stopWaiting()
  }
}
