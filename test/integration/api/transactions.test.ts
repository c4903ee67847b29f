// The transaction history over HTTP: filters, pages, meter values, and closing what will never end by itself.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { adminApiKey, TestStator } from '../../support/stator.ts'

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

const secondKey = 'second-operator'

let stator: TestStator
let raw: RawChargePoint

beforeAll(async () => {
  stator = await TestStator.start({ settings: { Security: { ApiKeys: [secondKey] } } })
  await stator.addIdTag('USER123')
  await stator.addIdTag('USER456')
  raw = await stator.bootedRaw('CP001')
})

afterAll(() => stator.stop())

async function start(
  station: RawChargePoint,
  timestamp: string,
  more: { idTag?: string; meterStart?: number; connectorId?: number } = {},
): Promise<number> {
  const payload = { connectorId: 1, idTag: 'USER123', meterStart: 1000, timestamp, ...more }
  return Number((await station.call('StartTransaction', payload)).transactionId)
}

const stop = (station: RawChargePoint, transactionId: number, timestamp: string, more: object = {}) =>
  station.call('StopTransaction', { transactionId, timestamp, meterStop: 2000, ...more })

async function idsOf(query: string): Promise<unknown[]> {
  const { transactions } = await stator.json(`/api/transactions?${query}`)
  return (Array.isArray(transactions) ? transactions : []).map(({ transactionId }) => transactionId)
}

describe('the history', () => {
  let ids: number[]

  beforeAll(async () => {
    const other = await stator.bootedRaw('CP002')
    ids = []
    for (const [station, timestamp, idTag] of [
      [raw, '2025-03-01T00:00:00Z', 'USER123'],
      [raw, '2025-03-01T12:00:00Z', 'USER456'],
      [other, '2025-03-01T23:59:59.999Z', 'USER123'],
      [other, '2025-03-02T00:00:00Z', 'USER123'],
    ] as const) {
      const transactionId = await start(station, timestamp, { idTag })
      ids.push(transactionId)
      await stop(station, transactionId, timestamp)
    }
  })

  test('is cut by from and to as by the names of the first version, which do not go together', async () => {
    expect(await idsOf('from=2025-03-01&to=2025-03-01')).toEqual([ids[2], ids[1], ids[0]])
    expect(await idsOf('from=2025-03-01&endDate=2025-03-01')).toEqual([ids[2], ids[1], ids[0]])
    for (const query of [
      'from=2025-03-01&startDate=2025-03-01',
      'to=2025-03-01&endDate=2025-03-01',
      'from=2025-03-02&to=2025-03-01',
    ]) {
      expect((await stator.api(`/api/transactions?${query}`)).status).toBe(400)
    }
    expect((await stator.api('/api/transactions?ghost=false')).status).toBe(400)
    expect(await idsOf('open=true&ghost=true')).toEqual([])
  })

  test('is listed newest first', async () => {
    expect(await idsOf('startDate=2025-03-01&endDate=2025-03-31')).toEqual(ids.toReversed())
  })

  test('filters by charge point, id tag in any letter case, and both', async () => {
    const march = 'startDate=2025-03-01&endDate=2025-03-31'
    expect(await idsOf(`${march}&chargePointId=CP001`)).toEqual([ids[1], ids[0]])
    expect(await idsOf(`${march}&idTag=user456`)).toEqual([ids[1]])
    expect(await idsOf(`${march}&idTag=USER123&chargePointId=CP002`)).toEqual([ids[3], ids[2]])
    expect(await idsOf('chargePointId=CP999')).toEqual([])
    expect(await idsOf('idTag=NOBODY')).toEqual([])
  })

  test('filters by whether they have ended', async () => {
    const own = 'chargePointId=CP-OPEN'
    const station = await stator.bootedRaw('CP-OPEN')
    const ended = await start(station, '2025-01-01T00:00:00Z')
    await stop(station, ended, '2025-01-01T01:00:00Z')
    const open = await start(station, '2025-01-02T00:00:00Z')
    expect(await idsOf(own)).toEqual([open, ended])
    expect(await idsOf(`${own}&open=true`)).toEqual([open])
    expect(await idsOf(`${own}&open=false`)).toEqual([ended])
    await stop(station, open, '2025-01-02T01:00:00Z')
    expect(await idsOf(`${own}&open=true`)).toEqual([])
  })

  test('includes both ends of a range, and the whole of a day', async () => {
    expect(await idsOf('startDate=2025-03-01T12:00:00Z&endDate=2025-03-02T00:00:00Z')).toEqual([ids[3], ids[2], ids[1]])
    expect(await idsOf('startDate=2025-03-01&endDate=2025-03-01')).toEqual([ids[2], ids[1], ids[0]])
    expect(await idsOf('startDate=2025-03-02&endDate=2025-03-02')).toEqual([ids[3]])
  })

  test('takes times with an offset, and without one in UTC', async () => {
    const range = (from: string) => `startDate=${encodeURIComponent(from)}&endDate=2025-03-01T12:00:00Z`
    expect(await idsOf(range('2025-03-01T14:00:00+02:00'))).toEqual([ids[1]])
    expect(await idsOf(range('2025-03-01T12:00:00'))).toEqual([ids[1]])
    expect(await idsOf(range('2025-03-01T12:00:00.001Z').replace('T12:00:00Z', 'T13:00:00Z'))).toEqual([])
  })

  test('pages in a stable order', async () => {
    const march = 'startDate=2025-03-01&endDate=2025-03-31&pageSize=3'
    expect(await idsOf(`${march}&page=1`)).toEqual([ids[3], ids[2], ids[1]])
    expect(await idsOf(`${march}&page=2`)).toEqual([ids[0]])
    expect(await stator.json(`/api/transactions?${march}&page=3`)).toEqual({
      totalCount: 4,
      page: 3,
      pageSize: 3,
      transactions: [],
    })
  })
})

describe('one transaction', () => {
  test('shows everything that is stored about it', async () => {
    const transactionId = await start(raw, '2025-04-01T10:00:00Z', { connectorId: 2 })
    const shown = {
      transactionId,
      chargePointId: 'CP001',
      connectorId: 2,
      idTag: 'USER123',
      startTime: '2025-04-01T10:00:00.000Z',
      stopTime: null,
      meterStart: 1000,
      meterStop: null,
      energyConsumed: null,
      energySource: null,
      energySoFar: null,
      stopReason: null,
      evseId: 2,
      stationTransactionId: null,
      open: true,
      closedBy: null,
      meterStopSource: null,
      chargingState: null,
      idTagType: null,
      idTagStatus: 'Accepted',
      stopIdTag: null,
      reservationId: null,
      remoteStartId: null,
      corrections: 0,
      ghost: [],
    }
    expect(await stator.json(`/api/transactions/${transactionId}`)).toEqual(shown)

    const stopped = { meterStop: 1234.5, idTag: 'USER456', reason: 'EVDisconnected' }
    await stop(raw, transactionId, '2025-04-01T11:00:00Z', { ...stopped, meterStop: 1234 })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toEqual({
      ...shown,
      stopTime: '2025-04-01T11:00:00.000Z',
      meterStop: 1234,
      energyConsumed: 0.234,
      energySource: 'register',
      stopReason: 'EVDisconnected',
      open: false,
      closedBy: 'station',
      meterStopSource: 'station',
      stopIdTag: 'USER456',
    })
  })

  test('that ended without a reason ended locally', async () => {
    const transactionId = await start(raw, '2025-04-02T10:00:00Z')
    await stop(raw, transactionId, '2025-04-02T11:00:00Z')
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ stopReason: 'Local' })
  })

  test('whose meter ran backwards consumed nobody knows what', async () => {
    const transactionId = await start(raw, '2025-04-03T10:00:00Z', { meterStart: 5000 })
    await stop(raw, transactionId, '2025-04-03T11:00:00Z', { meterStop: 10 })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({
      meterStart: 5000,
      meterStop: 10,
      energyConsumed: null,
    })
  })

  test('that does not exist is not found', async () => {
    for (const path of ['', '/meter-values']) {
      expect(await stator.api(`/api/transactions/999999${path}`)).toMatchObject({
        status: 404,
        body: { error: 'NotFound', code: 'NOT_FOUND', message: "Transaction '999999' not found" },
      })
    }
  })

  test('is shown to its own charge point and to no other', async () => {
    const transactionId = await start(raw, '2025-04-04T10:00:00Z')
    await stop(raw, transactionId, '2025-04-04T11:00:00Z')
    await stator.provision('CP-STRANGER')
    for (const path of ['', '/meter-values']) {
      const status = async (identity: string) =>
        (await stator.api(`/api/transactions/${transactionId}${path}`, { basic: [identity, 'secretpassword'] })).status
      expect(await status('CP001')).toBe(200)
      expect(await status('CP-STRANGER')).toBe(404)
    }
  })
})

describe('meter values', () => {
  test('are shown as sent, with the common measurements beside them', async () => {
    const transactionId = await start(raw, '2025-12-26T12:00:00Z')
    const sampledValue = [
      {
        value: '5000',
        context: 'Sample.Periodic',
        format: 'Raw',
        measurand: 'Energy.Active.Import.Register',
        unit: 'Wh',
      },
      { value: '16.5', measurand: 'Current.Import', unit: 'A' },
      { value: '230.5', measurand: 'Voltage', unit: 'V' },
      { value: '3.7', measurand: 'Power.Active.Import', unit: 'kW' },
      { value: '42', measurand: 'SoC', unit: 'Percent' },
    ]
    const meterValue = (timestamp: string, samples: readonly object[]) => ({
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp, sampledValue: samples }],
    })
    await raw.call('MeterValues', meterValue('2025-12-26T12:15:00Z', sampledValue))
    const later = [{ value: '6000' }]
    await raw.call('MeterValues', meterValue('2025-12-26T12:30:00Z', later))
    await stop(raw, transactionId, '2025-12-26T14:00:00Z', {
      transactionData: [{ timestamp: '2025-12-26T13:00:00Z', sampledValue: [{ value: '10', unit: 'kWh' }] }],
    })

    const { meterValues, ...page } = await stator.json(`/api/transactions/${transactionId}/meter-values`)
    expect(page).toEqual({ totalCount: 3, page: 1, pageSize: 20 })
    const nothing = { powerW: null, currentA: null, voltageV: null, socPercent: null }
    const common = { receivedAt: isoTime, evseId: 1, connectorId: 1, assignedBy: 'transactionId' }
    expect(meterValues).toEqual([
      {
        timestamp: '2025-12-26T12:15:00.000Z',
        sampledValue,
        ...common,
        energyWh: 5000,
        powerW: 3700,
        currentA: 16.5,
        voltageV: 230.5,
        socPercent: 42,
      },
      { timestamp: '2025-12-26T12:30:00.000Z', sampledValue: later, ...common, ...nothing, energyWh: 6000 },
      {
        timestamp: '2025-12-26T13:00:00.000Z',
        sampledValue: [{ value: '10', unit: 'kWh' }],
        ...common,
        ...nothing,
        energyWh: 10000,
      },
    ])
    const second = await stator.json(`/api/transactions/${transactionId}/meter-values?page=2&pageSize=2`)
    expect(second).toMatchObject({ totalCount: 3, page: 2, meterValues: [{ energyWh: 10000 }] })
  })
})

describe('closing', () => {
  const path = (transactionId: number) => `/api/transactions/${transactionId}/close`

  test('ends a ghost without a word to the charge point', async () => {
    const ghost = await stator.bootedRaw('CP-GHOST')
    await ghost.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
    const transactionId = await start(ghost, '2025-05-01T10:00:00Z')
    const currentTransaction = async () => {
      const { connectors } = await stator.json('/api/chargepoints/CP-GHOST/status')
      return Array.isArray(connectors) ? connectors[0].currentTransaction : undefined
    }
    expect(await currentTransaction()).toBe(transactionId)

    const closed = await stator.json(path(transactionId), {
      body: { meterStop: 4000, stopTime: '2025-05-01T12:00:00Z', reason: 'Other' },
    })
    expect(closed).toMatchObject({
      transactionId,
      stopTime: '2025-05-01T12:00:00.000Z',
      meterStop: 4000,
      energyConsumed: 3,
      stopReason: 'Other',
      open: false,
      closedBy: 'operator',
    })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toEqual(closed)
    expect(await currentTransaction()).toBeNull()
    expect(ghost.inbox).toEqual([])

    // The charge point may still send its stop: it is stored and answered, and the operator's word stands.
    expect(await stop(ghost, transactionId, '2025-05-01T13:00:00Z')).toBeObject()
    const { anomalies } = await stator.json('/api/chargepoints/CP-GHOST/anomalies')
    expect(anomalies).toContainEqual(expect.objectContaining({ kind: 'closedTransaction' }))
  })

  test('without a meter stop takes the last register of its meter values, and says so', async () => {
    const station = await stator.bootedRaw('CP-LAST')
    const transactionId = await start(station, '2025-05-04T10:00:00Z')
    for (const [minute, value] of [
      [10, '3000'],
      [20, '4500'],
    ] as const) {
      const meterValue = [{ timestamp: `2025-05-04T10:${minute}:00Z`, sampledValue: [{ value, unit: 'Wh' }] }]
      await station.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    }
    const closed = await stator.json(path(transactionId), { method: 'POST' })
    const expected = {
      meterStop: 4500,
      meterStopSource: 'lastRegister',
      energyConsumed: 3.5,
      energySource: 'lastRegister',
    }
    expect(closed).toMatchObject(expected)
    const { transactions } = await stator.json('/api/transactions?chargePointId=CP-LAST')
    expect(transactions).toMatchObject([{ meterStop: 4500, energySource: 'lastRegister' }])
    const corrected = await stator.json(path(transactionId), { body: { meterStop: 5000 } })
    expect(corrected).toMatchObject({ meterStop: 5000, meterStopSource: 'operator', energySource: 'operator' })
  })

  test('needs no body, and without meter values knows no meter stop', async () => {
    const transactionId = await start(raw, '2025-05-02T10:00:00Z')
    const before = Date.now()
    const closed = await stator.json(path(transactionId), { method: 'POST' })
    const nothing = { meterStop: null, meterStopSource: null, energyConsumed: null, stopReason: null }
    expect(closed).toMatchObject({ ...nothing, closedBy: 'operator' })
    expect(Date.parse(String(closed.stopTime))).toBeGreaterThanOrEqual(before)
  })

  test('happens once, however many ask', async () => {
    const transactionId = await start(raw, '2025-05-03T10:00:00Z')
    const answers = await Promise.all(
      [1, 2, 3].map((meterStop) => stator.api(path(transactionId), { body: { meterStop: 1000 + meterStop } })),
    )
    // A request that finds it closed corrects it, and the answer says so; one that lost a race is refused.
    const reported = answers.filter(({ status }) => status === 200)
    expect(reported.length).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3 - reported.length)
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ corrections: reported.length - 1 })
  })

  test('again corrects what an operator entered, and keeps who changed what', async () => {
    const transactionId = await start(raw, '2025-05-06T10:00:00Z')
    const close = (body: object, key = adminApiKey) => stator.json(path(transactionId), { body, key })
    const stopTime = '2025-05-06T12:00:00.000Z'
    expect(await close({ meterStop: 5_000, stopTime })).toMatchObject({ corrections: 0 })
    expect(await close({ meterStop: 5_100 }, secondKey)).toMatchObject({
      meterStop: 5_100,
      energyConsumed: 4.1,
      energySource: 'operator',
      stopTime,
      closedBy: 'operator',
      corrections: 1,
    })
    // Sent again, since the answer was lost: nothing is left to be corrected.
    expect(await close({ meterStop: 5_100 }, secondKey)).toMatchObject({ corrections: 1 })
    expect(await close({ meterStop: 5_000, reason: 'Other' })).toMatchObject({ meterStop: 5_000, corrections: 2 })

    const end = (meterStop: number, stopReason: string | null = null) => ({ stopTime, meterStop, stopReason })
    expect(await stator.json(`/api/transactions/${transactionId}/corrections`)).toEqual({
      totalCount: 2,
      page: 1,
      pageSize: 20,
      corrections: [
        { at: isoTime, operator: 'Security.ApiKeys[0]', before: end(5_000), after: end(5_100) },
        { at: isoTime, operator: 'admin', before: end(5_100), after: end(5_000, 'Other') },
      ],
    })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({
      meterStop: 5_000,
      energyConsumed: 4,
      energySource: 'operator',
      stopReason: 'Other',
      corrections: 2,
    })
  })

  test('leaves the last word to the charge point: its stop replaces every correction, and cannot be corrected', async () => {
    const transactionId = await start(raw, '2025-05-07T10:00:00Z')
    await stator.json(path(transactionId), { body: { meterStop: 5_000 } })
    await stator.json(path(transactionId), { body: { meterStop: 5_100 } })
    await stop(raw, transactionId, '2025-05-07T11:00:00Z', { meterStop: 5_200 })
    expect(await stator.api(path(transactionId), { body: { meterStop: 5_300 } })).toMatchObject({
      status: 409,
      body: { error: 'Conflict', code: 'CONFLICT', message: `Transaction '${transactionId}' has already stopped` },
    })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({
      meterStop: 5_200,
      energySource: 'register',
      closedBy: 'station',
      corrections: 1,
    })
  })

  test.each([
    [{ meterStop: 999 }, 'meterStop'],
    [{ stopTime: '2025-05-08T09:00:00Z' }, 'stopTime'],
  ])('is not corrected to %j, which is before the start', async (body, field) => {
    const transactionId = await start(raw, '2025-05-08T10:00:00Z')
    await stator.json(path(transactionId), { body: { meterStop: 2_000 } })
    expect(await stator.api(path(transactionId), { body })).toMatchObject({ status: 400, body: { details: { field } } })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ meterStop: 2_000, corrections: 0 })
  })

  test('shows its corrections to operators and to its charge point, and to no other', async () => {
    const transactionId = await start(raw, '2025-05-09T10:00:00Z')
    const corrections = `/api/transactions/${transactionId}/corrections`
    expect(await stator.json(corrections)).toMatchObject({ totalCount: 0, corrections: [] })
    expect((await stator.api(corrections, { basic: ['CP001', 'secretpassword'] })).status).toBe(200)
    expect((await stator.api(corrections, { basic: ['CP-STRANGER', 'secretpassword'] })).status).toBe(404)
    expect((await stator.api('/api/transactions/999999/corrections')).status).toBe(404)
  })

  test.each([
    [{ meterStop: 999 }, 'meterStop'],
    [{ meterStop: '2000' }, 'meterStop'],
    [{ stopTime: '2025-05-04T09:00:00Z' }, 'stopTime'],
    [{ stopTime: 'later' }, 'stopTime'],
    [{ reason: 7 }, 'reason'],
    [{ energy: 1 }, 'energy'],
  ])('is refused with %j', async (body, field) => {
    const transactionId = await start(raw, '2025-05-04T10:00:00Z')
    expect(await stator.api(path(transactionId), { body })).toMatchObject({ status: 400, body: { details: { field } } })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ open: true })
  })

  test('of what does not exist is not found', async () => {
    expect((await stator.api(path(999999), { method: 'POST' })).status).toBe(404)
  })
})
