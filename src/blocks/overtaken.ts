// What becomes of a message that comes through a connection which is not the newest of its charge point: what it tells is
// stored, but it says nothing about how the charge point is now.

import type { Change } from './decision.ts'
import { isOf, type RowChange } from './stored-rows.ts'

/** The name of its table, or its kind. */
type Target = RowChange['table'] | Exclude<Change, RowChange>['kind']

/** What a charge point is like now: only its newest connection moves it. */
const ofState: ReadonlySet<Target> = new Set([
  'boot',
  'connectors',
  'chargePointStatus',
  'activity',
  'untimedFacts',
] satisfies Target[])

const ofTransactions: ReadonlySet<Target> = new Set([
  'transactions',
  'transactionUpdated',
  'transactionStopped',
] satisfies Target[])

function targetOf(change: Change): Target {
  return 'table' in change ? change.table : change.kind
}

function isOfState(change: Change): boolean {
  return ofState.has(targetOf(change))
}

/** What is decided from the state of the charge point, and so has to be decided again when that is not as it was. */
export function isFenced(change: Change): boolean {
  return isOfState(change) || isOfTransaction(change)
}

/** Changes what the actor of the newest connection has to know. */
export function isOfTransaction(change: Change): boolean {
  return ofTransactions.has(targetOf(change))
}

/**
 * What an overtaken connection may change. Its messages without a time have no place among those of the newest connection,
 * which gives the same places to other messages.
 */
export function withoutState(changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => !isOfState(change)).map(withoutPlace)
}

function withoutPlace(change: Change): Change {
  if (!isOf('chargePointEvents', change) || change.place === undefined) return change
  const { place: _, ...unplaced } = change
  return unplaced
}
