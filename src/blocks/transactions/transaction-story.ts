// How a 2.x transaction is told: which of several transactions of one id an event is about, and in which order events
// belong. Charge points reuse ids after a reboot, number every event 0, set their clocks, and deliver what happened
// offline after the end.

import type { TransactionMove } from '../../../actors/transaction.ts'
import type { AnomalyKind } from '../anomalies.ts'
import type { Known, KnownChargePoint, KnownTransaction, TransactionStory } from '../decision.ts'
import { timeMs } from '../notification.ts'

/** The place of an event in its story. */
export interface ToldEvent {
  readonly eventType: 'Started' | 'Updated' | 'Ended'
  /** By the charge point's clock; its arrival, when it has no usable time. */
  readonly atMs: number
  readonly hasTime: boolean
  /** It has no usable time, and has been told before. */
  readonly isResend?: boolean
  /** Null when the event came without one. */
  readonly seqNo: number | null
}

/** Where `event` stands; what was made up for it in the repair does not count. */
export function toldOf(
  event: Pick<ToldEvent, 'eventType'> & { readonly timestamp: string; readonly seqNo: number },
  { sent, receivedAtMs, placed }: Pick<Known, 'sent' | 'receivedAtMs' | 'placed'>,
): ToldEvent {
  return {
    eventType: event.eventType,
    atMs: timeMs(event.timestamp, receivedAtMs),
    hasTime: placed === null,
    isResend: placed?.isResend === true,
    seqNo: sent.seqNo === undefined || sent.seqNo === null ? null : event.seqNo,
  }
}

/**
 * The transaction that an event is about, among those that its charge point gave this id.
 *
 * A Started is a new use of the id when the newest known transaction is closed and it lies after the stop; or when that
 * one is open, the charge point has booted since it was last heard of, and it lies after everything that is known of
 * it. Without a usable time it lies after everything, unless it is a resend or the start that the closed one lacks. Any
 * other event belongs to the transaction in whose span it falls, else to the newest.
 *
 * @param named the newest first.
 * @returns the transaction; undefined when it begins now, as use number `use` of the id.
 */
export function chosenTransaction(
  told: ToldEvent,
  named: readonly KnownTransaction[],
  chargePoint: KnownChargePoint,
): { readonly transaction: KnownTransaction | undefined; readonly use: number } {
  const [newest] = named
  if (newest === undefined) return { transaction: undefined, use: 1 }
  const use = newest.story?.use ?? 1
  if (told.eventType === 'Started' && isNewUse(told, newest, chargePoint))
    return { transaction: undefined, use: use + 1 }
  const within = told.hasTime
    ? named.find((transaction, place) => isWithin(told.atMs, transaction, named[place - 1]))
    : undefined
  return { transaction: within ?? newest, use }
}

function isNewUse(
  { atMs, hasTime, isResend }: ToldEvent,
  { open, story, closedBy }: KnownTransaction,
  { lastBootAtMs }: KnownChargePoint,
): boolean {
  if (!story || isResend === true) return false
  if (!open) return hasTime ? atMs > endOf(story, closedBy) : story.isStartTold
  if (lastBootAtMs === null || (hasTime && atMs <= story.lastEventAtMs)) return false
  // What came after the boot may tell of the time before it: then the boot lies between that and this start all the
  // same.
  const isBootBetween = story.lastEventAtMs < lastBootAtMs && lastBootAtMs <= atMs
  return lastBootAtMs > story.heardAtMs || isBootBetween
}

/**
 * When a closed transaction was over, by the clock of its charge point. An end without a usable time has the time of
 * arrival: then what had a time before it counts, or a clock that is behind would make one transaction of two.
 */
function endOf({ stoppedAtMs, lastEventAtMs }: TransactionStory, closedBy: KnownTransaction['closedBy']): number {
  if (stoppedAtMs === null) return Number.POSITIVE_INFINITY
  return closedBy === 'station' ? Math.min(stoppedAtMs, lastEventAtMs) : stoppedAtMs
}

/**
 * Whether the id may have been used again since `transaction`: a boot came after the first that was heard of it, or
 * after the last that is known to have happened in it. A message that comes late changes neither.
 */
export function mayBeUsedAgain({ story }: KnownTransaction, { lastBootAtMs }: KnownChargePoint): boolean {
  if (lastBootAtMs === null || !story) return false
  return lastBootAtMs > Math.min(story.firstHeardAtMs, story.lastEventAtMs)
}

/**
 * Whether `atMs` falls into the span of a transaction: from its start to its stop, or to the start of the `next` use of
 * the id.
 */
function isWithin(atMs: number, { startedAtMs, story }: KnownTransaction, next: KnownTransaction | undefined): boolean {
  if (atMs < startedAtMs || (next !== undefined && atMs >= next.startedAtMs)) return false
  return !story || story.stoppedAtMs === null || atMs <= story.stoppedAtMs
}

/**
 * Whether an event tells of an earlier moment than what is known: its time is earlier and its seqNo not higher. A
 * counter that began again and a clock that was set do not make an event old.
 */
export function isOlder({ atMs, hasTime, seqNo }: ToldEvent, story: TransactionStory | null | undefined): boolean {
  if (!story || !hasTime || atMs >= story.lastEventAtMs) return false
  return seqNo === null || story.lastSeqNo === null || seqNo <= story.lastSeqNo
}

/** What is odd about the order of an event; null when nothing is. */
export function orderAnomaly(
  { atMs, hasTime, seqNo }: ToldEvent,
  story: TransactionStory | null | undefined,
): Extract<AnomalyKind, 'seqNoRestarted' | 'clockSetBack'> | null {
  if (!story || !hasTime || seqNo === null || story.lastSeqNo === null) return null
  if (seqNo < story.lastSeqNo && atMs > story.lastEventAtMs) return 'seqNoRestarted'
  return seqNo > story.lastSeqNo && atMs < story.lastEventAtMs ? 'clockSetBack' : null
}

/**
 * The story of `transaction` once the event has been added to it.
 *
 * @param isEnd it is over by this event, as its chart says.
 * @param heardAtMs when the event came; null when it tells of the time offline, and so of nothing after the last boot.
 */
export function storyAfter(
  told: ToldEvent,
  { story, open, startedAtMs }: KnownTransaction,
  { isEnd }: Pick<TransactionMove, 'isEnd'>,
  heardAtMs: number | null,
): TransactionStory {
  const isLate = isOlder(told, story)
  return {
    use: story?.use ?? 1,
    isStartTold: told.eventType === 'Started' || story?.isStartTold === true,
    lastEventAtMs: isLate || !told.hasTime ? (story?.lastEventAtMs ?? startedAtMs) : told.atMs,
    lastSeqNo: isLate ? (story?.lastSeqNo ?? null) : (told.seqNo ?? story?.lastSeqNo ?? null),
    firstHeardAtMs: story?.firstHeardAtMs ?? heardAtMs ?? told.atMs,
    heardAtMs: isLate || heardAtMs === null ? (story?.heardAtMs ?? told.atMs) : heardAtMs,
    stoppedAtMs: isEnd ? told.atMs : open ? null : (story?.stoppedAtMs ?? null),
  }
}
