// Which rows belong to the charge points of a scope, in a time that does not depend on how many charge points there
// are, nor on how many of them PostgreSQL expects in a group.

import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Scope } from '../blocks/scope.ts'
import { sparseKeysMax } from './charge-point-sets.ts'
import { isOfScope } from './in-scope.ts'
import type { ListSource } from './paging.ts'

/** Nor are scopes with a larger share of all charge points: one row of so many is one of theirs. */
const sparseOneIn = 10

type SetSource = Pick<ListSource, 'sets'>

/** The charge points of a scope. */
export interface ScopedRows {
  /** `sparseKeysMax` of them at most. */
  readonly keys: readonly number[]
  /** Whether there are no others. */
  readonly areAll: boolean
  /** Whether they are few, and have few of all rows, so that a list is read charge point by charge point. */
  readonly isSparse: boolean
  /** About how many charge points there are, in the scope and outside; `sparseKeysMax` at least. */
  readonly chargePoints: number
  /** Whether a row belongs to one of them, by the key of its charge point. */
  isOurs(key: AnyPgColumn | SQL): SQL
}

/** The charge points of these groups. */
export async function scopedRows(
  { sets }: SetSource,
  { groups }: { readonly groups: readonly number[] },
): Promise<ScopedRows> {
  const set = await sets.ofGroups(groups)
  const { keys } = set
  const areAll = set.count === keys.length
  const chargePoints = Math.max(set.chargePoints, sparseKeysMax)
  const isSparse = areAll && keys.length * sparseOneIn <= chargePoints
  return {
    keys,
    areAll,
    isSparse,
    chargePoints,
    // An index finds the rows of few.
    isOurs: (key) => (isSparse ? sql`${key} = ANY(${sql.param(keys)}::int4[])` : set.has(key)),
  }
}

/** Whether a row is of a scope, by the key of its charge point; undefined: each is. */
export type IsOurs = (key: AnyPgColumn | SQL) => SQL | undefined

/** The condition for the rows of a list that may be long. Where few rows are found anyhow, `isOfScope` is enough. */
export async function scopeOfList(source: SetSource, scope: Scope): Promise<IsOurs> {
  if (scope === 'all' || 'chargePointKey' in scope) return (key) => isOfScope(scope, key)
  const { isOurs } = await scopedRows(source, scope)
  return isOurs
}

/** The condition for the rows of charge points that are not deleted. */
export async function notOfDeleted({ sets }: SetSource): Promise<IsOurs> {
  const deleted = await sets.ofDeleted()
  return deleted.count === 0 ? () => undefined : (key) => sql`NOT ${deleted.has(key)}`
}
