import { expect, test } from 'bun:test'
import {
  adjustStreamCommand,
  adjustStreamOutcome,
  closeStream,
  listStreamsCommand,
  notifyStream,
  openStream,
  streamAdjusted,
  streamsListed,
} from '../../../../src/blocks/diagnostics/event-streams.ts'
import { anyStream } from '../../../../src/blocks/diagnostics/stream-state.ts'
import { listedStreamsMax } from '../../../../src/base/limits.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { arrivalMs, decide } from '../../../support/known.ts'

const constantStreamData = { id: 1, params: { interval: 60 }, variableMonitoringId: 7 }
const opened = { table: 'eventStreams', row: { streamId: 1, monitorId: 7, params: { interval: 60 } } }

test('OpenPeriodicEventStream is accepted, and the stream is stored', () => {
  const { answer, changes } = decide(openStream, { constantStreamData })
  expect(answer).toEqual({ status: 'Accepted' })
  expect(changes).toMatchObject([{ table: 'chargePointEvents' }, opened])
  expect(decide(openStream, { constantStreamData: { ...constantStreamData, id: -1 } }).changes).toHaveLength(1)
})

test('ClosePeriodicEventStream and NotifyPeriodicEventStream are stored as the last events of their stream', () => {
  expect(decide(closeStream, { id: 1 }).changes.at(-1)).toMatchObject({ row: { streamId: 1, event: 'closed' } })
  const basetime = new Date(arrivalMs - 5).toISOString()
  const values = { id: 1, pending: 3, basetime, data: [] }
  expect(decide(notifyStream, values as never).changes).toMatchObject([
    { row: { occurredAtMs: arrivalMs - 5 } },
    { row: { streamId: 1, event: 'notified', pending: 3 } },
  ])
})

test('AdjustPeriodicEventStream and GetPeriodicEventStream tell of streams what their answers say', () => {
  const command = adjustStreamCommand('2.1', 1, { intervalSeconds: 5 })
  if (!('payload' in command)) throw new Error(command.reason)
  expect(checkRequest('2.1', 'AdjustPeriodicEventStream', command.payload)).toEqual([])
  expect(streamAdjusted(command.payload, { status: 'Rejected' })).toEqual([])
  expect(streamAdjusted(command.payload, { status: 'Accepted' })).toMatchObject([
    { row: { streamId: 1, event: 'adjusted', params: { interval: 5 } } },
  ])
  expect(adjustStreamOutcome('Rejected').message).toContain('Rejected')
  expect(streamsListed({}, { constantStreamData: [constantStreamData, 4] })).toMatchObject([
    { row: { streamId: anyStream, event: 'listed' } },
    opened,
  ])
  expect(listStreamsCommand['2.0.1']).toHaveProperty('reason')
  expect(adjustStreamCommand('1.6', 1, {})).toHaveProperty('reason')
})

test('of a list of streams without end only the first ones are stored, and the others do not count as closed', () => {
  const listed = (length: number) =>
    streamsListed({}, { constantStreamData: Array.from({ length }, (_, id) => ({ ...constantStreamData, id })) })
  expect(listed(listedStreamsMax)).toHaveLength(listedStreamsMax + 1)
  const cut = listed(listedStreamsMax + 1)
  expect(cut).toHaveLength(listedStreamsMax)
  expect(cut).not.toContainEqual(expect.objectContaining({ row: { streamId: anyStream, event: 'listed' } }))
})
