// The test of the test: planted bugs have to be found, with a short story.

import { describe, expect, test } from 'bun:test'
import { canaries } from './canaries.ts'
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

describe('the simulation finds', () => {
  test.each([...canaries, ...factCanaries, ...nodeCanaries, ...sessionCanaries])('$bug', ({ planting, breaks }) => {
    const run = runSeeds({ first: 1, count: seedsMax, planting, stopsAt: breaks })
    // Some break another rule first.
    const found = run.violations.at(-1)
    expect(found?.violation.rule).toBe(breaks)
    const seed = found?.seed ?? 0
    const story = shorten(planOf(seed), breaks, planting)
    expect(simulate(story, planting).violation?.rule).toBe(breaks)
    expect(story.actions.length).toBeLessThanOrEqual(actionsMax)
    expect(storyOf(story, planting)).toContain(`Seed ${seed}, ${story.actions.length} actions.`)
    expect(simulate(story).violation).toBeNull()
  })
})
