// Periodic event streams of 2.1 (N11-N15): a charge point opens one for a monitor, and sends the values of its variable
// in bundles. What it sends is stored as events of the charge point.

import type { OCPP21 } from 'typed-ocpp'
import { listedStreamsMax } from '../../base/limits.ts'
import { type OcppVersion, since21 } from '../../ocpp/version.ts'
import { withDefined } from '../../base/with-defined.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'
import type { Handler } from '../decision.ts'
import type { Learned } from '../message-row.ts'
import { notification } from '../notification.ts'
import { entries, isCount, record } from '../provisioning/answer-values.ts'
import type { RowChange } from '../stored-rows.ts'
import type { Payload } from '../values.ts'
import { anyStream } from './stream-state.ts'

/** 2.1 N11: the stream is open. */
export const openStream: Handler<OCPP21.OpenPeriodicEventStreamRequest> = {
  decide: ({ constantStreamData }, known) => {
    const row = streamRow({ ...constantStreamData })
    return { ...notification(known, undefined, ...(row === null ? [] : [row])), answer: { status: 'Accepted' } }
  },
}

/** 2.1 N13: the stream is closed. */
export const closeStream: Handler<OCPP21.ClosePeriodicEventStreamRequest> = {
  decide: ({ id: streamId }, known) =>
    notification(known, undefined, { table: 'eventStreamEvents', row: { streamId, event: 'closed' } }),
}

/** 2.1 N15: some values. They are in the event that is stored. */
export const notifyStream: Handler<OCPP21.NotifyPeriodicEventStream> = {
  decide: ({ id: streamId, pending, basetime }, known) =>
    notification(known, basetime, { table: 'eventStreamEvents', row: { streamId, event: 'notified', pending } }),
}

function streamRow({ id: streamId, variableMonitoringId, params }: Payload): RowChange<'eventStreams'> | null {
  if (!isCount(streamId)) return null
  const monitorId = isCount(variableMonitoringId) ? variableMonitoringId : null
  return { table: 'eventStreams', row: { streamId, monitorId, params: record(params) } }
}

/** The parameters of a stream (PeriodicEventStreamParamsType). */
export interface StreamParams {
  readonly intervalSeconds?: number | undefined
  readonly values?: number | undefined
}

/** AdjustPeriodicEventStream (2.1 N14). */
export function adjustStreamCommand(version: OcppVersion, streamId: number, params: StreamParams): Command | NoCommand {
  return adjusts[version](streamId, params)
}

const adjusts = since21<(streamId: number, params: StreamParams) => Command | NoCommand>(
  () => ({ reason: 'Only OCPP 2.1 has periodic event streams' }),
  (id, { intervalSeconds, values }) => ({
    action: 'AdjustPeriodicEventStream',
    payload: { id, params: withDefined({ interval: intervalSeconds, values }) },
    fields: { '/id': 'streamId', '/params/interval': 'intervalSeconds', '/params/values': 'values' },
  }),
)

/** The outcome of `adjustStreamCommand`. */
export function adjustStreamOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point has adjusted the stream', 'adjustment of the stream')
}

/** 2.1 N14: the new parameters of a stream. */
export const streamAdjusted: Learned = ({ id: streamId, params }, { status }) =>
  status === 'Accepted' && isCount(streamId)
    ? [{ table: 'eventStreamEvents', row: { streamId, event: 'adjusted', params: record(params) } }]
    : []

/** GetPeriodicEventStream (2.1 N12). */
export const listStreamsCommand = since21<Command | NoCommand>(
  { reason: 'Only OCPP 2.1 has periodic event streams' },
  { action: 'GetPeriodicEventStream', payload: {}, fields: {} },
)

/** 2.1 N12: the streams that are open; all others are closed, unless the list is longer than what is stored of it. */
export const streamsListed: Learned = (_, { constantStreamData: listed }) => {
  const isCut = Array.isArray(listed) && listed.length > listedStreamsMax
  const streams = entries(isCut ? listed.slice(0, listedStreamsMax) : listed)
    .map(streamRow)
    .filter((row) => row !== null)
  return isCut ? streams : [{ table: 'eventStreamEvents', row: { streamId: anyStream, event: 'listed' } }, ...streams]
}
