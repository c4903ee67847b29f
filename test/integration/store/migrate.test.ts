// How the tables are brought up to date while others use them: what waits, what is tried again, and what an
// interrupted start leaves.

import { afterEach, describe, expect, test } from 'bun:test'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as drizzleMigrate } from 'drizzle-orm/node-postgres/migrator'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { migrate } from '../../../src/store/migrate.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { databaseUntil, laterMigrations, migrationsUntil, ownMigrations } from '../../support/migration-folder.ts'
import { testDatabase } from '../../support/postgres.ts'
import { until, within } from '../../support/until.ts'

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task()
})

/** A database with the tables of this version; null makes an empty one, a name one that knows our migrations up to that. */
async function database(until?: string | null): Promise<string> {
  const { connectionString, drop } = await (until === undefined ? testDatabase() : databaseUntil(until))
  cleanUp.push(drop)
  return connectionString
}

async function client(connectionString: string): Promise<Client> {
  const made = new Client({ connectionString })
  // What breaks it reaches its statement as well.
  made.on('error', () => {})
  await made.connect()
  cleanUp.push(() => made.end().catch(() => {}))
  return made
}

async function migrateWith(connectionString: string, folder?: string): Promise<void> {
  const options = { nowMs: Date.now(), log: silentLogger }
  await migrate(await client(connectionString), folder === undefined ? options : { ...options, folder })
}

/** What drizzle keeps of the migrations that a database has, in order. */
async function noted(connectionString: string): Promise<readonly unknown[]> {
  const reader = await client(connectionString)
  return (await reader.query('SELECT hash, created_at FROM drizzle.__drizzle_migrations ORDER BY id')).rows
}

async function pidOf(one: Client): Promise<number> {
  const { rows } = await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid ?? 0
}

/** Waits until the statement of `pid` waits for others. */
async function waits(watcher: Client, pid: number): Promise<void> {
  await until(`process ${pid} to wait for a lock`, async () => {
    const { rowCount } = await watcher.query(
      "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
      [pid],
    )
    return rowCount === 1
  })
}

/** Whether an index can be used; null: it is not there. */
async function validity(watcher: Client, index: string): Promise<boolean | null> {
  const { rows } = await watcher.query<{ valid: boolean }>(
    'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
    [index],
  )
  return rows[0]?.valid ?? null
}

const buildsIndex = {
  '9000_index': ['CREATE INDEX CONCURRENTLY "connectors_by_info" ON "connectors" USING btree ("info")'],
}

describe('what drizzle keeps of the migrations', () => {
  test('is as drizzle writes it, so that drizzle finds nothing left to do', async () => {
    const url = await database(null)
    await migrateWith(url)
    const migrations = readMigrationFiles({ migrationsFolder: ownMigrations })
    const rows = await noted(url)
    expect(rows).toEqual(migrations.map(({ hash, folderMillis }) => ({ hash, created_at: String(folderMillis) })))
    await drizzleMigrate(drizzle(await client(url)), { migrationsFolder: ownMigrations })
    expect(await noted(url)).toEqual(rows)
  })

  test('is gone on with where drizzle itself stopped', async () => {
    const url = await database(null)
    const folder = await migrationsUntil('0010_untimed_facts')
    await drizzleMigrate(drizzle(await client(url)), { migrationsFolder: folder })
    await migrateWith(url)
    const migrations = readMigrationFiles({ migrationsFolder: ownMigrations })
    expect(await noted(url)).toEqual(
      migrations.map(({ hash, folderMillis }) => ({ hash, created_at: String(folderMillis) })),
    )
  })
})

describe('a migration of several tables', () => {
  const widens = {
    '9000_next': ['ALTER TABLE transactions ADD COLUMN next int', 'ALTER TABLE connectors ADD COLUMN next int'],
  }

  test('gives way to those who use them, is tried again and applied once', async () => {
    const url = await database()
    const [migrating, reading, writing] = [await client(url), await client(url), await client(url)]
    // In the order that makes a deadlock with the migration.
    await reading.query('BEGIN; LOCK TABLE connectors IN ROW EXCLUSIVE MODE')
    const { log, lines } = collectedLog('Information')
    const migrated = migrate(migrating, { nowMs: Date.now(), log, folder: await laterMigrations(widens) })
    await writing.query("SET lock_timeout = '1s'")
    let written = 0
    const insert = 'UPDATE transactions SET meter_stop_wh = 0 WHERE id = 0'
    const isReported = (): boolean => lines.some((line) => line.includes('it is tried again'))
    // Each would wait for as long as `reading` does if the migration stood in line for its lock.
    while (!isReported() || written < 200) {
      await writing.query(insert)
      written++
    }
    await reading.query('LOCK TABLE transactions IN ROW EXCLUSIVE MODE')
    await reading.query('COMMIT')
    await within('the migration', migrated)
    const { rows } = await writing.query(
      "SELECT table_name FROM information_schema.columns WHERE column_name = 'next' AND table_name IN ('connectors', 'transactions') ORDER BY 1",
    )
    expect(rows).toEqual([{ table_name: 'connectors' }, { table_name: 'transactions' }])
    expect(lines.filter((line) => line.includes('A migration is done.'))).toHaveLength(1)
  })

  test('that never gets hold of its tables stops the start, which says why', async () => {
    const url = await database()
    const [migrating, reading] = [await client(url), await client(url)]
    await reading.query('BEGIN; SELECT FROM transactions')
    const folder = await laterMigrations(widens)
    await expect(
      migrate(migrating, { nowMs: Date.now(), log: silentLogger, folder, attemptsMax: 2 }),
    ).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringContaining('Migration 9000_next did not get hold of its tables at any of 2 tries'),
    })
  })

  test('that fails leaves nothing behind, and the one before it stays applied', async () => {
    const url = await database()
    const before = (await noted(url)).length
    const folder = await laterMigrations({
      '9000_first': ['ALTER TABLE transactions ADD COLUMN first int'],
      '9001_wrong': ['ALTER TABLE transactions ADD COLUMN second int', 'ALTER TABLE nobody ADD COLUMN second int'],
    })
    await expect(migrateWith(url, folder)).rejects.toThrow('relation "nobody" does not exist')
    const { rows } = await (
      await client(url)
    ).query(
      "SELECT column_name FROM information_schema.columns WHERE column_name IN ('first', 'second') AND table_name = 'transactions'",
    )
    expect(rows).toEqual([{ column_name: 'first' }])
    expect(await noted(url)).toHaveLength(before + 1)
  })
})

describe('an index that is built beside everything else', () => {
  test('is built again when its building was interrupted', async () => {
    const url = await database()
    const folder = await laterMigrations(buildsIndex)
    const [dying, holding, watching] = [await client(url), await client(url), await client(url)]
    await holding.query("BEGIN; UPDATE connectors SET info = '' WHERE charge_point_id = 0")
    const pid = await pidOf(dying)
    const interrupted = migrate(dying, { nowMs: Date.now(), log: silentLogger, folder }).catch(
      (error: unknown) => error,
    )
    await waits(watching, pid)
    await watching.query('SELECT pg_terminate_backend($1)', [pid])
    expect(await interrupted).toBeInstanceOf(Error)
    expect(await validity(watching, 'connectors_by_info')).toBe(false)
    await holding.query('COMMIT')

    const before = (await noted(url)).length
    await migrateWith(url, folder)
    expect(await validity(watching, 'connectors_by_info')).toBe(true)
    expect(await noted(url)).toHaveLength(before + 1)
  })

  test('is left as it is when it is there already', async () => {
    const url = await database()
    const folder = await laterMigrations(buildsIndex)
    const watching = await client(url)
    await watching.query('CREATE INDEX connectors_by_info ON connectors (info)')
    const oid = async (): Promise<unknown> =>
      (await watching.query("SELECT 'connectors_by_info'::regclass::oid AS oid")).rows[0]
    const before = await oid()
    await migrateWith(url, folder)
    expect(await oid()).toEqual(before)
  })

  test('of a partitioned table is built for each partition, goes on after an interruption, and covers partitions made meanwhile', async () => {
    const url = await database()
    const folder = await laterMigrations({
      '9000_partitioned': ['CREATE INDEX CONCURRENTLY "by_receipt" ON "meter_values" USING btree ("received_at")'],
    })
    const [dying, holding, watching] = [await client(url), await client(url), await client(url)]
    await holding.query('BEGIN')
    await holding.query(
      `INSERT INTO meter_values_default (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, meter_value)
       VALUES (1, 1, '1970-01-01', 1, 1, 1, now(), '{}')`,
    )
    const pid = await pidOf(dying)
    const interrupted = migrate(dying, { nowMs: Date.now(), log: silentLogger, folder }).catch(
      (error: unknown) => error,
    )
    const isBegun = async () => (await validity(watching, 'meter_values_default_by_receipt')) === false
    await until('the index to be begun', isBegun)
    await watching.query('SELECT pg_terminate_backend($1)', [pid])
    expect(await interrupted).toBeInstanceOf(Error)
    expect(await isBegun()).toBe(true)
    expect(await validity(watching, 'by_receipt')).toBe(false)
    await holding.query('COMMIT')
    await watching.query(
      "CREATE TABLE meter_values_2099 PARTITION OF meter_values FOR VALUES FROM ('2099-01-01') TO ('2100-01-01')",
    )

    const before = (await noted(url)).length
    await migrateWith(url, folder)
    expect(await validity(watching, 'by_receipt')).toBe(true)
    const { rows } = await watching.query<{ partitions: string; parts: string }>(
      `SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'meter_values'::regclass) AS partitions,
         (SELECT count(*) FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid AND indisvalid
          WHERE inhparent = 'by_receipt'::regclass) AS parts`,
    )
    expect(Number(rows[0]?.parts)).toBeGreaterThan(2)
    expect(rows[0]?.parts).toBe(rows[0]?.partitions ?? '')
    expect(await noted(url)).toHaveLength(before + 1)
  })

  test('and cannot be unique is removed again, so that it refuses nothing that others write', async () => {
    const url = await database()
    const folder = await laterMigrations({
      '9000_unique': ['CREATE UNIQUE INDEX CONCURRENTLY "unique_location" ON "charge_points" ("location")'],
    })
    const watching = await client(url)
    await watching.query("INSERT INTO charge_points (identity, location) VALUES ('A', 'here'), ('B', 'here')")
    await expect(migrateWith(url, folder)).rejects.toThrow('could not create unique index "unique_location"')
    expect(await validity(watching, 'unique_location')).toBeNull()
  })
})

describe('of nodes that start while one builds an index', () => {
  test('one of the same version waits and says so, one of the version before starts at once', async () => {
    const url = await database()
    const folder = await laterMigrations(buildsIndex)
    const [first, second, older, holding, watching] = await Promise.all(Array.from({ length: 5 }, () => client(url)))
    if (!first || !second || !older || !holding || !watching) throw new Error('There are five.')
    // The index waits for whoever has written to the table and is not done.
    await holding.query("BEGIN; UPDATE connectors SET info = '' WHERE charge_point_id = 0")
    const before = (await noted(url)).length
    const building = migrate(first, { nowMs: Date.now(), log: silentLogger, folder })
    await waits(watching, await builderOf(watching))
    const { log, lines } = collectedLog('Information')
    const waiting = migrate(second, { nowMs: Date.now(), log, folder })
    await until('the second to say that it waits', () => lines.some((line) => line.includes('this one waits for it')))

    await within('the older node', migrate(older, { nowMs: Date.now(), log: silentLogger }))
    expect(await validity(watching, 'connectors_by_info')).toBe(false)

    await holding.query('COMMIT')
    await within('both', Promise.all([building, waiting]))
    expect(await validity(watching, 'connectors_by_info')).toBe(true)
    expect(await noted(url)).toHaveLength(before + 1)
  })

  async function builderOf(watching: Client): Promise<number> {
    return until('the index to be begun', async () => {
      const { rows } = await watching.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'",
      )
      return rows[0]?.pid
    })
  }
})

test('an older version that starts on the tables of a newer one says so in one line, and starts', async () => {
  const url = await database()
  await migrateWith(url, await laterMigrations({ '9000_a': ['SELECT 1'], '9001_b': ['SELECT 1'] }))
  const { log, lines } = collectedLog('Information')
  await migrate(await client(url), { nowMs: Date.now(), log })
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({
      level: 'Warning',
      count: 2,
      msg: expect.stringContaining('A newer version of Stator has changed the tables of this database.'),
    }),
  ])
})
