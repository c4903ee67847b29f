// Implausible facts from the socket to REST: stored as sent, answered, with an anomaly beside them.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { anomalyKinds, at, start, stop } from '../../support/sessions-16.ts'

type Json = Record<string, unknown>

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('USER123', { parentIdTag: 'FLEET' })
  await stator.addIdTag('USER456', { parentIdTag: 'FLEET' })
  await stator.addIdTag('OTHERCARD')
})

afterAll(() => stator.stop())

const kindsOf = (identity: string, central = stator) => anomalyKinds(central, identity)

/** A 2.0.1 event of transaction `id` on EVSE 1, with a register. */
function event(raw: RawChargePoint, eventType: string, id: string, minute: number, energy: number, more: Json = {}) {
  return raw.call('TransactionEvent', {
    eventType,
    timestamp: at(minute),
    triggerReason: 'Authorized',
    seqNo: eventType === 'Started' ? 0 : 1,
    transactionInfo: { transactionId: id },
    evse: { id: 1, connectorId: 1 },
    meterValue: [{ timestamp: at(minute), sampledValue: [{ value: energy }] }],
    ...more,
  })
}

const card = (idToken: string) => ({ idToken: { idToken, type: 'ISO14443' } })

describe('a 1.6 charge point', () => {
  test('that stops before it started is noted once, and the transaction is over', async () => {
    const raw = await stator.bootedRaw('EARLY')
    const transactionId = await start(raw, 30)
    await stop(raw, transactionId, 0)
    expect(await kindsOf('EARLY')).toEqual(['stopBeforeStart'])
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({
      stopTime: at(0),
      energyConsumed: 1,
    })
  })

  test('whose register goes down between two transactions is noted, per connector', async () => {
    const raw = await stator.bootedRaw('BELOW')
    await stop(raw, await start(raw, 0, { meterStart: 5_000 }), 20, { meterStop: 9_000 })
    await stop(raw, await start(raw, 30, { connectorId: 2, meterStart: 10 }), 35, { meterStop: 20 })
    expect(await kindsOf('BELOW')).toEqual([])
    await stop(raw, await start(raw, 40, { meterStart: 8_000 }), 45, { meterStop: 9_500 })
    expect(await kindsOf('BELOW')).toEqual(['startBelowLastStop'])
  })

  test('that reports an old transaction late has its next start held against the stop that came last by its clock', async () => {
    const raw = await stator.bootedRaw('LATE')
    await stop(raw, await start(raw, 20, { meterStart: 7_000 }), 30, { meterStop: 9_000 })
    await stop(raw, await start(raw, 0, { meterStart: 4_000 }), 10, { meterStop: 5_000 })
    expect(await kindsOf('LATE')).toEqual([])
    await stop(raw, await start(raw, 40, { meterStart: 8_000 }), 45, { meterStop: 9_500 })
    expect(await kindsOf('LATE')).toEqual(['startBelowLastStop'])
  })

  test('that counts each transaction from 0 is noted once for each connection', async () => {
    const raw = await stator.bootedRaw('ZERO')
    const session = async (from: RawChargePoint, minute: number) =>
      stop(from, await start(from, minute, { meterStart: 0 }), minute + 5, { meterStop: 700 })
    for (const minute of [0, 10, 20]) await session(raw, minute)
    expect(await kindsOf('ZERO')).toEqual(['registerPerSession'])
    const again = await stator.raw('ZERO')
    await session(again, 30)
    expect(await kindsOf('ZERO')).toEqual(['registerPerSession', 'registerPerSession'])
  })

  test('that stops with another card is noted, unless the cards belong together', async () => {
    const raw = await stator.bootedRaw('CARDS')
    const nothing = { meterStop: 1_000 }
    await stop(raw, await start(raw, 0), 5, { idTag: 'user456', ...nothing })
    await stop(raw, await start(raw, 10, { idTag: 'USER123_98765' }), 15, { idTag: 'USER123', ...nothing })
    await stop(raw, await start(raw, 20, { idTag: 'USER123_98765' }), 25, { idTag: 'USER456_98765', ...nothing })
    expect(await kindsOf('CARDS')).toEqual([])
    const transactionId = await start(raw, 30)
    expect(await stop(raw, transactionId, 35, { idTag: 'OTHERCARD' })).toMatchObject({
      idTagInfo: { status: 'Accepted' },
    })
    expect(await kindsOf('CARDS')).toEqual(['stopByOtherCard'])
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({
      open: false,
      stopIdTag: 'OTHERCARD',
    })
  })

  test('whose meter falls by 1 Wh charged nothing, and by more nobody knows what', async () => {
    const raw = await stator.bootedRaw('ROUND')
    const energyAfter = async (minute: number, meterStop: number) => {
      const transactionId = await start(raw, minute, { meterStart: 269_456 })
      await stop(raw, transactionId, minute + 1, { meterStop })
      return (await stator.json(`/api/transactions/${transactionId}`))['energyConsumed']
    }
    expect([await energyAfter(0, 269_455), await energyAfter(10, 269_454)]).toEqual([0, null])
    expect(await kindsOf('ROUND')).toEqual(['meterRounding', 'meterBackwards'])
  })
})

test('a 2.0.1 charge point is held to the same', async () => {
  const raw = await stator.bootedRaw('TWO', '2.0.1')
  await event(raw, 'Started', 'a', 0, 5_000, card('USER123'))
  await event(raw, 'Ended', 'a', 20, 9_000, card('USER456'))
  expect(await kindsOf('TWO')).toEqual([])
  await event(raw, 'Started', 'b', 30, 8_000, card('USER123'))
  await event(raw, 'Ended', 'b', 25, 7_999, card('OTHERCARD'))
  const seen = ['startBelowLastStop', 'clockSetBack', 'stopBeforeStart', 'meterRounding', 'stopByOtherCard']
  expect((await kindsOf('TWO')).toSorted()).toEqual(seen.toSorted())
  const [transaction] = (await stator.json('/api/transactions?chargePointId=TWO'))['transactions'] as Json[]
  expect(transaction).toMatchObject({ energyConsumed: 0 })
})

test('a stop of a 2.0.1 transaction whose id was used before is held against the card of its own start', async () => {
  const raw = await stator.bootedRaw('AGAIN', '2.0.1')
  await event(raw, 'Started', 'a', 0, 1_000, card('OTHERCARD'))
  await event(raw, 'Ended', 'a', 10, 2_000)
  await event(raw, 'Started', 'a', 20, 2_000, card('USER123'))
  await event(raw, 'Ended', 'a', 30, 3_000, card('USER456'))
  expect(await kindsOf('AGAIN')).toEqual(['transactionIdReused'])
  await event(raw, 'Started', 'a', 40, 3_000, card('USER123'))
  await event(raw, 'Ended', 'a', 50, 4_000, card('OTHERCARD'))
  expect(await kindsOf('AGAIN')).toEqual(['transactionIdReused', 'transactionIdReused', 'stopByOtherCard'])
})

test('a card of the start that comes after the end is held against the card of the stop', async () => {
  const raw = await stator.bootedRaw('LATECARD', '2.0.1')
  for (const [index, id] of ['same', 'group', 'other'].entries()) {
    const minute = 10 * index
    const cardOfStart = ['OTHERCARD', 'USER456', 'USER123'][index] ?? ''
    const cardOfStop = ['OTHERCARD', 'USER123', 'OTHERCARD'][index] ?? ''
    await event(raw, 'Ended', id, minute + 5, 1_000, { ...card(cardOfStop), seqNo: 2 })
    await event(raw, 'Started', id, minute, 1_000, { ...card(cardOfStart), seqNo: 0 })
  }
  expect((await kindsOf('LATECARD')).toSorted()).toEqual([...Array(3).fill('missingStart'), 'stopByOtherCard'])
})

test('a card that comes with none of the first events is that of the start, also when the end came before all of them', async () => {
  const raw = await stator.bootedRaw('CARDLAST', '2.0.1')
  await event(raw, 'Ended', 'a', 9, 1_000, { ...card('OTHERCARD'), seqNo: 2 })
  await event(raw, 'Started', 'a', 0, 1_000, { seqNo: 0 })
  await event(raw, 'Updated', 'a', 1, 1_000, { ...card('USER123'), seqNo: 1 })
  expect((await kindsOf('CARDLAST')).toSorted()).toEqual(['missingStart', 'stopByOtherCard'])
  const [transaction] = (await stator.json('/api/transactions?chargePointId=CARDLAST'))['transactions'] as Json[]
  expect(await stator.json(`/api/transactions/${transaction?.['transactionId']}`)).toMatchObject({
    idTag: 'USER123',
    stopIdTag: 'OTHERCARD',
  })
})

test('statuses of a 2.0.1 connector that a transaction moved too are nothing odd', async () => {
  const raw = await stator.bootedRaw('FREE', '2.0.1')
  const status = (connectorStatus: string, minute: number) =>
    raw.call('StatusNotification', { timestamp: at(minute), connectorStatus, evseId: 1, connectorId: 1 })
  await status('Available', 0)
  await event(raw, 'Started', 'f', 1, 1, { transactionInfo: { transactionId: 'f', chargingState: 'Charging' } })
  await status('Available', 2)
  await event(raw, 'Updated', 'f', 3, 2, { transactionInfo: { transactionId: 'f', chargingState: 'Idle' } })
  await status('Faulted', 4)
  expect(await kindsOf('FREE')).toEqual([])
})

describe('the transactionId of a remote start', () => {
  /** A remote start for USER123 on connector 1, accepted; the transactionId that it promised, and the CALL. */
  async function remoteStart(raw: RawChargePoint, identity: string, action: string) {
    const reported = stator.json(`/api/chargepoints/${identity}/start-transaction`, {
      body: { connectorId: 1, idTag: 'USER123' },
    })
    const { messageId, payload } = await raw.command(action)
    raw.answer(messageId, { status: 'Accepted' })
    return { promised: Number((await reported)['transactionId']), payload }
  }

  test('is kept by 1.6 stations that append to the id tag, and not taken by another card', async () => {
    const raw = await stator.bootedRaw('SUFFIX')
    await stator.addIdTag('USER1234')
    const first = await remoteStart(raw, 'SUFFIX', 'RemoteStartTransaction')
    expect(await start(raw, 0, { idTag: 'USER1234' })).not.toBe(first.promised)
    const second = await start(raw, 1, { idTag: 'user123_98765' })
    expect(second).toBe(first.promised)
    expect(await start(raw, 2, { idTag: 'USER123' })).not.toBe(first.promised)
  })

  test('is kept by 2.0.1 stations that leave out the remoteStartId', async () => {
    const raw = await stator.bootedRaw('NOID', '2.0.1')
    const { promised, payload } = await remoteStart(raw, 'NOID', 'RequestStartTransaction')
    expect(payload).toMatchObject({ remoteStartId: promised })
    await event(raw, 'Started', 'n', 0, 1, card('USER123'))
    expect(await stator.json(`/api/transactions/${promised}`)).toMatchObject({ stationTransactionId: 'n', open: true })
  })
})

describe.each([
  ['accept', 'Accepted'],
  ['deny', 'ConcurrentTx'],
])('with Security.ConcurrentTransactions %s', (setting, status) => {
  let central: TestStator
  let one: RawChargePoint
  let two: RawChargePoint

  beforeAll(async () => {
    central = await TestStator.start({ settings: { Security: { ConcurrentTransactions: setting } } })
    await central.addIdTag('USER123')
    await central.addIdTag('USER123_OWN')
    one = await central.bootedRaw('ONE')
    two = await central.bootedRaw('TWO', '2.0.1')
  })

  afterAll(() => central.stop())

  test(`the second transaction of a card is answered ${status}, stored and noted, on whatever charge point`, async () => {
    const first = await start(one, 0)
    const payload = { connectorId: 2, idTag: 'user123_98765', meterStart: 1, timestamp: at(1) }
    const second = await one.call('StartTransaction', payload)
    expect(second).toMatchObject({ idTagInfo: { status } })
    expect(await one.call('StartTransaction', payload)).toEqual(second)
    expect(await central.json(`/api/transactions/${Number(second['transactionId'])}`)).toMatchObject({
      open: true,
      idTagStatus: status,
    })
    expect(await kindsOf('ONE', central)).toEqual(['concurrentTransaction'])

    expect(await event(two, 'Started', 'c', 2, 1, card('USER123'))).toMatchObject({ idTokenInfo: { status } })
    // Of one card at two charge points nothing is odd, unless an operator says so.
    expect(await kindsOf('TWO', central)).toEqual(setting === 'deny' ? ['concurrentTransaction'] : [])
    const { transactionId } = await one.call('StartTransaction', { ...payload, connectorId: 3, idTag: 'USER123_OWN' })
    expect(await central.json(`/api/transactions/${Number(transactionId)}`)).toMatchObject({ idTagStatus: 'Accepted' })

    // 1.6 §7.2: ConcurrentTx is for StartTransaction only.
    expect(await one.call('Authorize', { idTag: 'USER123' })).toMatchObject({ idTagInfo: { status: 'Accepted' } })

    await stop(one, first, 10)
    await stop(one, Number(second['transactionId']), 10)
    await event(two, 'Ended', 'c', 10, 2)
    const third = await one.call('StartTransaction', { ...payload, idTag: 'USER123', timestamp: at(11) })
    expect(third).toMatchObject({ idTagInfo: { status: 'Accepted' } })
  })
})
