// The registry of display messages: what operators set, what charge points report, and the state that follows. Pure.

import type { Payload } from '../values.ts'

/** Whether a message is shown alone, before others or in turn with them (MessagePriorityEnumType). */
export const displayPriorities = ['AlwaysFront', 'InFront', 'NormalCycle'] as const

/** A message that is to be set. */
export interface NewDisplayMessage {
  readonly chargePointKey: number
  readonly messageId: number
  readonly priority: string
  readonly transactionId: number | null
  readonly startsAtMs: number | null
  readonly endsAtMs: number | null
  /** As it is sent (MessageInfoType). */
  readonly message: Payload
  readonly setAtMs: number
  readonly setBy: string
}

/** A message that an operator set, that the charge point reported, or both. */
export interface DisplayMessageRecord {
  readonly messageId: number
  readonly priority: string
  readonly message: Payload
  /** Ours. */
  readonly transactionId: number | null
  readonly isTransactionOver: boolean
  readonly startsAtMs: number | null
  readonly endsAtMs: number | null
  readonly reportedAtMs: number | null
  readonly status: string | null
  readonly clearedAtMs: number | null
  /** Null: no operator set it. */
  readonly setAtMs: number | null
  readonly setBy: string | null
}

/** Reads and stores display messages, by the key of a charge point. */
export interface DisplayQueries {
  /** Before it is sent. One of the same id is replaced, as it is at the charge point. */
  storeDisplayMessage(message: NewDisplayMessage): Promise<void>
  /** What the charge point has answered. A new message that is always in front replaces the one before it (O01). */
  answerDisplayMessage(
    made: Pick<NewDisplayMessage, 'chargePointKey' | 'messageId'>,
    status: string,
    nowMs: number,
  ): Promise<void>
  /** The charge point has no such message any more. */
  clearDisplayMessage(chargePointKey: number, messageId: number, nowMs: number): Promise<void>
  /** By id, after `after`. */
  displayMessagesOf(
    chargePointKey: number,
    after: number | null,
    rowsMax: number,
  ): Promise<readonly DisplayMessageRecord[]>
}

/** The states of a message, and what each means, for readers of the API. */
export const displayStateMeanings = {
  requested: 'sent; there is no answer (yet)',
  rejected: 'the charge point does not take it',
  scheduled: 'the charge point has it, and its time has not come',
  active: 'the charge point has it',
  ended: 'its transaction is over, and it with that',
  expired: 'the time until when it is shown has passed',
  cleared: 'it was cleared, or another one has replaced it',
} as const

export type DisplayState = keyof typeof displayStateMeanings

/** The state of a message at `nowMs`. What the charge point has reported since counts more than what it answered. */
export function displayState(record: DisplayMessageRecord, nowMs: number): DisplayState {
  const { status, clearedAtMs, setAtMs, reportedAtMs, isTransactionOver, startsAtMs, endsAtMs } = record
  const isReported = (since: number | null): boolean =>
    reportedAtMs !== null && (since === null || reportedAtMs > since)
  if (clearedAtMs !== null && !isReported(clearedAtMs)) return 'cleared'
  if (!isReported(setAtMs)) {
    if (status === null) return 'requested'
    if (status !== 'Accepted') return 'rejected'
  }
  if (isTransactionOver) return 'ended'
  if (endsAtMs !== null && endsAtMs <= nowMs) return 'expired'
  return startsAtMs !== null && startsAtMs > nowMs ? 'scheduled' : 'active'
}
