// Moves everything from the embedded database to an empty PostgreSQL, in one transaction of PostgreSQL: it has all of
// it or nothing. The embedded database keeps its rows. A second move finds the rows of the first and changes nothing.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type ClientBase } from 'pg'
import { StatorError } from '../../base/errors.ts'
import { connectMsMax, moveLockMsMax } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { allowAlikeIdentities, areIdentitiesApart } from '../alike-identities.ts'
import { type DatabaseAddress, parseConnectionString } from '../connection-string.ts'
import { bringUpToDate } from '../database.ts'
import { startEmbedded } from '../embedded.ts'
import { storeTypes } from '../pg-types.ts'
import { databaseError, reasonOf } from '../store-error.ts'
import { copyTable, equalTexts, type Holding, holdingOf, isSame } from './copy.ts'
import { leftTables, movedTables } from './tables.ts'

export interface MoveOptions {
  /** Where the embedded database has its files. */
  readonly dataFolder: string
  /** Connection string of the PostgreSQL, as in `Database.ConnectionString`. */
  readonly to: string
  readonly log: Logger
  /** Called for each table when its rows are in both databases and compared. */
  readonly onTable: (table: string, rows: number) => void
}

export interface Moved {
  readonly rows: number
  readonly tables: number
  /** Whether an earlier move had done it already. */
  readonly isRepeated: boolean
}

// SQLSTATE, PostgreSQL documentation, appendix A.
const lockNotAvailable = '55P03'

/**
 * Moves everything. Both databases get the tables of this version first.
 *
 * @throws {StatorError} `DATA_FOLDER_IN_USE` while a server runs on the data folder; `TARGET_NOT_EMPTY` when the
 *   PostgreSQL holds other data; as `openDatabase` when a database does not open. Nothing was moved then.
 */
export async function moveEmbedded({ dataFolder, to, log, onTable }: MoveOptions): Promise<Moved> {
  const { config, address } = parseConnectionString(to, '--to')
  if (!existsSync(join(dataFolder, 'postgres', 'PG_VERSION'))) {
    throw new StatorError(
      'SETTING_INVALID',
      `There is no embedded database in '${dataFolder}': expected Database.DataFolder to be the folder of the one to move.`,
    )
  }
  const server = await startEmbedded(dataFolder, log)
  try {
    const embedded = { host: server.host, port: server.port, database: 'postgres' }
    const source = await open({ ...embedded, user: 'postgres' }, embedded, log)
    try {
      const target = await open({ connectionTimeoutMillis: connectMsMax, ...config }, address, log)
      try {
        return await move(source, target, address, onTable)
      } finally {
        await target.end().catch(() => {})
      }
    } finally {
      await source.end().catch(() => {})
    }
  } catch (error) {
    throw failure(error)
  } finally {
    await server.stop()
  }
}

/** A connection to a database that has the tables of this version. */
async function open(
  config: ConstructorParameters<typeof Client>[0] & object,
  address: DatabaseAddress,
  log: Logger,
): Promise<Client> {
  const named = { application_name: 'stator migrate', keepAlive: true, ...config, types: storeTypes }
  await bringUpToDate(new Client(named), address, log)
  const client = new Client(named)
  // An error that breaks the connection reaches the next statement as well.
  client.on('error', () => {})
  await client.connect()
  // All connections are one session to the embedded database.
  await client.query('DISCARD ALL')
  await client.query(equalTexts)
  return client
}

async function move(
  source: Client,
  target: Client,
  address: DatabaseAddress,
  onTable: MoveOptions['onTable'],
): Promise<Moved> {
  await refuseUnknownColumns(source)
  await source.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await target.query("BEGIN; SET LOCAL synchronous_commit = 'on'")
  await lockAll(target, address)
  const found = await holdings(target)
  const isRepeated = [...found.values()].some(({ rows }) => rows > 0)
  let rows = 0
  if (isRepeated) await refuseOther(source, found, address)
  else await makePartitionsOf(source, target)
  if (!(await areIdentitiesApart(source))) await allowAlikeIdentities(target)
  // What triggers keep in other tables is copied with those.
  await target.query('ALTER TABLE transactions DISABLE TRIGGER USER')
  for (const table of movedTables) {
    const copied = isRepeated ? found.get(table.name) : await copyTable(source, target, table)
    rows += copied?.rows ?? 0
    onTable(table.name, copied?.rows ?? 0)
  }
  await target.query('ALTER TABLE transactions ENABLE TRIGGER USER')
  // The first node counts all transactions, whether triggers have seen them or not.
  await target.query(leftTables.map(({ name }) => `DELETE FROM "${name}"`).join('; '))
  await copySequences(source, target)
  await target.query('COMMIT')
  // Without it, PostgreSQL plans its first queries as if the tables were empty.
  if (!isRepeated) await target.query(`ANALYZE ${movedTables.map(({ name }) => `"${name}"`).join(', ')}`)
  return { rows, tables: movedTables.length, isRepeated }
}

/** A newer version may have added them; without this check their content would be left behind. */
async function refuseUnknownColumns(source: ClientBase): Promise<void> {
  const { rows } = await source.query<{ table: string; column: string }>(
    `SELECT relname AS table, '"' || attname || '"' AS column FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
       AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum`,
  )
  const known = new Set(
    [...movedTables, ...leftTables].flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`)),
  )
  const unknown = rows.map(({ table, column }) => `${table}.${column}`).filter((name) => !known.has(name))
  if (unknown.length === 0) return
  throw new StatorError(
    'SETTING_INVALID',
    `The embedded database has columns that this version does not know (${unknown.join(', ')}): expected the version ` +
      'of Stator that used it last.',
  )
}

/** Keeps everybody else out until the end of the transaction, so that nobody stores anything beside the move. */
async function lockAll(target: ClientBase, { host, port, database }: DatabaseAddress): Promise<void> {
  try {
    await target.query(`SET LOCAL lock_timeout = ${moveLockMsMax}`)
    await target.query(`LOCK TABLE ${movedTables.map(({ name }) => `"${name}"`).join(', ')}`)
  } catch (error) {
    if (databaseError(error)?.code !== lockNotAvailable) throw error
    throw new StatorError(
      'TARGET_NOT_EMPTY',
      `Others use the tables of database '${database}' at ${host}:${port}: expected no Stator and no other move on it.`,
      undefined,
      error,
    )
  }
}

async function holdings(target: ClientBase): Promise<ReadonlyMap<string, Holding>> {
  const found = new Map<string, Holding>()
  for (const table of movedTables) found.set(table.name, await holdingOf(target, table, table.values))
  return found
}

/** Tables that a refusal names. */
const tablesShownMax = 3

/** @throws {StatorError} `TARGET_NOT_EMPTY` unless the target holds exactly what an earlier move put there. */
async function refuseOther(
  source: ClientBase,
  found: ReadonlyMap<string, Holding>,
  { host, port, database }: DatabaseAddress,
): Promise<void> {
  const different: { readonly name: string; readonly rows: number }[] = []
  for (const table of movedTables) {
    const there = found.get(table.name)
    const here = await holdingOf(source, table, table.values)
    if (there !== undefined && !isSame(here, there)) different.push({ name: table.name, rows: there.rows })
  }
  if (different.length === 0) return
  const largest = different.toSorted((a, b) => b.rows - a.rows).slice(0, tablesShownMax)
  const shown = largest.map(({ name, rows }) => `${name} ${rows}`).join(', ')
  throw new StatorError(
    'TARGET_NOT_EMPTY',
    `Database '${database}' at ${host}:${port} already holds other data (rows: ${shown}): expected an empty database. ` +
      'Create a new one and name it in --to. Nothing was changed.',
  )
}

/** The partitions of the source, so that old rows do not end in the default partition. */
async function makePartitionsOf(source: ClientBase, target: ClientBase): Promise<void> {
  // Its first range of transactionIds is that of an empty database, and another one than that of the source.
  await target.query('DROP TABLE transactions_0')
  const { rows } = await source.query<{ parent: string; name: string; bound: string; storage: string }>(
    `SELECT parent.relname AS parent, part.relname AS name, pg_get_expr(part.relpartbound, part.oid) AS bound,
       COALESCE('WITH (' || array_to_string(part.reloptions, ', ') || ')', '') AS storage
     FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class part ON part.oid = inhrelid
     WHERE parent.relkind = 'p' AND parent.relnamespace = current_schema()::regnamespace ORDER BY name`,
  )
  for (const { parent, name, bound, storage } of rows)
    await target.query(`SET LOCAL client_min_messages = warning;
      CREATE TABLE IF NOT EXISTS "${name}" PARTITION OF "${parent}" ${bound} ${storage}`)
}

/** Sequences go on where those of the source are. */
async function copySequences(source: ClientBase, target: ClientBase): Promise<void> {
  const { rows } = await source.query<{ name: string }>(
    'SELECT sequencename AS name FROM pg_sequences WHERE schemaname = current_schema()',
  )
  for (const { name } of rows) {
    const state = await source.query<{ value: string; isCalled: boolean }>(
      `SELECT last_value::text AS value, is_called AS "isCalled" FROM "${name}"`,
    )
    for (const { value, isCalled } of state.rows)
      await target.query('SELECT setval(quote_ident($1)::regclass, $2, $3)', [name, value, isCalled])
  }
}

/** One sentence about an error that has none yet. */
function failure(error: unknown): StatorError {
  if (error instanceof StatorError) return error
  const sentence = `The move did not end: ${reasonOf(error)}. Run it again; a move is done completely or not at all.`
  return new StatorError('DATABASE_UNREACHABLE', sentence, undefined, error)
}
