import { expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import { OwnFrames } from '../../../src/station/own-frames.ts'

function ownFrames(every: number) {
  const counters = new Counters()
  const lines: unknown[] = []
  return { counters, lines, frames: new OwnFrames(every, counters, { error: (...line) => void lines.push(line[0]) }) }
}

test('an answer or a command of ours that breaks its schema is counted, and logged with its place', () => {
  const { counters, lines, frames } = ownFrames(1)
  frames.answered('2.0.1', 'Heartbeat', { currentTime: '2026-01-01T00:00:00.000Z' })
  frames.answered('2.0.1', 'Heartbeat', { currentTime: 'noon' })
  frames.called('1.6', 'Reset', { type: 'Gently' })
  expect(counters).toMatchObject({ ownFramesChecked: 3, ownFramesInvalid: 2 })
  expect(lines).toEqual([
    { action: 'Heartbeat', reason: expect.stringContaining('answer of OCPP 2.0.1 at /currentTime') },
    { action: 'Reset', reason: expect.stringContaining('command of OCPP 1.6 at /type') },
  ])
})

test('one of so many is checked, and none at all with 0', () => {
  const some = ownFrames(3)
  const none = ownFrames(0)
  for (let count = 0; count < 7; count++) {
    some.frames.answered('1.6', 'Heartbeat', {})
    none.frames.answered('1.6', 'Heartbeat', {})
  }
  expect(some.counters.ownFramesChecked).toBe(2)
  expect(none.counters.ownFramesChecked).toBe(0)
})
