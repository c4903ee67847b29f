// What the REST API reads from the embedded database: a bounded number of rows, whatever is stored and whatever is asked for.

import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import { z } from 'zod'
import { silentLogger } from '../../../src/base/log.ts'
import {
  embeddedListRowsMax,
  ghostCandidatesMax,
  ghostMeterValuesMax,
  ghostsPerCheckMax,
  lastConnectionsMax,
  lastStopTransactionsMax,
  openOfIdTokenMax,
  openTransactionsShownMax,
  pageSizeMax,
  problemsShownMax,
} from '../../../src/base/limits.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { GhostCheck } from '../../../src/store/ghosts.ts'
import { createQueries, type Queries } from '../../../src/store/queries.ts'
import { embeddedFolder } from '../../support/store.ts'

const rows = embeddedListRowsMax * 2 + 500
const identity = 'MANY'
/** Had the identity before, and was deleted. */
const formerKey = 2
const key = 1
/** Of a transaction of which half of the values name the connector only. */
const assignedKey = 3
/** Is not in the group of those before. */
const foreignKey = 4
const ofGroup = { scope: { groups: [1] } }
const assignedId = rows + 1
const timeMs = Date.parse('2026-01-01T00:00:00Z')
const nowMs = Date.parse('2026-02-01T00:00:00Z')
const deadlines = { availableMs: 1_800_000, goneMs: 86_400_000 }
const lastPage = { page: embeddedListRowsMax / pageSizeMax, pageSize: pageSizeMax }
/** Those that are looked at, one more that shows whether there are more, and for each on the page its row and its charge point. */
const listRowsReadMax = embeddedListRowsMax + 1 + 3 * pageSizeMax

let database: Database
let queries: Queries
let remove: () => void

beforeAll(async () => {
  const folder = await embeddedFolder()
  remove = folder.remove
  database = await openDatabase({ provider: 'Embedded', dataFolder: folder.dataFolder, poolSize: 1, log: silentLogger })
  queries = createQueries(database)
  await fill()
}, 120_000)

afterAll(async () => {
  await database.close()
  remove()
})

async function fill(): Promise<void> {
  const run = (text: string) => database.pool.query(text.replaceAll('$rows', String(rows)))
  await run(`INSERT INTO charge_points (identity, deleted_at, connected, status)
    VALUES ('${identity}', NULL, true, 'Available'), ('${identity}', now(), false, 'Unknown'), ('OTHER', NULL, false, 'Faulted')`)
  await run(`INSERT INTO charge_points (identity, connected, status, deleted_at) SELECT 'CP' || n, n % 2 = 0, 'Charging',
    CASE WHEN n % 10 = 0 THEN now() END FROM generate_series(1, $rows) n`)
  await run(`UPDATE charge_points SET group_id = 1 WHERE id < ${foreignKey}`)
  // The newest of all, and of nobody in the group.
  await run(`INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, started_at, received_at)
    SELECT 1000000 + n, ${foreignKey}, 1, 1, 'CARD', '2026-05-01', '2026-05-01' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO anomalies (charge_point_id, received_at, digest, kind, detail, message_id)
    SELECT ${foreignKey}, now() + n * interval '1 s', n, 'quirk', '{}', '' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO id_tokens (id_key, id_token, status) SELECT 'tag' || n, 'Tag' || n,
    CASE WHEN n % 2 = 0 THEN 'Blocked' ELSE 'Accepted' END FROM generate_series(1, $rows) n`)
  // Every one of them is of one card; half of them are open.
  await run(`INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, started_at, stopped_at, received_at)
    SELECT n, CASE WHEN n % 20 = 0 THEN ${formerKey} ELSE ${key} END, 1, 1, 'CARD', now() - n * interval '1 minute',
      CASE WHEN n % 2 = 0 THEN now() END, '2026-01-01' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at,
      meter_value)
    SELECT ${key}, 1, '2026-01-01'::timestamptz - n * interval '1 minute', 1, 1, n, '2026-01-01', '{}' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, started_at, received_at)
    VALUES (${assignedId}, ${assignedKey}, 2, 1, '2020-01-01', '2020-01-01')`)
  await run(`INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at,
      meter_value)
    SELECT ${assignedKey}, ref, '2026-01-01'::timestamptz - n * interval '1 minute', 2, 1, n, '2026-01-01', '{}'
    FROM generate_series(1, $rows) n, unnest('{0,${assignedId}}'::bigint[]) ref`)
  await run(`INSERT INTO charge_point_events (charge_point_id, digest, action, message_id, received_at, payload)
    SELECT ${key}, n, CASE WHEN n % 2 = 0 THEN 'StatusNotification' ELSE 'NotifyEvent' END, '',
      '2026-01-01'::timestamptz - n * interval '1 minute', '{}' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO problems SELECT ${key}, 'C' || n, '', 0, 0, null, null, null,
      '2026-01-01'::timestamptz - n * interval '1 minute', '2026-01-01' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
    SELECT ${key}, now() - n * interval '1 s', true, '[]' FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO anomalies (charge_point_id, received_at, digest, kind, transaction, detail, message_id)
    SELECT ${key}, now() - n * interval '1 s', n, CASE WHEN n % 2 = 0 THEN 'quirk' ELSE 'connectorMove' END, '1', '{}', ''
    FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO connector_history (charge_point_id, evse_id, connector_id, received_at, occurred_at, status)
    SELECT ${key}, 1, 1, '2026-01-01'::timestamptz - n * interval '1 minute', '2026-01-01', 'Available'
    FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO connection_history (charge_point_id, at, epoch, closed)
    SELECT ${key}, '2026-01-01'::timestamptz - n * interval '1 minute', n, false FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO variables SELECT ${key}, 'C', '', 0, 0, 'V' || n, '', 'Actual', 'x', null, false, false, null, now()
    FROM generate_series(1, $rows) n`)
  await run(`INSERT INTO connectors (charge_point_id, evse_id, connector_id, status, status_sent, occurred_at, updated_at)
    VALUES (${key}, 1, 1, 'Available', 'Available', '2026-01-01', '2026-01-01')`)
}

const PlanNode = z.looseObject({
  'Node Type': z.string(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': z.number().default(0),
  'Rows Removed by Index Recheck': z.number().default(0),
  get Plans() {
    return z.array(PlanNode).default([])
  },
})
type Node = z.infer<typeof PlanNode>

/** Rows that the scans of a plan have read. */
function rowsRead(node: Node): number {
  const isOfTable = /^(Seq|Index|Index Only|Bitmap Heap|Bitmap Index|Tid|Tid Range) Scan$/.test(node['Node Type'])
  const each = node['Actual Rows'] + node['Rows Removed by Filter'] + node['Rows Removed by Index Recheck']
  const own = isOfTable ? each * node['Actual Loops'] : 0
  return own + node.Plans.reduce((sum, child) => sum + rowsRead(child), 0)
}

/** The most rows that one of the statements reads which `read` sends through `pool`. */
async function mostRowsRead(pool: Database['restPool'], read: () => Promise<unknown>): Promise<number> {
  const sent = spyOn(pool, 'query')
  await read()
  // Once a second the embedded database is asked whether it answers, in a bare text.
  const calls = sent.mock.calls.filter((call) => !Bun.deepEquals(call, ['SELECT 1']))
  const statements = calls.map((call) => z.tuple([z.looseObject({ text: z.string() })], z.unknown()).parse(call))
  sent.mockRestore()
  expect(statements.length).toBeGreaterThan(0)
  let most = 0
  for (const [statement, values] of statements) {
    const bound = z.array(z.unknown()).parse(values ?? statement['values'] ?? [])
    const explained = await database.pool.query<{ 'QUERY PLAN': unknown }>({
      text: `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text}`,
      values: bound,
    })
    const [plan] = z.array(z.object({ Plan: PlanNode })).parse(explained.rows[0]?.['QUERY PLAN'])
    most = Math.max(most, plan === undefined ? 0 : rowsRead(plan.Plan))
  }
  return most
}

type List = (page: { page: number; pageSize: number }) => Promise<{ totalCount: number; totalCountAtLeast?: true }>

const [from, to] = [{ startedFromMs: 0 }, { startedToMs: Date.now() }]
const lists: Readonly<Record<string, List>> = {
  'charge points': (page) => queries.listChargePoints({ scope: 'all', ...page }),
  'charge points of a status': (page) => queries.listChargePoints({ scope: 'all', status: 'Charging', ...page }),
  'charge points of a status that none has': (page) =>
    queries.listChargePoints({ scope: 'all', status: 'Faulted', ...page }),
  'charge points that are away': (page) => queries.listChargePoints({ scope: 'all', status: 'Offline', ...page }),
  'charge points that are there': (page) => queries.listChargePoints({ scope: 'all', connected: true, ...page }),
  'charge points of a place where none is': (page) =>
    queries.listChargePoints({ scope: 'all', location: 'none', ...page }),
  'charge points of a vendor that none has': (page) =>
    queries.listChargePoints({ scope: 'all', vendor: 'none', ...page }),
  'charge points of everything': (page) =>
    queries.listChargePoints({
      scope: 'all',
      status: 'Charging',
      q: 'cp',
      lastSeenBeforeMs: nowMs,
      location: 'none',
      ...page,
    }),
  'charge points that are away and have a text': (page) =>
    queries.listChargePoints({ scope: 'all', connected: false, q: 'none', ...page }),
  'id tokens': (page) => queries.listIdTokens(page),
  'id tokens of a status': (page) => queries.listIdTokens({ status: 'Blocked', ...page }),
  'id tokens of a status that none has': (page) => queries.listIdTokens({ status: 'Expired', ...page }),
  transactions: (page) => queries.listTransactions({ scope: 'all' }, page),
  'transactions that are open': (page) => queries.listTransactions({ scope: 'all', open: true }, page),
  'transactions that have ended': (page) => queries.listTransactions({ scope: 'all', open: false }, page),
  'transactions of a time': (page) => queries.listTransactions({ scope: 'all', ...from, ...to }, page),
  'transactions of a time that have ended': (page) =>
    queries.listTransactions({ scope: 'all', ...from, open: false }, page),
  'transactions of a charge point': (page) => queries.listTransactions({ scope: 'all', identity }, page),
  'transactions of a charge point that are open': (page) =>
    queries.listTransactions({ scope: 'all', identity, open: true }, page),
  'transactions of a charge point and a time': (page) =>
    queries.listTransactions({ scope: 'all', identity, ...from }, page),
  'transactions of a charge point and a card': (page) =>
    queries.listTransactions({ scope: 'all', identity, idToken: 'card' }, page),
  'transactions of a card': (page) => queries.listTransactions({ scope: 'all', idToken: 'card' }, page),
  'transactions of a card that are open': (page) =>
    queries.listTransactions({ scope: 'all', idToken: 'card', open: true }, page),
  'transactions of nobody': (page) => queries.listTransactions({ scope: 'all', identity: 'NOBODY' }, page),
  'transactions that are ghosts': (page) =>
    queries.listTransactions({ scope: 'all', ghostsAt: { deadlines, nowMs } }, page),
  'transactions of a charge point that are ghosts': (page) =>
    queries.listTransactions({ scope: 'all', identity, ghostsAt: { deadlines, nowMs } }, page),
  'meter values': (page) => queries.meterValuesOf(1, page),
  'meter values, half of them by their connector': (page) => queries.meterValuesOf(assignedId, page),
  'meter values of the oldest of many transactions': (page) => queries.meterValuesOf(rows - 1, page),
  'meter values of a charge point': (page) => queries.meterValuesOfChargePoint({ chargePointKey: key }, page),
  'meter values of a charge point and a time': (page) =>
    queries.meterValuesOfChargePoint({ chargePointKey: assignedKey, fromMs: timeMs - 3_600_000, toMs: timeMs }, page),
  'events of a charge point': (page) => queries.listEvents({ chargePointKey: key }, page),
  'events of a charge point and a time': (page) =>
    queries.listEvents({ chargePointKey: key, fromMs: 0, toMs: timeMs }, page),
  'events of an action': (page) => queries.listEvents({ chargePointKey: key, action: 'NotifyEvent' }, page),
  'events of an action that was never sent': (page) =>
    queries.listEvents({ chargePointKey: key, action: 'SecurityEventNotification' }, page),
  'events of a message id that never came': (page) =>
    queries.listEvents({ chargePointKey: key, messageId: 'none' }, page),
  'the history of a charge point': (page) => queries.listHistory({ chargePointKey: key }, page),
  'the history of a charge point and a time': (page) =>
    queries.listHistory({ chargePointKey: key, fromMs: 0, toMs: timeMs }, page),
  'messages of a charge point': (page) => queries.messageLog({ chargePointKey: key }, page),
  'messages of a charge point and a time': (page) =>
    queries.messageLog({ chargePointKey: key, fromMs: 0, toMs: Date.now() }, page),
  'messages of an action that was never sent': (page) =>
    queries.messageLog({ chargePointKey: key, action: 'Heartbeat' }, page),
  'messages of a direction and a message id': (page) =>
    queries.messageLog({ chargePointKey: key, direction: 'fromChargePoint', messageId: 'none' }, page),
  anomalies: (page) => queries.listAnomalies({ scope: 'all' }, page),
  'anomalies of a charge point': (page) => queries.listAnomalies({ scope: 'all', identity }, page),
  'anomalies of a kind': (page) => queries.listAnomalies({ scope: 'all', kind: 'quirk' }, page),
  'anomalies of a kind that none has': (page) => queries.listAnomalies({ scope: 'all', kind: 'beforeBoot' }, page),
  'anomalies of a charge point and a kind': (page) =>
    queries.listAnomalies({ scope: 'all', identity, kind: 'beforeBoot' }, page),
  'anomalies about a transaction': (page) => queries.listAnomalies({ scope: 'all', transactionId: 1 }, page),
  'anomalies about a transaction and of a kind': (page) =>
    queries.listAnomalies({ scope: 'all', transactionId: 1, kind: 'quirk' }, page),
  'anomalies of a time': (page) => queries.listAnomalies({ scope: 'all', fromMs: 0, toMs: Date.now() }, page),
  'charge points of a scope': (page) => queries.listChargePoints({ ...ofGroup, ...page }),
  'charge points of a scope that are away': (page) =>
    queries.listChargePoints({ ...ofGroup, connected: false, ...page }),
  'transactions of a scope': (page) => queries.listTransactions(ofGroup, page),
  'transactions of a scope that are open': (page) => queries.listTransactions({ ...ofGroup, open: true }, page),
  'transactions of a scope and a card': (page) => queries.listTransactions({ ...ofGroup, idToken: 'card' }, page),
  'transactions of a scope and a time': (page) => queries.listTransactions({ ...ofGroup, ...from }, page),
  'transactions of a scope that are ghosts': (page) =>
    queries.listTransactions({ ...ofGroup, ghostsAt: { deadlines, nowMs } }, page),
  'anomalies of a scope': (page) => queries.listAnomalies(ofGroup, page),
  'anomalies of a scope and a kind': (page) => queries.listAnomalies({ ...ofGroup, kind: 'quirk' }, page),
  'variables of a charge point': (page) => queries.variablesOf({ chargePointKey: key }, page),
}

// The embedded database has no statistics unless somebody makes some. With them PostgreSQL may choose an index by which it reads past
// rows that do not match, where it knows them to be few: half of these transactions are open.
describe.each([
  { how: 'without statistics', times: 1 },
  { how: 'with statistics', times: 2 },
])('$how', ({ how, times }) => {
  beforeAll(async () => {
    if (how === 'with statistics') await database.pool.query('ANALYZE')
  })

  test.each(Object.keys(lists))('a list of %s reads a bounded number of rows', async (name) => {
    const list = lists[name]
    const tables = name.startsWith('the history') ? 2 : 1
    if (list === undefined) throw new Error('There is no such list.')
    for (const page of [{ page: 1, pageSize: 20 }, lastPage]) {
      expect(await mostRowsRead(database.restPool, () => list(page))).toBeLessThanOrEqual(
        tables * times * listRowsReadMax,
      )
    }
  })

  test('what is read before a start is bounded, however many transactions its charge point and its card have', async () => {
    const most = 2 * lastStopTransactionsMax + 8 * openOfIdTokenMax
    for (const idToken of ['CARD', 'card_1', 'NOBODY', 'C']) {
      const read = () => queries.beforeStart(key, { evseId: 2, idToken, isPriced: true })
      expect(await mostRowsRead(database.pool, read)).toBeLessThanOrEqual(most)
    }
    expect(
      (await queries.beforeStart(key, { evseId: 1, idToken: 'card_1', isPriced: true })).openOfIdToken,
    ).toHaveLength(openOfIdTokenMax)
  })

  test('what is read of one charge point, and of one transaction, is bounded', async () => {
    const read = (what: () => Promise<unknown>) => mostRowsRead(database.restPool, what)
    expect(await read(() => queries.chargePoint(identity, 'all'))).toBeLessThan(10)
    expect(await read(() => queries.connectivityOf(key))).toBeLessThanOrEqual(times * (lastConnectionsMax + 1))
    expect(await read(() => queries.connectorsOf(key))).toBeLessThan(10)
    expect(await read(() => queries.problemsOf(key))).toBeLessThanOrEqual(times * (problemsShownMax + 1))
    expect(await read(() => queries.openTransactionsOf(key))).toBeLessThanOrEqual(
      times * (openTransactionsShownMax + 1),
    )
    expect(await read(() => queries.ghostReasonsOf(1, deadlines, nowMs))).toBeLessThan(ghostMeterValuesMax + 100)
  })
})

test('a total is exact up to so many rows, and says so above', async () => {
  const total = async (list: List | undefined) => {
    const { totalCount, totalCountAtLeast } = (await list?.({ page: 1, pageSize: 1 })) ?? { totalCount: -1 }
    return [totalCount, totalCountAtLeast]
  }
  expect(await total(lists['transactions of a charge point'])).toEqual([embeddedListRowsMax, true])
  expect(await total(lists['messages of a charge point'])).toEqual([embeddedListRowsMax, true])
  expect(await total(lists['transactions of nobody'])).toEqual([0, undefined])
  expect(await total(lists['charge points of a status that none has'])).toEqual([0, undefined])
  expect(await total(lists['meter values, half of them by their connector'])).toEqual([embeddedListRowsMax, true])
  expect(await total(lists['events of a charge point'])).toEqual([embeddedListRowsMax, true])
  expect(await total(lists['the history of a charge point'])).toEqual([embeddedListRowsMax, true])
  expect(await total(lists['events of an action that was never sent'])).toEqual([0, true])
  expect(await total(lists['messages of an action that was never sent'])).toEqual([0, true])
  expect(await total(lists['charge points of a place where none is'])).toEqual([0, true])
  // An index on vendors knows it.
  expect(await total(lists['charge points of a vendor that none has'])).toEqual([0, undefined])
  // Those of the transaction: the others of that time are behind the rows that were looked at.
  expect(await total(lists['meter values of a charge point and a time'])).toEqual([60, true])
  // None of those that were looked at is one; of the others nobody knows.
  expect(await total(lists['anomalies of a charge point and a kind'])).toEqual([0, true])
  await database.pool.query(
    'DELETE FROM message_log WHERE id NOT IN (SELECT id FROM message_log ORDER BY id LIMIT 10000)',
  )
  expect(await total(lists['messages of a charge point'])).toEqual([embeddedListRowsMax, undefined])
})

test('a page behind those rows is refused with a sentence that says what to do; the last one before it is not', async () => {
  expect((await queries.listTransactions({ scope: 'all' }, lastPage)).items).toHaveLength(pageSizeMax)
  const refused = queries.listTransactions({ scope: 'all' }, { ...lastPage, page: lastPage.page + 1 })
  await expect(refused).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    details: { field: 'page', issue: expect.stringContaining('use PostgreSQL') },
  })
  await expect(queries.messageLog({ chargePointKey: key }, { page: 10_001, pageSize: 1 })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  })
})

test('transactions of a charge point that was deleted and made again are listed newest first, those of both', async () => {
  const { items } = await queries.listTransactions({ scope: 'all', identity }, { page: 1, pageSize: 40 })
  expect(items.map(({ transactionId }) => transactionId)).toEqual(Array.from({ length: 40 }, (_, i) => rows - i))
})

test('a look for ghosts goes through a bounded number of open transactions, and the next one goes on behind them', async () => {
  const check = new GhostCheck(database, deadlines)
  const found: number[] = []
  const look = async (): Promise<void> => {
    const ghosts = await check.run(nowMs)
    expect(ghosts.length).toBeLessThanOrEqual(ghostsPerCheckMax)
    found.push(...ghosts.map(({ transactionId }) => transactionId))
  }
  // Every other one is open.
  await look()
  expect(found).toEqual(Array.from({ length: ghostCandidatesMax }, (_, i) => i * 2 + 1))
  const lately = new Date(nowMs).toISOString()
  await database.pool.query('UPDATE transactions SET updated_at = $1 WHERE id > $2', [lately, 2 * ghostCandidatesMax])
  const ghost = 4 * ghostCandidatesMax + 1
  await database.pool.query('UPDATE transactions SET updated_at = NULL WHERE id = $1', [ghost])
  found.length = 0
  await look()
  expect(found).toEqual([])
  await look()
  expect(found).toEqual([ghost])
  // From the end it begins again.
  await database.pool.query('DELETE FROM transactions WHERE id > $1', [ghost])
  await database.pool.query("DELETE FROM anomalies WHERE kind = 'ghostTransaction' AND transaction = '1'")
  await look()
  await look()
  expect(found).toEqual([ghost, 1])
})
