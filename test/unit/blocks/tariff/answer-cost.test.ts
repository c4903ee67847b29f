import { expect, test } from 'bun:test'
import { type CostCase, costOutcome, reportedCost } from '../../../../src/blocks/tariff/answer-cost.ts'
import type { GivenCost } from '../../../../src/blocks/tariff/cost-records.ts'

const price = { currency: 'EUR', perKwh: 0.5, perMinute: 0, perSession: 1 }
const given: GivenCost = { totalCost: 4, isFinal: true, atMs: 77, by: 'billing' }
const usage = () => ({ energyWh: 2_000, seconds: 60 })
const outcome = (version: '1.6' | '2.0.1' | '2.1', parts: Partial<CostCase>) =>
  costOutcome(version, { transactionId: 9, transaction: {}, moment: 'ended', usage, ...parts })
const nothing = { answer: {}, changes: [] }
const told = (costToldMs: number) => ({ table: 'transactions' as const, transactionId: 9, patch: { costToldMs } })

test('a transaction without a price and without a given cost is told nothing, and nothing is computed for it', () => {
  const unused = () => expect.unreachable()
  for (const moment of ['running', 'ended', 'late'] as const) {
    expect(outcome('2.1', { moment, usage: unused })).toEqual(nothing)
    expect(outcome('2.1', { moment, usage: unused, transaction: { price: null, givenCost: null } })).toEqual(nothing)
  }
})

test('the cost by the price is told at the end and stored; in 2.1 the cost so far is told as well', () => {
  const transaction = { price }
  const detail = { price, energyWh: 2_000, seconds: 60 }
  const row = { transactionId: 9, source: 'told' as const, totalCost: 2, currency: 'EUR', detail }
  const atEnd = { answer: { totalCost: 2 }, changes: [{ table: 'transactionCosts' as const, row }] }
  expect(outcome('2.0.1', { transaction })).toEqual(atEnd)
  expect(outcome('2.1', { transaction })).toEqual(atEnd)
  expect(outcome('2.0.1', { transaction, moment: 'running' })).toEqual(nothing)
  expect(outcome('2.1', { transaction, moment: 'running' })).toEqual({ answer: { totalCost: 2 }, changes: [] })
})

test('an event that is late tells nothing', () => {
  expect(outcome('2.1', { transaction: { price, givenCost: given }, moment: 'late' })).toEqual(nothing)
})

test('a cost that an operator has given comes before the price; 0 is free', () => {
  const row = { transactionId: 9, source: 'told' as const, currency: null }
  const detail = { givenBy: 'billing', givenAtMs: 77 }
  for (const totalCost of [4, 0]) {
    expect(outcome('2.0.1', { transaction: { price, givenCost: { ...given, totalCost } } })).toEqual({
      answer: { totalCost },
      changes: [{ table: 'transactionCosts', row: { ...row, totalCost, detail } }, told(77)],
    })
  }
})

test('a given cost so far is not the cost at the end', () => {
  const givenCost = { ...given, isFinal: false }
  expect(outcome('2.1', { transaction: { givenCost } })).toEqual(nothing)
  expect(outcome('2.1', { transaction: { givenCost, price } }).answer).toEqual({ totalCost: 2 })
  const running = outcome('2.1', { transaction: { givenCost, price }, moment: 'running' })
  expect(running).toEqual({ answer: { totalCost: 4 }, changes: [told(77)] })
  const again = outcome('2.1', { transaction: { givenCost, price, costToldMs: 77 }, moment: 'running' })
  expect(again).toEqual({ answer: { totalCost: 4 }, changes: [] })
})

test('limit and message are told once, as far as the version has words for them', () => {
  const message = { format: 'UTF8', content: 'A' }
  const transactionLimit = { maxCost: 5 }
  const givenCost: GivenCost = { totalCost: null, isFinal: false, transactionLimit, message, atMs: 5, by: 'billing' }
  const running = { transaction: { givenCost }, moment: 'running' as const }
  expect(outcome('2.1', running)).toEqual({
    answer: { transactionLimit, updatedPersonalMessage: message },
    changes: [told(5)],
  })
  expect(outcome('2.0.1', running)).toEqual({ answer: { updatedPersonalMessage: message }, changes: [told(5)] })
  expect(outcome('1.6', running)).toEqual(nothing)
  expect(outcome('2.1', { transaction: { givenCost, costToldMs: 5 }, moment: 'running' })).toEqual(nothing)
  expect(outcome('2.1', { transaction: { givenCost, costToldMs: 4 }, moment: 'running' }).changes).toEqual([told(5)])
})

test('what a charge point has computed is stored as it was sent; a failed computation has no amount', () => {
  const total = { exclTax: 1, inclTax: 1.19 }
  const details = {
    totalCost: { currency: 'EUR', typeOfCost: 'NormalCost' as const, total },
    totalUsage: { energy: 1, chargingTime: 2, idleTime: 3 },
  }
  const row = { transactionId: 9, source: 'station', totalCost: 1.19, currency: 'EUR', detail: details }
  expect(reportedCost(9, details)).toEqual({ table: 'transactionCosts', row } as never)
  expect(reportedCost(9, { ...details, failureToCalculate: true })).toMatchObject({ row: { totalCost: null } })
})
