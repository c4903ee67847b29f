// Lists of transactions on PostgreSQL: every filter, every page, by number and by cursor, against a plain statement.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { listedExactlyMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Page, TransactionFilter } from '../../../src/blocks/records.ts'
import { foldCounts } from '../../../src/store/counts/count.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { createQueries, type Queries } from '../../../src/store/queries.ts'
import { testDatabase } from '../../support/postgres.ts'

const count = 30_000
const chargePoints = 60
const day = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000
const pageSize = 37

let database: Database
let queries: Queries
let drop: () => Promise<void>
/** A group with two charge points of three, and one with one of thirty. */
const groups = { many: 0, few: 0 }

beforeAll(async () => {
  const server = await testDatabase()
  drop = server.drop
  const { connectionString } = server
  database = await openDatabase({
    provider: 'PostgreSQL',
    connectionString,
    dataFolder: '',
    poolSize: 2,
    log: silentLogger,
  })
  queries = createQueries(database)
  const { pool } = database
  const made = await pool.query<{ id: number }>(
    `INSERT INTO charge_point_groups (name) VALUES ('many'), ('few') RETURNING id`,
  )
  groups.many = made.rows[0]?.id ?? 0
  groups.few = made.rows[1]?.id ?? 0
  await pool.query(
    `INSERT INTO charge_points (identity, group_id) SELECT 'CP' || k, CASE WHEN k % 30 = 0 THEN $2 WHEN k % 3 > 0 THEN $1 END::int4
     FROM generate_series(1, ${chargePoints}) k`,
    [groups.many, groups.few],
  )
  // They start and arrive over four days; starts are in another order than arrivals, and some arrivals are at one time.
  await pool.query(
    `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, started_at, received_at, stopped_at)
     SELECT n, c.id, 1 + n % 2, 1, CASE n % 5 WHEN 0 THEN 'ONE' WHEN 1 THEN 'One' ELSE 'CARD' || n % 1000 END,
       $1::timestamptz + (n * 7919 % ${count}) * interval '11.37 s', $1::timestamptz + (n / 3) * interval '34.1 s',
       CASE WHEN n % 50 > 0 THEN $1::timestamptz + interval '5 days' END
     FROM generate_series(1, ${count}) n JOIN charge_points c ON c.identity = 'CP' || (1 + n * n % ${chargePoints})`,
    [new Date(day).toISOString()],
  )
  await foldCounts(database.upkeepPool)
  await pool.query('VACUUM ANALYZE transactions')
  await pool.query('ANALYZE charge_points')
}, 60_000)

afterAll(async () => {
  await database.close()
  await drop()
})

type Filter = Omit<TransactionFilter, 'scope'> & { readonly group?: keyof typeof groups }

const period = { startedFromMs: day + 5.5 * hourMs, startedToMs: day + 70.25 * hourMs }
const within = { startedFromMs: day + 20 * hourMs + 60_000, startedToMs: day + 20 * hourMs + 1_800_000 }

const filters: readonly Filter[] = [
  {},
  period,
  within,
  { startedFromMs: period.startedFromMs },
  { startedToMs: period.startedToMs },
  ...[true, false].flatMap((open) => [
    { open },
    { open, ...period },
    { open, identity: 'CP2' },
    { open, identity: 'CP2', ...period },
  ]),
  { identity: 'CP2' },
  { identity: 'CP2', ...period },
  { identity: 'CP2', idToken: 'oNe' },
  { identity: 'never there' },
  { identity: 'never there', idToken: 'one', open: true },
  { idToken: 'one' },
  { idToken: 'one', ...period },
  { idToken: 'one', open: true },
  { idToken: 'x'.repeat(70) },
  ...(['many', 'few'] as const).flatMap((group) => [
    { group },
    { group, ...period },
    { group, open: true },
    { group, open: true, ...period },
    { group, open: false },
    { group, idToken: 'one' },
  ]),
]

const filterOf = ({ group, ...filter }: Filter): TransactionFilter => ({
  scope: group === undefined ? 'all' : { groups: [groups[group]] },
  ...filter,
})

/** The ids of the whole list, by a statement of its own. */
async function expected({ group, identity, idToken, startedFromMs, startedToMs, open }: Filter): Promise<number[]> {
  const isByStart = open !== true && (startedFromMs !== undefined || startedToMs !== undefined)
  const { rows } = await database.pool.query<{ id: string | number }>(
    `SELECT t.id FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id
     WHERE ($1::int4 IS NULL OR c.group_id = $1) AND ($2::text IS NULL OR c.identity = $2)
       AND ($3::text IS NULL OR lower(t.id_token) = lower($3)) AND t.started_at BETWEEN $4 AND $5
       AND ($6::bool IS NULL OR (t.stopped_at IS NULL) = $6)
     ORDER BY t.${isByStart ? 'started_at' : 'received_at'} DESC, t.id DESC`,
    [
      group === undefined ? null : groups[group],
      identity ?? null,
      idToken ?? null,
      new Date(startedFromMs ?? 0).toISOString(),
      new Date(startedToMs ?? 8e12).toISOString(),
      open ?? null,
    ],
  )
  return rows.map(({ id }) => Number(id))
}

async function listed(filter: Filter, page: Page) {
  const { items, ...rest } = await queries.listTransactions(filterOf(filter), page)
  return { ...rest, ids: items.map(({ transactionId }) => transactionId) }
}

describe.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))('the list %s', (_, filter) => {
  test('has the right pages, by number, and the right total', async () => {
    const all = await expected(filter)
    const isOfTokenAlone = filter.idToken !== undefined && Object.keys(filter).length === 1
    const isBounded = filter.group !== undefined || (filter.idToken !== undefined && !isOfTokenAlone)
    const total =
      isBounded && all.length > listedExactlyMax
        ? { totalCount: listedExactlyMax, totalCountAtLeast: true }
        : { totalCount: all.length }
    const pages = Math.ceil(total.totalCount / pageSize)
    for (const page of new Set(
      [1, 2, Math.ceil(pages / 3), Math.ceil(pages / 2), pages - 1, pages].filter((n) => n > 0),
    )) {
      const { ids, next: _next, ...counted } = await listed(filter, { page, pageSize })
      expect({ page, ...counted, ids }).toEqual({
        page,
        ...total,
        ids: all.slice((page - 1) * pageSize, page * pageSize),
      } as never)
    }
  })

  test('is read to its end with cursors, each item once', async () => {
    const all = await expected(filter)
    const size = Math.max(1, Math.ceil(all.length / 6))
    const ids: number[] = []
    let after: string | undefined
    do {
      const page = await listed(filter, { page: 1, pageSize: size, ...(after === undefined ? {} : { after }) })
      ids.push(...page.ids)
      after = page.next
    } while (after !== undefined)
    expect(ids).toEqual(all)
  })
})

test('a page number beyond what is counted is refused, with what to do', async () => {
  const page = Math.floor(listedExactlyMax / 100) + 1
  const refused = await listed({ group: 'many' }, { page, pageSize: 100 }).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'BAD_REQUEST',
    details: { field: 'page', issue: expect.stringContaining('send `next` of the page before as `after`') },
  })
})

test('a cursor of another list, or none at all, is refused', async () => {
  const { next = '' } = await listed({}, { page: 1, pageSize })
  for (const [filter, after] of [
    [period, next],
    [{}, 'nonsense'],
    [{}, Buffer.from('["transactions by arrival","2026-13-01 00:00:00+00","1"]').toString('base64url')],
  ] as const) {
    const refused = await listed(filter, { page: 1, pageSize, after }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'BAD_REQUEST', details: { field: 'after' } })
  }
})
