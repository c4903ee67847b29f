// Charge points whose identities differ in letter case only. A unique index refuses them. A database that was filled before there was
// one may hold some: then it works without the index, says which they are, and makes the index at the first start without them.

import type { ClientBase } from 'pg'
import { alikeIdentitiesShownMax, partitionTriesMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { maintenanceLock, shortly } from './partitions.ts'
import { isAlreadyStored } from './store-error.ts'

/** Spellings of one identity that are told. */
const spellingsShownMax = 4

const makeIndex = `CREATE UNIQUE INDEX IF NOT EXISTS charge_points_identity_alike ON charge_points (lower(identity))
  WHERE deleted_at IS NULL`

// The one by which they were found before, and are found while there is no other.
const dropOlder = 'DROP INDEX IF EXISTS charge_points_identity_lower'

const findAlike = `
  SELECT (array_agg(identity ORDER BY id))[1:${spellingsShownMax}] AS spellings, (count(*) OVER ())::int4 AS count
  FROM charge_points WHERE deleted_at IS NULL GROUP BY lower(identity) HAVING count(*) > 1
  ORDER BY min(id) LIMIT ${alikeIdentitiesShownMax}`

/**
 * Makes sure that no two charge points have identities that differ in letter case only, or says in the log which do. Locks nothing for
 * longer than it takes to sort the identities.
 */
export async function keepIdentitiesApart(client: ClientBase, log: Pick<Logger, 'warn'>): Promise<void> {
  const found = await client.query<{ isUnique: boolean; isDouble: boolean }>(
    `SELECT to_regclass('charge_points_identity_alike') IS NOT NULL AS "isUnique",
       to_regclass('charge_points_identity_lower') IS NOT NULL AS "isDouble"`,
  )
  const { isUnique = false, isDouble = false } = found.rows[0] ?? {}
  try {
    const reason =
      (isUnique ? null : await inTurn(client, makeIndex)) ?? (isDouble ? await inTurn(client, dropOlder) : null)
    if (reason !== null)
      log.warn({ reason }, 'An index of charge_points could not be replaced; the next start tries again.')
  } catch (error) {
    if (!isAlreadyStored(error)) throw error
    await warnOfAlike(client, log)
  }
}

/** Null when it was done, else why not. */
function inTurn(client: ClientBase, statement: string): Promise<string | null> {
  return shortly(client, partitionTriesMax, async () => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [maintenanceLock])
    await client.query(statement)
  })
}

async function warnOfAlike(client: ClientBase, log: Pick<Logger, 'warn'>): Promise<void> {
  const { rows } = await client.query<{ spellings: readonly string[]; count: number }>(findAlike)
  const [first] = rows
  if (first === undefined) return
  log.warn(
    { count: first.count, reason: rows.map(({ spellings }) => spellings.join(', ')).join('; ') },
    'Charge points have identities that differ in letter case only; delete all but one of each, and start again.',
  )
}
