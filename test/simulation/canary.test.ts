// The test of the test: planted bugs have to be found, with a short story.

import { describe, expect, test } from 'bun:test'
import { isFull } from '../fuzz/make/run.ts'
import { canaries } from './canaries.ts'
import type { Canary } from './canary.ts'
import { factCanaries } from './fact-canaries.ts'
import { nodeCanaries } from './node-canaries.ts'
import { planOf } from './plan.ts'
import { runSeeds } from './run.ts'
import { simulate } from './simulation.ts'
import { shorten, storyOf } from './story.ts'
import { sessionCanaries } from './session-canaries.ts'

/** Seeds within which a planted bug has to be found. */
const seedsMax = 600
/** Actions that its shortened story may have. */
const actionsMax = 8
/** To shorten a story takes ten times as long as to find the bug: `bun run fuzz` does it with the first bug of each list. */
const lists = [canaries, factCanaries, nodeCanaries, sessionCanaries]
const isShortened = ({ bug }: Canary): boolean => isFull || lists.some(([first]) => first?.bug === bug)

describe('the simulation finds', () => {
  test.each(lists.flat())('$bug', (canary) => {
    const { planting, breaks } = canary
    const run = runSeeds({ first: 1, count: seedsMax, planting, stopsAt: breaks })
    // Some break another rule first.
    const found = run.violations.at(-1)
    expect(found?.violation.rule).toBe(breaks)
    const seed = found?.seed ?? 0
    const story = isShortened(canary) ? shorten(planOf(seed), breaks, planting) : planOf(seed)
    expect(simulate(story).violation).toBeNull()
    if (!isShortened(canary)) return
    expect(simulate(story, planting).violation?.rule).toBe(breaks)
    expect(story.actions.length).toBeLessThanOrEqual(actionsMax)
    expect(storyOf(story, planting)).toContain(`Seed ${seed}, ${story.actions.length} actions.`)
  })
})
