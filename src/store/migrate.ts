// Brings the tables up to date at start, while other nodes, of this version and of the previous one, continue to work.
//
// drizzle's own migrator is not used: it runs everything in one transaction, which would hold every lock until the end.
// The entries in drizzle.__drizzle_migrations are written in the same way as drizzle does.

import type { Client } from 'pg'
import { StatorError } from '../base/errors.ts'
import {
  migrationAttemptsMax,
  migrationLockMs,
  migrationLogAttempts,
  migrationPauseMs,
  migrationTurnMsMax,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { buildIndex } from './build-index.ts'
import { indexBuiltBy, type Migration, migrationsFolder, readMigrations } from './migration-files.ts'
import { maintenanceLock, makePartitions } from './partitions.ts'
import { databaseError } from './store-error.ts'
import { makeTransactionPartition } from './transaction-partitions.ts'

export interface MigrateOptions {
  readonly nowMs: number
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly folder?: string
  /** How often each migration is tried while others use its tables. */
  readonly attemptsMax?: number
}

/** Key of the advisory lock of the node that migrates. */
const migrationLock = 6_017_303

// SQLSTATE, PostgreSQL documentation, appendix A.
const deadlockDetected = '40P01'
const lockNotAvailable = '55P03'

/**
 * On a connection that is closed afterwards: applies the migrations that this database does not have yet, and creates
 * the current partitions. Nodes that start together take turns; each migration is applied once. The next start
 * continues one that was interrupted.
 *
 * @throws {StatorError} `DATABASE_UNREACHABLE` if a migration cannot lock its tables, or another node takes too long.
 */
export async function migrate(client: Client, options: MigrateOptions): Promise<void> {
  const { nowMs, log, folder = migrationsFolder } = options
  // Migrations log notices that things exist already, and may take long.
  await client.query('SET client_min_messages = warning; SET statement_timeout = 0')
  const migrations = await readMigrations(folder)
  await warnOfNewer(client, migrations, log)
  // A node without pending migrations does not wait for a node that migrates, for example when an older node restarts
  // during a deploy.
  if ((await pending(client, migrations)).length > 0)
    await inTurn(client, log, () => applyAll(client, migrations, options))
  await client.query('SELECT pg_advisory_lock($1)', [maintenanceLock])
  try {
    // Partitions that cannot be created now are created by the maintenance, which runs next.
    await makePartitions(client, nowMs, 1)
    await makeTransactionPartition(client, nowMs, 0, 1)
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [maintenanceLock])
  }
}

async function applyAll(client: Client, migrations: readonly Migration[], options: MigrateOptions): Promise<void> {
  for (const migration of await pending(client, migrations)) {
    const startedMs = performance.now()
    await untilUnlocked(migration, options, () =>
      migration.isWithoutTransaction ? applyOneByOne(client, migration) : applyAtOnce(client, migration),
    )
    const durationMs = Math.round(performance.now() - startedMs)
    options.log.info({ file: migration.name, durationMs }, 'A migration is done.')
  }
}

const makeNotes = `CREATE SCHEMA IF NOT EXISTS drizzle;
  CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)`

async function noteApplied(client: Client, { hash, madeAtMs }: Migration): Promise<void> {
  await client.query('INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ($1, $2)', [hash, madeAtMs])
}

/** When the migrations of the database were created. */
async function notedMs(client: Client): Promise<readonly number[]> {
  const found = await client.query("SELECT WHERE to_regclass('drizzle.__drizzle_migrations') IS NOT NULL")
  if (found.rowCount === 0) return []
  const { rows } = await client.query<{ at: string | number }>(
    'SELECT created_at AS at FROM drizzle.__drizzle_migrations',
  )
  return rows.map(({ at }) => Number(at))
}

/** Migrations that the database does not have yet, the oldest first. */
async function pending(client: Client, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const newestMs = Math.max(0, ...(await notedMs(client)))
  return migrations.filter(({ madeAtMs }) => madeAtMs > newestMs)
}

async function warnOfNewer(
  client: Client,
  migrations: readonly Migration[],
  log: MigrateOptions['log'],
): Promise<void> {
  const newestMs = migrations.at(-1)?.madeAtMs ?? 0
  const count = (await notedMs(client)).filter((ms) => ms > newestMs).length
  if (count === 0) return
  log.warn(
    { count },
    'A newer version of Stator has changed the tables of this database. This one is to run beside it for no longer than a deploy takes.',
  )
}

/** Applies a migration in one transaction: all of it or nothing. */
async function applyAtOnce(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    // While a statement waits for its lock, later statements wait behind it.
    await client.query(`SET LOCAL lock_timeout = ${migrationLockMs}`)
    // Versions that do not take turns migrate under this lock.
    await client.query('SELECT pg_advisory_xact_lock($1)', [maintenanceLock])
    await client.query(makeNotes)
    if ((await pending(client, [migration])).length > 0) {
      for (const statement of migration.statements) await client.query(statement)
      await noteApplied(client, migration)
    }
    await client.query('COMMIT')
  } catch (error) {
    // If the connection is broken there is nothing to roll back.
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

/**
 * Runs each statement of a migration by itself. Statements that an interrupted start has completed are skipped or
 * harmless. They wait, without a timeout, for the transactions that used the table before them. Nothing waits behind
 * them.
 */
async function applyOneByOne(client: Client, migration: Migration): Promise<void> {
  await client.query('SET lock_timeout = 0')
  for (const statement of migration.statements) {
    const index = indexBuiltBy(statement)
    if (index === null) await client.query(statement)
    else await buildIndex(client, index)
  }
  await noteApplied(client, migration)
}

/** Runs `apply` until it succeeds. It gives up soon if others use its tables. */
async function untilUnlocked(
  { name }: Migration,
  { log, attemptsMax = migrationAttemptsMax }: MigrateOptions,
  apply: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await apply()
      return
    } catch (error) {
      const code = databaseError(error)?.code
      if (code !== lockNotAvailable && code !== deadlockDetected) throw error
      if (attempt === attemptsMax) {
        const sentence =
          `Migration ${name} did not get hold of its tables at any of ${attempt} tries, because others use them without ` +
          'a pause: expected a start when long queries and backups are over.'
        throw new StatorError('DATABASE_UNREACHABLE', sentence, undefined, error)
      }
      if (attempt % migrationLogAttempts === 1)
        log.warn({ file: name, attempt }, 'Others use the tables of a migration; it is tried again.')
      await Bun.sleep(migrationPauseMs)
    }
  }
}

/** Runs `work` while no other node does. */
async function inTurn(client: Client, log: MigrateOptions['log'], work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now()
  // The lock is polled: a statement that waits for an advisory lock holds a snapshot, and building an index waits for
  // all snapshots.
  for (let attempt = 1; !(await takeTurn(client)); attempt++) {
    if (performance.now() - startedMs > migrationTurnMsMax) {
      const minutes = migrationTurnMsMax / 60_000
      const sentence = `Another node has been migrating the database for ${minutes} minutes: expected it to be done, or gone.`
      throw new StatorError('DATABASE_UNREACHABLE', sentence)
    }
    if (attempt % migrationLogAttempts === 1)
      log.info({ attempt }, 'Another node brings the tables up to date; this one waits for it.')
    await Bun.sleep(migrationPauseMs)
  }
  try {
    await work()
  } finally {
    // If the connection is broken, the server does it.
    await client.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => {})
  }
}

async function takeTurn(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ isMine: boolean }>('SELECT pg_try_advisory_lock($1) AS "isMine"', [
    migrationLock,
  ])
  return rows[0]?.isMine === true
}
