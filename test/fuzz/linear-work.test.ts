// Work per frame is linear: whatever a charge point sends, twice the characters take at most twice the time. Every
// hostile shape is measured in every step of processing a frame.

import { beforeAll, describe, expect, test } from 'bun:test'
import { compileServed } from '../../src/examine/schema.ts'
import { frameWorks, receivedFrame } from '../support/frame-works.ts'
import { hostileShapes } from '../support/hostile-frames.ts'
import { type HostileGroup, hostileGroups, type HostileShape } from '../support/hostile-shape.ts'
import { growthProblems, type Work } from '../support/work-growth.ts'

/**
 * After a first problem, a group is measured for at most this long, in milliseconds: the rest is mostly the same
 * problem.
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
      const frame = receivedFrame(shape, warmUpCharacters, round)
      for (const work of frameWorks) work.prepare(frame)?.()
    }
  }
}, groupMsMax)

function problemsOf(shapes: readonly HostileShape[], charactersMax: number): string[] {
  const problems: string[] = []
  const startedMs = performance.now()
  for (const shape of shapes) {
    problems.push(...growthProblems({ shape, frameOf: receivedFrame, works: frameWorks, charactersMax }).values())
    if (problems.length > 0 && performance.now() - startedMs > patienceMs) break
  }
  return problems
}

describe('work per frame grows no faster than its size', () => {
  test.each(hostileGroups)(
    'in frames of the group "%s"',
    (group) => {
      const shapes = hostileShapes.filter((shape) => shape.group === group)
      expect(problemsOf(shapes, charactersMaxOf[group] ?? charactersMax)).toEqual([])
    },
    groupMsMax,
  )
})

test('quadratic work is found out, and linear work is not', () => {
  const [shape] = hostileShapes
  if (shape === undefined) throw new Error('there are no shapes')
  const linear: Work = {
    name: 'linear work',
    prepare:
      ({ text }) =>
      () =>
        void countOf(text, text.length),
  }
  const quadratic: Work = {
    name: 'quadratic work',
    prepare: ({ text }) => {
      return () => {
        for (let from = 0; from < text.length; from += 100) countOf(text, from)
      }
    },
  }
  const afterQuadratic: Work = { ...linear, name: 'work that needs its result', follows: quadratic.name }
  const works = [linear, quadratic, afterQuadratic]
  const problems = growthProblems({ shape, frameOf: receivedFrame, works, charactersMax })
  expect([...problems.keys()]).toEqual([quadratic.name])
})

function countOf(text: string, to: number): number {
  let quotes = 0
  for (let at = 0; at < to; at++) if (text.charCodeAt(at) === 34) quotes++
  return quotes
}
