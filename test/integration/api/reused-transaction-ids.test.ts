// Charge points that give one 2.x transaction id to several transactions, or ids that differ where nobody looks: each transaction keeps
// its own energy, whatever comes late.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'
import { at, event, registerOf, reportEvents, type TransactionEvent } from '../../support/transaction-events.ts'

let central: TestStator
beforeAll(async () => {
  central = await TestStator.start()
})
afterAll(() => central.stop())

const reported = (...events: readonly (TransactionEvent | 'boot')[]) => reportEvents(central, events)

function started(time: string, wh: number, more: { transactionId?: string; evse?: object } = { evse: { id: 1 } }) {
  return event('Started', { seqNo: 0, time, meterValue: [at(time, registerOf(wh))], ...more })
}

function ended(time: string, wh: number, more: { transactionId?: string } = {}) {
  return event('Ended', { seqNo: 1, time, meterValue: [at(time, registerOf(wh))], ...more })
}

test('ids that differ only after their first 255 characters are two transactions, each with its own energy', async () => {
  const long = 'T'.repeat(300)
  const [one, other] = [{ transactionId: `${long}-1` }, { transactionId: `${long}-2` }]
  const { transactions, kinds } = await reported(
    started('08:00:00', 1_000, { ...one, evse: { id: 1 } }),
    started('08:10:00', 5_000, { ...other, evse: { id: 2 } }),
    ended('08:30:00', 2_000, one),
    ended('08:40:00', 9_000, other),
  )
  expect(transactions).toMatchObject([
    { meterStart: 5_000, energyConsumed: 4, energySource: 'register' },
    { meterStart: 1_000, energyConsumed: 1, energySource: 'register' },
  ])
  expect(kinds).toEqual(['quirk'])
  const [first] = transactions
  const { totalCount } = await central.json(`/api/transactions/${first?.transactionId}/meter-values`)
  expect(totalCount).toBe(2)
})

test('what belongs to a use that has ended never ends an older one that is still open, whatever came late', async () => {
  const { transactions, kinds } = await reported(
    started('08:00:00', 1_000),
    'boot',
    started('09:00:00', 2_000),
    event('Updated', { seqNo: 1, time: '08:20:00', meterValue: [at('08:20:00', registerOf(1_500))] }),
    ended('09:30:00', 3_000),
    event('Updated', { seqNo: 2, time: '08:30:00', meterValue: [at('08:30:00', registerOf(1_600))] }),
    ended('09:35:00', 9_000),
    started('10:00:00', 9_000),
    ended('10:30:00', 9_500),
  )
  expect(transactions).toMatchObject([
    { meterStart: 9_000, energyConsumed: 0.5 },
    { meterStart: 2_000, energyConsumed: 1 },
    { meterStart: 1_000, stopTime: null, energySoFar: 0.6 },
  ])
  expect(kinds).toEqual(['secondEnd', 'transactionIdReused', 'transactionIdReused'])
})

test('late reports from before a boot do not hide that the id was used again', async () => {
  const { transactions } = await reported(
    started('08:00:00', 1_000),
    'boot',
    event('Updated', { seqNo: 1, time: '08:20:00', offline: true, meterValue: [at('08:20:00', registerOf(1_500))] }),
    started('12:00:00', 7_000),
    ended('12:30:00', 8_000),
  )
  expect(transactions).toMatchObject([
    { meterStart: 7_000, energyConsumed: 1 },
    { meterStart: 1_000, stopTime: null, energySoFar: 0.5 },
  ])
})

test('the values of an event without a transaction id are those of no other transaction', async () => {
  const { transactions } = await reported(
    event('Started', { seqNo: 0, time: '08:00:00', transactionId: '', evse: { id: 1 } }),
    event('Updated', { seqNo: 1, time: '08:10:00', transactionId: '', meterValue: [at('08:10:00', registerOf(700))] }),
    event('Ended', { seqNo: 2, time: '08:30:00', transactionId: '' }),
  )
  expect(transactions).toMatchObject([{ energyConsumed: null, energySource: null }])
})
