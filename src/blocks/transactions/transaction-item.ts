// A transaction as lists and exports show it.

import { isoTime } from '../../base/clock.ts'
import type { TransactionRecord } from '../records.ts'

/** What lists show of a transaction. */
export type TransactionItemRecord = Pick<
  TransactionRecord,
  | 'transactionId'
  | 'identity'
  | 'evseId'
  | 'idToken'
  | 'startedAtMs'
  | 'stoppedAtMs'
  | 'open'
  | 'meterStartWh'
  | 'meterStopWh'
  | 'stopReason'
  | 'closedBy'
  | 'energy'
  | 'lastRegisterWh'
>

/** A transaction as lists show it. */
export function transactionItem(record: TransactionItemRecord) {
  return {
    transactionId: record.transactionId,
    chargePointId: record.identity,
    connectorId: record.evseId,
    idTag: record.idToken,
    startTime: isoTime(record.startedAtMs),
    stopTime: record.stoppedAtMs === null ? null : isoTime(record.stoppedAtMs),
    meterStart: record.meterStartWh,
    meterStop: record.meterStopWh ?? lastRegisterOf(record),
    energyConsumed: kWh(record.energy.consumedWh),
    energySource: record.energy.source,
    energySoFar: kWh(record.energy.soFarWh),
    stopReason: stopReason(record),
  }
}

/** The register that stands in for one that the operator who closed it did not enter. */
export function lastRegisterOf({
  closedBy,
  lastRegisterWh,
}: Pick<TransactionItemRecord, 'closedBy' | 'lastRegisterWh'>): number | null {
  return closedBy === 'operator' ? lastRegisterWh : null
}

function kWh(wh: number | null): number | null {
  return wh === null ? null : Math.round(wh * 1_000) / 1_000_000
}

// 1.6 §6.51 and 2.0.1 TransactionType: a missing reason means Local.
function stopReason({
  open,
  stopReason,
  closedBy,
}: Pick<TransactionItemRecord, 'open' | 'stopReason' | 'closedBy'>): string | null {
  return stopReason ?? (!open && closedBy === 'station' ? 'Local' : null)
}
