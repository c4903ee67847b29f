// Assigns the events of 2.x to transactions: which of several transactions with the same id an event is about, and
// whether the event is in order. Charge points reuse ids after a reboot, number every event 0, set their clocks, and
// send events from the time offline after the end.

import type { TransactionMove } from '../../../actors/transaction.ts'
import type { AnomalyKind } from '../anomalies.ts'
import type { Known, KnownChargePoint, KnownTransaction, TransactionStory } from '../decision.ts'
import { timeMs } from '../notification.ts'

/** Where an event stands among the events of its transaction. */
export interface EventPosition {
  readonly eventType: 'Started' | 'Updated' | 'Ended'
  /** By the charge point's clock; the time of arrival if the event has no usable time. */
  readonly atMs: number
  readonly hasTime: boolean
  /** It has no usable time and repeats an earlier event. */
  readonly isResend?: boolean
  /** Null if the event came without one. */
  readonly seqNo: number | null
}

/** The position of `event`. Values that a repair filled in are ignored. */
export function positionOf(
  event: Pick<EventPosition, 'eventType'> & { readonly timestamp: string; readonly seqNo: number },
  { sent, receivedAtMs, placed }: Pick<Known, 'sent' | 'receivedAtMs' | 'placed'>,
): EventPosition {
  return {
    eventType: event.eventType,
    atMs: timeMs(event.timestamp, receivedAtMs),
    hasTime: placed === null,
    isResend: placed?.isResend === true,
    seqNo: sent.seqNo === undefined || sent.seqNo === null ? null : event.seqNo,
  }
}

/**
 * The transaction that an event is about, among the transactions with the same id of the charge point.
 *
 * A Started event is a new use of the id in two cases:
 * - the newest transaction is closed, and the event is later than its stop;
 * - the newest transaction is open, the charge point has booted since the last message about it, and the event is later
 *   than all its events.
 *
 * A Started event without a usable time counts as later, unless it is a resend or the missing start of the closed
 * transaction. Any other event belongs to the transaction in whose time span it is, else to the newest.
 *
 * @param named newest first.
 * @returns the transaction; undefined if it begins now, as use number `use` of the id.
 */
export function chosenTransaction(
  position: EventPosition,
  named: readonly KnownTransaction[],
  chargePoint: KnownChargePoint,
): { readonly transaction: KnownTransaction | undefined; readonly use: number } {
  const [newest] = named
  if (newest === undefined) return { transaction: undefined, use: 1 }
  const use = newest.story?.use ?? 1
  if (position.eventType === 'Started' && isNewUse(position, newest, chargePoint))
    return { transaction: undefined, use: use + 1 }
  const within = position.hasTime
    ? named.find((transaction, place) => isWithin(position.atMs, transaction, named[place - 1]))
    : undefined
  return { transaction: within ?? newest, use }
}

function isNewUse(
  { atMs, hasTime, isResend }: EventPosition,
  { open, story, closedBy }: KnownTransaction,
  { lastBootAtMs }: KnownChargePoint,
): boolean {
  if (!story || isResend === true) return false
  if (!open) return hasTime ? atMs > endOf(story, closedBy) : story.isStartReported
  if (lastBootAtMs === null || (hasTime && atMs <= story.lastEventAtMs)) return false
  // An event that came after the boot may have happened before it. Then the boot still lies between that event and this
  // start.
  const isBootBetween = story.lastEventAtMs < lastBootAtMs && lastBootAtMs <= atMs
  return lastBootAtMs > story.lastReceivedAtMs || isBootBetween
}

/**
 * When a closed transaction was over, by the clock of its charge point. An end without a usable time has the time of
 * arrival. Then the last event with a time counts: with a slow clock, the next start may have an earlier time than the
 * arrival of the end, and two transactions would become one.
 */
function endOf({ stoppedAtMs, lastEventAtMs }: TransactionStory, closedBy: KnownTransaction['closedBy']): number {
  if (stoppedAtMs === null) return Number.POSITIVE_INFINITY
  return closedBy === 'station' ? Math.min(stoppedAtMs, lastEventAtMs) : stoppedAtMs
}

/**
 * Whether the id may have been used again since this transaction: a boot came after its first message, or after its
 * last known event. A late message changes neither.
 */
export function mayBeUsedAgain({ story }: KnownTransaction, { lastBootAtMs }: KnownChargePoint): boolean {
  if (lastBootAtMs === null || !story) return false
  return lastBootAtMs > Math.min(story.firstReceivedAtMs, story.lastEventAtMs)
}

/** Whether `atMs` is in the time span of a transaction: from its start to its stop, or to the `next` use of the id. */
function isWithin(atMs: number, { startedAtMs, story }: KnownTransaction, next: KnownTransaction | undefined): boolean {
  if (atMs < startedAtMs || (next !== undefined && atMs >= next.startedAtMs)) return false
  return !story || story.stoppedAtMs === null || atMs <= story.stoppedAtMs
}

/**
 * Whether an event is older than the newest known event: its time is earlier and its seqNo is not higher. A restarted
 * counter or a clock that was set does not make an event older.
 */
export function isOlder({ atMs, hasTime, seqNo }: EventPosition, story: TransactionStory | null | undefined): boolean {
  if (!story || !hasTime || atMs >= story.lastEventAtMs) return false
  return seqNo === null || story.lastSeqNo === null || seqNo <= story.lastSeqNo
}

/** The anomaly in the order of an event; null if there is none. */
export function orderAnomaly(
  { atMs, hasTime, seqNo }: EventPosition,
  story: TransactionStory | null | undefined,
): Extract<AnomalyKind, 'seqNoRestarted' | 'clockSetBack'> | null {
  if (!story || !hasTime || seqNo === null || story.lastSeqNo === null) return null
  if (seqNo < story.lastSeqNo && atMs > story.lastEventAtMs) return 'seqNoRestarted'
  return seqNo > story.lastSeqNo && atMs < story.lastEventAtMs ? 'clockSetBack' : null
}

/**
 * The story of a transaction after an event.
 *
 * @param isEnd the event ends the transaction, according to its chart.
 * @param receivedAtMs when the event came; null for an event from the time offline, which may be older than the last
 *   boot.
 */
export function storyAfter(
  position: EventPosition,
  { story, open, startedAtMs }: KnownTransaction,
  { isEnd }: Pick<TransactionMove, 'isEnd'>,
  receivedAtMs: number | null,
): TransactionStory {
  const isLate = isOlder(position, story)
  return {
    use: story?.use ?? 1,
    isStartReported: position.eventType === 'Started' || story?.isStartReported === true,
    lastEventAtMs: isLate || !position.hasTime ? (story?.lastEventAtMs ?? startedAtMs) : position.atMs,
    lastSeqNo: isLate ? (story?.lastSeqNo ?? null) : (position.seqNo ?? story?.lastSeqNo ?? null),
    firstReceivedAtMs: story?.firstReceivedAtMs ?? receivedAtMs ?? position.atMs,
    lastReceivedAtMs: isLate || receivedAtMs === null ? (story?.lastReceivedAtMs ?? position.atMs) : receivedAtMs,
    stoppedAtMs: isEnd ? position.atMs : open ? null : (story?.stoppedAtMs ?? null),
  }
}
