// What becomes of a message that comes through a connection which is not the newest of its charge point: what it tells
// is stored, but it says nothing about how the charge point is now.

import type { Change } from './decision.ts'
import { isOf } from './stored-rows.ts'

/** What a charge point is like now: only its newest connection moves it. */
const ofState: ReadonlySet<Change['table']> = new Set(['chargePoints', 'connectors'])

function isOfState({ table }: Change): boolean {
  return ofState.has(table)
}

/** What is decided from the state of the charge point, and so has to be decided again when that is not as it was. */
export function isFenced(change: Change): boolean {
  return isOfState(change) || isOfTransaction(change)
}

/** Changes what the actor of the newest connection has to know. */
export function isOfTransaction({ table }: Change): boolean {
  return table === 'transactions'
}

/**
 * What an overtaken connection may change. Its messages without a time have no place among those of the newest
 * connection, which gives the same places to other messages.
 */
export function withoutState(changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => !isOfState(change)).map(withoutPlace)
}

function withoutPlace(change: Change): Change {
  if (!isOf('chargePointEvents', change) || change.place === undefined) return change
  const { place: _, ...unplaced } = change
  return unplaced
}
