// 2.x transactions that are reported in odd ways, as operators see them over REST.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'
import { at, event, registerOf, reportEvents, type TransactionEvent } from '../../support/transaction-events.ts'

let central: TestStator
beforeAll(async () => {
  central = await TestStator.start()
})
afterAll(() => central.stop())

const reported = (...events: readonly (TransactionEvent | 'boot')[]) => reportEvents(central, events)

test('an id that is used again after a reboot is another transaction, and each keeps its own energy', async () => {
  const { transactions, kinds } = await reported(
    event('Started', {
      seqNo: 0,
      time: '08:00:00',
      idToken: 'A',
      evse: { id: 1 },
      meterValue: [at('08:00:00', registerOf(1_000))],
    }),
    event('Ended', { seqNo: 1, time: '08:30:00', meterValue: [at('08:30:00', registerOf(5_000))] }),
    'boot',
    event('Started', {
      seqNo: 0,
      time: '12:00:00',
      idToken: 'B',
      evse: { id: 1 },
      meterValue: [at('12:00:00', registerOf(5_000))],
    }),
    event('Updated', { seqNo: 1, time: '12:10:00', meterValue: [at('12:10:00', registerOf(6_000))] }),
    event('Updated', { seqNo: 1, time: '08:20:00', offline: true, meterValue: [at('08:20:00', registerOf(4_000))] }),
  )
  expect(transactions).toMatchObject([
    { idTag: 'B', startTime: '2026-01-01T12:00:00.000Z', energyConsumed: null, energySoFar: 1 },
    { idTag: 'A', startTime: '2026-01-01T08:00:00.000Z', energyConsumed: 4, energySource: 'register' },
  ])
  expect(kinds).toEqual(['transactionIdReused'])
})

test('without a register at the end, the last register by time counts, however late it comes', async () => {
  const started = event('Started', {
    seqNo: 0,
    time: '08:00:00',
    meterValue: [at('08:00:00', registerOf(1_000, 'Transaction.Begin'))],
  })
  const ended = event('Ended', { seqNo: 3, time: '09:00:00' })
  const early = event('Updated', {
    seqNo: 1,
    time: '08:20:00',
    offline: true,
    meterValue: [at('08:20:00', registerOf(3_000))],
  })
  const late = event('Updated', {
    seqNo: 2,
    time: '08:50:00',
    offline: true,
    meterValue: [at('08:50:00', registerOf(9_000))],
  })
  for (const order of [
    [started, early, late, ended],
    [started, ended, late, early],
    [ended, late, early, started],
  ]) {
    const { transactions } = await reported(...order)
    expect(transactions).toMatchObject([{ meterStart: 1_000, energyConsumed: 8, energySource: 'lastRegister' }])
  }
})

test('a register of the begin that is repeated is never the last one', async () => {
  const begin = registerOf(1_000, 'Transaction.Begin')
  const spaced = registerOf(1_000, 'Transaction. begin')
  const power = { value: 7_400, measurand: 'Power.Active.Import' }
  const started = event('Started', { seqNo: 0, time: '08:00:00', meterValue: [at('08:00:00', begin)] })
  const updated = event('Updated', {
    seqNo: 1,
    time: '08:10:00',
    meterValue: [at('08:10:00', registerOf(6_000), begin)],
  })
  const again = event('Updated', { seqNo: 2, time: '08:20:00', meterValue: [at('08:20:00', spaced, power)] })
  const ended = event('Ended', { seqNo: 3, time: '09:00:00', meterValue: [at('09:00:00', begin)] })
  const open = await reported(started, updated, again)
  expect(open.transactions).toMatchObject([{ energySoFar: 5 }])
  const over = await reported(started, updated, again, ended)
  expect(over.transactions).toMatchObject([{ energyConsumed: 5, energySource: 'lastRegister' }])
  const unknown = await reported(started, again, ended)
  expect(unknown.transactions).toMatchObject([{ meterStart: 1_000, energyConsumed: null, energySource: null }])
})

test('a register that falls gives no figure when the end has none, and is noted', async () => {
  const updated = (seqNo: number, time: string, wh: number) =>
    event('Updated', { seqNo, time, meterValue: [at(time, registerOf(wh))] })
  const started = event('Started', { seqNo: 0, time: '08:00:00', meterValue: [at('08:00:00', registerOf(1_000))] })
  const ended = event('Ended', { seqNo: 9, time: '09:00:00' })
  for (const last of [400, 4_000]) {
    const { transactions, kinds } = await reported(
      started,
      updated(1, '08:10:00', 9_000),
      updated(2, '08:20:00', last),
      ended,
    )
    expect(transactions).toMatchObject([{ energyConsumed: null, energySource: null }])
    expect(kinds).toEqual(['registerFell'])
  }
  const rounded = await reported(started, updated(1, '08:10:00', 9_000), updated(2, '08:20:00', 8_999), ended)
  expect(rounded.transactions).toMatchObject([{ energyConsumed: 7.999, energySource: 'lastRegister' }])
  expect(rounded.kinds).toEqual([])
})

test('a register that falls in the middle gives no figure, also between a start and an end that have one', async () => {
  const started = event('Started', { seqNo: 0, time: '08:00:00', meterValue: [at('08:00:00', registerOf(1_000))] })
  const ended = event('Ended', { seqNo: 9, time: '09:00:00', meterValue: [at('09:00:00', registerOf(6_000))] })
  const each = (values: readonly number[]) =>
    values.map((wh, index) => {
      const time = `08:1${index}:00`
      return event('Updated', { seqNo: index + 1, time, meterValue: [at(time, registerOf(wh))] })
    })
  const together = (values: readonly number[]) => [
    event('Updated', {
      seqNo: 1,
      time: '08:20:00',
      meterValue: values.map((wh, index) => at(`08:1${index}:00`, registerOf(wh))).toReversed(),
    }),
  ]
  for (const updated of [each, together]) {
    for (const values of [
      [9_000, 200, 300],
      [5_000, 200, 300],
    ]) {
      const { transactions, kinds } = await reported(started, ...updated(values), ended)
      expect(transactions).toMatchObject([{ meterStart: 1_000, meterStop: 6_000, energyConsumed: null }])
      expect(kinds[0]).toBe('registerFell')
    }
    const odd = await reported(started, ...updated([4_000, 0, 4_500]), ended)
    expect(odd.transactions).toMatchObject([{ energyConsumed: 5, energySource: 'register' }])
  }
  const { transactions } = await reported(started, ...each([5_000, 200, 300]))
  expect(transactions).toMatchObject([{ energySoFar: null }])
  // The time offline is reported after the end.
  const fell = await reported(started, ended, ...each([5_000, 200, 300]).toReversed())
  expect(fell.transactions).toMatchObject([{ energyConsumed: null }])
  expect(new Set(fell.kinds)).toEqual(new Set(['registerFell']))
  const startLast = await reported(...each([900, 950]), ended, started)
  expect(startLast.transactions).toMatchObject([{ meterStart: 1_000, energyConsumed: null }])
  expect(startLast.kinds).toContain('registerFell')
  const rose = await reported(started, ended, ...each([2_000, 3_000, 4_000]).toReversed())
  expect(rose.transactions).toMatchObject([{ energyConsumed: 5, energySource: 'register' }])
  expect(rose.kinds).toEqual([])
})

test('a meter value without a usable time has that of its event, so what comes late is not the last', async () => {
  for (const time of [{}, { timestamp: 'n/a' }, { timestamp: '1970-01-01T00:00:05Z' }]) {
    const valued = (eventType: 'Started' | 'Updated', seqNo: number, at: string, wh: number) =>
      event(eventType, { seqNo, time: at, meterValue: [{ ...time, sampledValue: [registerOf(wh)] }] })
    const { transactions } = await reported(
      valued('Started', 0, '08:00:00', 1_000),
      valued('Updated', 2, '08:20:00', 3_000),
      valued('Updated', 1, '08:10:00', 2_000),
      event('Ended', { seqNo: 3, time: '08:30:00' }),
    )
    expect(transactions).toMatchObject([{ energyConsumed: 2, energySource: 'lastRegister' }])
  }
})

test('the register of the begin may come with the end', async () => {
  const begin = registerOf(2_000, 'Transaction.Begin')
  const end = registerOf(7_000, 'Transaction.End')
  for (const meterValue of [[at('09:00:00', end), at('09:00:00', begin)], [at('09:00:00', begin, end)]]) {
    const { transactions } = await reported(
      event('Started', { seqNo: 0, time: '08:00:00' }),
      event('Ended', { seqNo: 1, time: '09:00:00', meterValue }),
    )
    expect(transactions).toMatchObject([{ meterStart: 2_000, energyConsumed: 5, energySource: 'register' }])
  }
})

test('of two registers of one moment the one that came later is the last', async () => {
  const registers = [1_000, 2_000, 2_500, 4_000, 4_500, 6_000]
  const { transactions } = await reported(
    ...registers.map((wh) =>
      event(wh === 1_000 ? 'Started' : 'Updated', {
        seqNo: 0,
        time: '08:00:00',
        meterValue: [at('08:00:00', registerOf(wh))],
      }),
    ),
  )
  expect(transactions).toMatchObject([{ meterStart: 1_000, energySoFar: 5 }])
})

test('without any register the intervals are summed up', async () => {
  const interval = (value: number) => ({ value, context: 'Sample.Clock', measurand: 'Energy.Active.Import.Interval' })
  const { transactions } = await reported(
    event('Started', { seqNo: 0, time: '08:00:00' }),
    event('Updated', { seqNo: 1, time: '08:15:00', meterValue: [at('08:15:00', interval(1_500))] }),
    event('Updated', { seqNo: 2, time: '08:30:00', meterValue: [at('08:30:00', interval(1_500))] }),
    event('Ended', { seqNo: 3, time: '08:31:00' }),
  )
  expect(transactions).toMatchObject([{ energyConsumed: 3, energySource: 'intervals' }])
})

test('an end with the only register of its transaction gives no energy', async () => {
  const alone = event('Ended', { seqNo: 3, time: '09:00:00', meterValue: [at('09:00:00', registerOf(15_000))] })
  const { transactions, kinds } = await reported(alone)
  expect(transactions).toMatchObject([{ meterStop: 15_000, energyConsumed: null, energySource: null }])
  expect(kinds).toEqual(['missingStart'])
})

test('of two starts the earliest counts, in whatever order they come, and the later one fills what is missing', async () => {
  const first = event('Started', {
    seqNo: 0,
    time: '10:00:00',
    evse: { id: 1, connectorId: 1 },
    meterValue: [at('10:00:00', registerOf(1_000))],
  })
  const second = event('Started', {
    seqNo: 1,
    time: '10:30:00',
    idToken: 'CARD',
    meterValue: [at('10:30:00', registerOf(5_000))],
  })
  const ended = event('Ended', { seqNo: 2, time: '11:00:00', meterValue: [at('11:00:00', registerOf(9_000))] })
  for (const order of [
    [first, second, ended],
    [second, first, ended],
  ]) {
    const { transactions, kinds } = await reported(...order)
    expect(transactions).toMatchObject([
      { startTime: '2026-01-01T10:00:00.000Z', meterStart: 1_000, idTag: 'CARD', energyConsumed: 8 },
    ])
    expect(kinds).toContain('secondStart')
  }
})

test('a second end is noted and changes nothing', async () => {
  const { transactions, kinds } = await reported(
    event('Started', { seqNo: 0, time: '10:00:00', meterValue: [at('10:00:00', registerOf(0))] }),
    event('Ended', { seqNo: 1, time: '11:00:00', meterValue: [at('11:00:00', registerOf(2_000))] }),
    event('Ended', { seqNo: 2, time: '11:05:00', meterValue: [at('11:05:00', registerOf(7_000))] }),
  )
  expect(transactions).toMatchObject([{ stopTime: '2026-01-01T11:00:00.000Z', energyConsumed: 2 }])
  expect(kinds).toEqual(['secondEnd'])
  // Its register is none of the transaction, whose start has to be found among its meter values here.
  const endedAt = (wh: number) =>
    event('Ended', { seqNo: 9, time: '09:00:00', meterValue: [at('09:00:00', registerOf(wh))] })
  const again = await reported(
    event('Started', { seqNo: 0, time: '08:00:00' }),
    event('Updated', { seqNo: 1, time: '08:10:00', meterValue: [at('08:10:00', registerOf(1_000))] }),
    ...[endedAt(6_000), endedAt(6_100)],
  )
  expect(again.transactions).toMatchObject([{ energyConsumed: 5, energySource: 'lastRegister' }])
})

test('an older event never moves the charging state back, and a message of the time offline after the end is nothing odd', async () => {
  const { transactions, kinds } = await reported(
    event('Started', { seqNo: 0, time: '10:00:00', evse: { id: 1, connectorId: 1 }, chargingState: 'EVConnected' }),
    event('Updated', { seqNo: 2, time: '10:20:00', chargingState: 'SuspendedEV' }),
    event('Updated', { seqNo: 1, time: '10:10:00', chargingState: 'Charging', offline: true }),
    event('Ended', { seqNo: 4, time: '10:40:00' }),
    event('Updated', { seqNo: 3, time: '10:30:00', offline: true }),
  )
  expect(kinds).toEqual([])
  const { transactionId } = transactions[0] ?? {}
  expect(await central.json(`/api/transactions/${transactionId}`)).toMatchObject({ chargingState: 'SuspendedEV' })
})

test('two events that share everything but what they say are two facts; one that is resent is one', async () => {
  const started = event('Started', { seqNo: 0, time: '10:00:00' })
  const authorized = event('Updated', { seqNo: 0, time: '10:00:05', idToken: 'CARD' })
  const sampled = event('Updated', {
    seqNo: 0,
    time: '10:00:05',
    chargingState: 'Charging',
    meterValue: [at('10:00:05', registerOf(700))],
  })
  const another = event('Updated', {
    seqNo: 0,
    time: '10:00:05',
    chargingState: 'Charging',
    meterValue: [at('10:00:05', registerOf(800))],
  })
  const { transactions } = await reported(
    started,
    authorized,
    sampled,
    { ...sampled, offline: true },
    another,
    authorized,
    another,
  )
  const { transactionId } = transactions[0] ?? {}
  expect(transactions).toMatchObject([{ idTag: 'CARD' }])
  expect(await central.json(`/api/transactions/${transactionId}`)).toMatchObject({ chargingState: 'Charging' })
  expect(await central.json(`/api/transactions/${transactionId}/meter-values`)).toMatchObject({ totalCount: 2 })
})

test('an id that is used a third time is a third transaction, also when the first was never ended', async () => {
  const { transactions } = await reported(
    event('Started', { seqNo: 0, time: '08:00:00', evse: { id: 1 }, meterValue: [at('08:00:00', registerOf(1_000))] }),
    'boot',
    event('Started', { seqNo: 0, time: '09:00:00', evse: { id: 1 }, meterValue: [at('09:00:00', registerOf(2_000))] }),
    event('Ended', { seqNo: 1, time: '09:30:00', meterValue: [at('09:30:00', registerOf(3_000))] }),
    event('Started', { seqNo: 0, time: '10:00:00', evse: { id: 1 }, meterValue: [at('10:00:00', registerOf(3_000))] }),
    event('Ended', { seqNo: 1, time: '10:30:00', meterValue: [at('10:30:00', registerOf(7_000))] }),
  )
  expect(transactions).toMatchObject([
    { meterStart: 3_000, energyConsumed: 4 },
    { meterStart: 2_000, energyConsumed: 1 },
    { meterStart: 1_000, stopTime: null },
  ])
})

test('the register of an end that comes before its start is not that of the start', async () => {
  const { transactions } = await reported(
    event('Ended', { seqNo: 3, time: '09:00:00', meterValue: [at('09:00:00', registerOf(15_000))] }),
    event('Started', { seqNo: 0, time: '08:00:00', idToken: 'A', evse: { id: 1 } }),
    event('Updated', { seqNo: 1, time: '08:10:00', meterValue: [at('08:10:00', registerOf(5_000))] }),
    event('Updated', { seqNo: 2, time: '08:50:00', meterValue: [at('08:50:00', registerOf(14_000))] }),
  )
  expect(transactions).toMatchObject([{ energyConsumed: 10, energySource: 'lastRegister' }])
})
