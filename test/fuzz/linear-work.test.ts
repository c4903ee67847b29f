// Work per frame is linear: whatever a charge point sends, twice the characters take at most twice the time. Every
// hostile shape is measured in every step of processing a frame.

import { beforeAll, describe, expect, test } from 'bun:test'
import { compileServed } from '../../src/examine/schema.ts'
import { frameWorks } from '../support/frame-works.ts'
import { hostileShapes } from '../support/hostile-frames.ts'
import { type HostileGroup, hostileGroups, type HostileShape } from '../support/hostile-shape.ts'
import { growthProblem, type Work } from '../support/work-growth.ts'

/**
 * After a first problem, a step is measured on a group for at most this long, in milliseconds: the rest is mostly the
 * same problem.
 */
const patienceMs = 2_000

/** Longest frame that is measured, in characters; longer if a group has few shapes. */
const charactersMax = 131_072
const charactersMaxOf: Partial<Record<HostileGroup, number>> = {
  'valid lists': 524_288,
  numbers: 524_288,
  secrets: 524_288,
  answers: 524_288,
}

/** Longest time for one group, in milliseconds. */
const groupMsMax = 300_000

/** Small frames that every step processes before it is measured, so that it is compiled by then. */
const warmUpRounds = 3
const warmUpCharacters = 1_024

beforeAll(() => {
  compileServed()
  for (let round = 0; round < warmUpRounds; round++) {
    for (const shape of hostileShapes) {
      for (const work of frameWorks) work.prepare(shape.make(warmUpCharacters, round), shape)?.()
    }
  }
}, groupMsMax)

function problemsOf(work: Work, shapes: readonly HostileShape[], charactersMax: number): string[] {
  const problems: string[] = []
  const startedMs = performance.now()
  for (const shape of shapes) {
    const problem = growthProblem(work, shape, charactersMax)
    if (problem !== null) problems.push(problem)
    if (problems.length > 0 && performance.now() - startedMs > patienceMs) break
  }
  return problems
}

describe('work per frame grows no faster than its size', () => {
  test.each(hostileGroups)(
    'in frames of the group "%s"',
    (group) => {
      const shapes = hostileShapes.filter((shape) => shape.group === group)
      const problems: string[] = []
      for (const work of frameWorks) {
        // Steps after one that does not end cannot be measured.
        if (work.follows !== undefined && problems.some((problem) => problem.startsWith(work.follows ?? ''))) continue
        problems.push(...problemsOf(work, shapes, charactersMaxOf[group] ?? charactersMax))
      }
      expect(problems).toEqual([])
    },
    groupMsMax,
  )
})

test('quadratic work is found out, and linear work is not', () => {
  const [shape] = hostileShapes
  if (shape === undefined) throw new Error('there are no shapes')
  const linear: Work = { name: 'linear work', prepare: (frame) => () => void countOf(frame, frame.length) }
  const quadratic: Work = {
    name: 'quadratic work',
    prepare: (frame) => () => {
      for (let from = 0; from < frame.length; from += 100) countOf(frame, from)
    },
  }
  expect(growthProblem(linear, shape, charactersMax)).toBeNull()
  expect(growthProblem(quadratic, shape, charactersMax)).toContain('quadratic work')
})

function countOf(text: string, to: number): number {
  let quotes = 0
  for (let at = 0; at < to; at++) if (text.charCodeAt(at) === 34) quotes++
  return quotes
}
