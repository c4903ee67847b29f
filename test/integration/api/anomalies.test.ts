// Anomalies over HTTP: the list with its filters, who may read it, the counters, and the flag on a ghost transaction.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { ghostCheckMs } from '../../../src/base/limits.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const unknownId = 2_000_000_001

let aheadMs = 0
/** The clock of the system, so much ahead of it; the next look for ghosts is always near. */
const clock: Clock = {
  nowMs: () => systemClock.nowMs() + aheadMs,
  after: (delayMs, callback) => systemClock.after(delayMs === ghostCheckMs ? 10 : delayMs, callback),
}

let stator: TestStator
let raw: RawChargePoint

beforeAll(async () => {
  stator = await TestStator.start({ hooks: { clock } })
  await stator.addIdTag('USER123')
  raw = await stator.bootedRaw('CP001')
  const meterValue = [{ timestamp: '2025-12-26T12:00:00Z', sampledValue: [{ value: '1' }] }]
  await raw.call('MeterValues', { connectorId: 1, transactionId: unknownId, meterValue })
  const other = await stator.bootedRaw('CP002')
  await other.call('Heartbeat', { extra: 1 })
  await until('the quirk', async () => Number((await stator.json('/api/anomalies'))['totalCount']) === 2)
})

afterAll(() => stator.stop())

async function metrics(): Promise<string> {
  const { status, body, headers } = await stator.api('/metrics')
  expect(status).toBe(200)
  expect(headers.get('Content-Type')).toStartWith('text/plain')
  return String(body['text'])
}

describe('the list', () => {
  test('shows what each charge point did, newest first, in pages', async () => {
    expect(await stator.json('/api/anomalies')).toEqual({
      totalCount: 2,
      page: 1,
      pageSize: 20,
      anomalies: [
        expect.objectContaining({ chargePointId: 'CP002', kind: 'quirk', transaction: null }),
        {
          chargePointId: 'CP001',
          kind: 'unknownTransaction',
          transaction: String(unknownId),
          detail: {},
          messageId: expect.any(String),
          receivedAt: isoTime,
        },
      ],
    })
    expect(await stator.json('/api/anomalies?page=2&pageSize=1')).toMatchObject({
      totalCount: 2,
      anomalies: [{ chargePointId: 'CP001' }],
    })
    expect(await stator.json('/api/chargepoints/CP001/anomalies')).toMatchObject({
      totalCount: 1,
      anomalies: [{ chargePointId: 'CP001', kind: 'unknownTransaction' }],
    })
  })

  test.each([
    ['chargePointId=CP001', ['unknownTransaction']],
    ['chargePointId=CP003', []],
    ['kind=quirk', ['quirk']],
    [`transactionId=${unknownId}`, ['unknownTransaction']],
    ['transactionId=7', []],
    ['from=2000-01-01&to=2100-01-01', ['quirk', 'unknownTransaction']],
    ['to=2000-01-01', []],
    ['from=2100-01-01', []],
    ['chargePointId=CP002&kind=unknownTransaction', []],
  ])('filters by %s', async (query, kinds) => {
    const { anomalies } = await stator.json(`/api/anomalies?${query}`)
    expect((Array.isArray(anomalies) ? anomalies : []).map(({ kind }) => kind)).toEqual(kinds)
  })

  test.each([
    ['kind=odd', 'kind'],
    ['transactionId=0', 'transactionId'],
    ['from=yesterday', 'from'],
    ['from=2026-02-01&to=2026-01-01', 'to'],
    ['since=2026-02-01', 'since'],
  ])('answers %s with 400', async (query, field) => {
    expect(await stator.json(`/api/anomalies?${query}`, {}, 400)).toMatchObject({ details: { field } })
  })

  test('a charge point reads its own only', async () => {
    const own = { basic: ['CP001', passwordDefault] as const }
    expect(await stator.json('/api/anomalies?chargePointId=CP001', own)).toMatchObject({ totalCount: 1 })
    expect(await stator.json('/api/anomalies?chargePointId=CP002', own)).toMatchObject({ totalCount: 0 })
    expect(await stator.json('/api/anomalies', own)).toMatchObject({ totalCount: 1 })
    await stator.json('/api/chargepoints/CP002/anomalies', own, 404)
    await stator.json('/api/anomalies', { key: null }, 401)
  })
})

describe('the counters', () => {
  test('show an operator the number of anomalies of each kind', async () => {
    const text = await metrics()
    expect(text).toContain('# TYPE stator_anomalies_total counter\n')
    expect(text).toContain('stator_anomalies_total{kind="unknownTransaction"} 1\n')
    expect(text).toContain('stator_anomalies_total{kind="quirk"} 1\n')
    expect(text).toContain('stator_anomalies_total{kind="ghostTransaction"} 0\n')
    expect(text).toMatch(/^stator_frames_received_total [1-9]\d*$/m)
  })

  test('are not for charge points, nor for strangers', async () => {
    expect((await stator.api('/metrics', { basic: ['CP001', passwordDefault] })).status).toBe(403)
    expect((await stator.api('/metrics', { key: null })).status).toBe(401)
  })
})

test('an open transaction on a connector that has long been Available is flagged, counted, and goes on as if nothing were', async () => {
  const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: '2025-12-26T12:00:00Z' }
  const { transactionId } = await raw.call('StartTransaction', start)
  const status = { connectorId: 1, errorCode: 'NoError' }
  await raw.call('StatusNotification', { ...status, status: 'Available' })
  const path = `/api/transactions/${transactionId}`
  expect(await stator.json(path)).toMatchObject({ open: true, ghost: [] })

  aheadMs = 3_600_000
  await until('the ghost to be counted', async () =>
    (await metrics()).includes('stator_anomalies_total{kind="ghostTransaction"} 1\n'),
  )
  expect(await stator.json(path)).toMatchObject({
    open: true,
    ghost: [{ reason: 'connectorAvailable', since: isoTime }],
  })
  expect(await stator.json(`/api/anomalies?transactionId=${transactionId}`)).toMatchObject({
    totalCount: 1,
    anomalies: [
      { chargePointId: 'CP001', kind: 'ghostTransaction', messageId: null, detail: { reason: 'connectorAvailable' } },
    ],
  })

  await raw.call('StatusNotification', { ...status, status: 'Charging' })
  expect(await stator.json(path)).toMatchObject({ open: true, ghost: [] })
  await raw.call('StopTransaction', { transactionId, meterStop: 10, timestamp: '2025-12-26T13:00:00Z' })
  expect(await stator.json(path)).toMatchObject({ open: false, closedBy: 'station', ghost: [] })
})
