// What real charge points do that takes more than one message to see. `test/fixtures/quirk-rows.ts` has all rows of what
// they do, with the tests that show it.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { anomalyKinds, at, start, stop } from '../../support/sessions-16.ts'
import { TestStator } from '../../support/stator.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('USER123')
})

afterAll(() => stator.stop())

const sampled = (minute: number, value: string) => ({
  connectorId: 1,
  meterValue: [{ timestamp: at(minute), sampledValue: [{ value }] }],
})

async function transactionsOf(identity: string): Promise<Record<string, unknown>[]> {
  const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}`)
  return transactions as Record<string, unknown>[]
}

test('a backlog that is replayed on every connect is stored once', async () => {
  const raw = await stator.bootedRaw('BACKLOG')
  const replay = async (of: typeof raw) => {
    const transactionId = await start(of, 0)
    await of.call('MeterValues', { ...sampled(5, '1500'), transactionId })
    await stop(of, transactionId, 10)
    return transactionId
  }
  const transactionId = await replay(raw)
  for (let connect = 0; connect < 2; connect++) expect(await replay(await stator.raw('BACKLOG'))).toBe(transactionId)
  expect(await transactionsOf('BACKLOG')).toHaveLength(1)
  expect(await stator.json(`/api/transactions/${transactionId}/meter-values`)).toMatchObject({ totalCount: 1 })
})

test('a stop that is sent again with transactionId -1 is answered, and changes nothing of the one that it repeats', async () => {
  const raw = await stator.bootedRaw('AGAIN-MINUS-1')
  const transactionId = await start(raw, 0)
  await stop(raw, transactionId, 10)
  expect(await stop(raw, -1, 10)).toBeObject()
  expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ meterStop: 2_000, stopTime: at(10) })
  expect(await anomalyKinds(stator, 'AGAIN-MINUS-1')).toContain('unknownTransaction')
})

test('a BootNotification that comes again and again under one message id is answered each time', async () => {
  const raw = await stator.bootedRaw('BOOTS')
  const boot = { chargePointVendor: 'V', chargePointModel: 'M' }
  for (let n = 0; n < 3; n++) {
    expect(await raw.call('BootNotification', boot, 'the-same-id')).toMatchObject({ status: 'Accepted' })
  }
})

test('events of which each has the seqNo 0 are each stored', async () => {
  const raw = await stator.bootedRaw('SEQ-0', '2.0.1')
  const event = (eventType: string, minute: number) =>
    raw.call('TransactionEvent', {
      eventType,
      timestamp: at(minute),
      triggerReason: 'MeterValuePeriodic',
      seqNo: 0,
      transactionInfo: { transactionId: 'T' },
      evse: { id: 1, connectorId: 1 },
      meterValue: [{ timestamp: at(minute), sampledValue: [{ value: minute }] }],
    })
  for (const [eventType, minute] of [
    ['Started', 0],
    ['Updated', 1],
    ['Updated', 2],
    ['Ended', 3],
  ] as const) {
    await event(eventType, minute)
  }
  const [transaction] = await transactionsOf('SEQ-0')
  expect(transaction).toMatchObject({ startTime: at(0), stopTime: at(3) })
  const values = await stator.json(`/api/transactions/${String(transaction?.['transactionId'])}/meter-values`)
  expect(values).toMatchObject({ totalCount: 4 })
})

test('connector 0 that reports the sum of all meters belongs to no transaction, and hides no connector', async () => {
  const raw = await stator.bootedRaw('SUM-METER')
  const status = (connectorId: number, word: string) =>
    raw.call('StatusNotification', { connectorId, errorCode: 'NoError', status: word })
  const transactionId = await start(raw, 0)
  await status(1, 'Charging')
  await status(0, 'Available')
  await raw.call('MeterValues', { ...sampled(5, '999999'), connectorId: 0 })
  expect(await stator.json('/api/chargepoints/SUM-METER/status')).toMatchObject({ status: 'Charging' })
  await stop(raw, transactionId, 10)
  expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ energyConsumed: 1 })
  expect(await stator.json('/api/chargepoints/SUM-METER/meter-values')).toMatchObject({ totalCount: 1 })
})

test.each(['Finishing', 'Available'])(
  'a connector that is stuck in %s while it is plugged in starts transactions',
  async (stuck) => {
    const raw = await stator.bootedRaw(`STUCK-${stuck}`)
    await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: stuck })
    const first = await start(raw, 0)
    await stop(raw, first, 10)
    await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: stuck })
    const second = await start(raw, 20, { meterStart: 2_000 })
    await stop(raw, second, 30, { meterStop: 3_000 })
    const transactions = await transactionsOf(`STUCK-${stuck}`)
    expect(transactions.map((each) => each['energyConsumed'])).toEqual([1, 1])
  },
)

test('payloads of 1.6 on a socket of 2.0.1 are refused with what is missing, and the next right one is served', async () => {
  const raw = await stator.bootedRaw('MIXED', '2.0.1')
  const frame = await raw.answerTo(
    raw.sendCall('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }),
  )
  expect(frame.slice(2, 4)).toEqual(['OccurrenceConstraintViolation', expect.stringContaining('connectorStatus')])
  const right = { timestamp: at(0), connectorStatus: 'Available', evseId: 1, connectorId: 1 }
  expect(await raw.call('StatusNotification', right)).toEqual({})
})

test('empty text frames are dropped, and the connection goes on', async () => {
  const raw = await stator.bootedRaw('EMPTY')
  for (const text of ['', ' ', '\n']) raw.send(text)
  expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
  expect(raw.inbox).toEqual([])
})

test('names that are longer than an index takes are stored, and found', async () => {
  // Random: PostgreSQL compresses a text that repeats itself.
  const long = (n: number): string => randomBytes(n).toString('hex').slice(0, n)
  const [vendor, model, firmware, component, variable] = [1, 2, 3, 4, 5].map(() => long(6_000))
  const raw = await stator.bootedRaw('LONG-NAMES', '2.1')
  const boot = { reason: 'PowerUp', chargingStation: { vendorName: vendor, model, firmwareVersion: firmware } }
  expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Accepted' })
  const eventData = {
    eventId: 1,
    timestamp: at(1),
    trigger: 'Alerting',
    actualValue: '90',
    severity: 3,
    eventNotificationType: 'HardWiredNotification',
    component: { name: component },
    variable: { name: variable },
  }
  expect(await raw.call('NotifyEvent', { generatedAt: at(1), seqNo: 0, eventData: [eventData] })).toBeObject()
  const settlement = { pspRef: 'P1', status: 'Settled', settlementAmount: 1, settlementTime: at(2) }
  expect(await raw.call('NotifySettlement', { ...settlement, transactionId: long(6_000) })).toBeObject()

  expect(await stator.json('/api/alarms?chargePointId=LONG-NAMES')).toMatchObject({ totalCount: 1 })
  expect(await stator.json('/api/chargepoints/LONG-NAMES/settlements')).toMatchObject({ totalCount: 1 })
  expect(await stator.json('/api/chargepoints/LONG-NAMES')).toMatchObject({ chargePointId: 'LONG-NAMES' })
})
