// How a 2.x transaction is told: which of several transactions of one id an event is about, and in which order events belong.
// Charge points reuse ids after a reboot, number every event 0, set their clocks, and deliver what happened offline after the end.

import type { AnomalyKind } from './anomalies.ts'
import type { Known, KnownChargePoint, KnownTransaction, TransactionStory } from './decision.ts'
import { timeMs } from './notification.ts'

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
 * A Started is a new use of the id when the newest known transaction is closed and it lies after the stop; or when that one is
 * open, the charge point has booted since it was last heard of, and it lies after everything that is known of it. Without a
 * usable time it lies after everything, unless it is a resend or the start that the closed one lacks. Any other event belongs to
 * the transaction in whose span it falls, else to the newest.
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
  const within = told.hasTime ? named.find((transaction) => isWithin(told.atMs, transaction)) : undefined
  return { transaction: within ?? newest, use }
}

function isNewUse(
  { atMs, hasTime, isResend }: ToldEvent,
  { open, story, closedBy }: KnownTransaction,
  { lastBootAtMs }: KnownChargePoint,
): boolean {
  if (!story || isResend === true) return false
  if (!open) return hasTime ? atMs > endOf(story, closedBy) : story.isStartTold
  const hasBooted = lastBootAtMs !== null && lastBootAtMs > story.heardAtMs
  return hasBooted && (!hasTime || atMs > story.lastEventAtMs)
}

/**
 * When a closed transaction was over, by the clock of its charge point. An end without a usable time has the time of arrival: then what
 * had a time before it counts, or a clock that is behind would make one transaction of two.
 */
function endOf({ stoppedAtMs, lastEventAtMs }: TransactionStory, closedBy: KnownTransaction['closedBy']): number {
  if (stoppedAtMs === null) return Number.POSITIVE_INFINITY
  return closedBy === 'station' ? Math.min(stoppedAtMs, lastEventAtMs) : stoppedAtMs
}

function isWithin(atMs: number, { startedAtMs, story }: KnownTransaction): boolean {
  return atMs >= startedAtMs && (!story || story.stoppedAtMs === null || atMs <= story.stoppedAtMs)
}

/**
 * Whether an event tells of an earlier moment than what is known: its time is earlier and its seqNo not higher. A counter that
 * began again and a clock that was set do not make an event old.
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

/** The story of `transaction` once the event has been added to it. */
export function storyAfter(told: ToldEvent, transaction: KnownTransaction, heardAtMs: number): TransactionStory {
  const { story, open, startedAtMs } = transaction
  const isLate = isOlder(told, story)
  const isEnd = told.eventType === 'Ended' && transaction.closedBy !== 'station'
  return {
    use: story?.use ?? 1,
    isStartTold: told.eventType === 'Started' || story?.isStartTold === true,
    lastEventAtMs: isLate || !told.hasTime ? (story?.lastEventAtMs ?? startedAtMs) : told.atMs,
    lastSeqNo: isLate ? (story?.lastSeqNo ?? null) : (told.seqNo ?? story?.lastSeqNo ?? null),
    heardAtMs,
    stoppedAtMs: isEnd ? told.atMs : open ? null : (story?.stoppedAtMs ?? null),
  }
}
