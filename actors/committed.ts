// Applies committed changes to the state of a charge point. The charts were evaluated before the COMMIT; here the
// changes are only applied.

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

/** The stored state of a charge point, as the state of its chart. */
export function stateOf({ chargePoint, connectors, openTransactions }: Hydration): ChargePointState {
  // The database returns the newest first. Here it is last, and later transactions are appended.
  return { chargePoint, connectors, transactions: openTransactions.toReversed() }
}

/** The state after a change; the same object if nothing changes. */
export function after(state: ChargePointState, change: Change): ChargePointState {
  if (isOf('connectors', change)) return withConnector(state, change.row)
  if (isOf('transactions', change)) return withTransaction(state, begunBy(change.row, state.chargePoint.key))
  if (isTransactionPatch(change)) {
    return isEnd(change) ? withoutTransaction(state, change.transactionId) : withUpdate(state, change)
  }
  return isBoot(change) ? withBoot(state, change.patch) : state
}

/** Whether the change ends a transaction. */
export function isEnd({ patch }: TransactionChange): boolean {
  return typeof patch.stoppedAtMs === 'number'
}

/** Whether the change is a boot of the charge point. */
export function isBoot(change: Change): change is ChargePointChange {
  return change.table === 'chargePoints' && change.patch.bootStatus !== undefined
}

function withBoot(
  state: ChargePointState,
  { bootStatus = null, lastBootAtMs = null, vendor = null, model = null, firmwareVersion = null }: ChargePointPatch,
): ChargePointState {
  const booted = { bootStatus, lastBootAtMs, vendor, model, firmwareVersion }
  return { ...state, chargePoint: { ...state.chargePoint, ...booted } }
}

/** The transaction that the row begins. */
function begunBy(row: NewRow<'transactions'>, chargePointKey: number): KnownTransaction {
  const { transactionId, evseId, connectorId, startedAtMs } = row
  const { stationTransactionId = null, idToken = null, meterStartWh = null, chargingState = null } = row
  const price = typeof row.price === 'object' ? row.price : null
  const named = { transactionId, chargePointKey, stationTransactionId, evseId, connectorId, idToken }
  return { ...named, startedAtMs, meterStartWh, chargingState, price, open: true, closedBy: null }
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
 * Adds an open transaction. It replaces one with the same id, and the oldest one if too many are open. Closed
 * transactions are only in the database.
 */
function withTransaction(state: ChargePointState, begun: KnownTransaction): ChargePointState {
  const others = state.transactions.filter(({ transactionId }) => transactionId !== begun.transactionId)
  return { ...state, transactions: [...others.slice(-(openTransactionsMax - 1)), begun] }
}

function withUpdate(state: ChargePointState, { transactionId, patch }: TransactionChange): ChargePointState {
  const known = state.transactions.find((one) => one.transactionId === transactionId)
  if (known === undefined) return state
  const changed = Object.entries(patch).filter(
    ([name, value]) => isKnown.has(name) && Reflect.get(known, name) !== value,
  )
  if (changed.length === 0) return state
  const updated: KnownTransaction = { ...known, ...Object.fromEntries(changed) }
  return { ...state, transactions: state.transactions.map((one) => (one === known ? updated : one)) }
}

/** The columns that decisions use. The other columns of a transaction are only in the database. */
const isKnown: ReadonlySet<string> = new Set([...knownColumns, ...knownLaterColumns])

function withoutTransaction(state: ChargePointState, transactionId: number): ChargePointState {
  const transactions = state.transactions.filter((one) => one.transactionId !== transactionId)
  return transactions.length === state.transactions.length ? state : { ...state, transactions }
}

/** The connector `ref`, if it has ever reported a status. */
export function connectorAt(connectors: readonly KnownConnector[], ref: ConnectorRef): KnownConnector | undefined {
  return connectors.find(({ evseId, connectorId }) => evseId === ref.evseId && connectorId === ref.connectorId)
}
