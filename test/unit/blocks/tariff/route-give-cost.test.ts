// What a later answer tells of a cost that an operator gives.

import { expect, test } from 'bun:test'
import { isToldLater } from '../../../../src/blocks/tariff/route-give-cost.ts'

test.each([
  ['1.6', true, false],
  ['2.0.1', false, false],
  ['2.0.1', true, true],
  ['2.1', false, true],
] as const)('OCPP %s tells a cost later that is final (%p): %p', (version, isFinal, isTold) => {
  expect(isToldLater(version, { totalCost: 1, isFinal })).toBe(isTold)
})

test('a message is told later by versions that have it, and a limit as well', () => {
  const message = { format: 'UTF8', content: 'Hello' } as const
  const nothing = { totalCost: null, isFinal: false }
  expect(isToldLater('2.0.1', { ...nothing, message })).toBe(true)
  expect(isToldLater('2.0.1', nothing)).toBe(false)
  expect(isToldLater('2.1', { ...nothing, transactionLimit: { maxCost: 1 } })).toBe(true)
})
