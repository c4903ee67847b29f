// Whether a set was decided from outdated state, as the statements of the store detect it (`src/store/outdated.ts`).

import type { ChangeSet } from '../../src/blocks/decision.ts'
import { isFenced } from '../../src/blocks/overtaken.ts'
import { isOf, isTransactionPatch } from '../../src/blocks/stored-rows.ts'

/** The stored columns of a transaction that a set may not know yet. */
interface ReportedTransaction {
  readonly chargePointKey: number
  readonly stationTransactionId: string | null
  readonly receivedAtMs: number
  readonly closedBy: 'station' | 'operator' | null
  readonly stoppedAtMs: number | null
  readonly isStartReported: boolean
  readonly lastEventAtMs: number | null
  readonly lastSeqNo: number | null
}

/** What is stored before the group of the set. */
export interface Stored {
  readonly epochOf: (chargePointKey: number) => number
  readonly transaction: (id: number) => ReportedTransaction | undefined
  /** Our id of the transaction to which the charge point gave this id, in this use. */
  readonly named: (chargePointKey: number, stationTransactionId: string, use: number) => number | undefined
}

export function isOutdated(set: ChangeSet, stored: Stored): boolean {
  return (
    isBehindNewest(set, stored) ||
    isNumberedOtherwise(set, stored) ||
    isNamedOtherwise(set, stored) ||
    isBehindTransaction(set, stored)
  )
}

/** Whether the charge point has a newer connection. */
export function isBehindNewest(
  { chargePointKey, epoch, isOvertaken, changes }: ChangeSet,
  { epochOf }: Pick<Stored, 'epochOf'>,
): boolean {
  return epoch > 0 && isOvertaken !== true && epochOf(chargePointKey) > epoch && changes.some(isFenced)
}

/** Whether another transaction has the id of one that begins. */
function isNumberedOtherwise({ chargePointKey, receivedAtMs, changes }: ChangeSet, { transaction }: Stored): boolean {
  return changes.some((change) => {
    if (!isOf('transactions', change)) return false
    const { transactionId, stationTransactionId = null } = change.row
    const row = transaction(transactionId)
    if (row === undefined) return false
    const isSame = row.chargePointKey === chargePointKey && row.receivedAtMs === receivedAtMs
    return !isSame || row.stationTransactionId !== stationTransactionId
  })
}

function isNamedOtherwise({ chargePointKey, changes }: ChangeSet, { named }: Stored): boolean {
  return changes.some((change) => {
    if (!isOf('transactions', change)) return false
    const { stationTransactionId = null, stationUse } = change.row
    if (stationTransactionId === null) return false
    const id = named(chargePointKey, stationTransactionId, stationUse)
    return id !== undefined && id !== change.row.transactionId
  })
}

function isBehindTransaction({ changes }: ChangeSet, { transaction }: Stored): boolean {
  return changes.some((change) => {
    if (!isTransactionPatch(change)) return false
    const row = transaction(change.transactionId)
    if (row === undefined) return false
    const { chargingState, closedBy, isStartReported, lastEventAtMs, lastSeqNo } = change.patch
    const isEarlier =
      typeof lastEventAtMs === 'number' && row.lastEventAtMs !== null && lastEventAtMs < row.lastEventAtMs
    const isLower = typeof lastSeqNo !== 'number' || row.lastSeqNo === null || lastSeqNo <= row.lastSeqNo
    return (
      (closedBy === 'station' && row.closedBy === 'station') ||
      (typeof chargingState === 'string' && row.stoppedAtMs !== null) ||
      (isStartReported === true && row.isStartReported) ||
      (isEarlier && isLower)
    )
  })
}
