// Times without a zone, from the socket to REST.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'

let central: TestStator
beforeAll(async () => {
  central = await TestStator.start()
})
afterAll(() => central.stop())

const sample = (timestamp: string, value: string) => ({ timestamp, sampledValue: [{ value }] })

/** A session of an hour, reported with local times. */
async function session(identity: string, more: Record<string, unknown>, date: string) {
  const raw = await central.bootedRaw(identity, '1.6', more)
  const begun = await raw.call('StartTransaction', {
    ...{ connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: `${date} 08:00:00` },
  })
  const transactionId = Number(begun['transactionId'])
  const meterValue = [sample(`${date}T08:30:00`, '500')]
  await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
  await raw.call('StopTransaction', { transactionId, meterStop: 1_000, timestamp: `${date}T09:00:00` })
  const { meterValues } = await central.json(`/api/transactions/${transactionId}/meter-values`)
  const { startTime, stopTime } = await central.json(`/api/transactions/${transactionId}`)
  return { startTime, stopTime, meterValues }
}

test('are taken in the time zone of the charge point, and as UTC where it has none', async () => {
  expect(await session('LOCAL', { timeZone: 'Europe/Berlin' }, '2026-07-01')).toMatchObject({
    startTime: '2026-07-01T06:00:00.000Z',
    stopTime: '2026-07-01T07:00:00.000Z',
    meterValues: [{ timestamp: '2026-07-01T06:30:00.000Z' }],
  })
  expect(await session('NOZONE', {}, '2026-07-01')).toMatchObject({
    startTime: '2026-07-01T08:00:00.000Z',
    stopTime: '2026-07-01T09:00:00.000Z',
    meterValues: [{ timestamp: '2026-07-01T08:30:00.000Z' }],
  })
})

test('are those of the same session when they come again after an operator has set the time zone', async () => {
  const raw = await central.bootedRaw('SETLATER')
  const begin = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: '2026-07-01 08:00:00' }
  const { transactionId } = await raw.call('StartTransaction', begin)
  await central.json('/api/chargepoints/SETLATER', { method: 'PATCH', body: { timeZone: 'Europe/Berlin' } })
  expect(await raw.call('StartTransaction', begin)).toMatchObject({ transactionId })
  const end = { transactionId, meterStop: 1_000, timestamp: '2026-07-01 11:00:00' }
  await raw.call('StopTransaction', end)
  await central.json('/api/chargepoints/SETLATER', { method: 'PATCH', body: { timeZone: null } })
  await raw.call('StopTransaction', end)
  const { transactions } = await central.json('/api/transactions?chargePointId=SETLATER')
  expect(transactions).toMatchObject([{ startTime: '2026-07-01T08:00:00.000Z', stopTime: '2026-07-01T09:00:00.000Z' }])
  const { anomalies } = await central.json('/api/chargepoints/SETLATER/anomalies')
  expect((anomalies as Record<string, unknown>[]).map(({ kind }) => kind)).not.toContain('closedTransaction')
})

test('are taken in a time zone that an operator sets while the charge point is connected', async () => {
  const raw = await central.bootedRaw('MOVED')
  const reported = async (timestamp: string): Promise<unknown> => {
    await raw.call('SecurityEventNotification', { type: 'StartupOfTheDevice', timestamp })
    const { events } = await central.json('/api/chargepoints/MOVED/events')
    return (events as Record<string, unknown>[])[0]?.['occurredAt']
  }
  expect(await reported('2026-01-01T12:00:00')).toBe('2026-01-01T12:00:00.000Z')
  await central.json('/api/chargepoints/MOVED', { method: 'PATCH', body: { timeZone: '+05:30' } })
  expect(await reported('2026-01-01T12:10:00')).toBe('2026-01-01T06:40:00.000Z')
  await central.json('/api/chargepoints/MOVED', { method: 'PATCH', body: { timeZone: null } })
  expect(await reported('2026-01-01T12:20:00')).toBe('2026-01-01T12:20:00.000Z')
})
