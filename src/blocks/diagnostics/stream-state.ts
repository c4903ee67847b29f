// Periodic event streams (2.1 N11-N15): what is stored of them, and the state that follows. Pure.

import type { Payload } from '../values.ts'

/** What may become of a stream. `listed`, of no stream: the charge point has listed all that are open. */
export type StreamEvent = 'adjusted' | 'notified' | 'closed' | 'listed'

/** The stream that a list of all streams is stored for. */
export const anyStream = -1

/** What is stored of a stream and its events. */
export interface StoredStream {
  readonly params: Payload
  readonly receivedAtMs: number
}

/** The last event of a kind. */
export interface StoredStreamEvent {
  readonly event: StreamEvent
  readonly params: Payload | null
  readonly pending: number | null
  readonly receivedAtMs: number
}

/** A stream as it is by what is stored of it. */
export interface StreamState {
  readonly state: 'open' | 'closed'
  readonly params: Payload
  readonly pending: number | null
  readonly notifiedAtMs: number | null
}

/** What was said before a stream was opened, or listed, last is about an earlier one of its id. */
export function streamState(
  { params, receivedAtMs: sinceMs }: StoredStream,
  events: readonly StoredStreamEvent[],
): StreamState {
  const last = (event: StreamEvent): StoredStreamEvent | undefined =>
    events.find((one) => one.event === event && one.receivedAtMs >= sinceMs)
  const listed = last('listed')
  const isClosed = last('closed') !== undefined || (listed !== undefined && listed.receivedAtMs > sinceMs)
  const notified = events.find(({ event }) => event === 'notified')
  return {
    state: isClosed ? 'closed' : 'open',
    params: last('adjusted')?.params ?? params,
    pending: notified?.pending ?? null,
    notifiedAtMs: notified?.receivedAtMs ?? null,
  }
}
