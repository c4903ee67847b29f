// The plainest decision: a message that reports something, is written into the charge point's history, and is answered
// with an empty payload.

import type { Change, Decision, Known } from './decision.ts'

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
export function notification(action: string, known: Known, time?: string, ...more: readonly Change[]): Decision {
  return {
    answer: {},
    changes: [
      {
        kind: 'chargePointEvent',
        action,
        occurredAtMs: time === undefined ? null : timeMs(time, known.receivedAtMs),
        payload: known.verbatim,
      },
      ...more,
    ],
    anomalies: [],
    events: [],
  }
}
