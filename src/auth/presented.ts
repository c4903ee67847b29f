// What a request presents: the credentials in its headers, read once for charge points and REST clients alike.

/** HTTP Basic credentials. The password stays bytes: OCPP 1.6 allows it to be any (Security whitepaper §4.2). */
export interface BasicCredentials {
  readonly userName: string
  readonly password: Uint8Array
}

/** The Basic credentials of an Authorization header; null when there are none that can be read, or no password. */
export function basicCredentials(headers: Headers): BasicCredentials | null {
  const match = /^\s*Basic\s+([A-Za-z0-9+/_-]+={0,2})\s*$/i.exec(headers.get('authorization') ?? '')
  if (match?.[1] === undefined) return null
  const decoded = Buffer.from(match[1], 'base64')
  // The user name ends at the first colon; the password may hold more of them (RFC 7617 §2).
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

/** The key credentials of a request; null when it has none. */
export function keyCredentials(headers: Headers): KeyCredentials | null {
  const apiKey = headers.get('x-api-key')
  if (apiKey === null || apiKey === '') return null
  const chargePointId = headers.get('x-charge-point-id')
  return { apiKey, chargePointId: chargePointId === '' ? null : chargePointId }
}
