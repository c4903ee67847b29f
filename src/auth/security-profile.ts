// The security profiles of OCPP (1.6 Security Whitepaper §2, 2.0.1 Part 2 A00).

import type { AuthenticationMethod } from '../base/config.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import type { Channel } from './authenticator.ts'

/** The profile of a connection whose charge point authenticated by `method`; null: it needed no credentials. */
export function profileOf(method: AuthenticationMethod | null, channel: Pick<Channel, 'isEncrypted'>): SecurityProfile {
  if (method === 'ClientCertificate') return 3
  if (method === null) return 0
  return channel.isEncrypted ? 2 : 1
}

/** Why a charge point with right credentials is refused whose security profile is below its lowest one. */
export function profileTooLow(identity: string, profileMin: SecurityProfile): string {
  return `Charge point '${identity}' must connect with security profile ${profileMin}`
}
