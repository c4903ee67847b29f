// `WWW-Authenticate`: how a client that was refused with 401 may authenticate (RFC 9110 §11.6.1, RFC 6750 §3).

import type { AuthDeps } from './auth-deps.ts'
import { presentsToken } from './presented.ts'

/** The challenge to a charge point whose handshake is refused: the enabled schemes. */
export function handshakeChallenge(headers: Headers, { authenticators }: Pick<AuthDeps, 'authenticators'>): string {
  const methods = authenticators.map(({ method }) => method)
  const schemes: string[] = []
  if (methods.includes('Basic')) schemes.push('Basic realm="OCPP"')
  if (methods.includes('Jwt')) schemes.push(bearer('OCPP', headers))
  // A 401 must name a scheme. API keys and certificates have none that is registered.
  return schemes.length === 0 ? 'ApiKey realm="OCPP"' : schemes.join(', ')
}

/** The challenge to a sender of a REST request. */
export function restChallenge(headers: Headers, { tokens }: Pick<AuthDeps, 'tokens'>): string {
  const basic = 'Basic realm="Stator", charset="UTF-8"'
  return tokens === null ? basic : `${basic}, ${bearer('Stator', headers)}`
}

function bearer(realm: string, headers: Headers): string {
  return `Bearer realm="${realm}"${presentsToken(headers) ? ', error="invalid_token"' : ''}`
}
