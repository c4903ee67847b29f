// Thousands of small simulations, each from one seed: whatever breaks in them, nothing that was acknowledged is lost.

import { afterEach, describe, expect, spyOn, test } from 'bun:test'
import { times } from '../fuzz/make/run.ts'
import { planOf } from './plan.ts'
import { rules } from './rules.ts'
import { runSeeds, summary } from './run.ts'
import { simulate } from './simulation.ts'
import { shorten, storyOf } from './story.ts'

/** How long seeds are run, in milliseconds, and the minimum number of seeds. */
const forMs = 10_000 * times
const seedsMin = 200 * times

const restore: (() => void)[] = []

afterEach(() => {
  for (const undo of restore.splice(0)) undo()
})

describe('a simulation', () => {
  test('is the same every time it runs: frame by frame, commit by commit', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const plan = planOf(seed)
      expect(planOf(seed)).toEqual(plan)
      const [one, other] = [simulate(plan), simulate(plan, {}, true)]
      expect({ seed, hash: one.traceHash, counts: one.counts }).toEqual({
        seed,
        hash: other.traceHash,
        counts: other.counts,
      })
    }
  })

  test('differs from seed to seed', () => {
    const hashes = new Set(Array.from({ length: 20 }, (_, seed) => simulate(planOf(seed)).traceHash))
    expect(hashes.size).toBe(20)
  })

  test('takes time and chance only from the seed', () => {
    const seeds = Array.from({ length: 40 }, (_, index) => 1 + index)
    const hashes = seeds.map((seed) => simulate(planOf(seed)).traceHash)
    const timers: string[] = []
    const replace = (owner: object, name: string, answer: () => unknown): void => {
      const spy = spyOn(owner as Record<string, () => unknown>, name).mockImplementation(answer)
      restore.push(() => spy.mockRestore())
    }
    replace(Date, 'now', () => 7)
    replace(Math, 'random', () => 0.5)
    replace(crypto, 'randomUUID', () => 'always the same')
    for (const timer of ['setTimeout', 'setInterval', 'setImmediate'])
      replace(globalThis, timer, () => timers.push(timer))
    expect(seeds.map((seed) => simulate(planOf(seed)).traceHash)).toEqual(hashes)
    expect(timers).toEqual([])
  })
})

test(
  'nothing that was acknowledged is lost, and no other rule breaks, whatever goes wrong',
  () => {
    const run = runSeeds({ first: 1, count: 1_000_000, countMin: seedsMin, forMs, stopsAt: 'any' })
    console.log(summary(run))
    const [broken] = run.violations
    if (broken !== undefined) {
      const { seed, violation } = broken
      throw new Error(`${rules[violation.rule]}\n${storyOf(shorten(planOf(seed), violation.rule))}`)
    }
    expect(run.seeds).toBeGreaterThanOrEqual(seedsMin)
    expect(run.faults).toBeGreaterThan(run.seeds)
  },
  100_000 * times,
)
