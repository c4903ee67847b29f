// The registry of tariffs that charge points of 2.1 have: what operators set, what charge points report, and the state
// that follows. Pure.

import type { Payload } from '../values.ts'
import type { TariffAssignment } from './cost-records.ts'

/** A tariff that is to be set. */
export interface NewStationTariff {
  readonly chargePointKey: number
  readonly tariffId: string
  /** 0: all EVSEs. */
  readonly evseId: number
  /** Ours; 0: a default tariff. */
  readonly transactionId: number
  readonly tariff: Payload
  readonly setAtMs: number
  readonly setBy: string
}

/** A tariff that an operator set. */
export interface StationTariffRecord extends Omit<NewStationTariff, 'chargePointKey'> {
  readonly isTransactionOver: boolean
  readonly status: string | null
  readonly clearedAtMs: number | null
}

/** What a charge point has answered to GetTariffs. */
export interface ReportedTariffsRecord {
  /** 0: all EVSEs. */
  readonly evseId: number
  readonly assignments: readonly TariffAssignment[]
  readonly receivedAtMs: number
}

/** Which default tariffs are meant; a field that is left out means any. */
export interface TariffCriteria {
  readonly tariffIds?: readonly string[] | undefined
  readonly evseId?: number | undefined
}

/** What the driver of an id token is told of prices. */
export interface DriverTariff {
  readonly tariff: Payload | null
  /** MessageContentType. */
  readonly personalMessage: Payload | null
}

/** Reads and stores tariffs of charge points, by their keys, and of drivers. */
export interface TariffQueries {
  /** Before it is sent. */
  storeStationTariff(tariff: NewStationTariff): Promise<void>
  /**
   * What the charge point has answered.
   *
   * @param replaces whether it takes the place of the tariff that was there before: not if it is valid later only.
   */
  answerStationTariff(made: NewStationTariff, status: string, replaces: boolean, nowMs: number): Promise<void>
  /** The charge point has cleared them. */
  clearStationTariffs(chargePointKey: number, criteria: TariffCriteria, nowMs: number): Promise<void>
  /** Those that were set last, newest first. */
  stationTariffsOf(chargePointKey: number): Promise<readonly StationTariffRecord[]>
  reportedTariffsOf(chargePointKey: number): Promise<readonly ReportedTariffsRecord[]>
  /** Null: there is no such id token. */
  driverTariff(idToken: string): Promise<DriverTariff | null>
  /** False: there is no such id token. */
  storeDriverTariff(idToken: string, told: DriverTariff): Promise<boolean>
}

/** The states of a tariff, and what each means, for readers of the API. */
export const tariffStateMeanings = {
  requested: 'sent; there is no answer (yet)',
  rejected: 'the charge point does not take it',
  scheduled: 'the charge point has it, and it is valid later',
  active: 'the charge point has it',
  gone: 'the charge point did not report it when it was asked last',
  ended: 'its transaction is over, and it with that',
  cleared: 'it was cleared, or another one has replaced it',
} as const

export type TariffState = keyof typeof tariffStateMeanings

/** The state of a tariff at `nowMs`. What the charge point has reported since counts more than what it answered. */
export function tariffState(
  record: StationTariffRecord,
  reports: readonly ReportedTariffsRecord[],
  nowMs: number,
): TariffState {
  const { status, clearedAtMs, setAtMs, isTransactionOver, transactionId, tariff } = record
  if (isTransactionOver) return 'ended'
  const report = transactionId === 0 ? newestAbout(record, reports) : undefined
  const isSince = report !== undefined && report.receivedAtMs > Math.max(setAtMs, clearedAtMs ?? 0)
  const isReported = isSince && report.assignments.some((one) => isSame(one, record))
  if (clearedAtMs !== null && !isReported) return 'cleared'
  if (!isReported) {
    if (status === null) return 'requested'
    if (status !== 'Accepted') return 'rejected'
    if (isSince) return 'gone'
  }
  const validFromMs = typeof tariff.validFrom === 'string' ? Date.parse(tariff.validFrom) : Number.NaN
  return validFromMs > nowMs ? 'scheduled' : 'active'
}

/** A report for all EVSEs is about each of them. */
function newestAbout(
  { evseId }: StationTariffRecord,
  reports: readonly ReportedTariffsRecord[],
): ReportedTariffsRecord | undefined {
  return reports
    .filter((report) => report.evseId === 0 || report.evseId === evseId)
    .toSorted((a, b) => b.receivedAtMs - a.receivedAtMs)[0]
}

/** Whether what the charge point reports is the default tariff. Without EVSEs it is that of all. */
function isSame({ tariffId, tariffKind, evseIds }: TariffAssignment, record: StationTariffRecord): boolean {
  if (tariffId !== record.tariffId || tariffKind === 'DriverTariff') return false
  return evseIds === undefined || record.evseId === 0 || evseIds.includes(0) || evseIds.includes(record.evseId)
}
