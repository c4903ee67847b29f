// What the mixes say, in the words of one OCPP version. Payloads are JSON text written by hand: stringifying objects would
// cost the generator more than the rest of a message. A test holds every one against the schema of its message.

import type { Charging } from './charging.ts'

/** One CALL to be sent. */
export interface Message {
  readonly action: string
  /** JSON text, ASCII only. */
  readonly payload: string
  /** Whether the script looks at the payload of the CALLRESULT; reading it costs. */
  readonly readsAnswer: boolean
  /** Set where it is known what follows. */
  readonly ahead?: Ahead
}

/** What a script says from a message on as long as nothing is lost or refused. It can be made ahead, which is cheaper. */
export interface Ahead {
  /** Messages, the first included; all of one action, none with an answer that is read. */
  readonly count: number
  /** Message `offset` of them; null when all are the same. */
  readonly message: ((offset: number) => Message) | null
}

/** Where a connector stands, in words that both versions have. */
export type ConnectorMoment = 'free' | 'pluggedIn' | 'charging' | 'finishing'

export interface Dialect {
  readonly subprotocol: string
  readonly boot: Message
  readonly heartbeat: Message
  status(moment: ConnectorMoment, atMs: number): Message
  authorize(idTag: string): Message
  start(charging: Charging): Message
  /** Sample `index` of the transaction, three values. */
  sample(charging: Charging, index: number): Message
  end(charging: Charging): Message
}
