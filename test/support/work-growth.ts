// Measures how the work on a frame grows with its size, and says so when it grows faster. Sizes go up in steps of four,
// and the measurement ends at the first step that is too steep, so that work which would never end is found in its
// first second.

import type { HostileShape } from './hostile-shape.ts'
import { threadMs } from './thread-time.ts'

/** Something that is done with every frame. */
export interface Work {
  readonly name: string
  /** Name of the work that `prepare` does on the way. */
  readonly follows?: string
  /**
   * Makes what is to be measured, on one frame. What it does itself is not measured.
   *
   * @returns null when this work is not done on such a frame.
   */
  readonly prepare: (frame: string, shape: HostileShape) => (() => void) | null
}

/** How many times as long as the one before a frame is. */
const sizeFactor = 4

/** Size of the first frame that is measured, in characters. */
const charactersMin = 2_048

/** Work may grow by this much more than the frame: noise, caches and the garbage collector take their part. */
const excessMax = 2

/** Work that takes less than this is not compared, in milliseconds: noise rules there. */
const floorMs = 4

/** No step of linear work takes this long, in milliseconds. */
const stepMsMax = 400

/** A step that took this long is not measured again, in milliseconds. */
const hopelessMs = 2 * stepMsMax

/** How often a step is measured again before it counts as too steep; the least time counts. */
const attemptsMax = 5

/** What one work costs at one size. */
interface Step {
  readonly characters: number
  readonly ms: number
}

/**
 * Measures `work` on frames of `shape` at one size after another, up to `charactersMax`.
 *
 * A step that is too steep is measured again, and then the next one is measured, too: work that becomes slower once at
 * some size (another way of the engine to do it) and goes on linearly from there is no problem.
 *
 * @returns null when it grows no faster than the frame, otherwise a sentence that says where it grows faster.
 */
export function growthProblem(work: Work, shape: HostileShape, charactersMax: number): string | null {
  let before: Step | null = null
  for (let size = charactersMin; size <= charactersMax; size *= sizeFactor) {
    const step = stepOf(work, shape, size)
    // A frame that is longer than it should be has nearly nothing of the shape.
    if (step === null || step.characters > size) continue
    if (compare(before, step) !== null) {
      const problem = confirmedProblem(work, shape, size, before, step)
      if (problem !== null) return `${work.name} of ${shape.name}: ${problem}`
    }
    before = step
  }
  return null
}

function confirmedProblem(
  work: Work,
  shape: HostileShape,
  size: number,
  before: Step | null,
  step: Step,
): string | null {
  const least = leastOf(work, shape, size, before, step)
  const problem = compare(before, least)
  if (problem === null || least.ms > stepMsMax / sizeFactor) return problem
  const next = stepOf(work, shape, size * sizeFactor)
  return next === null || excessOf(least, next) !== null ? problem : null
}

function stepOf(work: Work, shape: HostileShape, size: number, number = 0): Step | null {
  const frame = shape.make(size, number)
  const run = work.prepare(frame, shape)
  if (run === null) return null
  const startMs = threadMs()
  run()
  return { characters: frame.length, ms: threadMs() - startMs }
}

function costOf({ ms, characters }: Step): string {
  return `${ms.toFixed(1)} ms for ${characters} characters`
}

function compare(before: Step | null, step: Step): string | null {
  if (step.ms > stepMsMax) return `${costOf(step)}, more than the ${stepMsMax} ms that linear work takes at most`
  return before === null ? null : excessOf(before, step)
}

function excessOf(before: Step, step: Step): string | null {
  if (step.ms < floorMs) return null
  const growth = step.ms / before.ms
  const allowed = (step.characters / before.characters) * excessMax
  if (growth <= allowed) return null
  return `${costOf(step)} after ${costOf(before)}: ${growth.toFixed(1)} times as much, at most ${allowed.toFixed(1)} allowed`
}

/** `step` with its least time of several; it is measured again for as long as it is too steep. */
function leastOf(work: Work, shape: HostileShape, size: number, before: Step | null, step: Step): Step {
  let least = step
  for (let attempt = 1; attempt < attemptsMax && least.ms < hopelessMs; attempt++) {
    if (compare(before, least) === null) break
    Bun.gc(true)
    const again = stepOf(work, shape, size, attempt)
    if (again !== null && again.ms < least.ms) least = again
  }
  return least
}
