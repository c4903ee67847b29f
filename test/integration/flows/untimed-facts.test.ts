// Stations that send no usable time. What comes again with nothing in between is a resend; anything else is a fact of its own.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { until } from '../../support/until.ts'

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start()
  await central.addIdTag('CARD')
}, 60_000)

afterAll(() => central.stop())

type Json = Readonly<Record<string, unknown>>

async function events(identity: string, action = 'StatusNotification'): Promise<readonly Json[]> {
  const { events: list } = await central.json(`/api/chargepoints/${identity}/events?action=${action}&pageSize=100`)
  return list as readonly Json[]
}

async function transactions(identity: string): Promise<readonly Json[]> {
  const { transactions: list } = await central.json(`/api/transactions?chargePointId=${identity}`)
  return list as readonly Json[]
}

async function samples(transactionId: unknown): Promise<unknown> {
  return (await central.json(`/api/transactions/${transactionId}/meter-values`))['totalCount']
}

const status = (word: string, more: Json = {}) => ({ connectorId: 1, errorCode: 'NoError', status: word, ...more })
const start = { connectorId: 1, idTag: 'CARD', meterStart: 0 }
const unusable = [undefined, 'yesterday', '1970-01-01T00:00:00Z'] as const

/** Sends a CALL and goes away as soon as its outcome is stored, whatever became of the answer. */
async function callAndVanish(raw: RawChargePoint, action: string, payload: object, isStored: () => Promise<boolean>) {
  raw.sendCall(action, payload)
  await until(`${action} to be stored`, isStored)
  raw.socket.terminate()
}

describe('statuses without a usable time', () => {
  test.each(unusable)('are each stored, and once when they come twice in a row: %p', async (timestamp) => {
    const identity = `STATUS-${String(timestamp).replaceAll(':', '')}`
    const raw = await central.bootedRaw(identity)
    for (const word of ['Available', 'Charging', 'Available']) {
      await raw.call('StatusNotification', status(word, { timestamp }))
    }
    expect(await events(identity)).toHaveLength(3)
    await raw.call('StatusNotification', status('Available', { timestamp }))
    await raw.call('StatusNotification', { timestamp, status: 'Available', errorCode: 'NoError', connectorId: 1 })
    expect(await events(identity)).toHaveLength(3)
    await raw.close()
  })

  test('are recognised on the next connection and by the next process, under a new message id', async () => {
    const raw = await central.bootedRaw('STATUS-AGAIN')
    await raw.call('StatusNotification', status('Available'))
    await raw.close()
    const second = await central.raw('STATUS-AGAIN')
    await second.call('StatusNotification', status('Available'))
    await second.close()
    expect(await events('STATUS-AGAIN')).toHaveLength(1)
    await central.restart()
    const third = await central.raw('STATUS-AGAIN')
    await third.call('StatusNotification', status('Available'))
    expect(await events('STATUS-AGAIN')).toHaveLength(1)
    await third.call('StatusNotification', status('Charging'))
    await third.call('StatusNotification', status('Available'))
    expect(await events('STATUS-AGAIN')).toHaveLength(3)
    await third.close()
  })

  test('are all stored when they arrive in one burst', async () => {
    const raw = await central.bootedRaw('STATUS-BURST')
    const words = ['Available', 'Charging', 'Available', 'Charging', 'Available']
    const ids = words.map((word) => raw.sendCall('StatusNotification', status(word)))
    for (const id of ids) await raw.answerTo(id)
    expect(await events('STATUS-BURST')).toHaveLength(words.length)
    await raw.close()
  })

  test('of more connectors than are remembered are never swallowed', async () => {
    const raw = await central.bootedRaw('STATUS-MANY')
    for (const word of ['Available', 'Charging', 'Available']) {
      for (let connectorId = 1; connectorId <= 40; connectorId++) {
        await raw.call('StatusNotification', status(word, { connectorId }))
      }
    }
    const { totalCount } = await central.json('/api/chargepoints/STATUS-MANY/events?action=StatusNotification')
    expect(totalCount).toBe(120)
    await raw.close()
  })

  test('with a time that a person can read need no order', async () => {
    const raw = await central.bootedRaw('STATUS-READ')
    const first = status('Available', { timestamp: '2026-01-01 10:00:00' })
    await raw.call('StatusNotification', first)
    await raw.call('StatusNotification', status('Charging', { timestamp: '2026-01-01 10:00:01' }))
    await raw.call('StatusNotification', first)
    expect(await events('STATUS-READ')).toHaveLength(2)
    await raw.close()
  })
})

describe('a start without a usable time', () => {
  test.each(unusable)('that lost its answer is one transaction and answered as before: %p', async (timestamp) => {
    const identity = `START-${String(timestamp).replaceAll(':', '')}`
    const raw = await central.bootedRaw(identity)
    const isStored = async () => (await transactions(identity)).length === 1
    await callAndVanish(raw, 'StartTransaction', { ...start, timestamp }, isStored)
    const [stored] = await transactions(identity)
    const again = await central.raw(identity)
    expect(await again.call('StartTransaction', { ...start, timestamp })).toMatchObject({
      transactionId: stored?.['transactionId'],
      idTagInfo: { status: 'Accepted' },
    })
    expect(await transactions(identity)).toHaveLength(1)
    await again.close()
  })

  test('is one transaction when it comes again after a restart', async () => {
    const raw = await central.bootedRaw('START-RESTART')
    const first = await raw.call('StartTransaction', start)
    await central.restart()
    const again = await central.raw('START-RESTART')
    expect(await again.call('StartTransaction', start)).toEqual(first)
    await again.close()
  })

  test.each([
    ['its stop', 'StopTransaction', (transactionId: unknown) => ({ transactionId, meterStop: 5 })],
    ['a stop of no transaction', 'StopTransaction', () => ({ transactionId: -1, meterStop: 5 })],
    ['a status', 'StatusNotification', () => status('Available', { timestamp: '2026-01-01T10:00:00Z' })],
    ['a boot', 'BootNotification', () => ({ chargePointVendor: 'V', chargePointModel: 'M' })],
  ] as const)('is another transaction after %s', async (between, action, payload) => {
    const identity = `START-${between.replaceAll(' ', '-')}`
    const raw = await central.bootedRaw(identity)
    const first = await raw.call('StartTransaction', start)
    await raw.call(action, payload(first['transactionId']))
    const second = await raw.call('StartTransaction', start)
    expect(second['transactionId']).not.toBe(first['transactionId'])
    expect(await transactions(identity)).toHaveLength(2)
    await raw.close()
  })

  test('of another connector in between changes nothing', async () => {
    const raw = await central.bootedRaw('START-OTHER')
    const first = await raw.call('StartTransaction', start)
    await raw.call('StartTransaction', { ...start, connectorId: 2 })
    await raw.call('StatusNotification', status('Charging', { connectorId: 2 }))
    expect(await raw.call('StartTransaction', start)).toEqual(first)
    await raw.close()
  })
})

describe('samples without a usable time', () => {
  const register = (transactionId: unknown, value: string) => ({
    connectorId: 1,
    transactionId,
    meterValue: [{ sampledValue: [{ value }] }],
  })
  const interval = (transactionId: unknown, value: string) => ({
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: 'soon', sampledValue: [{ value, measurand: 'Energy.Active.Import.Interval' }] }],
  })

  test('of a register are stored once when they come again, and each time when another came in between', async () => {
    const raw = await central.bootedRaw('REGISTER')
    const { transactionId } = await raw.call('StartTransaction', start)
    await raw.call('MeterValues', register(transactionId, '100'))
    await raw.call('MeterValues', register(transactionId, '100'))
    expect(await samples(transactionId)).toBe(1)
    await raw.close()
    const again = await central.raw('REGISTER')
    await again.call('MeterValues', register(transactionId, '100'))
    await again.call('StatusNotification', status('Charging'))
    await again.call('MeterValues', register(transactionId, '100'))
    expect(await samples(transactionId)).toBe(1)
    await again.call('MeterValues', register(transactionId, '200'))
    await again.call('MeterValues', register(transactionId, '100'))
    expect(await samples(transactionId)).toBe(3)
    await again.close()
  })

  test('of a long frame are stored once when they come again, and once more after others', async () => {
    const raw = await central.bootedRaw('REGISTER-LONG')
    const { transactionId } = await raw.call('StartTransaction', start)
    const count = 300
    const meterValue = Array.from({ length: count }, () => ({ sampledValue: [{ value: '5' }] }))
    const long = { connectorId: 1, transactionId, meterValue }
    for (let nth = 0; nth < 2; nth++) await raw.call('MeterValues', long)
    expect(await samples(transactionId)).toBe(count)
    await raw.call('MeterValues', register(transactionId, '100'))
    await raw.call('MeterValues', long)
    expect(await samples(transactionId)).toBe(2 * count + 1)
    await raw.close()
  })

  test('of a register are all stored when they arrive in one burst', async () => {
    const raw = await central.bootedRaw('REGISTER-BURST')
    const { transactionId } = await raw.call('StartTransaction', start)
    const values = ['100', '200', '100', '200', '100', '200']
    const ids = values.map((value) => raw.sendCall('MeterValues', register(transactionId, value)))
    for (const id of ids) await raw.answerTo(id)
    expect(await samples(transactionId)).toBe(values.length)
    await raw.close()
  })

  test('of intervals count once for each message id, and the energy is their sum', async () => {
    const raw = await central.bootedRaw('INTERVAL', '2.0.1')
    const transaction = (eventType: string, seqNo: number, more: Json = {}) => ({
      eventType,
      timestamp: `2026-01-01T10:00:0${seqNo}Z`,
      triggerReason: 'MeterValuePeriodic',
      seqNo,
      transactionInfo: { transactionId: 'I-1' },
      evse: { id: 1, connectorId: 1 },
      ...more,
    })
    const sampledValue = [{ value: 500, measurand: 'Energy.Active.Import.Interval' }]
    const untimed = transaction('Updated', 0, { timestamp: undefined, meterValue: [{ sampledValue }] })
    await raw.call('TransactionEvent', transaction('Started', 0))
    await raw.call('TransactionEvent', untimed, 'one')
    await raw.call('TransactionEvent', untimed, 'one')
    await raw.call('TransactionEvent', untimed, 'two')
    await raw.call('TransactionEvent', transaction('Ended', 9))
    const [reported] = await transactions('INTERVAL')
    expect(reported).toMatchObject({ energyConsumed: 1, energySource: 'intervals' })
    expect(await samples(reported?.['transactionId'])).toBe(2)
    await raw.close()
  })

  test('of intervals of a 1.6 transaction are distinguished by the message id', async () => {
    const raw = await central.bootedRaw('INTERVAL-16')
    const { transactionId } = await raw.call('StartTransaction', start)
    await raw.call('MeterValues', interval(transactionId, '500'), 'one')
    await raw.call('MeterValues', interval(transactionId, '500'), 'one')
    expect(await samples(transactionId)).toBe(1)
    await raw.call('MeterValues', interval(transactionId, '500'), 'two')
    expect(await samples(transactionId)).toBe(2)
    await raw.close()
  })

  test('outside a transaction belong to their connector', async () => {
    const raw = await central.bootedRaw('LOOSE')
    const loose = (value: string) => ({ connectorId: 1, meterValue: [{ sampledValue: [{ value }] }] })
    const count = async () => (await central.json('/api/chargepoints/LOOSE/meter-values'))['totalCount']
    await raw.call('MeterValues', loose('100'))
    await raw.call('MeterValues', loose('100'))
    expect(await count()).toBe(1)
    await raw.call('StatusNotification', status('Available'))
    await raw.call('MeterValues', loose('100'))
    expect(await count()).toBe(2)
    await raw.close()
  })
})

describe('events of 2.0.1 without a usable time', () => {
  const event = (eventType: string, seqNo: number, timestamp: unknown, more: Json = {}) => ({
    eventType,
    timestamp,
    triggerReason: eventType === 'Started' ? 'CablePluggedIn' : 'ChargingStateChanged',
    seqNo,
    transactionInfo: { transactionId: 'T-1' },
    evse: { id: 1, connectorId: 1 },
    ...more,
  })
  const session = (timestamp: unknown) => [
    event('Started', 0, timestamp),
    event('Updated', 1, timestamp),
    event('Ended', 2, timestamp),
  ]

  test.each(unusable)('are one transaction however often each comes in a row: %p', async (timestamp) => {
    const identity = `EVENTS-${String(timestamp).replaceAll(':', '')}`
    const raw = await central.bootedRaw(identity, '2.0.1')
    for (const reported of session(timestamp)) {
      await raw.call('TransactionEvent', reported)
      await raw.call('TransactionEvent', reported)
    }
    expect(await transactions(identity)).toHaveLength(1)
    expect((await central.json(`/api/chargepoints/${identity}/anomalies`))['anomalies']).not.toContainEqual(
      expect.objectContaining({ kind: expect.stringMatching(/second/) }),
    )
    await raw.close()
  })

  test.each(unusable)('are another transaction when the id is used again after the end: %p', async (timestamp) => {
    const identity = `REUSED-${String(timestamp).replaceAll(':', '')}`
    const raw = await central.bootedRaw(identity, '2.0.1')
    for (const reported of [...session(timestamp), ...session(timestamp)]) await raw.call('TransactionEvent', reported)
    expect(await transactions(identity)).toMatchObject([{ stopReason: 'Local' }, { stopReason: 'Local' }])
    await raw.close()
  })

  test('are another transaction after a boot, while the first is still open', async () => {
    const raw = await central.bootedRaw('REBOOTED', '2.0.1')
    const boot = { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }
    await raw.call('TransactionEvent', event('Started', 0, undefined))
    await raw.call('BootNotification', boot)
    await raw.call('TransactionEvent', event('Started', 0, undefined))
    await raw.call('TransactionEvent', event('Started', 0, undefined))
    expect(await transactions('REBOOTED')).toHaveLength(2)
    await raw.close()
  })

  test('and statuses are distinguished by a NotifyEvent or a message about the EVSE in between', async () => {
    const raw = await central.bootedRaw('BETWEEN', '2.0.1')
    const available = { connectorStatus: 'Available', evseId: 1, connectorId: 2 }
    const occupied = {
      eventId: 1,
      timestamp: '2026-01-01T10:00:00Z',
      trigger: 'Delta',
      actualValue: 'Occupied',
      eventNotificationType: 'HardWiredNotification',
      component: { name: 'Connector', evse: { id: 1, connectorId: 2 } },
      variable: { name: 'AvailabilityState' },
    }
    const notifyEvent = { generatedAt: '2026-01-01T10:00:00Z', seqNo: 0, eventData: [occupied] }
    const limit = { chargingLimit: { chargingLimitSource: 'EMS' }, evseId: 1 }
    const values = { evseId: 1, meterValue: [{ timestamp: '2026-01-01T10:00:00Z', sampledValue: [{ value: 1 }] }] }
    await raw.call('StatusNotification', available)
    await raw.call('NotifyEvent', notifyEvent)
    await raw.call('StatusNotification', available)
    await raw.call('NotifyChargingLimit', limit)
    await raw.call('StatusNotification', available)
    await raw.call('MeterValues', values)
    await raw.call('StatusNotification', available)
    await raw.call('StatusNotification', available)
    expect(await events('BETWEEN')).toHaveLength(4)
    await raw.close()
  })

  test('fill in the start that a closed transaction lacks', async () => {
    const raw = await central.bootedRaw('LATE-START', '2.0.1')
    await raw.call('TransactionEvent', event('Ended', 2, '2026-01-01T11:00:00Z'))
    const idToken = { idToken: 'CARD', type: 'ISO14443' }
    await raw.call('TransactionEvent', event('Started', 0, undefined, { idToken }))
    await raw.call('TransactionEvent', event('Started', 0, undefined, { idToken }))
    expect(await transactions('LATE-START')).toMatchObject([
      { idTag: 'CARD', startTime: '2026-01-01T11:00:00.000Z', stopReason: 'Local' },
    ])
    await raw.close()
  })

  test('do not make one of two sessions that have times, by a clock that is behind', async () => {
    const raw = await central.bootedRaw('BEHIND', '2.0.1')
    await raw.call('TransactionEvent', event('Started', 0, '2020-01-01T10:00:00Z'))
    await raw.call('TransactionEvent', event('Ended', 1, undefined))
    await raw.call('TransactionEvent', event('Started', 0, '2020-01-01T12:00:00Z'))
    await raw.call('TransactionEvent', event('Ended', 1, '2020-01-01T13:00:00Z'))
    expect(await transactions('BEHIND')).toHaveLength(2)
    await raw.close()
  })
})
