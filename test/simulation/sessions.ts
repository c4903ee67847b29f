// Charging sessions, as their charge point knows them: the cards that began and stopped it, and the readings of its
// meter.

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
  /** The card that stops it, if it is another one; else null. */
  readonly stopIdTag: string | null
  /** 2.0.1: whether the next event contains the card that it began with. */
  readonly reportsCard: boolean
  readonly habits: SessionHabits
  readonly truth: SessionTruth
}

/** The expected result, as far as the charge point knows. */
export interface SessionTruth {
  /** Registers that it reported, with their times. */
  readonly registers: { readonly atMs: number; readonly wh: number }[]
  /** The sum of the intervals that it reported; null if it reported none. */
  intervalsWh: number | null
  /** 1.6: some of it was reported before its transactionId was known. */
  isUnnamed: boolean
  /** Some of it was reported while its charge point sent through two sockets. */
  isReportedThroughTwo: boolean
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

/** A session when it begins. */
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
    reportsCard: false,
    habits,
    truth: { registers: [], intervalsWh: null, isUnnamed: false, isReportedThroughTwo: false },
  }
}

/** Whether the next event in a session repeats the card that it began with. */
export function repeatsCard({ habits, seqNo }: Session): boolean {
  return habits.stoppedBy === 'otherCard' && seqNo % 3 === 2
}

/**
 * Whether its start is reported with its card, and so perhaps after its end. A session of a remote start is reported at
 * once.
 */
export function startsLate({ habits, remoteStartId }: Session): boolean {
  return habits.cardComes === 'last' && remoteStartId === null
}

/** Whether the cards of a session belong together, so that either may stop what the other has begun. */
export function haveCardsInCommon({ idTag, stopIdTag }: Session): boolean {
  return stopIdTag === null || stopIdTag === idTag || (stopIdTag === relatedIdTag && idTag === 'USER2')
}

/**
 * The register at the next message of a session, in Wh.
 *
 * @param risenWh the register without a fault of the meter.
 */
export function meterShows({ habits, seqNo, meterStartWh }: Session, what: 'update' | 'stop', risenWh: number): number {
  if (habits.meter === 'rises') return risenWh
  if (habits.meter === 'slips') return what === 'update' && seqNo === 2 ? slippedWh : risenWh
  // Exchanged for another meter, which counts from nearly zero, and later continues above the start of the session.
  if (what === 'stop' || seqNo > 3) return meterStartWh + 3_000 + seqNo
  return seqNo === 1 ? meterStartWh + 8_000 : 10 * seqNo
}

const slippedWh = 5

/** The energy of one interval, in Wh. */
export const intervalWh = 11

/**
 * Records the energy that the next message of a session reports. @returns the register that it reports; null for none.
 */
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
