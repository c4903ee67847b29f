// Which rows belong to the charge points of a scope, in a time that does not depend on how many charge points there
// are, nor on how many of them PostgreSQL expects in a group.

import { type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Scope } from '../blocks/scope.ts'
import { isOfScope } from './in-scope.ts'

/** Scopes with more charge points than these are not read charge point by charge point. */
export const sparseKeysMax = 5_000
/** Nor are those with a larger share of all charge points: one row of so many is one of theirs. */
const sparseOneIn = 10

interface ScopeSource {
  readonly db: NodePgDatabase
}

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

/** Reads the charge points of these groups. */
export async function scopedRows(
  { db }: ScopeSource,
  { groups }: { readonly groups: readonly number[] },
): Promise<ScopedRows> {
  const ofGroups = sql`${sql.param(groups)}::int4[]`
  // Group by group. As JSON, because a row for each takes longer than all the rest.
  const { rows } = await db.execute<{ found: readonly number[] | null; all: number }>(
    sql`SELECT json_agg(id) AS found, (SELECT reltuples::float8 FROM pg_class WHERE oid = 'charge_points'::regclass) AS all FROM (
        SELECT c.id FROM unnest(${ofGroups}) AS g(id) CROSS JOIN LATERAL (
          SELECT c.id FROM charge_points c WHERE c.group_id = g.id LIMIT ${sparseKeysMax + 1}) c
        LIMIT ${sparseKeysMax + 1}) found`,
  )
  const found = rows[0]?.found ?? []
  const keys = found.slice(0, sparseKeysMax)
  const areAll = found.length <= sparseKeysMax
  const chargePoints = Math.max(rows[0]?.all ?? 0, sparseKeysMax)
  const isSparse = areAll && keys.length * sparseOneIn <= chargePoints
  return {
    keys,
    areAll,
    isSparse,
    chargePoints,
    isOurs(key) {
      if (isSparse) return sql`${key} = ANY(${sql.param(keys)}::int4[])`
      // Of many charge points a row is soon found: each is looked up. A join would read all of them first.
      return sql`(SELECT c.group_id FROM charge_points c WHERE c.id = ${key}) = ANY(${ofGroups})`
    },
  }
}

/** Whether a row is of a scope, by the key of its charge point; undefined: each is. */
export type IsOurs = (key: AnyPgColumn | SQL) => SQL | undefined

/** The condition for the rows of a list that may be long. Where few rows are found anyhow, `isOfScope` is enough. */
export async function scopeOfList(source: ScopeSource, scope: Scope): Promise<IsOurs> {
  if (scope === 'all' || 'chargePointKey' in scope) return (key) => isOfScope(scope, key)
  const { isOurs } = await scopedRows(source, scope)
  return isOurs
}
