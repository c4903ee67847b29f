// A merge keeps every line, and puts them in the order of charge point, time and id.

import { expect, test } from 'bun:test'
import { mergedBlockBytes } from '../../../../src/base/limits.ts'
import type { StoredBlock } from '../../../../src/store/messages/block.ts'
import { merge } from '../../../../src/store/messages/merge.ts'
import { type BlockLine, blockOf, linesIn, randomLines } from '../../../support/message-lines.ts'

const inOrder = (lines: readonly BlockLine[]): BlockLine[] =>
  lines.toSorted((a, b) => a.chargePointKey - b.chargePointKey || a.atMs - b.atMs || a.id - b.id)

const stored = (count: number, id: number, fromMs?: number) => ({ ...blockOf(randomLines(count, fromMs)), id })

test('all lines are in it once, sorted, with their ids', () => {
  const dayMs = Date.UTC(2026, 10, 28)
  // Not in the order of time, and two with the same times.
  const blocks = [stored(900, 12, dayMs + 500), stored(1_000, 10, dayMs), stored(700, 11, dayMs)]
  const { blocks: merged, rest } = merge({ blocks, belowKey: null })
  expect(rest).toEqual([])
  expect(merged.flatMap((block) => linesIn({ ...block, id: 1 }))).toEqual(inOrder(blocks.flatMap(linesIn)))
})

test('blocks end when they have enough text', () => {
  const blocks = Array.from({ length: 40 }, (_, id) => stored(1_000, id))
  const { blocks: merged } = merge({ blocks, belowKey: null })
  expect(merged.length).toBeGreaterThan(2)
  for (const { textBytes } of merged.slice(0, -1)) {
    expect(textBytes).toBeGreaterThanOrEqual(mergedBlockBytes)
    expect(textBytes).toBeLessThan(mergedBlockBytes + 1_000)
  }
})

test('in steps by charge point it makes the same', () => {
  const blocks = Array.from({ length: 4 }, (_, id) => stored(1_000, id))
  let due: readonly StoredBlock[] = blocks
  const lines: BlockLine[] = []
  for (const belowKey of [10, 11, 30, null]) {
    const step = merge({ blocks: due, belowKey })
    const made = step.blocks.flatMap((block) => linesIn({ ...block, id: 1 }))
    for (const { chargePointKey } of made) expect(chargePointKey).toBeLessThan(belowKey ?? Number.POSITIVE_INFINITY)
    lines.push(...made)
    due = step.rest.map((block) => ({ ...block, id: 1 }))
  }
  expect(due).toEqual([])
  expect(lines).toEqual(inOrder(blocks.flatMap(linesIn)))
})
