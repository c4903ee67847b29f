// From a decision to what is committed, and to what the actor is moved by after that.

import type { ActorEvent, Anomaly, Change, ChangeSet, Decision } from '../blocks/decision.ts'
import { withoutState } from '../blocks/overtaken.ts'
import type { UntimedFacts } from '../blocks/untimed-facts.ts'
import type { MessageContext } from './message-context.ts'

/**
 * Everything that one message wants committed.
 *
 * @param untimedFacts what to remember of the facts without a time; null when that has not changed.
 */
export function changeSetOf(
  message: MessageContext,
  { answer, fact, changes, meterPlace }: Decision,
  untimedFacts: UntimedFacts | null,
  anomalies: readonly Anomaly[],
): ChangeSet {
  const { connection, frame, live, meter, placed, receivedAtMs, bytes } = message
  const all: readonly Change[] =
    untimedFacts === null ? changes : [...changes, { table: 'chargePoints', patch: { untimedFacts } }]
  // Where there is a fact, it recognises the resend.
  const isMeterStored = placed !== null && placed.isResend && fact === undefined
  return {
    chargePointKey: connection.chargePointKey,
    messageId: frame.messageId,
    bytes,
    epoch: live.epoch,
    receivedAtMs,
    answer,
    fact,
    changes: live.isOvertaken ? withoutState(all) : all,
    anomalies,
    meter: isMeterStored ? null : meter,
    meterPlace: placed === null ? meterPlace : { ...meterPlace, place: placed.place },
    isOvertaken: live.isOvertaken,
  }
}

/** What moves the actor once the change set is committed. */
export function eventsOf({ events }: Decision, untimedFacts: UntimedFacts | null): readonly ActorEvent[] {
  return untimedFacts === null ? events : [...events, { type: 'untimedFacts', facts: untimedFacts }]
}
