// Passwords that Stator makes for charge points: random, and of the form that their OCPP version takes.

import { randomBytes, randomInt } from 'node:crypto'
import { type OcppVersion, since2 } from '../ocpp/version.ts'

const keyBytes = 20
const passwordCharacters = 40
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const made = since2(
  () => randomBytes(keyBytes).toString('hex'),
  () => Array.from({ length: passwordCharacters }, () => alphabet[randomInt(alphabet.length)]).join(''),
)

/**
 * A new password. OCPP 1.6: 20 random bytes as 40 hexadecimal digits (Security Whitepaper §7.2, the longest that an
 * AuthorizationKey may have). OCPP 2.x: 40 letters and digits (SecurityCtrlr.BasicAuthPassword), 238 bits.
 */
export function newPassword(version: OcppVersion): string {
  return made[version]()
}
