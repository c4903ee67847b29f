// Reads the credentials in the headers of a request, for charge points and REST clients.

/** HTTP Basic credentials. The password is bytes, since OCPP 1.6 allows any (Security whitepaper §4.2). */
export interface BasicCredentials {
  readonly userName: string
  readonly password: Uint8Array
}

/** The Basic credentials of an Authorization header; null if missing, unreadable or without a password. */
export function basicCredentials(headers: Headers): BasicCredentials | null {
  const match = /^\s*Basic\s+([A-Za-z0-9+/_-]+={0,2})\s*$/i.exec(headers.get('authorization') ?? '')
  if (match?.[1] === undefined) return null
  const decoded = Buffer.from(match[1], 'base64')
  // The user name ends at the first colon; the password may contain colons (RFC 7617 §2).
  const colon = decoded.indexOf(':')
  if (colon < 0) return null
  const password = decoded.subarray(colon + 1)
  return password.length === 0 ? null : { userName: decoded.subarray(0, colon).toString('utf8'), password }
}

/** An X-API-Key header, and the charge point that X-Charge-Point-Id names, if any. */
export interface KeyCredentials {
  readonly apiKey: string
  readonly chargePointId: string | null
}

/** The API key credentials of a request; null if it has none. */
export function keyCredentials(headers: Headers): KeyCredentials | null {
  const apiKey = headers.get('x-api-key')
  if (apiKey === null || apiKey === '') return null
  const chargePointId = headers.get('x-charge-point-id')
  return { apiKey, chargePointId: chargePointId === '' ? null : chargePointId }
}

/** The bearer token of an Authorization header (RFC 6750 §2.1); null if there is none. */
export function bearerToken(headers: Headers): string | null {
  return /^\s*Bearer\s+(\S+)\s*$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null
}

/** Whether the request has a bearer token, readable or not. */
export function presentsToken(headers: Headers): boolean {
  return /^\s*Bearer\b/i.test(headers.get('authorization') ?? '')
}

/**
 * Whether the credentials of the request are a signed token and nothing else. Nobody guesses a signature, and tokens
 * that have expired are presented by those who are in the right.
 */
export function presentsSignedTokenOnly(headers: Headers): boolean {
  // A JWT is the base64 of `{"…`, so that no password, key or token of a scraper looks like one.
  return !headers.has('x-api-key') && /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(bearerToken(headers) ?? '')
}

/** Whether the headers have neither a password, nor a key, nor a token. */
export function presentsNoSecret(headers: Headers): boolean {
  return !headers.has('authorization') && !headers.has('x-api-key')
}
