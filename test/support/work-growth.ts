// Measures how the work on a frame grows with its size, and says so when it grows faster. Sizes go up in steps of four,
// and the measurement ends at the first step that is too steep, so that work which would never end is found in its
// first second.

import type { HostileShape } from './hostile-shape.ts'
import { threadMs } from './thread-time.ts'

/** A frame that works are measured on: it is made once for all of them. */
export interface MeasuredFrame {
  readonly text: string
}

/** Something that is done with every frame. */
export interface Work<Frame extends MeasuredFrame = MeasuredFrame> {
  readonly name: string
  /** Name of the work whose result it needs. After a problem of that one, this one is not measured. */
  readonly follows?: string
  /**
   * Makes what is to be measured, on one frame. What it does itself is not measured.
   *
   * @returns null when this work is not done on such a frame.
   */
  readonly prepare: (frame: Frame) => (() => void) | null
}

/** Makes the frame of a shape with about so many characters; `number` as in `HostileShape.make`. */
export type FrameMaker<Frame extends MeasuredFrame> = (shape: HostileShape, characters: number, number: number) => Frame

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

/** What is measured: works on the frames of one shape. */
export interface Measured<Frame extends MeasuredFrame> {
  readonly shape: HostileShape
  readonly frameOf: FrameMaker<Frame>
  /** In the order in which they are done. */
  readonly works: readonly Work<Frame>[]
  /** Longest frame, in characters. */
  readonly charactersMax: number
}

/**
 * Measures each of `works` on frames of `shape` at one size after another, up to `charactersMax`.
 *
 * A step that is too steep is measured again, and then the next one is measured, too: work that becomes slower once at
 * some size (another way of the engine to do it) and goes on linearly from there is no problem.
 *
 * @returns for each work that grows faster than the frame, by its name, a sentence that says where.
 */
export function growthProblems<Frame extends MeasuredFrame>(measured: Measured<Frame>): Map<string, string> {
  const { shape, frameOf, works, charactersMax } = measured
  const problems = new Map<string, string>()
  const before = new Map<Work<Frame>, Step>()
  for (let size = charactersMin; size <= charactersMax; size *= sizeFactor) {
    const frame = frameOf(shape, size, 0)
    // A frame that is longer than it should be has nearly nothing of the shape.
    if (frame.text.length > size) continue
    for (const work of works) {
      if (problems.has(work.name) || problems.has(work.follows ?? '')) continue
      const step = stepOf(work, frame)
      if (step === null) continue
      const again: Again = (characters, number) => stepOf(work, frameOf(shape, characters, number))
      const problem = problemOf(before.get(work) ?? null, step, size, again)
      if (problem !== null) problems.set(work.name, `${work.name} of ${shape.name}: ${problem}`)
      before.set(work, step)
    }
  }
  return problems
}

/** Measures the same work on another frame of the shape. */
type Again = (characters: number, number: number) => Step | null

function problemOf(before: Step | null, step: Step, size: number, again: Again): string | null {
  if (compare(before, step) === null) return null
  const least = leastOf(before, step, size, again)
  const problem = compare(before, least)
  if (problem === null || least.ms > stepMsMax / sizeFactor) return problem
  const next = again(size * sizeFactor, 0)
  return next === null || excessOf(least, next) !== null ? problem : null
}

function stepOf<Frame extends MeasuredFrame>(work: Work<Frame>, frame: Frame): Step | null {
  const run = work.prepare(frame)
  if (run === null) return null
  const startMs = threadMs()
  run()
  return { characters: frame.text.length, ms: threadMs() - startMs }
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
function leastOf(before: Step | null, step: Step, size: number, again: Again): Step {
  let least = step
  for (let attempt = 1; attempt < attemptsMax && least.ms < hopelessMs; attempt++) {
    if (compare(before, least) === null) break
    Bun.gc(true)
    const repeated = again(size, attempt)
    if (repeated !== null && repeated.ms < least.ms) least = repeated
  }
  return least
}
