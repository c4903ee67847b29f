// Charge points whose identities differ in letter case only. A unique index refuses them. A database from before that
// index may contain some. It then works without the index, logs which identities they are, and builds the index at the
// first start at which none is left.

import type { ClientBase } from 'pg'
import { alikeIdentitiesShownMax, identityIndexLockMsMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { databaseError, isAlreadyStored } from './store-error.ts'

/** Key of the advisory lock of the node that builds the index. */
const identityIndexLock = 6_017_304

// SQLSTATE, PostgreSQL documentation, appendix A.
const lockNotAvailable = '55P03'

/** Spellings of one identity that are logged. */
const spellingsShownMax = 4

// Built and dropped concurrently with all other statements: it waits for older transactions, and no statement waits for
// it.
const makeIndex = `CREATE UNIQUE INDEX CONCURRENTLY charge_points_identity_alike ON charge_points (lower(identity))
  WHERE deleted_at IS NULL`
const dropUnfinished = 'DROP INDEX CONCURRENTLY IF EXISTS charge_points_identity_alike'
// The older index. Charge points are found by it while the unique one does not exist.
const dropOlder = 'DROP INDEX CONCURRENTLY IF EXISTS charge_points_identity_lower'

const findAlike = `
  SELECT (array_agg(identity ORDER BY id))[1:${spellingsShownMax}] AS spellings, (count(*) OVER ())::int4 AS count
  FROM charge_points WHERE deleted_at IS NULL GROUP BY lower(identity) HAVING count(*) > 1
  ORDER BY min(id) LIMIT ${alikeIdentitiesShownMax}`

/**
 * Makes sure that no two charge points have identities that differ in letter case only, or logs which do. If another
 * node is doing this, it is left to that node. Runs on a connection that is closed afterwards.
 */
export async function keepIdentitiesApart(client: ClientBase, log: Pick<Logger, 'warn'>): Promise<void> {
  const lock = 'SELECT pg_try_advisory_lock($1) AS "isMine"'
  const { rows } = await client.query<{ isMine: boolean }>(lock, [identityIndexLock])
  if (rows[0]?.isMine !== true) return
  try {
    await client.query(`SET lock_timeout = ${identityIndexLockMsMax}`)
    await replaceIndex(client)
  } catch (error) {
    if (isAlreadyStored(error)) await warnOfAlike(client, log)
    else if (isLockNotAvailable(error))
      log.warn({ error }, 'The index of identities waits for a long transaction; the next start tries again.')
    else throw error
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [identityIndexLock])
  }
}

async function replaceIndex(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; isValid: boolean }>(
    `SELECT relname AS name, indisvalid AS "isValid" FROM pg_index JOIN pg_class c ON c.oid = indexrelid
     WHERE indrelid = 'charge_points'::regclass`,
  )
  const isValid = new Map(rows.map((row) => [row.name, row.isValid]))
  if (isValid.get('charge_points_identity_alike') !== true) {
    await client.query(dropUnfinished)
    await client.query(makeIndex)
  }
  if (isValid.has('charge_points_identity_lower')) await client.query(dropOlder)
}

/** Whether the index of a database makes sure of it. */
export async function areIdentitiesApart(client: ClientBase): Promise<boolean> {
  const { rowCount } = await client.query(
    "SELECT FROM pg_index WHERE indexrelid = to_regclass('charge_points_identity_alike') AND indisvalid",
  )
  return rowCount === 1
}

/** Drops the index, because rows with alike identities follow; the next start builds it, or logs which they are. */
export async function allowAlikeIdentities(client: ClientBase): Promise<void> {
  await client.query('DROP INDEX IF EXISTS charge_points_identity_alike')
}

function isLockNotAvailable(error: unknown): boolean {
  return databaseError(error)?.code === lockNotAvailable
}

async function warnOfAlike(client: ClientBase, log: Pick<Logger, 'warn'>): Promise<void> {
  // If it has to wait for a long transaction, the next start does it. An index whose building failed is not written to.
  await client.query(dropUnfinished).catch((error: unknown) => {
    if (!isLockNotAvailable(error)) throw error
  })
  const { rows } = await client.query<{ spellings: readonly string[]; count: number }>(findAlike)
  const [first] = rows
  if (first === undefined) return
  log.warn(
    { count: first.count, reason: rows.map(({ spellings }) => spellings.join(', ')).join('; ') },
    'Charge points have identities that differ in letter case only; delete all but one of each, and start again.',
  )
}
