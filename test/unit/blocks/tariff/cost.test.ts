import { expect, test } from 'bun:test'
import { costBy, energyBetween } from '../../../../src/blocks/tariff/cost.ts'

const price = { currency: 'EUR', perKwh: 0.49, perMinute: 0.02, perSession: 1 }

test('a cost is the sum of session, energy and time, rounded once', () => {
  expect(costBy(price, { energyWh: 10_000, seconds: 1_800 })).toBe(6.5)
  expect(costBy(price, { energyWh: 0, seconds: 0 })).toBe(1)
  // 0.0049 and 0.005 apart: only their sum is rounded.
  expect(costBy({ ...price, perSession: 0 }, { energyWh: 10, seconds: 15 })).toBe(0.01)
})

test('halves are rounded up, whatever doubles make of them', () => {
  const only = (perSession: number, currency = 'EUR') => costBy({ currency, perKwh: 0, perMinute: 0, perSession }, none)
  const none = { energyWh: null, seconds: 0 }
  expect(only(1.005)).toBe(1.01)
  expect(only(2.675)).toBe(2.68)
  expect(only(8.345)).toBe(8.35)
  expect(only(99.5, 'JPY')).toBe(100)
  expect(only(0.0015, 'KWD')).toBe(0.002)
})

test('energy that has a price and is not known leaves the cost unknown', () => {
  expect(costBy(price, { energyWh: null, seconds: 60 })).toBeNull()
  expect(costBy({ ...price, perKwh: 0 }, { energyWh: null, seconds: 60 })).toBe(1.02)
})

test('the energy between two registers is not known if one is missing, or the meter fell', () => {
  expect(energyBetween(1_000, 2_500)).toBe(1_500)
  expect(energyBetween(1_000, 999.5)).toBe(0)
  expect(energyBetween(1_000, 500)).toBeNull()
  expect(energyBetween(null, 500)).toBeNull()
  expect(energyBetween(1_000, null)).toBeNull()
})
