// A message of a simulated charge point, from when it is created until it is answered.

import type { Payload } from '../../src/blocks/decision.ts'
import type { Said } from './dialects.ts'
import type { Habits } from './plan.ts'
import type { Session } from './sessions.ts'

/** A message for the central system, however often it has to be sent. */
export interface Message {
  readonly number: number
  readonly station: { readonly key: number; readonly identity: string; readonly habits: Habits }
  /** If true, it is sent again until it is answered; if false, it is dropped if no answer comes. */
  readonly isKept: boolean
  /** Null until it is sent for the first time: a 1.6 stop needs the answer to its start. */
  said: Said | null
  readonly say: () => Said
  readonly onAnswer: (answer: Payload) => void
  /** Null if it is not about a session. */
  readonly reports: SessionPart | null
}

/** What a message reports about a session. */
export interface SessionPart {
  readonly session: Session
  readonly what: 'start' | 'update' | 'stop'
  readonly atMs: number
  readonly idTag: string
  /** The register of a start or stop, if it has one. */
  readonly registerWh: number | null
}
