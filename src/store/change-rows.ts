// Change sets turned into rows, a list per statement. Where two changes of one transaction would touch the same row they are
// folded into one, the later over the earlier: ON CONFLICT DO UPDATE cannot hit a row twice, and an UPDATE would pick either.

import type {
  Anomaly,
  Change,
  ChangeSet,
  TransactionStoppedChange,
  TransactionUpdatedChange,
} from '../blocks/decision.ts'
import { isOfTransaction } from '../blocks/overtaken.ts'
import type { RowChange, StoredTable } from '../blocks/stored-rows.ts'
import { storedTables } from '../blocks/tables.ts'
import { digestOf } from './event-row.ts'
import { fenceOf, gather, type Gathered } from './gathered-rows.ts'
import { bindRows, type RowsOf } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import {
  type ChargePointRow,
  insertAnomalies,
  tellHolders,
  type TransactionPatch,
  updateChargePoints,
  updateTransactions,
} from './statements.ts'

/** Rows of them are there before anything of the transaction patches what they say. */
const begun: readonly string[] = ['connectors', 'transactions'] satisfies StoredTable[]
const others = Object.keys(storedTables).filter((name) => !begun.includes(name))

/** Where changes of several sets become one, the older connection counts. */
function olderOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

/** The rows of any number of change sets. */
export class ChangeRows {
  readonly #tables = new Map<string, Gathered>()
  readonly #chargePoints = new Map<number, ChargePointRow>()
  readonly #patches = new Map<number, TransactionPatch>()
  readonly #anomalies: RowsOf<typeof insertAnomalies>[] = []
  readonly #toldElsewhere = new Set<number>()

  /** Adds everything of `set` but its fact and its meter values. */
  add(set: ChangeSet): void {
    for (const change of set.changes) {
      if ('table' in change) this.#addRow(set, change)
      else this.#patchRow(set, change)
    }
    if (fenceOf(set) === null && set.changes.some(isOfTransaction)) this.#toldElsewhere.add(set.chargePointKey)
    for (const [i, anomaly] of set.anomalies.entries()) this.#anomalies.push(anomalyRow(set, anomaly, i))
  }

  /** The statements that store the rows, in the order in which they have to run. */
  statements(): BoundStatement[] {
    const statementsOf = (table: string): readonly BoundStatement[] => this.#tables.get(table)?.statements() ?? []
    return [
      ...bindRows(updateChargePoints, [...this.#chargePoints.values()]),
      ...begun.flatMap(statementsOf),
      ...bindRows(updateTransactions, [...this.#patches.values()]),
      ...others.flatMap(statementsOf),
      ...bindRows(insertAnomalies, this.#anomalies),
      ...bindRows(
        tellHolders,
        [...this.#toldElsewhere].map((key) => ({ key })),
      ),
    ]
  }

  #addRow(set: ChangeSet, change: RowChange): void {
    let rows = this.#tables.get(change.table)
    if (rows === undefined) this.#tables.set(change.table, (rows = gather(change.table)))
    rows.add(set, change)
  }

  #patchRow(set: ChangeSet, change: Exclude<Change, RowChange>): void {
    switch (change.kind) {
      case 'boot': {
        const { kind: _, status, ...told } = change
        Object.assign(this.#chargePoint(set), { ...told, bootStatus: status, lastBootAtMs: set.receivedAtMs })
        return
      }
      case 'chargePointStatus':
        this.#chargePoint(set).status = change.status
        return
      case 'activity':
        this.#chargePoint(set)[`${change.activity}Status`] = change.status
        return
      case 'untimedFacts':
        this.#chargePoint(set).untimedFacts = change.facts
        return
      case 'transactionUpdated':
        patchUpdated(this.#patch(set, change.transactionId), change)
        return
      case 'transactionStopped':
        patchStopped(this.#patch(set, change.transactionId), change)
        return
    }
  }

  #chargePoint(set: ChangeSet): ChargePointRow {
    const { chargePointKey: key } = set
    let row = this.#chargePoints.get(key)
    if (row === undefined) {
      row = { key, epoch: null }
      this.#chargePoints.set(key, row)
    }
    row.epoch = olderOf(row.epoch, fenceOf(set))
    return row
  }

  #patch(set: ChangeSet, transactionId: number): TransactionPatch {
    const { chargePointKey, receivedAtMs } = set
    let patch = this.#patches.get(transactionId)
    if (patch === undefined) {
      patch = { transactionId, chargePointKey, epoch: null }
      this.#patches.set(transactionId, patch)
    }
    patch.updatedAtMs = Math.max(patch.updatedAtMs ?? receivedAtMs, receivedAtMs)
    patch.epoch = olderOf(patch.epoch, fenceOf(set))
    return patch
  }
}

function patchUpdated(patch: TransactionPatch, change: TransactionUpdatedChange): void {
  const { kind: _, registerFall, idTokenType, ...given } = change
  Object.assign(patch, given)
  // A type belongs to the token it came with.
  if (given.idToken !== undefined) patch.idTokenType = idTokenType ?? null
  if (registerFall !== undefined && registerFall.fromWh > (patch.registerFellFromWh ?? Number.NEGATIVE_INFINITY)) {
    patch.registerFellFromWh = registerFall.fromWh
    patch.registerFellAtMs = registerFall.atMs
  }
}

function patchStopped(patch: TransactionPatch, change: TransactionStoppedChange): void {
  if (change.closedBy === 'operator' && typeof patch.stoppedAtMs === 'number') return
  patch.stoppedAtMs = change.stoppedAtMs
  patch.meterStopWh = change.meterStopWh
  patch.stopReason = change.reason
  patch.stopIdToken = change.idToken
  patch.closedBy = change.closedBy
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
