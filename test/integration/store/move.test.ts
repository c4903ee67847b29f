// Moving from the embedded database to PostgreSQL: every table and every value arrives, it can be repeated, and what
// must not be overwritten is refused.

import { afterEach, describe, expect, test } from 'bun:test'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { copyTable } from '../../../src/store/move/copy.ts'
import { moveEmbedded, type Moved } from '../../../src/store/move/move.ts'
import { leftTables, type MovedTable, movedTables } from '../../../src/store/move/tables.ts'
import { testDatabase } from '../../support/postgres.ts'
import { embeddedFolder } from '../../support/store.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task()
})

/** A statement runner, for either database. */
type Query = (text: string) => Promise<readonly Record<string, unknown>[]>

/** The embedded database of a fresh folder after `fill`; it is closed. */
async function embedded(fill: (query: Query) => Promise<void>): Promise<string> {
  const { dataFolder, remove } = await embeddedFolder()
  cleanUp.push(remove)
  await inEmbedded(dataFolder, fill)
  return dataFolder
}

async function inEmbedded<T>(dataFolder: string, work: (query: Query) => Promise<T>): Promise<T> {
  const database = await openDatabase({ provider: 'Embedded', dataFolder, poolSize: 1, log: silentLogger })
  try {
    return await work(async (text) => (await database.pool.query(text)).rows)
  } finally {
    await database.close()
  }
}

async function postgres(version: 15 | 18 = 18) {
  const { connectionString, drop } = await testDatabase(version)
  cleanUp.push(drop)
  const client = new Client({ connectionString })
  await client.connect()
  cleanUp.push(() => client.end())
  const query: Query = async (text) => (await client.query(text)).rows
  return { to: connectionString, client, query }
}

function moving(dataFolder: string, to: string, onTable = (_table: string, _rows: number): void => {}): Promise<Moved> {
  return moveEmbedded({ dataFolder, to, log: silentLogger, onTable })
}

function refusal(dataFolder: string, to: string): Promise<unknown> {
  return moving(dataFolder, to).then(
    () => 'it moved',
    (error: unknown) => error,
  )
}

// A value of each type, for row `n`, that is altered by what loses precision, spelling or bytes.
const samples: Readonly<Record<string, string>> = {
  integer: '2147480000 + n',
  smallint: '32000 + n',
  bigint: '9223372036854775000 + n',
  boolean: 'n % 2 = 0',
  'double precision': "n + 0.1::float8 + 1e-9 + CASE WHEN n = 3 THEN 'infinity'::float8 ELSE 0 END",
  'timestamp with time zone': "timestamptz '2026-01-31 23:59:59.123456+00' + n * interval '17 days 1 microsecond'",
  text: `'Ünïcödé "quoted" {braces}, \\ ''NULL'' ' || n`,
  json: `('{ "b" : 1, "a":"\\u0000 {\\"x\\"}", "a": [ ' || n || ', 1.50 ] }')::json`,
  bytea: `decode('00ff5c' || lpad(to_hex(n), 4, '0'), 'hex')`,
  'integer[]': 'ARRAY[2147480000 + n, NULL, -n]',
  'text[]': `ARRAY['{"a b",NULL}', NULL, 'Ü' || n]`,
  xid8: 'pg_current_xact_id()',
}

/** Rows of every type for a table, whatever its columns: the last one has null wherever that is allowed. */
async function fillTable(query: Query, { name }: MovedTable): Promise<void> {
  const columns = await query(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type, attnotnull AS "isRequired" FROM pg_attribute
     WHERE attrelid = '"${name}"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  )
  const values = columns.map(({ type, isRequired }) => {
    const sample = samples[String(type)]
    if (sample === undefined) throw new Error(`This test has no sample of the type ${String(type)} (table ${name}).`)
    return isRequired === true ? sample : `CASE WHEN n = 4 THEN NULL ELSE ${sample} END`
  })
  await query(`INSERT INTO "${name}" (${columns.map((column) => `"${String(column['name'])}"`).join(', ')})
    OVERRIDING SYSTEM VALUE SELECT ${values.join(', ')} FROM generate_series(1, 4) n`)
}

async function fillAll(query: Query): Promise<void> {
  await query('ALTER TABLE transactions DISABLE TRIGGER USER')
  for (const table of movedTables) await fillTable(query, table)
  await query('ALTER TABLE transactions ENABLE TRIGGER USER')
  for (const [sequence, value] of sequences) await query(`SELECT setval('${sequence}', ${value})`)
}

const sequences = new Map([
  ['transaction_ids', 41],
  ['connection_epochs', 42],
  ['message_log_ids', 43],
  ['charge_points_id_seq', 44],
])

/** All rows of a table as text, in the order of their text, without ids of PostgreSQL transactions. */
async function rowsOf(query: Query, { name, columns, types }: MovedTable): Promise<readonly string[]> {
  const kept = columns.filter((_, i) => types[i] !== 'xid8')
  const rows = await query(`SELECT ROW(${kept.join(', ')})::text AS row FROM "${name}" ORDER BY 1`)
  return rows.map(({ row }) => String(row))
}

async function allRows(query: Query): Promise<Record<string, readonly string[]>> {
  await query("SET TimeZone = 'UTC'")
  const all: Record<string, readonly string[]> = {}
  for (const table of movedTables) all[table.name] = await rowsOf(query, table)
  return all
}

async function rowCount(query: Query): Promise<number> {
  return Object.values(await allRows(query)).flat().length
}

describe('a move', () => {
  test('is of every table that a database has, but of counters, which are made again', async () => {
    const { query } = await postgres()
    const rows = await query(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition",
    )
    expect([...movedTables, ...leftTables].map(({ name }) => name).toSorted()).toEqual(
      rows.map(({ name }) => String(name)).toSorted(),
    )
  })

  test.each([18, 15] as const)(
    'to PostgreSQL %i takes every value of every table and every sequence along',
    async (version) => {
      const dataFolder = await embedded(fillAll)
      const { to, query } = await postgres(version)
      const counted: [string, number][] = []
      const moved = await moving(dataFolder, to, (table, rows) => counted.push([table, rows]))
      expect(counted).toEqual(movedTables.map(({ name }) => [name, 4]))
      expect(moved).toEqual({ rows: 4 * movedTables.length, tables: movedTables.length, isRepeated: false })
      expect(await allRows(query)).toEqual(await inEmbedded(dataFolder, allRows))
      for (const [sequence, value] of sequences)
        expect(await query(`SELECT nextval('${sequence}')::int4 AS next`)).toEqual([{ next: value + 1 }])
    },
    60_000,
  )

  test('puts rows into partitions like those they were in', async () => {
    const partition = 'meter_values_2020_02'
    const row = `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, meter_value)
      VALUES (1, 1, '2020-02-03T00:00:00Z', 1, 1, 1, now(), '{}')`
    const dataFolder = await embedded(async (query) => {
      await query(
        `CREATE TABLE ${partition} PARTITION OF meter_values FOR VALUES FROM ('2020-02-01') TO ('2020-03-01')`,
      )
      await query(row)
    })
    const { to, query } = await postgres()
    await moving(dataFolder, to)
    expect(await query('SELECT tableoid::regclass::text AS partition FROM meter_values')).toEqual([{ partition }])
  }, 60_000)

  test('leaves no process as the owner of connections, even if the embedded one was killed', async () => {
    const dataFolder = await embedded(async (query) => {
      await query("INSERT INTO nodes (id, name, started_at, seen_at) VALUES ('n', 'host:1', now(), 'infinity')")
      await query("INSERT INTO charge_points (identity, connected, node, fenced_in) VALUES ('CP1', true, 'n', '1')")
    })
    const { to, query } = await postgres()
    await moving(dataFolder, to)
    expect(await query('SELECT seen_at <= now() AS "isOver" FROM nodes')).toEqual([{ isOver: true }])
    expect(await query('SELECT fenced_in FROM charge_points')).toEqual([{ fenced_in: null }])
  }, 60_000)

  test('takes identities along that differ in letter case only', async () => {
    const dataFolder = await embedded(async (query) => {
      await query('DROP INDEX charge_points_identity_alike')
      await query("INSERT INTO charge_points (identity) VALUES ('CP1'), ('cp1')")
    })
    const { to, query } = await postgres()
    await moving(dataFolder, to)
    expect(await query('SELECT identity FROM charge_points ORDER BY 1')).toHaveLength(2)
  }, 60_000)

  test('has a bounded number of rows and bytes in memory, and takes more rows than one chunk has', async () => {
    const table = movedTables.find(({ name }) => name === 'message_log')
    if (table === undefined) throw new Error('There is no message log.')
    const [source, target] = [await postgres(), await postgres()]
    await source.query(`INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
      SELECT n, now(), true, repeat('x', CASE WHEN n % 500 < 2 THEN 3000000 ELSE 10 END) FROM generate_series(1, 2500) n`)
    const chunks: { readonly rows: number; readonly bytes: number }[] = []
    const insert = target.client.query.bind(target.client)
    const watched = Object.assign(target.client, {
      query: (text: string, values: readonly (readonly string[])[] = []) => {
        const frames = values.at(-1) ?? []
        if (text.startsWith('INSERT')) chunks.push({ rows: frames.length, bytes: frames.join('').length })
        return insert(text, [...values])
      },
    })
    await source.query('BEGIN')
    expect(await copyTable(source.client, watched, table)).toMatchObject({ rows: 2_500 })
    await source.query('COMMIT')
    expect(chunks.reduce((sum, { rows }) => sum + rows, 0)).toBe(2_500)
    expect(Math.max(...chunks.map(({ rows }) => rows))).toBeLessThanOrEqual(1_000)
    expect(Math.max(...chunks.map(({ bytes }) => bytes))).toBeLessThanOrEqual(4_194_304)
    expect(chunks.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(30_024_900)
  }, 60_000)
})

describe('a move that is repeated', () => {
  test('after it was done finds that, and changes nothing', async () => {
    const dataFolder = await embedded(fillAll)
    const { to, query } = await postgres()
    await moving(dataFolder, to)
    const first = await allRows(query)
    expect(await moving(dataFolder, to)).toMatchObject({ isRepeated: true, rows: 4 * movedTables.length })
    expect(await allRows(query)).toEqual(first)
  }, 60_000)

  test('after it was interrupted begins again: until then PostgreSQL is empty', async () => {
    const dataFolder = await embedded(fillAll)
    const { to, query } = await postgres()
    const other = new Client({ connectionString: to })
    await other.connect()
    cleanUp.push(() => other.end())
    let cut = Promise.resolve<unknown>(null)
    const interrupted = await moving(dataFolder, to, (table) => {
      if (table !== 'transactions') return
      const ours = "pid <> pg_backend_pid() AND datname = current_database() AND application_name = 'stator migrate'"
      cut = other.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE ${ours}`)
    }).catch((error: unknown) => error)
    await cut
    expect(interrupted).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    expect(String(interrupted)).toContain('Run it again')
    expect(await rowCount(query)).toBe(0)
    expect(await moving(dataFolder, to)).toMatchObject({ isRepeated: false })
    expect(await rowCount(query)).toBe(4 * movedTables.length)
  }, 60_000)

  test('after something was stored in PostgreSQL is refused', async () => {
    const dataFolder = await embedded(fillAll)
    const { to, query } = await postgres()
    await moving(dataFolder, to)
    // As many rows as before, and other content.
    await query("UPDATE id_tokens SET status = 'Blocked' WHERE status = (SELECT min(status) FROM id_tokens)")
    const before = await allRows(query)
    expect(await refusal(dataFolder, to)).toMatchObject({ code: 'TARGET_NOT_EMPTY' })
    expect(await allRows(query)).toEqual(before)
  }, 60_000)
})

describe('a move is refused', () => {
  test('by a PostgreSQL that holds other data, and says what to do', async () => {
    const dataFolder = await embedded(async (query) => {
      await query("INSERT INTO charge_points (identity) VALUES ('CP1')")
    })
    const { to, query } = await postgres()
    await query("INSERT INTO id_tokens (id_key, id_token, status) VALUES ('a', 'a', 'Accepted')")
    const refused = await refusal(dataFolder, to)
    expect(refused).toMatchObject({ code: 'TARGET_NOT_EMPTY' })
    expect(String(refused)).toContain('other data (rows: id_tokens 1, ')
    expect(String(refused)).toContain('Create a new one and name it in --to')
    expect(await rowCount(query)).toBe(1)
  }, 60_000)

  test('while a server runs on the data folder', async () => {
    const dataFolder = await embedded(async () => {})
    const { to } = await postgres()
    const refused = await inEmbedded(dataFolder, () => refusal(dataFolder, to))
    expect(refused).toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
    expect(String(refused)).toContain('stop it')
  }, 60_000)

  test('while others use the tables in PostgreSQL', async () => {
    const dataFolder = await embedded(async () => {})
    const { to, query } = await postgres()
    await query('BEGIN')
    await query('LOCK TABLE installation IN ROW EXCLUSIVE MODE')
    expect(String(await refusal(dataFolder, to))).toContain('expected no Stator and no other move on it')
    await query('ROLLBACK')
  }, 60_000)

  test('for a folder without an embedded database, which is not made', async () => {
    const { dataFolder, remove } = await embeddedFolder()
    remove()
    const { to } = await postgres()
    expect(String(await refusal(dataFolder, to))).toContain(`There is no embedded database in '${dataFolder}'`)
    expect(await Bun.file(`${dataFolder}/embedded.lock`).exists()).toBe(false)
  })

  test('for tables and columns that this version does not know', async () => {
    const dataFolder = await embedded(async (query) => {
      await query('CREATE TABLE of_later (id int)')
      await query('ALTER TABLE connectors ADD COLUMN later text')
    })
    const { to } = await postgres()
    expect(String(await refusal(dataFolder, to))).toContain('does not know (connectors."later", of_later."id")')
  }, 60_000)

  test('for a connection string that is none, with the name of the argument', async () => {
    const dataFolder = await embedded(async () => {})
    expect(String(await refusal(dataFolder, 'Port=1'))).toContain('--to: Host is missing')
  }, 60_000)
})
