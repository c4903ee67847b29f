// The plainest decision: a message that reports something, is written into the charge point's history, and is answered
// with an empty payload.

import type { Change, Decision, Handler, Known, Payload } from './decision.ts'
import { connectorSubject } from './untimed-facts.ts'

/** `time` (RFC 3339) in milliseconds since the Unix epoch; `fallbackMs` when it is absent or not a time. */
export function timeMs(time: string | undefined, fallbackMs: number): number {
  if (time === undefined) return fallbackMs
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? fallbackMs : ms
}

/**
 * Stores the message as an event of the charge point and answers with `{}`.
 *
 * @param time the time the message itself carries, if any; events without one are told apart by their message id.
 */
export function notification(known: Known, time?: string, ...more: readonly Change[]): Decision {
  return {
    answer: {},
    changes: [
      {
        table: 'chargePointEvents',
        row: {
          action: known.action,
          occurredAtMs: time === undefined ? null : timeMs(time, known.receivedAtMs),
          payload: known.verbatim,
        },
      },
      ...more,
    ],
    anomalies: [],
  }
}

/** What a message is about that names an EVSE only: each of its connectors. */
export function evseSubjects(evseId: number, known: Known): readonly string[] {
  const connectors = known.connectors().filter((connector) => connector.evseId === evseId)
  return [{ evseId, connectorId: evseId === 0 ? 0 : 1 }, ...connectors].map(connectorSubject)
}

/** What the handlers of messages that are only stored read of them, as far as they have it. */
interface StoredMessage {
  readonly evseId?: unknown
  readonly [timeField: string]: unknown
}

/** How messages that are only stored name the time of what they report. */
const usualTimeFields: readonly string[] = ['timestamp', 'generatedAt']

/**
 * The handler of every message that is only stored: an event of the charge point, answered with `answer` whatever it
 * says.
 *
 * @param timeFields the names under which such messages have a time of their own; the first that is there counts.
 */
export function keepStored(answer: Payload, timeFields = usualTimeFields): Handler<StoredMessage> {
  return {
    about: ({ evseId }, known) => (typeof evseId === 'number' ? { also: evseSubjects(evseId, known) } : {}),
    decide: (payload, known) => {
      const time = timeFields.map((name) => payload[name]).find((value) => value !== undefined)
      return { ...notification(known, typeof time === 'string' ? time : undefined), answer }
    },
  }
}
