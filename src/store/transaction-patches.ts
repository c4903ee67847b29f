// Which value counts if two patches of one transaction meet: in one group, where they are merged into one row before
// they are sent, and in SQL, where a patch meets the stored row. In every other column the last reported value counts.

import type { TransactionPatch } from '../blocks/stored-rows.ts'
import { endColumns, fallColumns } from '../blocks/transactions/tables.ts'
import type { Rule } from './table-statement.ts'

/** Of several falls, the one from the highest register counts. A fall without a number is the lowest. */
const ifHigherFall: Rule = (given, stored) =>
  `CASE WHEN v.register_fell_from_wh > COALESCE(t.register_fell_from_wh, '-Infinity') THEN ${given} ELSE ${stored} END`

/**
 * An operator closes only open transactions. A stopped transaction stays as it is, especially if its charge point
 * stopped it.
 */
const ifStopped: Rule = (given, stored, isGiven) =>
  `CASE WHEN ${isGiven} AND (v.closed_by IS DISTINCT FROM 'operator' OR t.stopped_at IS NULL) THEN ${given} ELSE ${stored} END`

type RuledColumn = (typeof endColumns)[number] | (typeof fallColumns)[number]

/** The same in SQL; the patch is `v`, the stored row `t`. */
export const transactionRules: Readonly<Partial<Record<RuledColumn, Rule>>> = Object.fromEntries([
  ...endColumns.map((name) => [name, ifStopped] as const),
  ...fallColumns.map((name) => [name, ifHigherFall] as const),
])

type Earlier = { readonly [Name in RuledColumn]?: TransactionPatch[Name] | undefined }

/** `later` without the values that do not count beside `earlier`. */
export function whatCounts(later: TransactionPatch, earlier: Earlier): TransactionPatch {
  const isClosedAlready = later.closedBy === 'operator' && typeof earlier.stoppedAtMs === 'number'
  const { registerFellFromWh: fell } = later
  const isLowerFall =
    fell !== undefined && !((fell ?? Number.NaN) > (earlier.registerFellFromWh ?? Number.NEGATIVE_INFINITY))
  if (!isClosedAlready && !isLowerFall) return later
  const left: ReadonlySet<string> = new Set([
    ...(isClosedAlready ? endColumns : []),
    ...(isLowerFall ? fallColumns : []),
  ])
  return Object.fromEntries(Object.entries(later).filter(([name]) => !left.has(name)))
}
