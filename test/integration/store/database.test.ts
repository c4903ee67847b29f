// Opening, migrating and closing either database, and what stops the start.

import { afterEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { runBatch } from '../../../src/store/wire/batch.ts'
import { type Database, type DatabaseOptions, openDatabase } from '../../../src/store/database.ts'
import { createQueries } from '../../../src/store/queries.ts'
import { serverUrl, testDatabase } from '../../support/postgres.ts'
import { changeSet, embeddedFolder, startedWriter } from '../../support/store.ts'
import { until, within } from '../../support/until.ts'

const root = join(import.meta.dir, '../../..')

const folders: (() => void)[] = []

async function freshFolder(): Promise<string> {
  const { dataFolder, remove } = await embeddedFolder()
  folders.push(remove)
  return dataFolder
}

afterEach(() => {
  for (const remove of folders.splice(0)) remove()
})

function open(options: Partial<DatabaseOptions>): Promise<Database> {
  return openDatabase({ provider: 'PostgreSQL', dataFolder: '', poolSize: 2, log: silentLogger, ...options })
}

async function refusal(options: Partial<DatabaseOptions>): Promise<unknown> {
  return open(options).then(
    async (database) => database.close().then(() => 'it opened'),
    (error: unknown) => error,
  )
}

async function emptyDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = await serverUrl(18)
  const name = `empty_${crypto.randomUUID().replaceAll('-', '')}`
  const url = new URL(server)
  url.pathname = name
  const run = async (text: string): Promise<void> => {
    const client = new Client({ connectionString: server })
    await client.connect()
    await client.query(text)
    await client.end()
  }
  await run(`CREATE DATABASE ${name}`)
  return { url: url.href, drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) }
}

test('processes that start together on an empty database migrate it once', async () => {
  const empty = await emptyDatabase()
  const opener = join(root, 'test/fixtures/database-opener.ts')
  const starts = Array.from({ length: 3 }, () =>
    Bun.spawn([process.execPath, opener, empty.url], { stdout: 'ignore', stderr: 'inherit' }),
  )
  expect(await Promise.all(starts.map((start) => start.exited))).toEqual([0, 0, 0])
  const database = await open({ connectionString: empty.url })
  const migrations = await database.pool.query('SELECT hash FROM drizzle.__drizzle_migrations')
  expect(new Set(migrations.rows.map((row) => row.hash)).size).toBe(migrations.rows.length)
  expect(migrations.rows.length).toBeGreaterThan(0)
  await database.ping()
  await database.close()
  await empty.drop()
}, 60_000)

test('a connection string of keywords opens the same database as its URL', async () => {
  const { connectionString, drop } = await testDatabase()
  const url = new URL(connectionString)
  const database = await open({
    connectionString: `Host=${url.hostname};Port=${url.port};Database=${url.pathname.slice(1)};Username=${url.username};Password='${url.password}';`,
  })
  const [row] = (
    await database.pool.query('SELECT current_database() AS name, current_setting($1) AS application', [
      'application_name',
    ])
  ).rows
  expect(row).toEqual({ name: url.pathname.slice(1), application: 'stator' })
  await database.close()
  await drop()
})

test('an unreachable, unknown or unwelcoming database stops the start with one sentence and without the password', async () => {
  const server = new URL(await serverUrl(18))
  const closed = createServer()
  const port = await new Promise<number>((resolve) =>
    closed.listen(0, '127.0.0.1', () => {
      const address = closed.address()
      closed.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    }),
  )
  const unreachable = await refusal({ connectionString: `postgresql://u:topsecret@127.0.0.1:${port}/stator` })
  expect(unreachable).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(String(unreachable)).toContain(`'stator' at 127.0.0.1:${port}`)
  expect(String(unreachable)).toContain('ECONNREFUSED')
  const unwelcome = await refusal({
    connectionString: `Host=${server.hostname};Port=${server.port};Username=postgres;Password=topsecret`,
  })
  expect(unwelcome).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(String(unwelcome)).toContain('password authentication failed')
  server.pathname = '/nowhere'
  const unknown = await refusal({ connectionString: server.href })
  expect(String(unknown)).toContain('database "nowhere" does not exist')
  expect([unreachable, unwelcome, unknown].map(String).join()).not.toContain('topsecret')
})

test('int8 and timestamptz are read as numbers', async () => {
  const { connectionString, drop } = await testDatabase()
  const database = await open({ connectionString })
  const text = `SELECT 9007199254740991::int8 AS big, '2026-01-01T01:02:03.456+01:00'::timestamptz AS at, '0001-01-01T00:00:00Z'::timestamptz AS early`
  const read = async (): Promise<unknown> => (await database.pool.query(text)).rows[0]
  const expected = {
    big: Number.MAX_SAFE_INTEGER,
    at: Date.parse('2026-01-01T00:02:03.456Z'),
    early: Date.parse('0001-01-01T00:00:00Z'),
  }
  expect(await read()).toEqual(expected)
  const client = await database.pool.connect()
  await client.query("SET TimeZone = 'Asia/Kolkata'")
  expect((await client.query(text)).rows[0].at).toBe(expected.at)
  client.release(true)
  await database.close()
  await drop()
})

test('the embedded database keeps what was committed when its process is killed', async () => {
  const dataFolder = await freshFolder()
  const holder = Bun.spawn([process.execPath, join(root, 'test/fixtures/embedded-holder.ts'), dataFolder], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = holder.stdout.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toContain('committed')

  expect(await refusal({ provider: 'Embedded', dataFolder })).toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
  holder.kill('SIGKILL')
  await holder.exited
  const database = await open({ provider: 'Embedded', dataFolder })
  expect(await createQueries(database).chargePoint('CP001', 'all')).toMatchObject({ firmwareStatus: 'Installed' })
  await database.close()
}, 60_000)

test('one process cannot open a data folder twice, and can open it again after closing it', async () => {
  const dataFolder = await freshFolder()
  const first = await open({ provider: 'Embedded', dataFolder })
  const second = await refusal({ provider: 'Embedded', dataFolder })
  expect(second).toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
  expect(String(second)).toContain(dataFolder)
  await first.ping()
  await first.close()
  const third = await open({ provider: 'Embedded', dataFolder })
  await third.ping()
  await third.close()
}, 30_000)

test('a socket left behind, or a path too long for one, does not keep the embedded database from starting', async () => {
  const dataFolder = await freshFolder()
  writeFileSync(join(dataFolder, '.s.PGSQL.5432'), '')
  const database = await open({ provider: 'Embedded', dataFolder })
  await database.ping()
  await database.close()

  const deep = mkdtempSync(join(tmpdir(), 'stator-deep-'))
  const long = join(deep, 'x'.repeat(120))
  mkdirSync(long)
  rmSync(long, { recursive: true })
  const moved = Bun.spawnSync(['mv', dataFolder, long])
  expect(moved.exitCode).toBe(0)
  const far = await open({ provider: 'Embedded', dataFolder: long })
  await far.ping()
  await far.close()
  rmSync(deep, { recursive: true })
}, 30_000)

test('the socket of the embedded database is for its owner only', async () => {
  const dataFolder = await freshFolder()
  const database = await open({ provider: 'Embedded', dataFolder })
  expect(statSync(join(dataFolder, '.s.PGSQL.5432')).mode & 0o777).toBe(0o600)
  await database.close()
}, 30_000)

test('an embedded database that cannot be opened stops the start with its folder and reason', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'stator-broken-'))
  mkdirSync(join(dataFolder, 'postgres'))
  writeFileSync(join(dataFolder, 'postgres', 'PG_VERSION'), '9\n')
  const broken = await refusal({ provider: 'Embedded', dataFolder })
  expect(broken).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(String(broken)).toContain(dataFolder)
  rmSync(dataFolder, { recursive: true })
}, 60_000)

test('commits and look-ups share the one connection of the embedded database without mixing', async () => {
  const dataFolder = await freshFolder()
  const database = await open({ provider: 'Embedded', dataFolder })
  const queries = createQueries(database)
  const writer = startedWriter(database)
  const keys = await Promise.all(
    Array.from({ length: 20 }, (_, i) => queries.createChargePoint(`CP${i}`, {}, 'all').then(({ key }) => key)),
  )
  // Long texts travel in many pieces, which is when messages of two connections would get between each other.
  const frame = 'x'.repeat(200_000)
  const rounds = keys.map(async (key, i) => {
    writer.appendMessageLog({ chargePointKey: key, atMs: Date.now(), direction: 'fromChargePoint', frame })
    await writer.commit(
      changeSet(key, {
        changes: [{ table: 'chargePointEvents', row: { action: 'DataTransfer', occurredAtMs: i, payload: { frame } } }],
        anomalies: [{ kind: 'quirk', detail: { i } }],
      }),
    )
    return queries.chargePoint(`CP${i}`, 'all')
  })
  expect((await Promise.all(rounds)).map((record) => record?.key)).toEqual(keys)
  await writer.stop()
  const stored = await database.pool.query(
    'SELECT charge_point_id AS key, length(payload::text) AS length FROM charge_point_events ORDER BY occurred_at',
  )
  expect(stored.rows).toEqual(keys.map((key) => ({ key, length: frame.length + '{"frame":""}'.length })))
  await database.close()
}, 60_000)

test('a new connection to the embedded database finds nothing left of the last one', async () => {
  const dataFolder = await freshFolder()
  const database = await open({ provider: 'Embedded', dataFolder })
  const named = { name: 'same_name', text: 'SELECT $1::int AS value', values: [7] }
  for (let connection = 0; connection < 3; connection++) {
    const { client, release } = await database.lease()
    expect((await client.query(named)).rows).toEqual([{ value: 7 }])
    await client.query('BEGIN')
    release(true)
  }
  await database.ping()
  await database.close()
}, 30_000)

test('an embedded database whose disk went away comes back with it, and commits what waited', async () => {
  const dataFolder = await freshFolder()
  const database = await open({ provider: 'Embedded', dataFolder })
  const queries = createQueries(database)
  const writer = startedWriter(database)
  const { key } = await queries.createChargePoint('CP001', {}, 'all')
  const wal = join(dataFolder, 'postgres', 'pg_wal')
  renameSync(wal, `${wal}-away`)
  const insert = `INSERT INTO id_tokens (id_key, id_token, status) SELECT gen_random_uuid(), n, 'Accepted' FROM generate_series(1, 100000) n`
  await until('the database to break', async () => {
    for (const text of ['SELECT pg_switch_wal()', insert]) await database.pool.query(text).catch(() => {})
    return database.ping().then(
      () => false,
      () => true,
    )
  })
  const waiting = writer.commit(
    changeSet(key, { changes: [{ table: 'chargePoints', patch: { logStatus: 'Uploading' } }] }),
  )
  await until('the writer to notice', () => !writer.isAvailable)
  renameSync(`${wal}-away`, wal)
  await within('the commit', waiting, 55_000)
  expect(await queries.chargePoint('CP001', 'all')).toMatchObject({ logStatus: 'Uploading' })
  expect(writer.stats.refused).toBe(0)
  await writer.stop()
  await database.close()
}, 60_000)

test('what a broken lease had sent is over when the next lease begins', async () => {
  const { connectionString, drop } = await testDatabase()
  const database = await open({ connectionString })
  const broken = await database.lease()
  const pid = (await broken.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid
  const backend = async (): Promise<string | undefined> =>
    (await database.pool.query('SELECT query FROM pg_stat_activity WHERE pid = $1', [pid])).rows[0]?.query
  // PostgreSQL is busy with it when the connection breaks, and has what follows in its buffer.
  const sent = [
    { name: 'sleep', text: 'SELECT pg_sleep(30)', values: [] },
    { name: 'create', text: 'CREATE TABLE late ()', values: [] },
  ]
  runBatch(broken.client, sent).catch(() => {})
  await until('PostgreSQL is busy', async () => (await backend()) === 'SELECT pg_sleep(30)')
  broken.release(true)

  const next = await database.lease()
  expect(await backend()).toBeUndefined()
  expect((await next.client.query("SELECT to_regclass('late') AS late")).rows).toEqual([{ late: null }])
  next.release()
  await database.close()
  await drop()
})
