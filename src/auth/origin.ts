// Requests that a browser sends for a web page of another host. A browser names the page in the header Origin, its
// relation to this host in Sec-Fetch-Site, and itself in User-Agent; a page can change none of them. A browser may add
// credentials that it remembers.

import type { SecuritySettings } from '../base/config.ts'

/**
 * Whether the request comes from a web page of another host that `allowedOrigins` does not have. A request without both
 * headers comes from no page.
 */
export function isForeignPage(headers: Headers, allowedOrigins: readonly string[]): boolean {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  // The browser knows better than the Host header, which a proxy may have changed.
  if (site === 'same-origin' || site === 'none') return false
  if (origin === null) return site === 'cross-site'
  if (isAllowedOrigin(origin, allowedOrigins)) return false
  return site === 'cross-site' || hostOf(origin) !== headers.get('host')?.toLowerCase()
}

/** Whether `Security.AllowedOrigins` has the origin, or `*`. */
export function isAllowedOrigin(origin: string, allowedOrigins: readonly string[]): boolean {
  return allowedOrigins.includes('*') || allowedOrigins.includes(origin.toLowerCase())
}

/**
 * Whether a WebSocket handshake comes from a foreign page.
 *
 * Some charge points send an Origin as well, whatever their library puts there. It counts only where it can harm: if no
 * credentials are required, or a browser sent it.
 */
export function isForeignHandshake(
  headers: Headers,
  { allowedOrigins, requireAuthentication }: Pick<SecuritySettings, 'allowedOrigins' | 'requireAuthentication'>,
): boolean {
  const isBrowser = headers.has('sec-fetch-site') || /\bMozilla\//.test(headers.get('user-agent') ?? '')
  return (isBrowser || !requireAuthentication) && isForeignPage(headers, allowedOrigins)
}

/**
 * Whether a REST request comes from a foreign page and can harm: it may change something, or it has credentials that a
 * browser adds by itself. For those `*` is not enough: the origin must be named.
 */
export function isForeignRequest(
  { method, headers }: Pick<Request, 'method' | 'headers'>,
  allowedOrigins: readonly string[],
): boolean {
  if (/^\s*Basic\b/i.test(headers.get('authorization') ?? '')) {
    return isForeignPage(
      headers,
      allowedOrigins.filter((origin) => origin !== '*'),
    )
  }
  return !['GET', 'HEAD', 'OPTIONS'].includes(method) && isForeignPage(headers, allowedOrigins)
}

/** Host and port of an origin, as a Host header has them; charge points may leave the scheme out. */
function hostOf(origin: string): string {
  return origin
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/\/$/, '')
}
