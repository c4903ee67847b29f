// The ids that 2.x charge points give their transactions, in the form that Stator stores.

import { storableKey } from '../base/storable-text.ts'

/** Longest id that is stored unchanged, in characters (2.0.1 allows 36); the index has the same limit. */
const idCharactersMax = 255

/** The id as stored. An id that is too long is cut and ends in a digest of the whole id. */
export function stationTransactionIdOf(sent: string): string {
  return storableKey(sent, idCharactersMax)
}
