// The test of the test: bugs that are planted have to be found, and told shortly.

import { describe, expect, test } from 'bun:test'
import { canaries } from './canaries.ts'
import { factCanaries } from './fact-canaries.ts'
import { nodeCanaries } from './node-canaries.ts'
import { planOf } from './plan.ts'
import { runSeeds } from './run.ts'
import { simulate } from './simulation.ts'
import { shorten, tell } from './story.ts'
import { toldCanaries } from './told-canaries.ts'

/** Seeds within which a planted bug has to show. */
const seedsMax = 600
/** Actions that its story may have left. */
const actionsMax = 8

describe('the simulation finds', () => {
  test.each([...canaries, ...factCanaries, ...nodeCanaries, ...toldCanaries])('$bug', ({ planting, breaks }) => {
    const run = runSeeds({ first: 1, count: seedsMax, planting, stopsAt: breaks })
    // Some break another rule first.
    const found = run.violations.at(-1)
    expect(found?.violation.rule).toBe(breaks)
    const seed = found?.seed ?? 0
    const story = shorten(planOf(seed), breaks, planting)
    expect(simulate(story, planting).violation?.rule).toBe(breaks)
    expect(story.actions.length).toBeLessThanOrEqual(actionsMax)
    expect(tell(story, planting)).toContain(`Seed ${seed}, ${story.actions.length} actions.`)
    expect(simulate(story).violation).toBeNull()
  })
})
