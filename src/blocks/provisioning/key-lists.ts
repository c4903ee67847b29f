// GetConfiguration with a list of keys reboots some charge points: their quirk profile says what to do instead.

import type { Treatment } from '../../ocpp/quirk-profile.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { Adapts } from '../message-row.ts'
import { isReported } from './configuration-commands.ts'

/** GetConfiguration of 1.6 (§5.8). */
export const adaptedKeys: Adapts = ({ key }, { configurationKeys = 'asAsked' }) => {
  if (!Array.isArray(key) || key.length === 0 || configurationKeys === 'asAsked') return null
  if (configurationKeys === 'askForAll') return { quirk: 'allKeysAsked', payload: {} }
  const reason = 'Its quirk profile says that this charge point takes no list of keys; ask for all of them'
  return { quirk: 'keysRefused', reason }
}

/** Whether a request about some keys is answered with all of them: it is one CALL then, however many keys it names. */
export function asksForAll(version: OcppVersion, treatment: Treatment | undefined): boolean {
  return !isReported[version] && treatment?.commands.configurationKeys === 'askForAll'
}
