import { expect, test } from 'bun:test'
import { type StreamEvent, streamState } from '../../../../src/blocks/diagnostics/stream-state.ts'

test.each([
  ['open', []],
  ['closed', [['closed', 11]]],
  ['open', [['closed', 9]]],
  ['open', [['listed', 10]]],
  ['closed', [['listed', 11]]],
] as const)('a stream is %s after %j', (state, events) => {
  const stored = events.map(([event, receivedAtMs]: readonly [StreamEvent, number]) => ({
    event,
    receivedAtMs,
    params: null,
    pending: null,
  }))
  expect(streamState({ params: {}, receivedAtMs: 10 }, stored)).toMatchObject({ state })
})
