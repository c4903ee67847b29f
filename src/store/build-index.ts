// Builds an index of a table that is in use, in steps that can each be repeated: a start may be interrupted after any
// of them.

import type { Client } from 'pg'
import { migrationLockMs } from '../base/limits.ts'
import type { IndexToBuild } from './migration-files.ts'

/** Longest name that PostgreSQL accepts, in bytes. */
const nameBytesMax = 63

/**
 * Builds an index unless it exists. Reads and writes do not wait for it. On a partitioned table it is built partition
 * by partition.
 *
 * @throws {Error} of PostgreSQL; a partitioned table, or a part of its index, may be locked (lock_not_available).
 */
export async function buildIndex(client: Client, index: IndexToBuild): Promise<void> {
  const { rows } = await client.query<{ isPartitioned: boolean }>(
    `SELECT relkind = 'p' AS "isPartitioned" FROM pg_class WHERE oid = to_regclass(quote_ident($1))`,
    [index.table],
  )
  if (rows[0]?.isPartitioned === true) await buildPartitioned(client, index)
  else await buildPlain(client, index)
}

async function buildPlain(client: Client, index: IndexToBuild): Promise<void> {
  const { name, table, isUnique, rest } = index
  await dropUnfinished(client, name)
  const found = await client.query('SELECT WHERE to_regclass(quote_ident($1)) IS NOT NULL', [name])
  if (found.rowCount === 1) return
  try {
    await client.query(`CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY "${name}" ON "${table}" ${rest}`)
  } catch (error) {
    // An unfinished unique index would refuse rows that others write. If the connection is broken, the next start
    // removes it.
    await dropUnfinished(client, name).catch(() => {})
    throw error
  }
}

async function dropUnfinished(client: Client, name: string): Promise<void> {
  const found = await client.query(
    'SELECT FROM pg_index WHERE indexrelid = to_regclass(quote_ident($1)) AND NOT indisvalid',
    [name],
  )
  if (found.rowCount !== 0) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS "${name}"`)
}

const partitionsWithout = `
  SELECT partition.relname AS name FROM pg_inherits i JOIN pg_class partition ON partition.oid = i.inhrelid
  WHERE i.inhparent = to_regclass(quote_ident($1)) AND NOT EXISTS (
    SELECT FROM pg_inherits part JOIN pg_index x ON x.indexrelid = part.inhrelid
    WHERE part.inhparent = to_regclass(quote_ident($2)) AND x.indrelid = partition.oid)
  ORDER BY name LIMIT 1`

// The index of the parent has no rows. It becomes valid once each partition has its index. A partition that is created
// meanwhile gets its own.
async function buildPartitioned(client: Client, index: IndexToBuild): Promise<void> {
  const { name, table, isUnique, rest } = index
  const unique = isUnique ? 'UNIQUE ' : ''
  await shortly(client, `CREATE ${unique}INDEX IF NOT EXISTS "${name}" ON ONLY "${table}" ${rest}`)
  for (;;) {
    const { rows } = await client.query<{ name: string }>(partitionsWithout, [table, name])
    const partition = rows[0]?.name
    if (partition === undefined) return
    const part = `${partition}_${name}`.slice(0, nameBytesMax)
    await buildPlain(client, { ...index, name: part, table: partition })
    await shortly(client, `ALTER INDEX "${name}" ATTACH PARTITION "${part}"`)
  }
}

/** Runs a statement whose locks make other statements wait. */
async function shortly(client: Client, statement: string): Promise<void> {
  await client.query(`SET lock_timeout = ${migrationLockMs}`)
  try {
    await client.query(statement)
  } finally {
    await client.query('SET lock_timeout = 0').catch(() => {})
  }
}
