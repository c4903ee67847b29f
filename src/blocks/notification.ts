// The simplest decision: the message is stored as an event of the charge point and answered with an empty payload.

import type { Change, Decision, Handler, Known, Payload } from './decision.ts'
import { connectorSubject } from './untimed-facts.ts'

/** `time` (RFC 3339) in milliseconds since the Unix epoch; `fallbackMs` if it is missing or not a time. */
export function timeMs(time: string | undefined, fallbackMs: number): number {
  if (time === undefined) return fallbackMs
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? fallbackMs : ms
}

/**
 * Stores the message as an event of the charge point and answers with `{}`.
 *
 * @param time the time in the message, if any. Events without one are distinguished by their message id.
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

/** The subjects of a message that names only an EVSE: all connectors of the EVSE. */
export function evseSubjects(evseId: number, known: Known): readonly string[] {
  const connectors = known.connectors().filter((connector) => connector.evseId === evseId)
  return [{ evseId, connectorId: evseId === 0 ? 0 : 1 }, ...connectors].map(connectorSubject)
}

/** The fields that `keepStored` reads, if the message has them. */
interface StoredMessage {
  readonly evseId?: unknown
  readonly [timeField: string]: unknown
}

/** Names of the time field in messages that are only stored. */
const usualTimeFields: readonly string[] = ['timestamp', 'generatedAt']

/**
 * The handler of every message that is only stored, as an event of the charge point. The answer is always `answer`.
 *
 * @param timeFields possible names of the time field; the first one that is present counts.
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
