// Change sets turned into rows, a list per statement. Where two changes of one transaction would touch the same row they are
// folded into one, the later over the earlier: ON CONFLICT DO UPDATE cannot hit a row twice, and an UPDATE would pick either.

import type {
  Anomaly,
  Change,
  ChangeSet,
  ChargePointEventChange,
  ProblemChange,
  TransactionStoppedChange,
  TransactionUpdatedChange,
  VariableChange,
} from '../csms/decision.ts'
import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import { isOfTransaction } from '../csms/overtaken.ts'
import { orderedText, statusOrder } from '../ocpp/member-order.ts'
import { storableKey } from '../base/storable-text.ts'
import { type CorrectionRow, correctTransactions } from './corrections.ts'
import { jsonOf } from './fact-row.ts'
import { bind, type BoundStatement, type RowsOf, type Statement } from './statement.ts'
import {
  deleteProblems,
  isOlderProblem,
  noteProblemTimes,
  type ProblemRow,
  upsertProblems,
  upsertVariables,
  type VariableRow,
} from './device-statements.ts'
import {
  type ChargePointRow,
  type ConnectorRow,
  insertAnomalies,
  insertChargePointEvents,
  insertTransactions,
  tellHolders,
  type TransactionPatch,
  type TransactionRow,
  updateChargePoints,
  updateTransactions,
  upsertConnectors,
} from './statements.ts'

/** Longest part of a variable's key, in characters (2.0.1 allows 50): four of them have to fit an index entry. */
const variableCharactersMax = 128

/** The epoch that must be the newest of the charge point for the set to be stored; null: any may be. */
export function fenceOf({ epoch, isOvertaken }: ChangeSet): number | null {
  return epoch === 0 || isOvertaken === true ? null : epoch
}

/** Where changes of several sets become one, the older connection counts. */
function olderOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

function keyPart(part: string): string {
  return storableKey(part, variableCharactersMax)
}

/** The rows of any number of change sets. */
export class ChangeRows {
  readonly #chargePoints = new Map<number, ChargePointRow>()
  readonly #connectors = new Map<string, ConnectorRow>()
  readonly #started: TransactionRow[] = []
  readonly #patches = new Map<number, TransactionPatch>()
  readonly #corrections = new Map<number, CorrectionRow>()
  readonly #events: RowsOf<typeof insertChargePointEvents>[] = []
  readonly #variables = new Map<string, VariableRow>()
  readonly #problems = new Map<string, ProblemRow>()
  readonly #anomalies: RowsOf<typeof insertAnomalies>[] = []
  readonly #toldElsewhere = new Set<number>()

  /** Adds everything of `set` but its fact and its meter values. */
  add(set: ChangeSet): void {
    for (const change of set.changes) this.#addChange(set, change)
    if (fenceOf(set) === null && set.changes.some(isOfTransaction)) this.#toldElsewhere.add(set.chargePointKey)
    for (const [i, anomaly] of set.anomalies.entries()) this.#anomalies.push(anomalyRow(set, anomaly, i))
  }

  /** The statements that store the rows, in the order in which they have to run. */
  statements(): BoundStatement[] {
    const bound: BoundStatement[] = []
    const add = <Row>(statement: Statement<Row>, rows: readonly Row[]): void => {
      if (rows.length > 0) bound.push(bind(statement, rows))
    }
    add(updateChargePoints, [...this.#chargePoints.values()])
    add(upsertConnectors, [...this.#connectors.values()])
    add(insertTransactions, this.#started)
    add(updateTransactions, [...this.#patches.values()])
    add(correctTransactions, [...this.#corrections.values()])
    add(insertChargePointEvents, this.#events)
    add(upsertVariables, [...this.#variables.values()])
    const problems = [...this.#problems.values()]
    add(noteProblemTimes, problems)
    add(
      upsertProblems,
      problems.filter(({ isActive }) => isActive),
    )
    add(
      deleteProblems,
      problems.filter(({ isActive }) => !isActive),
    )
    add(insertAnomalies, this.#anomalies)
    add(
      tellHolders,
      [...this.#toldElsewhere].map((key) => ({ key })),
    )
    return bound
  }

  #addChange(set: ChangeSet, change: Change): void {
    const { chargePointKey, receivedAtMs } = set
    switch (change.kind) {
      case 'boot': {
        const { kind: _, status, ...told } = change
        Object.assign(this.#chargePoint(set), { ...told, bootStatus: status, lastBootAtMs: receivedAtMs })
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
      case 'connectorStatus': {
        const { kind: _, ...row } = change
        const key = `${chargePointKey}/${change.evseId}/${change.connectorId}`
        this.#connectors.set(key, { ...row, chargePointKey, updatedAtMs: receivedAtMs, epoch: fenceOf(set) })
        return
      }
      case 'transactionStarted': {
        const { kind: _, story, ...row } = change
        this.#started.push({
          ...row,
          chargePointKey,
          stationUse: story?.use ?? 1,
          isStartTold: story?.isStartTold ?? true,
          lastEventAtMs: story?.lastEventAtMs ?? null,
          lastSeqNo: story?.lastSeqNo ?? null,
          receivedAtMs,
          epoch: fenceOf(set),
        })
        return
      }
      case 'transactionUpdated':
        patchUpdated(this.#patch(set, change.transactionId), change)
        return
      case 'transactionStopped':
        patchStopped(this.#patch(set, change.transactionId), change)
        return
      case 'transactionCorrected': {
        const { kind: _, reason, ...row } = change
        this.#corrections.set(change.transactionId, { ...row, stopReason: reason, atMs: receivedAtMs })
        return
      }
      case 'chargePointEvent':
        this.#events.push(eventRow(set, change))
        return
      case 'problem':
        this.#addProblem(set, change)
        return
      case 'variable':
        this.#addVariable(set, change)
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

  #addProblem(set: ChangeSet, change: ProblemChange): void {
    const { kind: _, ...told } = change
    const row = {
      ...told,
      chargePointKey: set.chargePointKey,
      updatedAtMs: set.receivedAtMs,
      componentName: keyPart(told.componentName),
      componentInstance: keyPart(told.componentInstance),
    }
    const { chargePointKey, componentName, componentInstance, evseId, connectorId } = row
    const key = [chargePointKey, componentName, componentInstance, evseId, connectorId].join('\0')
    const known = this.#problems.get(key)
    if (known === undefined || !isOlderProblem(row, known)) this.#problems.set(key, row)
  }

  #addVariable(set: ChangeSet, change: VariableChange): void {
    const { kind: _, ...told } = change
    const row = {
      ...told,
      chargePointKey: set.chargePointKey,
      updatedAtMs: set.receivedAtMs,
      componentName: keyPart(told.componentName),
      componentInstance: keyPart(told.componentInstance),
      variableName: keyPart(told.variableName),
      variableInstance: keyPart(told.variableInstance),
      attributeType: keyPart(told.attributeType),
    }
    const key = [
      set.chargePointKey,
      row.componentName,
      row.componentInstance,
      row.evseId,
      row.connectorId,
      row.variableName,
      row.variableInstance,
      row.attributeType,
    ].join('\0')
    this.#variables.set(key, row)
  }
}

function patchUpdated(patch: TransactionPatch, change: TransactionUpdatedChange): void {
  patch.evseId = change.evseId ?? patch.evseId
  patch.connectorId = change.connectorId ?? patch.connectorId
  if (change.idToken !== undefined) {
    patch.idToken = change.idToken
    patch.idTokenType = change.idTokenType ?? null
  }
  patch.idTokenStatus = change.idTokenStatus ?? patch.idTokenStatus
  patch.startedAtMs = change.startedAtMs ?? patch.startedAtMs
  patch.meterStartWh = change.meterStartWh ?? patch.meterStartWh
  patch.chargingState = change.chargingState ?? patch.chargingState
  patch.remoteStartId = change.remoteStartId ?? patch.remoteStartId
  patch.isStartTold = change.isStartTold ?? patch.isStartTold
  patch.lastEventAtMs = change.lastEventAtMs ?? patch.lastEventAtMs
  patch.lastSeqNo = change.lastSeqNo ?? patch.lastSeqNo
  const { registerFall } = change
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

function digestOf(...parts: (string | number)[]): bigint {
  return BigInt.asIntN(64, Bun.hash.xxHash64(parts.join('\0')))
}

// A notification with a time of its own is the same wherever and whenever it comes again, and so is one with a place. Without either
// only a resend under the same message id on the same connection is told; and boots are all kept, since some stations number every boot
// alike.
function eventRow(set: ChangeSet, change: ChargePointEventChange): RowsOf<typeof insertChargePointEvents> {
  const payload = hideFrameSecrets(jsonOf(change.payload))
  const identifying: (string | number)[] = []
  if (change.place !== undefined) identifying.push('place', change.place)
  else if (change.occurredAtMs !== null) identifying.push(change.occurredAtMs)
  else if (set.changes.some((other) => other.kind === 'boot'))
    identifying.push(set.epoch, set.messageId, set.receivedAtMs)
  else identifying.push(set.epoch, set.messageId)
  return {
    chargePointKey: set.chargePointKey,
    // A place stands for what was told there, however its members were ordered.
    digest: digestOf(change.action, change.place === undefined ? tellingText(change, payload) : '', ...identifying),
    action: change.action,
    messageId: set.messageId,
    occurredAtMs: change.occurredAtMs,
    receivedAtMs: set.receivedAtMs,
    payload,
  }
}

/** The text that tells a notification from others of its time. */
function tellingText({ action, payload }: ChargePointEventChange, shown: string): string {
  if (action !== 'StatusNotification' || typeof payload === 'string') return shown
  return hideFrameSecrets(orderedText(payload, statusOrder(payload)))
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
