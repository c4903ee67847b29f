// Turns change sets into rows, one list per statement. Two changes of the same row in one transaction are merged, the
// later over the earlier: ON CONFLICT DO UPDATE cannot change a row twice, and an UPDATE would pick either.

import type { Anomaly, ChangeSet } from '../blocks/decision.ts'
import { isOfTransaction } from '../blocks/overtaken.ts'
import type { ChargePointChange, RowChange, StoredTable, TransactionChange } from '../blocks/stored-rows.ts'
import { storedTables } from '../blocks/tables.ts'
import { digestOf } from './event-row.ts'
import { fenceOf, gather, type Gathered } from './gathered-rows.ts'
import { bindRows, type RowsOf } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import {
  type ChargePointRow,
  insertAnomalies,
  notifyHolders,
  type TransactionUpdate,
  updateChargePoints,
  updateTransactions,
} from './statements.ts'
import { whatCounts } from './transaction-patches.ts'

/** These rows are inserted before a patch of the same transaction changes them. */
const begun: readonly string[] = ['connectors', 'transactions'] satisfies StoredTable[]
const others = Object.keys(storedTables).filter((name) => !begun.includes(name))

/** If changes of several sets are merged, the fencing token of the older connection counts. */
function olderOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

/** The rows of any number of change sets. */
export class ChangeRows {
  readonly #tables = new Map<string, Gathered>()
  readonly #chargePoints = new Map<number, ChargePointRow>()
  readonly #transactions = new Map<number, TransactionUpdate>()
  readonly #anomalies: RowsOf<typeof insertAnomalies>[] = []
  readonly #changedElsewhere = new Set<number>()

  /** Adds everything of `set` except its fact and its meter values. */
  add(set: ChangeSet): void {
    for (const change of set.changes) {
      if ('row' in change) this.#addRow(set, change)
      else if (change.table === 'chargePoints') this.#patchChargePoint(set, change)
      else this.#patchTransaction(set, change)
    }
    if (fenceOf(set) === null && set.changes.some(isOfTransaction)) this.#changedElsewhere.add(set.chargePointKey)
    for (const [i, anomaly] of set.anomalies.entries()) this.#anomalies.push(anomalyRow(set, anomaly, i))
  }

  /** The statements that store the rows, in the order in which they have to run. */
  statements(): BoundStatement[] {
    const statementsOf = (table: string): readonly BoundStatement[] => this.#tables.get(table)?.statements() ?? []
    return [
      ...bindRows(updateChargePoints, [...this.#chargePoints.values()]),
      ...begun.flatMap(statementsOf),
      ...bindRows(updateTransactions, [...this.#transactions.values()]),
      ...others.flatMap(statementsOf),
      ...bindRows(insertAnomalies, this.#anomalies),
      ...bindRows(
        notifyHolders,
        [...this.#changedElsewhere].map((key) => ({ key })),
      ),
    ]
  }

  #addRow(set: ChangeSet, change: RowChange): void {
    let rows = this.#tables.get(change.table)
    if (rows === undefined) this.#tables.set(change.table, (rows = gather(change.table)))
    rows.add(set, change)
  }

  #patchChargePoint(set: ChangeSet, { patch }: ChargePointChange): void {
    const { chargePointKey: key } = set
    const row = this.#chargePoints.get(key)
    const epoch = row === undefined ? fenceOf(set) : olderOf(row.epoch, fenceOf(set))
    this.#chargePoints.set(key, { ...row, ...patch, key, epoch })
  }

  #patchTransaction(set: ChangeSet, { transactionId, patch }: TransactionChange): void {
    const { chargePointKey, receivedAtMs } = set
    const row = this.#transactions.get(transactionId)
    const epoch = row === undefined ? fenceOf(set) : olderOf(row.epoch, fenceOf(set))
    // What an operator says of the cost is no message about the transaction: it stays as old as it is.
    const isCostOfOperator = set.epoch === 0 && patch.givenCost !== undefined
    const updatedAtMs = isCostOfOperator ? row?.updatedAtMs : Math.max(row?.updatedAtMs ?? receivedAtMs, receivedAtMs)
    const counting = whatCounts(patch, row ?? {})
    this.#transactions.set(transactionId, { chargePointKey, ...row, ...counting, transactionId, updatedAtMs, epoch })
  }
}

function anomalyRow(set: ChangeSet, anomaly: Anomaly, place: number): RowsOf<typeof insertAnomalies> {
  const detail = JSON.stringify(anomaly.detail)
  const transaction = anomaly.transaction ?? null
  return {
    chargePointKey: set.chargePointKey,
    receivedAtMs: set.receivedAtMs,
    digest: digestOf(set.messageId, set.epoch, place, anomaly.kind, transaction ?? '', detail),
    kind: anomaly.kind,
    transaction,
    detail,
    messageId: set.messageId,
  }
}
