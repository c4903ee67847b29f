// Messages on a connection that is not the newest of its charge point. Their facts are stored, but they do not change
// the current state of the charge point.

import type { Change } from './decision.ts'
import { isOf } from './stored-rows.ts'

/** Tables with the current state of a charge point. Only its newest connection changes them. */
const ofState: ReadonlySet<Change['table']> = new Set(['chargePoints', 'connectors'])

function isOfState({ table }: Change): boolean {
  return ofState.has(table)
}

/** Whether the change was decided from the state of the charge point. If that has changed, it must be decided again. */
export function isFenced(change: Change): boolean {
  return isOfState(change) || isOfTransaction(change)
}

/** Whether the change is about a transaction. The actor of the newest connection must know it. */
export function isOfTransaction({ table }: Change): boolean {
  return table === 'transactions'
}

/**
 * The changes that an overtaken connection may make. Places are removed: the newest connection may give the same places
 * to other messages.
 */
export function withoutState(changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => !isOfState(change)).map(withoutPlace)
}

function withoutPlace(change: Change): Change {
  if (!isOf('chargePointEvents', change) || change.place === undefined) return change
  const { place: _, ...unplaced } = change
  return unplaced
}
