// GetConfiguration with a list of keys reboots some charge points: their quirk profile says what to do instead.

import type { Adapts } from '../message-row.ts'

/** GetConfiguration of 1.6 (§5.8). */
export const adaptedKeys: Adapts = ({ key }, { configurationKeys = 'asAsked' }) => {
  if (!Array.isArray(key) || key.length === 0 || configurationKeys === 'asAsked') return null
  if (configurationKeys === 'askForAll') return { quirk: 'allKeysAsked', payload: {} }
  const reason = 'Its quirk profile says that this charge point takes no list of keys; ask for all of them'
  return { quirk: 'keysRefused', reason }
}
