import { expect, test } from 'bun:test'
import type { Clock } from '../../../src/base/clock.ts'
import { callAt } from '../../../src/simulator/call-at.ts'
import { HandClock } from '../../support/hand-clock.ts'

const dayMs = 86_400_000

/** A hand clock that, as the timers of the machine do, rings at once when asked for more than 31 bits. */
class ShortClock extends HandClock {
  override after(delayMs: number, callback: () => void): () => void {
    return super.after(delayMs > 2 ** 31 - 1 ? 1 : delayMs, callback)
  }
}

test('a moment years away is waited for, not called at once', () => {
  const clock: Clock & HandClock = new ShortClock()
  let calls = 0
  callAt(clock, clock.nowMs() + 1_000 * dayMs, () => calls++)
  clock.pass(1_000 * dayMs - 1)
  expect(calls).toBe(0)
  clock.pass(1)
  expect(calls).toBe(1)
})

test('a moment that has passed is called at the next turn', () => {
  const clock = new HandClock()
  let calls = 0
  callAt(clock, clock.nowMs() - dayMs, () => calls++)
  expect(calls).toBe(0)
  clock.pass(0)
  expect(calls).toBe(1)
})

test('cancelling works however many timers it has taken so far', () => {
  const clock = new ShortClock()
  let calls = 0
  const cancel = callAt(clock, clock.nowMs() + 100 * dayMs, () => calls++)
  clock.pass(60 * dayMs)
  cancel()
  clock.pass(60 * dayMs)
  expect(calls).toBe(0)
  expect(clock.alarms).toBe(0)
})
