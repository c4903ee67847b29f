// Charging sessions, as their charge point knows them: whose card began one and whose stopped it, and what its meter showed.

import type { Habits, SessionHabits } from './plan.ts'

/** A charging session, as its charge point knows it. */
export interface Session {
  readonly connectorId: number
  readonly idTag: string
  readonly startedAtMs: number
  readonly meterStartWh: number
  /** 1.6: what the central system answered; null until it has. */
  transactionId: number | null
  /** 2.0.1: the charge point's own. */
  readonly stationTransactionId: string
  readonly remoteStartId: number | null
  seqNo: number
  meterWh: number
  /** The card that stops it, where that is another; null where it is not. */
  readonly stopIdTag: string | null
  /** 2.0.1: whether what happens next tells the card that it began with. */
  readonly tellsCard: boolean
  readonly habits: SessionHabits
  readonly truth: SessionTruth
}

/** What is to come out, as far as the charge point knows. */
export interface SessionTruth {
  /** Registers that it told, with their times. */
  readonly registers: { readonly atMs: number; readonly wh: number }[]
  /** The sum of the intervals that it told; null when it told none. */
  intervalsWh: number | null
  /** 1.6: some of it was told before its number was known. */
  isUnnamed: boolean
  /** Some of it was told while its charge point sent through two sockets. */
  isToldThroughTwo: boolean
}

/** Cards that sessions begin with. */
export const idTags = ['USER1', 'USER2', 'BLOCKED', 'STRANGER'] as const

/** A card of the same group as the second of these. */
export const relatedIdTag = 'USER2-RELATED'

/** Which other card stops a session, by the one that it began with. */
const otherCards: ReadonlyMap<string, string> = new Map([
  ['USER1', 'USER2'],
  ['USER2', relatedIdTag],
  ['BLOCKED', 'USER1'],
])

/** What is known of a session as it begins. */
type Beginning = Pick<
  Session,
  'connectorId' | 'idTag' | 'startedAtMs' | 'meterStartWh' | 'stationTransactionId' | 'remoteStartId'
>

export function newSession(beginning: Beginning, { sessions: habits }: Habits): Session {
  const { idTag, meterStartWh } = beginning
  return {
    ...beginning,
    transactionId: null,
    seqNo: 0,
    meterWh: meterStartWh,
    stopIdTag: habits.stoppedBy === 'otherCard' ? (otherCards.get(idTag) ?? 'BLOCKED') : null,
    tellsCard: false,
    habits,
    truth: { registers: [], intervalsWh: null, isUnnamed: false, isToldThroughTwo: false },
  }
}

/** Whether what happens next in a session tells the card once more that it began with. */
export function repeatsCard({ habits, seqNo }: Session): boolean {
  return habits.stoppedBy === 'otherCard' && seqNo % 3 === 2
}

/** Whether its start is told with its card, and so maybe after its end. What a remote start brings about is told at once. */
export function startsLate({ habits, remoteStartId }: Session): boolean {
  return habits.cardComes === 'last' && remoteStartId === null
}

/** Whether the cards of a session belong together, so that either may stop what the other has begun. */
export function haveCardsInCommon({ idTag, stopIdTag }: Session): boolean {
  return stopIdTag === null || stopIdTag === idTag || (stopIdTag === relatedIdTag && idTag === 'USER2')
}

/**
 * What the meter shows at the next message of a session, in Wh.
 *
 * @param risenWh what it shows when nothing happens to it.
 */
export function meterShows({ habits, seqNo, meterStartWh }: Session, what: 'update' | 'stop', risenWh: number): number {
  if (habits.meter === 'rises') return risenWh
  if (habits.meter === 'slips') return what === 'update' && seqNo === 2 ? slippedWh : risenWh
  // Exchanged for another one, which counts from nearly nothing, and then goes on above where the session began.
  if (what === 'stop' || seqNo > 3) return meterStartWh + 3_000 + seqNo
  return seqNo === 1 ? meterStartWh + 8_000 : 10 * seqNo
}

const slippedWh = 5

/** What one interval tells, in Wh. */
export const intervalWh = 11

/** Keeps what the next message of a session tells of its energy. @returns the register that it tells; null for none. */
export function noteReading(
  { habits, meterWh, truth }: Session,
  what: 'update' | 'stop',
  atMs: number,
  version: Habits['version'],
): number | null {
  if (version === '2.0.1' && habits.energy === 'intervals') {
    if (what === 'update') truth.intervalsWh = (truth.intervalsWh ?? 0) + intervalWh
    return null
  }
  if (version === '2.0.1' && what === 'stop' && habits.energy === 'noneAtEnd') return null
  truth.registers.push({ atMs, wh: meterWh })
  return meterWh
}
