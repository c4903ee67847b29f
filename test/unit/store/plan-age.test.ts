// When the plans of the writer's connection are made again.

import { expect, test } from 'bun:test'
import { plansKeptMsMax, plansKeptMsMin } from '../../../src/base/limits.ts'
import { PlanAge } from '../../../src/store/plan-age.ts'
import { HandClock } from '../../support/hand-clock.ts'

/** How long each of the first plans is kept, in milliseconds. */
function kept(age: PlanAge, clock: HandClock, times: number): number[] {
  return Array.from({ length: times }, () => {
    const begunMs = clock.nowMs()
    while (!age.isOver()) clock.pass(500)
    return clock.nowMs() - begunMs
  })
}

test('plans are kept for two seconds at first, then for twice as long each time, and at most for a minute', () => {
  const clock = new HandClock()
  const lasted = kept(new PlanAge(clock), clock, 8)
  expect(lasted.slice(0, 4)).toEqual([plansKeptMsMin, 4_000, 8_000, 16_000])
  expect(lasted.slice(-2)).toEqual([plansKeptMsMax, plansKeptMsMax])
})

test('a new connection has no plans: it begins with two seconds again', () => {
  const clock = new HandClock()
  const age = new PlanAge(clock)
  kept(age, clock, 5)
  age.begin()
  expect(kept(age, clock, 1)).toEqual([plansKeptMsMin])
})

test('a clock that is set back does not keep plans for longer', () => {
  const clock = new HandClock()
  const age = new PlanAge(clock)
  clock.pass(-3_600_000)
  expect(age.isOver()).toBe(true)
  expect(age.isOver()).toBe(false)
})
