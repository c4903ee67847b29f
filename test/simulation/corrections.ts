// Corrections of what an operator entered: what the statement of the store does with them, and what has to hold for
// them in the end.

import type { ChangeSet } from '../../src/blocks/decision.ts'
import { isOf, type RowOf } from '../../src/blocks/stored-rows.ts'
import type { transactionCorrections } from '../../src/blocks/transactions/tables.ts'

export type StoredCorrection = Readonly<RowOf<typeof transactionCorrections>>

interface EndedRow {
  readonly closedBy: 'station' | 'operator' | null
  stoppedAtMs: number | null
  meterStopWh: number | null
  stopReason: string | null
}

/** The tables that corrections are about. */
interface Tables {
  readonly transactions: ReadonlyMap<number, EndedRow>
  readonly corrections: Map<string, StoredCorrection>
}

/** Applies the corrections of a group, after everything else in it; of several for one transaction the last. */
export function correct({ transactions, corrections }: Tables, sets: readonly ChangeSet[]): void {
  const changes = sets.flatMap((set) =>
    set.changes.flatMap((change) =>
      isOf('transactionCorrections', change) ? [{ ...change.row, atMs: set.receivedAtMs }] : [],
    ),
  )
  for (const change of new Map(changes.map((change) => [change.transactionId, change])).values()) {
    const { transactionId, number, stoppedAtMs, meterStopWh = null, stopReason = null } = change
    const row = transactions.get(transactionId)
    if (row === undefined || row.closedBy !== 'operator' || row.stoppedAtMs === null) continue
    const before = {
      stoppedAtBeforeMs: row.stoppedAtMs,
      meterStopWhBefore: row.meterStopWh,
      stopReasonBefore: row.stopReason,
    }
    Object.assign(row, { stoppedAtMs, meterStopWh, stopReason })
    const key = `${transactionId}/${number}`
    if (!corrections.has(key)) corrections.set(key, { ...change, meterStopWh, stopReason, ...before })
  }
}

/**
 * The first problem of the corrections; null if each follows the one before it, and the last one has the end of the
 * transaction.
 */
export function correctionProblem({ transactions, corrections }: Tables): string | null {
  const last = new Map<number, StoredCorrection>()
  for (const correction of corrections.values()) {
    const { transactionId, number } = correction
    const before = last.get(transactionId)
    const follows =
      before === undefined ||
      (before.stoppedAtMs === correction.stoppedAtBeforeMs && before.meterStopWh === correction.meterStopWhBefore)
    if (number !== (before?.number ?? 0) + 1 || !follows) {
      return `Correction ${number} of transaction ${transactionId} does not follow on the one before it.`
    }
    last.set(transactionId, correction)
  }
  for (const [transactionId, { meterStopWh }] of last) {
    const row = transactions.get(transactionId)
    if (row?.closedBy === 'operator' && row.meterStopWh !== meterStopWh) {
      return `Transaction ${transactionId} does not end as it was corrected.`
    }
  }
  return null
}
