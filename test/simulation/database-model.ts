// Long because it has every table. Stator's tables and the effects of its statements, in memory: the unique keys,
// conflicts, the original answer to a retransmission. It takes the same change sets as PostgreSQL;
// database-model.test.ts compares the two.

import { openTransactionsMax } from '../../src/base/limits.ts'
import type {
  BeforeStart,
  Change,
  ChangeSet,
  CommitOutcome,
  KnownConnector,
  KnownIdToken,
  KnownTransaction,
  TransactionFact,
} from '../../src/blocks/decision.ts'
import { isOfTransaction } from '../../src/blocks/overtaken.ts'
import type { Hydration, OpenPromise } from '../../src/blocks/records.ts'
import {
  isOf,
  type NewRow,
  type RowChange,
  type StoredRow,
  type TransactionPatch,
} from '../../src/blocks/stored-rows.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'
import type { RegisterReading, RegistersNextTo, Strictness } from '../../src/ocpp/verdict.ts'
import {
  knownColumns,
  knownLaterColumns,
  transactions,
  unpatchedColumns as unpatchedOfTransaction,
} from '../../src/blocks/transactions/tables.ts'
import { patchedNames } from '../../src/store/table-statement.ts'
import type { EnergyEvidence } from '../../src/blocks/metering/energy.ts'
import { connectors } from '../../src/blocks/availability/tables.ts'
import { chargePoints, unpatchedColumns as unpatchedOfChargePoint } from '../../src/blocks/charge-point-tables.ts'
import { nulls } from '../support/nulls.ts'
import { beforeStartOf } from './before-start.ts'
import { ConnectorHistoryModel } from './connector-history.ts'
import { correct, type StoredCorrection } from './corrections.ts'
import { evidenceOf, samplesOf } from './evidence.ts'
import { FenceModel } from './fences.ts'
import { lastRegisterOf, registersNextTo } from './last-registers.ts'
import { LeaseModel } from './leases.ts'
import { meterRowsOf, type StoredMeterRow } from './meter-rows.ts'
import { isOutdated } from './outdated.ts'
import { ProblemModel } from './problems.ts'
import { PromiseModel } from './promises.ts'
import { refusal } from './refusal.ts'
import { TableModel } from './table-model.ts'

type ChargePointRow = typeof chargePoints.$inferSelect

/** The columns of a charge point that messages change, and others that are needed. */
export type StoredChargePoint = Omit<ChargePointRow, (typeof unpatchedOfChargePoint)[number]> &
  Pick<
    ChargePointRow,
    | 'identity'
    | 'strictness'
    | 'quirkProfile'
    | 'registrationStatus'
    | 'timeZone'
    | 'lastSeenAtMs'
    | 'lastHeartbeatAtMs'
    | 'connected'
  > & {
    readonly key: number
    version: OcppVersion | null
    /** The node that holds the connection. */
    node: string | null
    epoch: number
  }

export type StoredConnector = NewRow<'connectors'> &
  Pick<StoredRow<'connectors'>, keyof typeof noFault> & { readonly updatedAtMs: number }

/** Of a connector: what its charge point may leave out. */
const noFault = nulls(
  patchedNames(connectors, [
    ...(['chargePointKey', 'evseId', 'connectorId', 'status', 'statusSent'] as const),
    ...(['updatedAtMs', 'statusSinceMs', 'changedAtMs'] as const),
  ]),
)

export type StoredTransaction = Omit<typeof transactions.$inferSelect, 'transactionId'> & { readonly id: number }

export interface StoredFact {
  readonly chargePointKey: number
  readonly sentAtMs: number
  /** This and the next two are in the payload only; the checks read them. */
  readonly ref: string
  readonly seqNo: number
  readonly event: TransactionFact['event']
  readonly transactionId: number | null
  readonly messageId: string
  readonly occurredAtMs: number
  readonly receivedAtMs: number
  readonly payload: string
  readonly answer: string
}

export interface StoredEvent {
  readonly chargePointKey: number
  readonly action: string
  readonly messageId: string
  readonly occurredAtMs: number | null
  readonly receivedAtMs: number
  readonly payload: string
}

export interface StoredAnomaly {
  readonly chargePointKey: number
  readonly receivedAtMs: number
  readonly kind: string
  readonly transaction: string | null
  readonly detail: string
  readonly messageId: string
}

/** A charge point has sent something (`Writer.markSeen`). */
export interface Seen {
  readonly key: number
  readonly lastSeenAtMs?: number | null | undefined
  readonly lastHeartbeatAtMs?: number | null | undefined
}

/** What one transaction answered. */
export interface Committed {
  readonly outcomes: readonly CommitOutcome[]
  readonly duplicates: number
  readonly outdated: number
  readonly meterRows: number
  /** Whether facts or meter values had been stored before. */
  readonly hadStored: boolean
}

/** The tables. Maps are keyed as the unique indexes are; they keep the order in which rows came. */
export class DatabaseModel {
  readonly chargePoints = new Map<number, StoredChargePoint>()
  readonly connectors = new Map<string, StoredConnector & { readonly chargePointKey: number }>()
  readonly connectorHistory = new ConnectorHistoryModel()
  readonly transactions = new Map<number, StoredTransaction>()
  readonly corrections = new Map<string, StoredCorrection>()
  readonly facts = new Map<string, StoredFact>()
  readonly events = new Map<string, StoredEvent>()
  readonly anomalies = new Map<string, StoredAnomaly>()
  readonly meterValues = new Map<string, StoredMeterRow>()
  /** The tables that are modelled by their definitions alone. */
  readonly others = new TableModel()
  readonly problems = new ProblemModel()
  readonly idTokens = new Map<string, KnownIdToken>()
  readonly leases = new LeaseModel(this.chargePoints)
  readonly promises = new PromiseModel(this.transactions)
  readonly fences = new FenceModel(this.chargePoints)
  /** How often a text is in a table, by `copyKey`. */
  readonly copies = new Map<string, number>()
  readonly #byStationId = new Map<string, number>()
  #lastEpoch = 0
  #lastTransactionId = 0

  /** The unique key of the ledger. */
  protected factKey(set: ChangeSet, { sentAtMs, content, place, ref, seqNo }: TransactionFact): string {
    const said = content === undefined ? ['ref', ref, seqNo] : ['content', content, place]
    return [set.chargePointKey, sentAtMs, ...said].join('\0')
  }

  addChargePoint(key: number, identity: string, strictness: Strictness, timeZone: string | null = null): void {
    this.chargePoints.set(key, {
      ...nulls(patchedNames(chargePoints, unpatchedOfChargePoint)),
      key,
      identity,
      strictness,
      quirkProfile: null,
      registrationStatus: 'Accepted',
      timeZone,
      version: null,
      status: 'Unknown',
      connected: false,
      node: null,
      epoch: 0,
      lastSeenAtMs: null,
      lastHeartbeatAtMs: null,
    })
  }

  /** Commits a group, as `CommitGroup` does. @throws {DatabaseError} when it begins one with the number of another. */
  commit(sets: readonly ChangeSet[], seen: readonly Seen[], mayBeStored = false): Committed {
    const insertedNow = new Set<string>()
    let duplicates = 0
    let meterRows = 0
    let hadStored = false
    const toBeApplied: ChangeSet[] = []
    let outdated = 0
    const behind = new Set(sets.filter((set) => this.isOutdated(set)))
    if (this.#beginsTwice(sets.filter((set) => !behind.has(set)))) {
      throw refusal('21000', 'a row cannot be affected a second time')
    }
    const outcomes = sets.map((set): CommitOutcome => {
      const isCopy = set.fact !== undefined && insertedNow.has(this.factKey(set, set.fact))
      if (behind.has(set) && !isCopy) {
        outdated++
        return { isOutdated: true, duplicate: false, answer: set.answer }
      }
      if (set.fact !== undefined) {
        const { fact } = set
        const key = this.factKey(set, fact)
        const stored = this.facts.get(key)
        if (stored !== undefined) {
          // The same frame is an earlier attempt whose outcome was lost, not a retransmission.
          const isOwn =
            mayBeStored &&
            !insertedNow.has(key) &&
            stored.messageId === set.messageId &&
            stored.receivedAtMs === set.receivedAtMs &&
            stored.answer === JSON.stringify(set.answer)
          if (!isOwn) duplicates++
          if (!insertedNow.has(key)) hadStored = true
          return { duplicate: !isOwn, answer: JSON.parse(stored.answer) as CommitOutcome['answer'] }
        }
        insertedNow.add(key)
        this.#insertFact(key, set, fact)
      }
      toBeApplied.push(set)
      return { duplicate: false, answer: set.answer }
    })
    // A statement per kind of change: what begins in a group begins before anything of the group is updated.
    for (const set of toBeApplied) {
      for (const change of set.changes) if (isOf('transactions', change)) this.#start(set, change.row)
    }
    for (const set of toBeApplied) {
      const { rows, isNew } = this.#apply(set)
      meterRows += rows
      if (!isNew) hadStored = true
    }
    this.connectorHistory.settle(this.connectors)
    this.problems.settle()
    correct(this, toBeApplied)
    for (const { key, lastSeenAtMs, lastHeartbeatAtMs } of seen) {
      const row = this.chargePoints.get(key)
      if (row === undefined) continue
      row.lastSeenAtMs = greatest(row.lastSeenAtMs, lastSeenAtMs ?? null)
      row.lastHeartbeatAtMs = greatest(row.lastHeartbeatAtMs, lastHeartbeatAtMs ?? null)
    }
    return { outcomes, duplicates, outdated, meterRows, hadStored }
  }

  /** Whether two transactions that begin among the sets have one number. */
  #beginsTwice(sets: readonly ChangeSet[]): boolean {
    const facts = new Set<string>()
    const begun = new Set<number>()
    for (const set of sets) {
      if (set.fact !== undefined) {
        const key = this.factKey(set, set.fact)
        if (this.facts.has(key) || facts.has(key)) continue
        facts.add(key)
      }
      for (const change of set.changes) {
        if (!isOf('transactions', change)) continue
        const { transactionId } = change.row
        if (!this.transactions.has(transactionId) && begun.has(transactionId)) return true
        begun.add(transactionId)
      }
    }
    return false
  }

  /** Promises of the charge point that a claim reads. */
  protected promisesOf(key: number, nowMs: number): readonly OpenPromise[] {
    return this.promises.openOf(key, nowMs)
  }

  /** Whether the set was decided from outdated state. A fact that is in the ledger is not decided again. */
  protected isOutdated(set: ChangeSet): boolean {
    if (set.fact !== undefined && this.facts.has(this.factKey(set, set.fact))) return false
    return isOutdated(set, {
      epochOf: (key) => this.chargePoints.get(key)?.epoch ?? 0,
      transaction: (id) => this.transactions.get(id),
      named: (key, id, use) => this.#byStationId.get(stationKey(key, id, use)),
    })
  }

  /** The unique index of the names of transactions. */
  protected begunTwice(place: string): void {
    throw new Error(`Two transactions have the place ${place}.`)
  }

  /** What an actor of the charge point starts from. */
  hydration(key: number, nowMs: number): Hydration | null {
    const row = this.chargePoints.get(key)
    if (row === undefined || row.version === null) return null
    const { identity, version, strictness, registrationStatus, timeZone, bootStatus, lastBootAtMs } = row
    const { epoch, untimedFacts, quirkProfile, vendor, model, firmwareVersion } = row
    const said = { quirkProfile, vendor, model, firmwareVersion }
    return {
      chargePoint: {
        key,
        identity,
        version,
        strictness,
        registrationStatus,
        timeZone,
        bootStatus,
        lastBootAtMs,
        ...said,
      },
      epoch,
      connectors: this.connectorsOf(key),
      openTransactions: this.openTransactionsOf(key)
        .toSorted((a, b) => b.receivedAtMs - a.receivedAtMs || b.id - a.id)
        .slice(0, openTransactionsMax)
        .map(knownTransaction),
      untimedFacts,
      promises: this.promisesOf(key, nowMs),
    }
  }

  /** Claims a connection under a new epoch; null when there is no such charge point. */
  claim(key: number, version: OcppVersion, atMs: number, node: string, nowMs = atMs): Hydration | null {
    const row = this.chargePoints.get(key)
    if (row === undefined) return null
    if (row.connected) this.fences.set(key)
    row.connected = true
    row.node = node
    row.version = version
    row.epoch = ++this.#lastEpoch
    row.lastSeenAtMs = greatest(row.lastSeenAtMs, atMs)
    return this.hydration(key, nowMs)
  }

  /** `count` new transaction ids, ascending. */
  newTransactionIds(count: number): number[] {
    return Array.from({ length: count }, () => ++this.#lastTransactionId)
  }

  connectorsOf(key: number): KnownConnector[] {
    return [...this.connectors.values()]
      .filter((row) => row.chargePointKey === key)
      .map(({ evseId, connectorId, status }) => ({ evseId, connectorId, status }))
  }

  openTransactionsOf(key: number): StoredTransaction[] {
    return [...this.transactions.values()].filter((row) => row.chargePointKey === key && row.stoppedAtMs === null)
  }

  transaction(id: number): KnownTransaction | null {
    const row = this.transactions.get(id)
    return row === undefined ? null : knownTransaction(row)
  }

  transactionsByStationId(key: number, stationTransactionId: string): KnownTransaction[] {
    return [...this.transactions.values()]
      .filter((row) => row.chargePointKey === key && row.stationTransactionId === stationTransactionId)
      .toSorted((a, b) => b.stationUse - a.stationUse)
      .map(knownTransaction)
  }

  /** The last register of a transaction that seems to have begun then. */
  lastRegister(id: number, startedAtMs: number): RegisterReading | null {
    const row = this.transactions.get(id)
    return row === undefined ? null : lastRegisterOf(row, [...this.meterValues.values()], startedAtMs)
  }

  /** The registers of a transaction before and after a time; null if it has one with this time. */
  registersNextTo(id: number, atMs: number): RegistersNextTo | null {
    const row = this.transactions.get(id)
    return row === undefined ? null : registersNextTo(row, [...this.meterValues.values()], atMs)
  }

  beforeStart(key: number, evseId: number, idToken: string): BeforeStart {
    const { lastStop, open } = beforeStartOf([...this.transactions.values()], this.idTokens, key, evseId, idToken)
    return { lastStop, openOfIdToken: open.map(knownTransaction) }
  }

  #count(table: CountedTable, chargePointKey: number, text: string): void {
    const key = copyKey(table, chargePointKey, text)
    this.copies.set(key, (this.copies.get(key) ?? 0) + 1)
  }

  #insertFact(key: string, set: ChangeSet, fact: TransactionFact): void {
    const { ref, seqNo, event, transactionId, occurredAtMs, payload } = fact
    const { chargePointKey, messageId, receivedAtMs, answer } = set
    this.#count('facts', chargePointKey, JSON.stringify(payload))
    this.facts.set(key, {
      chargePointKey,
      sentAtMs: fact.sentAtMs ?? 0,
      ref,
      seqNo,
      event,
      transactionId,
      messageId,
      occurredAtMs,
      receivedAtMs,
      payload: JSON.stringify(payload),
      answer: JSON.stringify(answer),
    })
  }

  /** Stores everything except the fact; returns how many meter values it had, and whether all of them were new. */
  #apply(set: ChangeSet): { readonly rows: number; readonly isNew: boolean } {
    for (const change of set.changes) this.#change(set, change)
    if ((set.epoch === 0 || set.isOvertaken === true) && set.changes.some(isOfTransaction)) {
      this.fences.set(set.chargePointKey)
    }
    for (const [place, { kind, transaction = null, detail }] of set.anomalies.entries()) {
      const { chargePointKey, receivedAtMs, messageId, epoch } = set
      const text = JSON.stringify(detail)
      const key = [chargePointKey, receivedAtMs, messageId, epoch, place, kind, transaction ?? '', text].join('\0')
      const row = { chargePointKey, receivedAtMs, kind, transaction, detail: text, messageId }
      if (insert(this.anomalies, key, row)) this.#count('anomalies', chargePointKey, text)
    }
    if (set.meter === null) return { rows: 0, isNew: true }
    let isNew = true
    const rows = meterRowsOf(set.meter, set.meterPlace)
    for (const row of rows) {
      const { chargePointKey, transactionRef, sampledAtMs, evseId, connectorId, digest } = row
      const key = [chargePointKey, transactionRef, sampledAtMs, evseId, connectorId, digest].join('/')
      if (insert(this.meterValues, key, row)) this.#count('meterValues', chargePointKey, row.meterValue)
      else isNew = false
    }
    return { rows: rows.length, isNew }
  }

  #addRow(set: ChangeSet, change: RowChange): void {
    const { chargePointKey, receivedAtMs } = set
    if (isOf('connectors', change)) {
      const key = `${chargePointKey}/${change.row.evseId}/${change.row.connectorId}`
      this.connectorHistory.note(key, this.connectors.get(key))
      this.connectors.set(key, { ...noFault, ...change.row, chargePointKey, updatedAtMs: receivedAtMs })
    } else if (isOf('chargePointEvents', change)) {
      this.#addEvent(set, change)
    } else if (isOf('problems', change)) {
      this.problems.record(set, change)
    } else if (!isOf('transactions', change) && !isOf('transactionCorrections', change)) {
      this.others.put(set, change)
    }
  }

  #addEvent(set: ChangeSet, { row: reported, place }: RowChange<'chargePointEvents'>): void {
    const { action, occurredAtMs = null } = reported
    const { chargePointKey, receivedAtMs, messageId, epoch } = set
    const payload = typeof reported.payload === 'string' ? reported.payload : JSON.stringify(reported.payload)
    const isBoot = set.changes.some((other) => other.table === 'chargePoints' && 'bootStatus' in other.patch)
    const identifying =
      occurredAtMs === null ? [epoch, messageId, isBoot ? receivedAtMs : ''].join('\0') : String(occurredAtMs)
    const own = place === undefined ? [payload, identifying] : ['place', place]
    const key = [chargePointKey, action, ...own].join('\0')
    const row = { chargePointKey, action, messageId, occurredAtMs, receivedAtMs, payload }
    if (insert(this.events, key, row)) this.#count('events', chargePointKey, payload)
  }

  #change(set: ChangeSet, change: Change): void {
    if ('row' in change) return this.#addRow(set, change)
    const { chargePointKey, receivedAtMs } = set
    if (change.table === 'chargePoints') {
      const chargePoint = this.chargePoints.get(chargePointKey)
      if (chargePoint !== undefined) Object.assign(chargePoint, change.patch)
      return
    }
    const row = this.transactions.get(change.transactionId)
    if (row !== undefined) update(row, change.patch, receivedAtMs)
  }

  /** The energy of a transaction from its meter values, as `evidenceOf` of the store computes it. */
  evidenceOf(transaction: StoredTransaction): EnergyEvidence {
    return evidenceOf(this.samplesOf(transaction), transaction)
  }

  /** The meter values of a transaction. If an id was used several times, each use has those until the next begins. */
  protected samplesOf(transaction: StoredTransaction): readonly StoredMeterRow[] {
    return samplesOf(transaction, [...this.transactions.values()], [...this.meterValues.values()])
  }

  /** How often the end of a transaction has been corrected. */
  correctionsOf(id: number): readonly StoredCorrection[] {
    return [...this.corrections.values()].filter(({ transactionId }) => transactionId === id)
  }

  #start(set: ChangeSet, change: NewRow<'transactions'>): void {
    const { transactionId: id, stationTransactionId = null, stationUse } = change
    const { chargePointKey, receivedAtMs } = set
    const byStation =
      stationTransactionId === null ? null : stationKey(chargePointKey, stationTransactionId, stationUse)
    if (this.transactions.has(id)) return
    if (byStation !== null && this.#byStationId.has(byStation)) return this.begunTwice(byStation)
    if (byStation !== null) this.#byStationId.set(byStation, id)
    const price = typeof change.price === 'object' ? change.price : null
    this.transactions.set(id, { ...nothingReported, ...change, price, id, chargePointKey, receivedAtMs })
  }
}

/** The columns of a transaction for which nothing optional was reported. */
const nothingReported = {
  ...nulls(patchedNames(transactions, unpatchedOfTransaction)),
  ...nulls(['stationTransactionId', 'reservationId', 'price', 'updatedAtMs']),
}

/** False if there is a row with that key. */
function insert<Row>(table: Map<string, Row>, key: string, row: Row): boolean {
  if (table.has(key)) return false
  table.set(key, row)
  return true
}

/** The place of a text among `DatabaseModel.copies`. */
export function copyKey(table: CountedTable, chargePointKey: number, text: string): string {
  return `${table}/${chargePointKey}/${text}`
}

/** Tables of which every row is a message, or a part of one, as it was sent. */
export type CountedTable = 'facts' | 'events' | 'anomalies' | 'meterValues'

// As PostgreSQL's GREATEST: NULL does not count.
function greatest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.max(one, other)
}

// The index holds the first 255 characters.
function stationKey(key: number, stationTransactionId: string, use: number): string {
  return `${key}/${use}/${stationTransactionId.slice(0, 255)}`
}

/** An operator closes only open transactions; of several falls the one from the highest register counts. */
function update(row: StoredTransaction, patch: TransactionPatch, receivedAtMs: number): void {
  const { stoppedAtMs, meterStopWh, stopReason, stopIdToken, closedBy, ...more } = patch
  const { registerFellFromWh, registerFellAtMs, ...rest } = more
  row.updatedAtMs = greatest(row.updatedAtMs, receivedAtMs)
  Object.assign(row, rest)
  const isHigher = (registerFellFromWh ?? Number.NaN) > (row.registerFellFromWh ?? Number.NEGATIVE_INFINITY)
  if (isHigher) Object.assign(row, { registerFellFromWh, registerFellAtMs })
  if (stoppedAtMs === undefined || (closedBy === 'operator' && row.stoppedAtMs !== null)) return
  Object.assign(row, { stoppedAtMs, meterStopWh, stopReason, stopIdToken, closedBy })
}

function knownTransaction(row: StoredTransaction): KnownTransaction {
  const { id, stationTransactionId, startedAtMs, stoppedAtMs } = row
  return {
    ...picked({ ...row, transactionId: id }, [...knownColumns, ...knownLaterColumns]),
    open: stoppedAtMs === null,
    story:
      stationTransactionId === null
        ? null
        : {
            use: row.stationUse,
            isStartReported: row.isStartReported,
            lastEventAtMs: row.lastEventAtMs ?? stoppedAtMs ?? startedAtMs,
            lastSeqNo: row.lastSeqNo,
            firstReceivedAtMs: row.receivedAtMs,
            lastReceivedAtMs: row.updatedAtMs ?? row.receivedAtMs,
            stoppedAtMs,
          },
  }
}

function picked<Row extends object, Name extends keyof Row>(row: Row, names: readonly Name[]): Pick<Row, Name> {
  return Object.fromEntries(names.map((name) => [name, row[name]])) as Pick<Row, Name>
}
