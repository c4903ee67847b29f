// The charge points that have, or had, an identity.

import { and, desc, eq } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { isInScope } from './in-scope.ts'

/** Keys of the charge points that a filter selects; null: all of its scope. */
export async function filteredKeys(
  db: NodePgDatabase,
  { identity, scope }: { readonly identity?: string; readonly scope: Scope },
): Promise<readonly number[] | null> {
  if (identity !== undefined) return keysOf(db, identity, scope)
  return scope !== 'all' && 'chargePointKey' in scope ? [scope.chargePointKey] : null
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
