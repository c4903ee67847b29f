// The charge points that have, or had, an identity.

import { and, desc, eq } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { scopeKeysMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { isInScope } from './in-scope.ts'
import type { ListSource } from './paging.ts'

/**
 * Keys of the charge points that a filter selects; null: all of its scope. Where the number of rows that are read is
 * bounded, the charge points of a scope of groups are named, unless they are too many: rows of others would use it up.
 */
export async function filteredKeys(
  { db, rowsMax }: Pick<ListSource, 'db' | 'rowsMax'>,
  { identity, scope }: { readonly identity?: string; readonly scope: Scope },
): Promise<readonly number[] | null> {
  if (identity !== undefined) return keysOf(db, identity, scope)
  if (scope === 'all') return null
  if ('chargePointKey' in scope) return [scope.chargePointKey]
  return rowsMax === null ? null : keysOfFew(db, scope)
}

/** Deleted ones included; null: there are more than `scopeKeysMax`. */
async function keysOfFew(db: NodePgDatabase, scope: Scope): Promise<number[] | null> {
  const rows = await db
    .select({ key: chargePoints.key })
    .from(chargePoints)
    .where(isInScope(scope))
    .limit(scopeKeysMax + 1)
  return rows.length > scopeKeysMax ? null : rows.map(({ key }) => key)
}

/**
 * Keys of the charge points of that identity, deleted ones included: the newest first. Empty if no charge point in the
 * scope ever had it.
 */
export async function keysOf(db: NodePgDatabase, identity: string, scope: Scope): Promise<number[]> {
  const rows = await db
    .select({ key: chargePoints.key })
    .from(chargePoints)
    .where(and(eq(chargePoints.identity, storableText(identity)), isInScope(scope)))
    .orderBy(desc(chargePoints.key))
  return rows.map(({ key }) => key)
}
