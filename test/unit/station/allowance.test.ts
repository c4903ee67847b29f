// The allowance of one charge point, by a clock that a test moves.

import { expect, test } from 'bun:test'
import {
  allowanceBytesMax,
  allowanceBytesPerSecond,
  allowanceDebtBytesMax,
  framesPerSecondDefault,
} from '../../../src/base/limits.ts'
import { settingsFrom } from '../../../src/base/config.ts'
import { Allowance } from '../../../src/station/allowance.ts'

const { limits } = settingsFrom({})

/** When the allowance is there again, in seconds from now. */
function secondsOwed(allowance: Allowance): number {
  return allowance.waitMs(0) / 1_000
}

test('a hundred thousand small frames that were read at once are paid off in seconds, not in minutes', () => {
  const allowance = new Allowance(limits, 0)
  for (let i = 0; i < 100_000; i++) allowance.spend(10, 0)
  expect(secondsOwed(allowance)).toBeGreaterThan(allowanceDebtBytesMax / allowanceBytesPerSecond)
  expect(secondsOwed(allowance)).toBeLessThan((1.1 * allowanceDebtBytesMax) / allowanceBytesPerSecond)
})

test('a small frame costs as much as one of the smallest size that counts', () => {
  const allowance = new Allowance(limits, 0)
  for (let i = 0; i < allowanceBytesMax / (allowanceBytesPerSecond / framesPerSecondDefault) - 1; i++)
    allowance.spend(1, 0)
  expect(allowance.waitMs(0)).toBe(0)
  allowance.spend(1, 0)
  expect(allowance.waitMs(0)).toBeGreaterThan(0)
})

test('each large frame is paid for to its end, however much was owed before it', () => {
  const allowance = new Allowance(limits, 0)
  const bytes = 16 * allowanceBytesMax
  let nowMs = 0
  for (let i = 0; i < 5; i++) {
    allowance.spend(bytes, nowMs)
    nowMs += allowance.waitMs(nowMs)
  }
  expect(nowMs / 1_000).toBeGreaterThan((5 * bytes - allowanceBytesMax) / allowanceBytesPerSecond)
})
