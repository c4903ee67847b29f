// What a simulated charge point authenticates with: headers of the handshake, and its part of TLS.

import type { TlsIdentity } from './connection.ts'
import type { SimulatorOptions } from './options.ts'
import type { OwnCertificate } from './own-certificate.ts'
import type { StationSettings } from './station-settings.ts'

/** The headers of its next handshake. A password that the central system has set counts before the first one. */
export function handshakeHeaders(
  { identity, apiKey, password: first }: SimulatorOptions,
  settings: StationSettings,
): Record<string, string> {
  if (apiKey !== undefined) return { 'X-API-Key': apiKey, 'X-Charge-Point-Id': identity }
  const changed = settings.byKey('AuthorizationKey')?.value ?? ''
  const password = changed === '' ? first : changed
  if (password === undefined) return {}
  return { Authorization: `Basic ${Buffer.from(`${identity}:${password}`).toString('base64')}` }
}

/** What it brings to its next TLS handshake: the authorities that it trusts, and its certificate. */
export function tlsIdentity({ ca }: TlsIdentity, own: OwnCertificate): TlsIdentity {
  return { ...(ca === undefined ? {} : { ca }), ...own.next() }
}
