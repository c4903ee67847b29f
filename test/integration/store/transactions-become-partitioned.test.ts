// The table of transactions of the version before becomes the first partition: no row or index is copied, the ids of its
// charge points stay unique, and nodes of that version go on with the statements that they have prepared.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { migrate } from '../../../src/store/migrate.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { databaseUntil, withClient } from '../../support/migration-folder.ts'
import type { TestDatabase } from '../../support/postgres.ts'
import { arrivalMs } from '../../support/store.ts'

const rows = 2_000
const lastId = 250_000
const long = 'x'.repeat(300)

let database: TestDatabase
/** A node of the version before. */
let earlier: Client
beforeAll(async () => {
  database = await databaseUntil('0031_message_blocks')
  earlier = new Client({ connectionString: database.connectionString })
  await earlier.connect()
  await earlier.query(`INSERT INTO charge_points (identity) VALUES ('CP')`)
  await earlier.query(
    `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, station_transaction_id, station_use, started_at, received_at)
     SELECT g, 1, 1, 1, CASE WHEN g % 2 = 0 THEN 'S' || g / 4 WHEN g = 1 THEN '${long}' END, 1 + g / 2 % 2, now(), now()
     FROM generate_series(1, ${rows}) g`,
  )
  await earlier.query(`SELECT setval('transaction_ids', ${lastId})`)
}, 60_000)
afterAll(async () => {
  await earlier.end()
  await database.drop()
})

const insertEarlier = {
  name: 'stator_insert_transactions',
  text: `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, station_transaction_id, station_use, started_at, received_at)
    SELECT v.*, now(), $3 FROM (SELECT unnest($1::int8[]), 1, 1, 1, unnest($2::text[]), 1) AS v ON CONFLICT (id)
    DO UPDATE SET id = transactions.id WHERE NOT (1 / (CASE WHEN transactions.charge_point_id <> EXCLUDED.charge_point_id
      OR transactions.received_at <> EXCLUDED.received_at
      OR transactions.station_transaction_id IS DISTINCT FROM EXCLUDED.station_transaction_id THEN 0 ELSE 1 END) = 1)`,
}

/** Stores a start in the way of the version before. */
async function insert(id: number, stationTransactionId: string | null): Promise<unknown> {
  return earlier.query({ ...insertEarlier, values: [[id], [stationTransactionId], new Date(arrivalMs)] })
}

const findEarlier = {
  name: 'stator_transactions_by_station_id',
  text: `SELECT t.id::int4 FROM unnest($1::int4[], $2::text[]) AS v(charge_point_id, id)
    CROSS JOIN LATERAL (SELECT * FROM transactions t WHERE t.charge_point_id = v.charge_point_id
      AND left(t.station_transaction_id, 255) = left(v.id, 255) AND t.station_transaction_id = v.id
      ORDER BY t.station_use DESC LIMIT 64) t`,
}

/** The way of the version before. */
async function find(id: string): Promise<readonly number[]> {
  return (await earlier.query<{ id: number }>({ ...findEarlier, values: [[1], [id]] })).rows.map((row) => row.id)
}

/** Table and indexes, as they are on disk. */
async function filesOf(table: string): Promise<readonly string[]> {
  const { rows: found } = await earlier.query<{ file: string }>(
    `SELECT pg_relation_filepath(oid) AS file FROM pg_class WHERE oid = $1::regclass
     UNION SELECT pg_relation_filepath(indexrelid) FROM pg_index WHERE indrelid = $1::regclass ORDER BY 1`,
    [table],
  )
  return found.map(({ file }) => file)
}

test('the table of the version before becomes the first partition as it is', async () => {
  await insert(rows + 1, 'BEFORE')
  expect(await find('BEFORE')).toEqual([rows + 1])
  const before = await filesOf('transactions')
  const { rows: unique } = await earlier.query<{ file: string }>(
    `SELECT pg_relation_filepath('transactions_station_id') AS file`,
  )
  const { log } = collectedLog('None')
  await withClient(database.connectionString, (client) => migrate(client, { nowMs: Date.now(), log }))

  // A later migration adds an index.
  const kept = before.filter((file) => file !== unique[0]?.file)
  expect(await filesOf('transactions_0')).toEqual(expect.arrayContaining(kept))
  const { rows: ranges } = await earlier.query<{ bound: string }>(
    `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname = 'transactions_0'`,
  )
  expect(ranges).toEqual([{ bound: `FOR VALUES FROM (MINVALUE) TO ('400000')` }])
  const { rows: ids } = await earlier.query<{ same: boolean; count: number }>(
    `SELECT count(*)::int4 AS count, bool_and(s.station_transaction_id = left(t.station_transaction_id, 255)
       AND s.station_use = t.station_use AND s.charge_point_id = t.charge_point_id) AS same
     FROM station_transactions s JOIN transactions t ON t.id = s.transaction_id`,
  )
  expect(ids).toEqual([{ same: true, count: rows / 2 + 2 }])
})

test('a node of the version before goes on, and the ids of its charge points stay unique', async () => {
  expect(await find('BEFORE')).toEqual([rows + 1])
  expect(await find('S3')).toEqual([14, 12])
  expect(await find(long)).toEqual([1])
  await insert(rows + 2, 'AFTER')
  await insert(rows + 3, null)
  expect(await find('AFTER')).toEqual([rows + 2])
  // Its own repetition is none; what another transaction has is recognised by the name that it knows.
  await insert(rows + 2, 'AFTER')
  for (const [id, name] of [
    [rows + 4, 'BEFORE'],
    [lastId * 2, 'AFTER'],
    [lastId * 3, long],
  ] as const)
    await expect(insert(id, name)).rejects.toMatchObject({ code: '23505', constraint: 'transactions_station_id' })
})
