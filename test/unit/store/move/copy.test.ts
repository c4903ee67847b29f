// How many rows a chunk of a move has.

import { expect, test } from 'bun:test'
import { chunksOf } from '../../../../src/store/move/copy.ts'

test('a chunk has as many rows as fit, and a row that fits into none is alone', () => {
  expect(chunksOf([], 10)).toEqual([])
  expect(chunksOf([4, 6, 1], 10)).toEqual([2, 1])
  expect(chunksOf([11, 1, 9, 30, 2], 10)).toEqual([1, 2, 1, 1])
})

test('every row is in a chunk', () => {
  const sizes = Array.from({ length: 1_000 }, (_, i) => (i * 7_919) % 1_300)
  const chunks = chunksOf(sizes, 4_000)
  expect(chunks.reduce((sum, count) => sum + count, 0)).toBe(sizes.length)
  let at = 0
  for (const count of chunks) {
    const bytes = sizes.slice(at, at + count).reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeLessThanOrEqual(4_000)
    at += count
  }
})
