// The ids that 2.x charge points give their transactions, in the form in which Stator knows them.

import { storableKey } from '../base/storable-text.ts'

/** Longest id that is kept as it is, in characters (2.0.1 allows 36): the index of transactions looks at as many. */
const idCharactersMax = 255

/**
 * The id under which a transaction is kept and found: one that is too long is cut, and ends in a digest of the whole.
 */
export function stationTransactionIdOf(sent: string): string {
  return storableKey(sent, idCharactersMax)
}
