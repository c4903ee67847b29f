// Meter values over HTTP: those of a transaction, also when they name its connector only, and those of a charge point.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('USER123')
})

afterAll(() => stator.stop())

const timeAt = (minute: number): string => new Date(Date.UTC(2026, 0, 31, 8, minute)).toISOString()
const sampled = (minute: number, value = minute) => ({
  timestamp: timeAt(minute),
  sampledValue: [{ value: String(value) }],
})

async function start(raw: RawChargePoint, connectorId: number, minute: number): Promise<unknown> {
  const answer = await raw.call('StartTransaction', {
    connectorId,
    idTag: 'USER123',
    meterStart: 0,
    timestamp: timeAt(minute),
  })
  return answer['transactionId']
}

const stop = (raw: RawChargePoint, transactionId: unknown, minute: number) =>
  raw.call('StopTransaction', { transactionId, meterStop: 100, timestamp: timeAt(minute) })

/** Sends values that name their connector only. */
const send = (raw: RawChargePoint, connectorId: number, ...minutes: readonly number[]) =>
  raw.call('MeterValues', { connectorId, meterValue: minutes.map((minute) => sampled(minute)) })

/** Time and assignment of the values of a transaction, as text. */
async function valuesOf(transactionId: unknown, query = '?pageSize=500'): Promise<readonly string[]> {
  const { meterValues } = await stator.json(`/api/transactions/${transactionId}/meter-values${query}`)
  return (meterValues as Record<string, unknown>[]).map(({ timestamp, assignedBy }) => `${timestamp} ${assignedBy}`)
}

const byConnector = (...minutes: readonly number[]) => minutes.map((minute) => `${timeAt(minute)} connector`)

describe('values that name their connector only', () => {
  test('are listed with the transaction that was open there, in order with those that name it', async () => {
    const raw = await stator.bootedRaw('connector-only')
    const transactionId = await start(raw, 1, 0)
    await send(raw, 1, 5)
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sampled(3), sampled(7)] })
    await send(raw, 1, 9)
    await send(raw, 2, 5)
    await send(raw, 0, 5)
    const reported = [
      `${timeAt(3)} transactionId`,
      `${timeAt(5)} connector`,
      `${timeAt(7)} transactionId`,
      `${timeAt(9)} connector`,
    ]
    expect(await valuesOf(transactionId)).toEqual(reported)
    expect(await valuesOf(transactionId, '?pageSize=3&page=1')).toEqual(reported.slice(0, 3))
    expect(await valuesOf(transactionId, '?pageSize=3&page=2')).toEqual(reported.slice(3))
    expect(await stator.json(`/api/transactions/${transactionId}/meter-values`)).toMatchObject({
      totalCount: 4,
      meterValues: [{}, { energyWh: 5, sampledValue: [{ value: '5' }], evseId: 1, assignedBy: 'connector' }, {}, {}],
    })
  })

  test('belong to no transaction before it starts, after it stops, or on another connector', async () => {
    const raw = await stator.bootedRaw('outside')
    await send(raw, 1, 9)
    const first = await start(raw, 1, 10)
    await send(raw, 1, 10, 20)
    await send(raw, 2, 15)
    await stop(raw, first, 20)
    await send(raw, 1, 21)
    const second = await start(raw, 1, 30)
    await send(raw, 1, 31)
    expect(await valuesOf(first)).toEqual(byConnector(10, 20))
    expect(await valuesOf(second)).toEqual(byConnector(31))
  })

  test('give the energy of a transaction that has no other figure', async () => {
    const raw = await stator.bootedRaw('connector-energy')
    const transactionId = await start(raw, 1, 1)
    await send(raw, 1, 0, 5, 9)
    await send(raw, 2, 8)
    const energyOf = async () => await stator.json(`/api/transactions/${transactionId}`)
    expect(await energyOf()).toMatchObject({ energyConsumed: null, energySource: null, energySoFar: 0.009 })
    await raw.call('StopTransaction', { transactionId, meterStop: 'n/a', timestamp: timeAt(10) })
    await send(raw, 1, 11)
    expect(await energyOf()).toMatchObject({ energyConsumed: 0.009, energySource: 'lastRegister' })
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sampled(3, 4)] })
    expect(await energyOf()).toMatchObject({ energyConsumed: 0.004, energySource: 'lastRegister' })
  })

  test('belong to the newer of two transactions that are open on one connector', async () => {
    const raw = await stator.bootedRaw('two-open')
    const forgotten = await start(raw, 1, 0)
    await send(raw, 1, 5)
    const newer = await start(raw, 1, 10)
    await send(raw, 1, 10, 15)
    const elsewhere = await start(raw, 2, 12)
    await send(raw, 2, 16)
    expect(await valuesOf(forgotten)).toEqual(byConnector(5))
    expect(await valuesOf(newer)).toEqual(byConnector(10, 15))
    expect(await valuesOf(elsewhere)).toEqual(byConnector(16))
  })

  test('of 2.0.1 name their EVSE', async () => {
    const raw = await stator.bootedRaw('evse-only', '2.0.1')
    const event = { triggerReason: 'Authorized', seqNo: 0, transactionInfo: { transactionId: 'TX-1' } }
    const evse = { id: 2, connectorId: 1 }
    await raw.call('TransactionEvent', { ...event, eventType: 'Started', timestamp: timeAt(0), evse })
    for (const evseId of [0, 1, 2]) {
      const meterValue = [{ timestamp: timeAt(5), sampledValue: [{ value: 5 }] }]
      await raw.call('MeterValues', { evseId, meterValue })
    }
    const { transactions } = await stator.json('/api/transactions?chargePointId=evse-only')
    const [transaction] = transactions as Record<string, unknown>[]
    expect(await valuesOf(transaction?.['transactionId'])).toEqual(byConnector(5))
  })
})

describe('the meter values of a charge point', () => {
  const path = '/api/chargepoints/everything/meter-values'

  beforeAll(async () => {
    const raw = await stator.bootedRaw('everything')
    const transactionId = await start(raw, 1, 0)
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sampled(2), sampled(6)] })
    await send(raw, 0, 4)
    await send(raw, 2, 8)
  })

  const times = async (query: string): Promise<unknown> => {
    const { totalCount, meterValues } = await stator.json(`${path}${query}`)
    return [totalCount, (meterValues as Record<string, unknown>[]).map(({ timestamp }) => timestamp)]
  }

  test('are listed newest first, of transactions and of none, in pages', async () => {
    expect(await times('')).toEqual([4, [8, 6, 4, 2].map(timeAt)])
    expect(await times('?pageSize=3&page=2')).toEqual([4, [timeAt(2)]])
    expect(await stator.json(`${path}?pageSize=1`)).toEqual({
      totalCount: 4,
      page: 1,
      pageSize: 1,
      meterValues: [
        {
          timestamp: timeAt(8),
          sampledValue: [{ value: '8' }],
          receivedAt: expect.any(String),
          evseId: 2,
          connectorId: 1,
          energyWh: 8,
          powerW: null,
          currentA: null,
          voltageV: null,
          socPercent: null,
        },
      ],
    })
  })

  test('are cut to a period of sampling', async () => {
    expect(await times(`?from=${timeAt(4)}&to=${timeAt(6)}`)).toEqual([2, [6, 4].map(timeAt)])
    expect(await times('?from=2026-02-01')).toEqual([0, []])
    expect(await stator.api(`${path}?from=2026-02-01&to=2026-01-01`)).toMatchObject({
      status: 400,
      body: { details: { field: 'to' } },
    })
  })

  test('are read by operators and by the charge point itself, and by nobody else', async () => {
    await stator.provision('another')
    expect((await stator.api(path, { basic: ['everything', passwordDefault] })).status).toBe(200)
    expect((await stator.api(path, { basic: ['another', passwordDefault] })).status).toBe(404)
    expect((await stator.api('/api/chargepoints/nobody/meter-values')).status).toBe(404)
  })
})
