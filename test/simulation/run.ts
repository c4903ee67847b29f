// Runs many seeds and adds up what happened.

import { planOf } from './plan.ts'
import type { Rule, Violation } from './rules.ts'
import { type Planting, simulate } from './simulation.ts'

export interface SeedsToRun {
  readonly first: number
  readonly count: number
  /** Ends earlier once this much time has passed, in milliseconds, and `countMin` seeds have run. */
  readonly forMs?: number
  readonly countMin?: number
  readonly planting?: Planting
  /** Ends at the first violation: of any rule, or of this one. */
  readonly stopsAt?: Rule | 'any'
  readonly onSeed?: (soFar: SeedsRun) => void
}

/** The result. */
export interface SeedsRun {
  seeds: number
  steps: number
  /** Frames that the central system received or sent. */
  frames: number
  commits: number
  faults: number
  violations: { readonly seed: number; readonly violation: Violation }[]
  durationMs: number
}

/** Runs `count` seeds from `first` on. */
export function runSeeds({ first, count, planting, ...options }: SeedsToRun): SeedsRun {
  const { forMs = Number.POSITIVE_INFINITY, countMin = 1, stopsAt, onSeed } = options
  const startMs = performance.now()
  const run: SeedsRun = { seeds: 0, steps: 0, frames: 0, commits: 0, faults: 0, violations: [], durationMs: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const { violation, counts } = simulate(planOf(seed), planting)
    run.seeds++
    run.steps += counts.steps
    run.frames += counts.frames
    run.commits += counts.commits
    run.faults += counts.faults
    if (violation !== null) run.violations.push({ seed, violation })
    run.durationMs = performance.now() - startMs
    onSeed?.(run)
    if (violation !== null && (stopsAt === 'any' || stopsAt === violation.rule)) break
    if (run.durationMs >= forMs && run.seeds >= countMin) break
  }
  return run
}

/** The figures of a run as a sentence. */
export function summary({ seeds, steps, frames, commits, faults, violations, durationMs }: SeedsRun): string {
  const n = (value: number): string => value.toLocaleString('en')
  return (
    `${n(seeds)} seeds in ${(durationMs / 1_000).toFixed(1)} s: ${n(steps)} steps, ${n(frames)} frames, ` +
    `${n(commits)} commits, ${n(faults)} faults, ${n(violations.length)} violations`
  )
}
