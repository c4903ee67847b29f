// A block gives back what it was made of, whatever its lines are.

import { expect, test } from 'bun:test'
import { frameOf, packBlock, placesMax, unpackBlock } from '../../../../src/store/messages/block.ts'
import { directionOf, LineBuffer } from '../../../../src/store/messages/lines.ts'
import { blockOf, linesIn, randomLines } from '../../../support/message-lines.ts'

test('a block has its lines in their order, with the ids of its own number', () => {
  const lines = randomLines(3_000)
  const block = blockOf(lines)
  expect(block.lines).toBe(3_000)
  expect(linesIn({ ...block, id: 77 })).toEqual(lines.map((line, place) => ({ ...line, id: 77 * placesMax + place })))
  expect([block.keyMin, block.keyMax]).toEqual([
    Math.min(...lines.map(({ chargePointKey }) => chargePointKey)),
    Math.max(...lines.map(({ chargePointKey }) => chargePointKey)),
  ])
  expect([block.fromMs, block.toMs]).toEqual([
    Math.min(...lines.map(({ atMs }) => atMs)),
    Math.max(...lines.map(({ atMs }) => atMs)),
  ])
})

test('a block that is packed again keeps the ids of its lines', () => {
  const first = { ...blockOf(randomLines(500)), id: 5_000_000_000 }
  const again = packBlock(unpackBlock(first), false)
  expect(linesIn({ ...again, id: 1 })).toEqual(linesIn(first))
})

test('a frame is read back exactly, with any characters and of any length', () => {
  const buffer = new LineBuffer(10, 64)
  const frames = ['', '\uFEFF[2]', '[2,"\u0000","é€😀"]', 'x'.repeat(10_000), '\n']
  const found = frames.map((frame) => {
    expect(buffer.hasRoomFor(frame)).toBe(true)
    buffer.add({ chargePointKey: 1, atMs: 5, direction: 'toChargePoint', frame }, 5)
    const lines = unpackBlock({ ...packBlock(buffer.take(), true), id: 1 })
    expect(directionOf(lines, 0)).toBe('toChargePoint')
    return frameOf(lines, 0)
  })
  expect(found).toEqual(frames)
})

test('a buffer takes as many lines and bytes as it has room for', () => {
  const buffer = new LineBuffer(3, 90)
  const line = { chargePointKey: 1, atMs: 5, direction: 'toChargePoint', frame: 'x'.repeat(10) } as const
  let count = 0
  for (; buffer.hasRoomFor(line.frame); count++) buffer.add(line, 5)
  expect(count).toBe(3)
  buffer.take()
  buffer.add({ ...line, frame: '€'.repeat(20) }, 5)
  expect(buffer.hasRoomFor(line.frame)).toBe(true)
  expect(buffer.hasRoomFor('x'.repeat(11))).toBe(false)
})

test('a block of a later version is refused', () => {
  const block = { ...blockOf(randomLines(1)), id: 3 }
  const head = Bun.zstdDecompressSync(block.head)
  head[0] = 9
  expect(() => unpackBlock({ ...block, head: Bun.zstdCompressSync(head) })).toThrow(/Block 3 has version 9/)
})
