// The charge points that have, or had, an identity.

import { desc, eq } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'

/** Keys of the charge points that a filter selects; null: all of them. */
export async function filteredKeys(
  db: NodePgDatabase,
  { identity, chargePointKey }: { readonly identity?: string; readonly chargePointKey?: number },
): Promise<readonly number[] | null> {
  if (chargePointKey !== undefined) return [chargePointKey]
  return identity === undefined ? null : keysOf(db, identity)
}

/**
 * Keys of the charge points of that identity, deleted ones included: the newest first. Empty if no charge point ever
 * had it.
 */
export async function keysOf(db: NodePgDatabase, identity: string): Promise<number[]> {
  const rows = await db
    .select({ key: chargePoints.key })
    .from(chargePoints)
    .where(eq(chargePoints.identity, storableText(identity)))
    .orderBy(desc(chargePoints.key))
  return rows.map(({ key }) => key)
}
