// Stations resend: under the same message id or a new one, on the same connection or the next. The fact is stored once,
// and the original answer goes out again.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { flows16, flows201, idTag } from '../../fixtures/seed-flows.ts'
import { TestStator } from '../../support/stator.ts'

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start()
  await central.addIdTag(idTag)
})

afterAll(() => central.stop())

async function count(path: string): Promise<unknown> {
  return (await central.json(path))['totalCount']
}

test('a start sent again under a new message id gets the same transactionId and no second transaction', async () => {
  const raw = await central.bootedRaw('AGAIN1')
  const first = await raw.call('StartTransaction', flows16.start)
  expect(await raw.call('StartTransaction', flows16.start)).toEqual(first)
  expect(await count('/api/transactions?chargePointId=AGAIN1')).toBe(1)
  await raw.close()
})

test('a start sent again after a reconnect, and again after a restart of Stator, gets the same transactionId', async () => {
  const raw = await central.bootedRaw('AGAIN2')
  const first = await raw.call('StartTransaction', flows16.start, 'the-same-id')
  await raw.close()
  const second = await central.raw('AGAIN2')
  expect(await second.call('StartTransaction', flows16.start, 'the-same-id')).toEqual(first)
  await central.restart()
  const third = await central.raw('AGAIN2')
  expect(await third.call('StartTransaction', flows16.start)).toEqual(first)
  expect(await count('/api/transactions?chargePointId=AGAIN2')).toBe(1)
  await third.close()
})

test('two starts that differ in their time are two transactions', async () => {
  const raw = await central.bootedRaw('AGAIN3')
  const first = await raw.call('StartTransaction', flows16.start)
  const second = await raw.call('StartTransaction', { ...flows16.start, timestamp: '2025-12-26T15:00:00Z' })
  expect(second['transactionId']).not.toBe(first['transactionId'])
  expect(await count('/api/transactions?chargePointId=AGAIN3')).toBe(2)
  await raw.close()
})

test('a stop sent twice is stored once and answered twice', async () => {
  const raw = await central.bootedRaw('AGAIN4')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const stop = flows16.stop(Number(transactionId))
  const first = await raw.call('StopTransaction', stop)
  expect(await raw.call('StopTransaction', { ...stop, meterStop: 99_999 })).toEqual(first)
  expect(await central.json(`/api/transactions/${transactionId}`)).toMatchObject({ meterStop: 15000 })
  await raw.close()
})

test('samples sent twice are stored once', async () => {
  const raw = await central.bootedRaw('AGAIN5')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const values = flows16.meterValues(Number(transactionId))
  await raw.call('MeterValues', values)
  await raw.call('MeterValues', values)
  await raw.call('StopTransaction', flows16.stop(Number(transactionId)))
  await raw.call('StopTransaction', flows16.stop(Number(transactionId)))
  expect(await count(`/api/transactions/${transactionId}/meter-values`)).toBe(2)
  await raw.close()
})

test('a sample and a status sent again with their members in another order are stored once, and in other words twice', async () => {
  const raw = await central.bootedRaw('AGAIN9')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const timestamp = '2025-12-26T12:20:00Z'
  const send = (...meterValue: readonly unknown[]) =>
    raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
  await send({ timestamp, sampledValue: [{ value: '7', measurand: 'Voltage', unit: 'V' }] })
  await send({ sampledValue: [{ unit: 'V', value: '7', measurand: 'Voltage' }], timestamp })
  await send({ sampledValue: [{ unit: 'V', value: '8', measurand: 'Voltage' }], timestamp })
  expect(await count(`/api/transactions/${transactionId}/meter-values`)).toBe(2)
  const path = '/api/chargepoints/AGAIN9/events?action=StatusNotification'
  const before = Number(await count(path))
  await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging', timestamp })
  await raw.call('StatusNotification', { timestamp, status: 'Charging', connectorId: 1, errorCode: 'NoError' })
  await raw.call('StatusNotification', { timestamp, status: 'Finishing', connectorId: 1, errorCode: 'NoError' })
  expect(await count(path)).toBe(before + 2)
  await raw.close()
})

test('samples of the same second that differ are all stored', async () => {
  const raw = await central.bootedRaw('AGAIN6')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const timestamp = '2025-12-26T12:15:00Z'
  const meterValue = ['1', '2', '3'].map((value) => ({ timestamp, sampledValue: [{ value }] }))
  await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
  expect(await count(`/api/transactions/${transactionId}/meter-values`)).toBe(3)
  await raw.close()
})

test('events of 2.0.1 sent again by their seqNo are stored once and answered alike', async () => {
  const raw = await central.bootedRaw('AGAIN7', '2.0.1')
  const id = crypto.randomUUID()
  const events = [flows201.started(id), flows201.updated(id), flows201.ended(id)]
  const answers: unknown[] = []
  for (const event of events) answers.push(await raw.call('TransactionEvent', event))
  await raw.close()
  const again = await central.raw('AGAIN7', { subprotocols: ['ocpp2.0.1'] })
  const answersAgain: unknown[] = []
  for (const event of events) answersAgain.push(await again.call('TransactionEvent', event))
  expect(answersAgain).toEqual(answers)
  expect(await count('/api/transactions?chargePointId=AGAIN7')).toBe(1)
  const { transactions } = await central.json('/api/transactions?chargePointId=AGAIN7')
  const [{ transactionId }] = transactions as [{ transactionId: number }]
  expect(await count(`/api/transactions/${transactionId}/meter-values`)).toBe(3)
  await again.close()
})

test('starts of many charge points at once, each sent twice, are each stored once', async () => {
  const identities = Array.from({ length: 20 }, (_, index) => `CROWD${index}`)
  const raws = await Promise.all(identities.map((identity) => central.bootedRaw(identity)))
  const answers = await Promise.all(
    raws.flatMap((raw) => [raw.call('StartTransaction', flows16.start), raw.call('StartTransaction', flows16.start)]),
  )
  const ids = answers.map(({ transactionId }) => Number(transactionId))
  expect(new Set(ids).size).toBe(identities.length)
  for (let index = 0; index < ids.length; index += 2) expect(ids[index]).toBe(ids[index + 1] ?? NaN)
  await Promise.all(raws.map((raw) => raw.close()))
})

test('a stop with other figures for a closed transaction is kept beside it, as an anomaly', async () => {
  const raw = await central.bootedRaw('AGAIN8')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const stop = flows16.stop(Number(transactionId))
  await raw.call('StopTransaction', stop)
  await raw.call('StopTransaction', { ...stop, meterStop: 99_999 })
  await raw.call('StopTransaction', { ...stop, meterStop: 99_999 })
  const { anomalies } = await central.json('/api/chargepoints/AGAIN8/anomalies')
  expect(anomalies).toMatchObject([{ kind: 'closedTransaction', transaction: String(transactionId) }])
  await raw.close()
})

test('samples of the time before the stop that come after it are nothing odd, those of the time after it are', async () => {
  const raw = await central.bootedRaw('LATESAMPLES')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const stop = flows16.stop(Number(transactionId))
  await raw.call('StopTransaction', stop)
  const stoppedAtMs = Date.parse(String(stop.timestamp))
  const report = async (secondsAfter: readonly number[], measurand: string) => {
    const meterValue = secondsAfter.map((seconds) => ({
      timestamp: new Date(stoppedAtMs + seconds * 1_000).toISOString(),
      sampledValue: [{ value: String(stop.meterStop), measurand }],
    }))
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    const { anomalies } = await central.json('/api/chargepoints/LATESAMPLES/anomalies')
    return (anomalies as { kind: string }[]).filter(({ kind }) => kind === 'closedTransaction')
  }
  expect(await report([-30, 0], 'Energy.Active.Import.Register')).toEqual([])
  expect(await report([-20], 'Power.Active.Import')).toEqual([])
  expect(await report([1, -10], 'Power.Active.Import')).toHaveLength(1)
  await raw.close()
})

test('what a station brings from another central system hides nothing of the transaction that gets the same number', async () => {
  const raw = await central.bootedRaw('MOVED')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  const theirs = Number(transactionId) + 1
  await raw.call('MeterValues', flows16.meterValues(theirs))
  await raw.call('StopTransaction', { ...flows16.stop(theirs), meterStop: 777, transactionData: undefined })
  const start = { ...flows16.start, connectorId: 2, timestamp: '2025-12-27T08:00:00Z' }
  expect(await raw.call('StartTransaction', start)).toMatchObject({ transactionId: theirs })
  const stop = { ...flows16.stop(theirs), timestamp: '2025-12-27T10:00:00Z', transactionData: undefined }
  await raw.call('StopTransaction', stop)
  expect(await central.json(`/api/transactions/${theirs}`)).toMatchObject({ meterStop: 15000 })
  expect(await count(`/api/transactions/${theirs}/meter-values`)).toBe(0)
  await raw.close()
})
