import { expect, test } from 'bun:test'
import { heartbeat } from '../../../../src/blocks/availability/heartbeat.ts'
import { decide } from '../../../support/known.ts'

const atMs = Date.UTC(2026, 0, 1, 12)

test('a Heartbeat is answered with the current time, and commits nothing', () => {
  const decision = decide(heartbeat, {}, { nowMs: atMs })
  expect(decision).toEqual({
    answer: { currentTime: '2026-01-01T12:00:00.000Z' },
    changes: [],
    anomalies: [],
  })
})

test('a Heartbeat is never answered with the time of another one', () => {
  const answered = [0, 0, 1, 0].map((ms) => decide(heartbeat, {}, { nowMs: atMs + ms }).answer['currentTime'])
  expect(answered).toEqual([0, 0, 1, 0].map((ms) => `2026-01-01T12:00:00.00${ms}Z`))
})
