// The messages of the mixes in one OCPP version. Payloads are JSON text written by hand: stringifying objects would
// cost the generator more than the rest of a message. A test checks each against the schema of its message.

import type { Ahead } from './ahead.ts'
import type { Charging } from './charging.ts'

/** One CALL to be sent. */
export interface Message {
  readonly action: string
  /** JSON text, ASCII only. */
  readonly payload: string
  /** Whether the script reads the payload of the CALLRESULT, which costs CPU. */
  readonly readsAnswer: boolean
  /** The messages that certainly follow it, if known. */
  ahead?(): Ahead
}

/** The status of a connector, in words for both versions. */
export type ConnectorMoment = 'free' | 'pluggedIn' | 'charging' | 'finishing'

export interface Dialect {
  readonly subprotocol: string
  readonly boot: Message
  readonly heartbeat: Message
  status(moment: ConnectorMoment, atMs: number): Message
  authorize(idTag: string): Message
  start(charging: Charging): Message
  /** Action of a sample. */
  readonly sampleAction: string
  /** Sample `index` of the transaction, three values. */
  sample(charging: Charging, index: number): Message
  /** That sample and those that follow it, `count` at most. */
  samplesAhead(charging: Charging, index: number, count: number): Ahead
  end(charging: Charging): Message
  /** A report of the device model with so many variables; null in a version that has none. */
  report(variables: number, atMs: number): Message | null
}
