// Turns a decision into the change set that is committed, and into what is remembered with it.

import type { Anomaly, Change, ChangeSet, Decision, Remembered } from '../blocks/decision.ts'
import { withoutState } from '../blocks/overtaken.ts'
import type { UntimedFacts } from '../blocks/untimed-facts.ts'
import type { MessageContext } from './message-context.ts'

/**
 * Everything that is committed for one message.
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
  // If there is a fact, its idempotency key recognises the resend.
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

/** What is remembered beside the change set once it is committed. */
export function rememberedOf(
  { remembers }: Decision,
  untimedFacts: UntimedFacts | null,
): readonly Remembered[] | undefined {
  return untimedFacts === null ? remembers : [...(remembers ?? []), { type: 'untimedFacts', facts: untimedFacts }]
}
