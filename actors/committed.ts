// What is known of a charge point once something of it is committed. A change carries what a chart made of a message
// before the COMMIT; nothing is judged again here.

import { openTransactionsMax } from '../src/base/limits.ts'
import type { Change, ConnectorRef, KnownConnector, KnownTransaction } from '../src/blocks/decision.ts'
import type { Hydration } from '../src/blocks/records.ts'
import {
  type ChargePointChange,
  type ChargePointPatch,
  isOf,
  isTransactionPatch,
  type NewRow,
  type TransactionChange,
} from '../src/blocks/stored-rows.ts'
import { knownColumns, knownLaterColumns } from '../src/blocks/transactions/tables.ts'
import type { ChargePointState } from './charge-point.ts'

/** What the database knows of a charge point, as the state of its chart. */
export function stateOf({ chargePoint, connectors, openTransactions }: Hydration): ChargePointState {
  // The newest comes first from the database, and last here, where later ones follow it.
  return { chargePoint, connectors, transactions: openTransactions.toReversed() }
}

/** `state` with what a change of a charge point says; the same object when it says nothing new. */
export function after(state: ChargePointState, change: Change): ChargePointState {
  if (isOf('connectors', change)) return withConnector(state, change.row)
  if (isOf('transactions', change)) return withTransaction(state, begunBy(change.row, state.chargePoint.key))
  if (isTransactionPatch(change)) {
    return isEnd(change) ? withoutTransaction(state, change.transactionId) : withUpdate(state, change)
  }
  return isBoot(change) ? withBoot(state, change.patch) : state
}

/** Whether a transaction is over by the change. */
export function isEnd({ patch }: TransactionChange): boolean {
  return typeof patch.stoppedAtMs === 'number'
}

/** Whether the change is a boot of the charge point. */
export function isBoot(change: Change): change is ChargePointChange {
  return change.table === 'chargePoints' && change.patch.bootStatus !== undefined
}

function withBoot(
  state: ChargePointState,
  { bootStatus = null, lastBootAtMs = null }: ChargePointPatch,
): ChargePointState {
  return { ...state, chargePoint: { ...state.chargePoint, bootStatus, lastBootAtMs } }
}

/** A transaction as its row begins it. */
function begunBy(row: NewRow<'transactions'>, chargePointKey: number): KnownTransaction {
  const { transactionId, evseId, connectorId, startedAtMs } = row
  const { stationTransactionId = null, idToken = null, meterStartWh = null, chargingState = null } = row
  const named = { transactionId, chargePointKey, stationTransactionId, evseId, connectorId, idToken }
  return { ...named, startedAtMs, meterStartWh, chargingState, open: true, closedBy: null }
}

function withConnector(state: ChargePointState, { evseId, connectorId, status }: KnownConnector): ChargePointState {
  const known = connectorAt(state.connectors, { evseId, connectorId })
  if (known?.status === status) return state
  const moved: KnownConnector = { evseId, connectorId, status }
  const connectors =
    known === undefined ? [...state.connectors, moved] : state.connectors.map((one) => (one === known ? moved : one))
  return { ...state, connectors }
}

/**
 * One of the same number that is open already makes way for it, and the oldest one where too many are open. Closed ones
 * are the database's to know.
 */
function withTransaction(state: ChargePointState, begun: KnownTransaction): ChargePointState {
  const others = state.transactions.filter(({ transactionId }) => transactionId !== begun.transactionId)
  return { ...state, transactions: [...others.slice(-(openTransactionsMax - 1)), begun] }
}

function withUpdate(state: ChargePointState, { transactionId, patch }: TransactionChange): ChargePointState {
  const known = state.transactions.find((one) => one.transactionId === transactionId)
  if (known === undefined) return state
  const told = Object.entries(patch).filter(([name]) => isKnown.has(name))
  const updated: KnownTransaction = { ...known, ...Object.fromEntries(told) }
  if (told.every(([name, value]) => Reflect.get(known, name) === value)) return state
  return { ...state, transactions: state.transactions.map((one) => (one === known ? updated : one)) }
}

/** The columns that deciding needs; what else a message tells of a transaction is the database's to know. */
const isKnown: ReadonlySet<string> = new Set([...knownColumns, ...knownLaterColumns])

function withoutTransaction(state: ChargePointState, transactionId: number): ChargePointState {
  const transactions = state.transactions.filter((one) => one.transactionId !== transactionId)
  return transactions.length === state.transactions.length ? state : { ...state, transactions }
}

/** The connector at `ref`, if it ever reported. */
export function connectorAt(connectors: readonly KnownConnector[], ref: ConnectorRef): KnownConnector | undefined {
  return connectors.find(({ evseId, connectorId }) => evseId === ref.evseId && connectorId === ref.connectorId)
}
