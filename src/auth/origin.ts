// Web pages that open a WebSocket to Stator from somebody's browser. A browser names the page in the header Origin, and
// itself in User-Agent; a page can change neither. A browser may add credentials that it remembers.

import type { SecuritySettings } from '../base/config.ts'

/**
 * Whether the request comes from a web page of another host that `Security.AllowedOrigins` does not have.
 *
 * Some charge points send an Origin as well, whatever their library puts there. It counts only where it can harm: if no
 * credentials are required, or a browser sent it.
 */
export function isForeignPage(
  headers: Headers,
  { allowedOrigins, requireAuthentication }: Pick<SecuritySettings, 'allowedOrigins' | 'requireAuthentication'>,
): boolean {
  const origin = headers.get('origin')
  if (origin === null || allowedOrigins.includes('*') || allowedOrigins.includes(origin.toLowerCase())) return false
  if (hostOf(origin) === headers.get('host')?.toLowerCase()) return false
  return !requireAuthentication || /\bMozilla\//.test(headers.get('user-agent') ?? '')
}

/** Host and port of an origin, as a Host header has them; charge points may leave the scheme out. */
function hostOf(origin: string): string {
  return origin
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/\/$/, '')
}
