// What is known of a charge point once something of it is committed. Each event carries what a chart made of a message
// before the COMMIT; nothing is judged again here.

import { openTransactionsMax } from '../src/base/limits.ts'
import type { ActorEvent, ConnectorRef, KnownConnector, KnownTransaction } from '../src/blocks/decision.ts'
import type { Hydration } from '../src/blocks/records.ts'
import { knownColumns, knownLaterColumns } from '../src/blocks/transactions/tables.ts'
import type { ChargePointState } from './charge-point.ts'

/** What the database knows of a charge point, as the state of its chart. */
export function stateOf({ chargePoint, connectors, openTransactions }: Hydration): ChargePointState {
  // The newest comes first from the database, and last here, where later ones follow it.
  return { chargePoint, connectors, transactions: openTransactions.toReversed() }
}

/** `state` with what the event says; the same object when it says nothing new. */
export function after(state: ChargePointState, event: ActorEvent): ChargePointState {
  switch (event.type) {
    case 'booted': {
      const { status, atMs } = event
      return { ...state, chargePoint: { ...state.chargePoint, bootStatus: status, lastBootAtMs: atMs } }
    }
    case 'connectorStatus':
      return withConnector(state, event)
    case 'transactionStarted':
      return withTransaction(state, event.transaction)
    case 'transactionUpdated':
      return withUpdate(state, event)
    case 'transactionStopped':
      return withoutTransaction(state, event.transactionId)
    case 'untimedFacts':
    case 'register':
      return state
  }
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

function withUpdate(state: ChargePointState, { transactionId, patch }: TransactionUpdated): ChargePointState {
  const known = state.transactions.find((one) => one.transactionId === transactionId)
  if (known === undefined) return state
  const told = Object.entries(patch).filter(([name]) => isKnown.has(name))
  const updated: KnownTransaction = { ...known, ...Object.fromEntries(told) }
  if (told.every(([name, value]) => Reflect.get(known, name) === value)) return state
  return { ...state, transactions: state.transactions.map((one) => (one === known ? updated : one)) }
}

type TransactionUpdated = Extract<ActorEvent, { type: 'transactionUpdated' }>

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
