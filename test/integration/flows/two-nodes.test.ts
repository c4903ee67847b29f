// A charge point with a connection at each of two nodes. The node of the older one does not know yet that it is over: its clock
// stands still, and it looks for nothing. What it commits has to be right all the same.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { flows16, flows201, idTag } from '../../fixtures/seed-flows.ts'
import { monitored, notifyEventOf } from '../../support/notify-events.ts'
import { HandClock } from '../../support/hand-clock.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { TableLocks } from '../../support/table-locks.ts'
import { fenceCheckMs } from '../../../src/base/limits.ts'

const Security = { CredentialSecret: 'the same at both nodes, as it has to be' }
const clock = new HandClock(Date.now())

let paused: TestStator
let living: TestStator
let locks: TableLocks
let database: Client

beforeAll(async () => {
  living = await TestStator.start({ settings: { Security } })
  const Database = { ConnectionString: living.connectionString }
  paused = await TestStator.start({ settings: { Security, Database }, hooks: { clock } })
  locks = new TableLocks(await living.client())
  database = await living.client()
  await living.addIdTag(idTag)
})

afterAll(async () => {
  await paused.stop()
  await living.stop()
})

type Version = '1.6' | '2.0.1'

/** A connection at each node; that at `living` is the newer. */
async function twoConnections(identity: string, version: Version = '1.6', between: Between = async () => {}) {
  const older = await paused.bootedRaw(identity, version)
  await between(older)
  const newer = await living.raw(identity, { subprotocols: [`ocpp${version}`] })
  await newer.call('BootNotification', version === '1.6' ? flows16.boot : flows201.boot)
  return { older, newer }
}

type Between = (older: RawChargePoint) => Promise<void>

interface Row {
  readonly id: string
  readonly id_token: string | null
  readonly meter_stop_wh: number | null
  readonly stopped_at: Date | null
  readonly charging_state: string | null
  readonly is_start_told: boolean
}

async function transactionsOf(identity: string): Promise<readonly Row[]> {
  const { rows } = await database.query<Row>(
    `SELECT t.* FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id WHERE c.identity = $1 ORDER BY t.id`,
    [identity],
  )
  return rows
}

/** The transactions that the ledger names, fact by fact in the order of their events. */
async function ledgerOf(identity: string): Promise<readonly unknown[]> {
  const { rows } = await database.query<{ event: string; transaction_id: string }>(
    `SELECT COALESCE(f.payload->>'eventType', CASE WHEN f.payload->>'meterStart' IS NULL THEN 'Ended' ELSE 'Started' END) AS event, f.transaction_id FROM transaction_facts f
     JOIN charge_points c ON c.id = f.charge_point_id WHERE c.identity = $1 ORDER BY f.sent_at`,
    [identity],
  )
  return rows.map(({ event, transaction_id }) => [event, transaction_id])
}

async function anomaliesOf(identity: string): Promise<readonly unknown[]> {
  const { rows } = await database.query<{ kind: string }>(
    `SELECT kind FROM anomalies a JOIN charge_points c ON c.id = a.charge_point_id WHERE c.identity = $1 ORDER BY a.received_at`,
    [identity],
  )
  return rows.map(({ kind }) => kind)
}

/** Two messages at once, each decided without the other. */
async function atOnce(first: () => string, second: () => string): Promise<void> {
  await locks.hold('transaction_facts', 'reads go on')
  first()
  await locks.statementsThatWait(1)
  second()
  await locks.statementsThatWait(2)
  await locks.letGo()
}

test('a status through the older connection is stored as an event and moves nothing; then its node closes it', async () => {
  const { older, newer } = await twoConnections('STALE')
  await newer.call('StatusNotification', flows16.status('Charging'))
  await older.call('StatusNotification', { ...flows16.status('Faulted'), timestamp: '2025-12-26T12:31:00Z' })
  await older.call('BootNotification', { ...flows16.boot, chargePointModel: 'Older' })
  expect(await living.json('/api/chargepoints/STALE/status')).toMatchObject({
    status: 'Charging',
    connectors: [{ connectorId: 1, status: 'Charging' }],
  })
  expect(await living.json('/api/chargepoints/STALE')).toMatchObject({ model: flows16.boot.chargePointModel })
  const { rows } = await database.query<{ payload: { status: string } }>(
    `SELECT payload FROM charge_point_events e JOIN charge_points c ON c.id = e.charge_point_id
     WHERE c.identity = 'STALE' AND action = 'StatusNotification' ORDER BY e.occurred_at`,
  )
  expect(rows.map(({ payload }) => payload.status)).toEqual(['Charging', 'Faulted'])
  expect(older.closing).toBeNull()
  clock.pass(fenceCheckMs)
  expect((await older.closed()).code).toBe(1001)
})

test('a problem is over when the newer event says so, also when the older one comes later through the older connection', async () => {
  const { older, newer } = await twoConnections('PROBLEM', '2.0.1')
  const report = async (raw: RawChargePoint, actualValue: string, timestamp: string): Promise<unknown> => {
    const reported = monitored('Controller', 'Problem', actualValue, undefined, { timestamp, techCode: timestamp })
    await raw.call('NotifyEvent', notifyEventOf(reported))
    return (await living.json('/api/chargepoints/PROBLEM/status')).problems
  }
  expect(await report(newer, 'false', '2026-01-31T12:00:00.000Z')).toEqual([])
  expect(await report(older, 'true', '2026-01-31T11:00:00.000Z')).toEqual([])
  expect(await report(older, 'true', '2026-01-31T13:00:00.000Z')).toMatchObject([
    { techCode: '2026-01-31T13:00:00.000Z' },
  ])
  expect(await report(newer, 'false', '2026-01-31T12:30:00.000Z')).toHaveLength(1)
})

test('when the newer connection closes, the charge point is offline, whatever the older one still says', async () => {
  const { older, newer } = await twoConnections('LEFT')
  await newer.close()
  await living.statusOnce('the charge point to be offline', 'LEFT', ({ status }) => status === 'Offline')
  await older.call('StatusNotification', flows16.status('Charging'))
  expect(await living.json('/api/chargepoints/LEFT/status')).toMatchObject({ status: 'Offline' })
  clock.pass(fenceCheckMs)
  expect((await older.closed()).code).toBe(1001)
  expect(await living.json('/api/chargepoints/LEFT/status')).toMatchObject({ status: 'Offline' })
})

test.each(['older', 'newer'] as const)(
  'of two stops of a transaction at two nodes, the first through the %s connection, the first counts, and the second is noted',
  async (which) => {
    const identity = `STOPS-${which}`
    let transactionId = 0
    const { older, newer } = await twoConnections(identity, '1.6', async (raw) => {
      transactionId = Number((await raw.call('StartTransaction', flows16.start))['transactionId'])
    })
    const [first, second] = which === 'older' ? [older, newer] : [newer, older]
    const stop = { transactionId, meterStop: 15_000, timestamp: '2025-12-26T14:00:00Z' }
    await first.call('StopTransaction', stop)
    await second.call('StopTransaction', { ...stop, meterStop: 16_000, timestamp: '2025-12-26T14:10:00Z' })
    expect(await transactionsOf(identity)).toMatchObject([{ id: String(transactionId), meter_stop_wh: 15_000 }])
    expect(await anomaliesOf(identity)).toEqual(['closedTransaction'])
    expect((await ledgerOf(identity)).map(String)).toEqual([
      `Started,${transactionId}`,
      `Ended,${transactionId}`,
      `Ended,${transactionId}`,
    ])
  },
)

test('of two stops at two nodes in the same moment one counts, and the other is noted', async () => {
  let transactionId = 0
  const { older, newer } = await twoConnections('RACE', '1.6', async (raw) => {
    transactionId = Number((await raw.call('StartTransaction', flows16.start))['transactionId'])
  })
  const stop = { transactionId, meterStop: 15_000, timestamp: '2025-12-26T14:00:00Z' }
  const ids: string[] = []
  const send = (raw: RawChargePoint, more: object) => () => {
    const messageId = raw.sendCall('StopTransaction', { ...stop, ...more })
    ids.push(messageId)
    return messageId
  }
  await atOnce(send(older, {}), send(newer, { meterStop: 16_000, timestamp: '2025-12-26T14:10:00Z' }))
  for (const [i, raw] of [older, newer].entries()) expect((await raw.answerTo(ids[i] ?? ''))[0]).toBe(3)
  expect(await anomaliesOf('RACE')).toEqual(['closedTransaction'])
  expect(await transactionsOf('RACE')).toHaveLength(1)
})

const station = '6fa459ea-ee8a-3ca4-894e-db77e160355e'

test('events of a new transaction at two nodes at once are one transaction, and nothing of it is lost', async () => {
  const { older, newer } = await twoConnections('BEGUN', '2.0.1')
  const sent: string[] = []
  const send = (raw: RawChargePoint, payload: object) => () => {
    const messageId = raw.sendCall('TransactionEvent', payload)
    sent.push(messageId)
    return messageId
  }
  await atOnce(send(older, flows201.started(station)), send(newer, flows201.updated(station)))
  for (const [i, raw] of [older, newer].entries()) expect((await raw.answerTo(sent[i] ?? ''))[0]).toBe(3)
  await newer.call('TransactionEvent', flows201.ended(station))
  const [only, ...others] = await transactionsOf('BEGUN')
  expect(others).toEqual([])
  expect(only).toMatchObject({
    id_token: idTag,
    is_start_told: true,
    meter_stop_wh: 15_000,
    stopped_at: new Date('2025-12-26T14:00:00Z'),
  })
  expect(await ledgerOf('BEGUN')).toEqual([
    ['Started', only?.id],
    ['Updated', only?.id],
    ['Ended', only?.id],
  ])
})

test('the newer connection goes on with the transaction that the older one has begun meanwhile', async () => {
  const { older, newer } = await twoConnections('TAKEN', '2.0.1')
  await older.call('TransactionEvent', flows201.started(station))
  await newer.call('TransactionEvent', flows201.updated(station))
  await newer.call('TransactionEvent', flows201.ended(station))
  await older.call('TransactionEvent', { ...flows201.updated(station), seqNo: 7, timestamp: '2025-12-26T15:00:00Z' })
  const [only, ...others] = await transactionsOf('TAKEN')
  expect(others).toEqual([])
  expect(only).toMatchObject({ id_token: idTag, charging_state: 'EVConnected', meter_stop_wh: 15_000 })
  expect(await anomaliesOf('TAKEN')).toEqual(['closedTransaction'])
})

test('a cost to be sent at once is not stored by a node that does not hold the charge point, which names the one', async () => {
  const raw = await living.bootedRaw('COST-1', '2.0.1')
  await raw.call('TransactionEvent', flows201.started('COST-1'))
  const [begun] = await transactionsOf('COST-1')
  const path = `/api/transactions/${begun?.id}/cost`
  const refused = await paused.api(path, { method: 'PUT', body: { totalCost: 1 } })
  expect(refused).toMatchObject({ status: 409, body: { code: 'CONNECTED_ELSEWHERE', details: expect.anything() } })
  expect(await living.json(path)).toMatchObject({ given: null })
  const later = { totalCost: 1, isFinal: true, send: 'withNextAnswer' }
  expect(await paused.json(path, { method: 'PUT', body: later })).toMatchObject({ delivery: 'withNextAnswer' })
})
