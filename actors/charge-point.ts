// One connected charge point as a machine: how its boot was answered, its connectors, its open transactions, the CALLs to
// it. It moves on events that are committed, and does no I/O. Heartbeats and samples never come here.
//
// Children start late: what the database knew at the connect stays plain data until something happens to it. A charge point
// that reconnects and has nothing new to say costs one actor and no more.

import { assign, setup, type ActorRefFrom, type SnapshotFrom } from 'xstate'
import type { ActorEvent, ConnectorRef, KnownChargePoint, KnownConnector } from '../src/csms/decision.ts'
import type { Hydration } from '../src/csms/records.ts'
import { callQueueMachine, shuttingDown, type CallEffects, type CallQueueActor, type QueuedCall } from './call-queue.ts'
import { connectorMachine, connectorOf, type ConnectorActor } from './connector.ts'
import {
  chargingStateNamed,
  chargingStateOf,
  transactionMachine,
  transactionOf,
  type ChargingState,
  type LiveTransaction,
  type TransactionActor,
  type TransactionDetails,
} from './transaction.ts'

/** A connector: as the database knew it, until its actor starts. */
export interface ConnectorSlot {
  readonly known: KnownConnector
  readonly actor: ConnectorActor | null
}

/** An open transaction: as the database knew it, until its actor starts. */
export interface TransactionSlot {
  readonly known: LiveTransaction
  readonly actor: TransactionActor | null
}

export interface ChargePointInput {
  readonly hydration: Hydration
  readonly effects: CallEffects
}

export interface ChargePointContext {
  readonly chargePoint: KnownChargePoint
  readonly connectors: readonly ConnectorSlot[]
  /** Open ones only, in the order in which they became known. */
  readonly transactions: readonly TransactionSlot[]
  readonly callQueue: CallQueueActor | null
  readonly effects: CallEffects
}

export type ChargePointEvent =
  | ActorEvent
  | { readonly type: 'provisioned'; readonly settings: ChargePointSettings }
  | { readonly type: 'call'; readonly call: QueuedCall }
  | { readonly type: 'drain' }
  | { readonly type: 'replaced' }
  | { readonly type: 'closed' }

/** What an operator may change while the charge point is connected. */
export type ChargePointSettings = Partial<Pick<KnownChargePoint, 'strictness' | 'registrationStatus'>>

type TransactionUpdated = Extract<ActorEvent, { type: 'transactionUpdated' }>

const types: { context?: ChargePointContext; events?: ChargePointEvent; input?: ChargePointInput } = {}

const chargePoint = setup({
  types,
  actors: { connector: connectorMachine, transaction: transactionMachine, callQueue: callQueueMachine },
  guards: {
    isAnswered: ({ context }, params: { status: KnownChargePoint['bootStatus'] }) =>
      context.chargePoint.bootStatus === params.status,
    isBoot: ({ event }, params: { status: KnownChargePoint['bootStatus'] }) =>
      event.type === 'booted' && event.status === params.status,
  },
  actions: {
    noteBoot: assign(({ context, event }) =>
      event.type === 'booted' ? { chargePoint: { ...context.chargePoint, bootStatus: event.status } } : {},
    ),
    noteSettings: assign(({ context, event }) =>
      event.type === 'provisioned' ? { chargePoint: { ...context.chargePoint, ...event.settings } } : {},
    ),
    refuseCall: ({ context, event }) => {
      if (event.type !== 'call') return
      const { messageId, action } = event.call
      context.effects.settle(messageId, shuttingDown(context.chargePoint.identity, action))
    },
  },
})

/** Starts the actor of the connector that the event is about, unless it runs. */
const wakeConnector = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'connectorStatus') return
  const slot = connectorAt(context.connectors, event)
  if (slot !== undefined && slot.actor !== null) return
  const known = slot?.known ?? { evseId: event.evseId, connectorId: event.connectorId, status: 'Unknown' as const }
  enqueue.assign(
    ({
      context: {
        connectors,
        chargePoint: { version },
      },
      spawn,
    }) => {
      const id = `connector.${known.evseId}.${known.connectorId}`
      const awake = { known, actor: spawn('connector', { id, input: { ...known, version } }) }
      return { connectors: slot === undefined ? [...connectors, awake] : replaced(connectors, slot, awake) }
    },
  )
})

const moveConnector = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'connectorStatus') return
  const actor = connectorAt(context.connectors, event)?.actor
  if (actor) enqueue.sendTo(actor, { type: event.status })
})

/** Starts the actors of the transactions that the event is about, unless they run. */
const wakeTransactions = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  const asleep = transactionsOf(context, event).filter(({ actor }) => actor === null)
  for (const slot of asleep) {
    enqueue.assign(({ context: { transactions }, spawn }) => {
      const id = `transaction.${slot.known.transactionId}`
      return {
        transactions: replaced(transactions, slot, { ...slot, actor: spawn('transaction', { id, input: slot.known }) }),
      }
    })
  }
})

const moveTransactions = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  const chargingState = chargingStateIn(event)
  for (const { actor } of transactionsOf(context, event)) {
    if (actor === null) continue
    if (event.type === 'transactionUpdated') enqueue.sendTo(actor, { type: 'details', details: detailsOf(event) })
    if (chargingState !== null) enqueue.sendTo(actor, { type: chargingState })
  }
})

const beginTransaction = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'transactionStarted') return
  const { transactionId } = event.transaction
  const earlier = context.transactions.find(({ known }) => known.transactionId === transactionId)
  if (earlier?.actor) enqueue.stopChild(earlier.actor)
  enqueue.assign(({ context: { connectors, transactions, chargePoint }, spawn }) => {
    const known = withChargingState(
      { ...event.transaction, chargingState: event.chargingState },
      chargePoint,
      connectors,
    )
    const actor = spawn('transaction', { id: `transaction.${transactionId}`, input: known })
    return { transactions: [...transactions.filter((slot) => slot !== earlier), { known, actor }] }
  })
})

const endTransaction = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'transactionStopped') return
  const slot = context.transactions.find(({ known }) => known.transactionId === event.transactionId)
  if (slot === undefined) return
  enqueue.assign({ transactions: context.transactions.filter((other) => other !== slot) })
  if (slot.actor === null) return
  enqueue.sendTo(slot.actor, { type: 'ended' })
  enqueue.stopChild(slot.actor)
})

const passCallOn = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'call') return
  if (context.callQueue !== null) return enqueue.sendTo(context.callQueue, event)
  enqueue.assign(({ context: { chargePoint, effects }, spawn }) => ({
    callQueue: spawn('callQueue', { id: 'callQueue', input: { identity: chargePoint.identity, effects } }),
  }))
  enqueue.sendTo('callQueue', event)
})

const drainCalls = chargePoint.enqueueActions(({ context, enqueue }) => {
  if (context.callQueue !== null) enqueue.sendTo(context.callQueue, { type: 'drain' })
})

const failCalls = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (context.callQueue === null) return
  const reason = event.type === 'replaced' ? 'was replaced by a newer connection' : 'disconnected'
  enqueue.sendTo(context.callQueue, { type: 'closed', reason })
})

/** A charge point from its connect to the end of that connection. */
export const chargePointMachine = chargePoint.createMachine({
  context: ({ input: { hydration, effects } }) => {
    const connectors = hydration.connectors.map((known) => ({ known, actor: null }))
    const transactions = hydration.openTransactions.map((transaction) => ({
      known: withChargingState(transaction, hydration.chargePoint, connectors),
      actor: null,
    }))
    return { chargePoint: hydration.chargePoint, connectors, transactions, callQueue: null, effects }
  },
  initial: 'hydrating',
  on: {
    booted: [
      { guard: { type: 'isBoot', params: { status: 'Accepted' } }, target: '.accepted', actions: 'noteBoot' },
      { guard: { type: 'isBoot', params: { status: 'Rejected' } }, target: '.rejected', actions: 'noteBoot' },
      { target: '.pending', actions: 'noteBoot' },
    ],
    connectorStatus: { actions: [wakeConnector, moveConnector, wakeTransactions, moveTransactions] },
    transactionStarted: { actions: beginTransaction },
    transactionUpdated: { actions: [wakeTransactions, moveTransactions] },
    transactionStopped: { actions: endTransaction },
    provisioned: { actions: 'noteSettings' },
    call: { actions: passCallOn },
    drain: '.draining',
    replaced: { target: '.closed', actions: failCalls },
    closed: { target: '.closed', actions: failCalls },
  },
  states: {
    hydrating: {
      always: [
        { guard: { type: 'isAnswered', params: { status: 'Accepted' } }, target: 'accepted' },
        { guard: { type: 'isAnswered', params: { status: 'Rejected' } }, target: 'rejected' },
        { target: 'pending' },
      ],
    },
    pending: {},
    accepted: {},
    rejected: {},
    draining: {
      entry: drainCalls,
      on: { booted: { actions: 'noteBoot' }, call: { actions: 'refuseCall' }, drain: {} },
    },
    closed: { type: 'final' },
  },
})

export type ChargePointSnapshot = SnapshotFrom<typeof chargePointMachine>
export type ChargePointActor = ActorRefFrom<typeof chargePointMachine>

/** The connector in `slot`, as committed. */
export function connectorIn(slot: ConnectorSlot): KnownConnector {
  return slot.actor === null ? slot.known : connectorOf(slot.actor.getSnapshot())
}

/** The transaction in `slot`, as committed. */
export function transactionIn(slot: TransactionSlot): LiveTransaction {
  return slot.actor === null ? slot.known : transactionOf(slot.actor.getSnapshot())
}

/** Whether `event` would change anything. Asking costs far less than sending the event in vain. */
export function wouldMove(snapshot: ChargePointSnapshot, event: ActorEvent): boolean {
  if (snapshot.status !== 'active') return false
  const { chargePoint, connectors, transactions } = snapshot.context
  switch (event.type) {
    case 'booted':
      return chargePoint.bootStatus !== event.status
    case 'connectorStatus': {
      const slot = connectorAt(connectors, event)
      return slot === undefined || connectorIn(slot).status !== event.status
    }
    case 'transactionStarted':
      return true
    case 'transactionUpdated': {
      const slot = transactions.find(({ known }) => known.transactionId === event.transactionId)
      return slot !== undefined && differs(transactionIn(slot), event)
    }
    case 'transactionStopped':
      return transactions.some(({ known }) => known.transactionId === event.transactionId)
  }
}

/** The slot of the connector at `ref`, if it ever reported. */
export function connectorAt(connectors: readonly ConnectorSlot[], ref: ConnectorRef): ConnectorSlot | undefined {
  return connectors.find(({ known }) => known.evseId === ref.evseId && known.connectorId === ref.connectorId)
}

function replaced<Slot>(slots: readonly Slot[], old: Slot, next: Slot): readonly Slot[] {
  return slots.map((slot) => (slot === old ? next : slot))
}

/** The open transactions that `event` is about: by id, or, in 1.6, those of the connector whose status it tells. */
function transactionsOf(context: ChargePointContext, event: ChargePointEvent): readonly TransactionSlot[] {
  if (event.type === 'transactionUpdated') {
    return context.transactions.filter(({ known }) => known.transactionId === event.transactionId)
  }
  if (event.type !== 'connectorStatus' || context.chargePoint.version !== '1.6') return []
  if (chargingStateOf(event.status) === null) return []
  return context.transactions.filter((slot) => {
    const { evseId, connectorId } = transactionIn(slot)
    return evseId === event.evseId && connectorId === event.connectorId
  })
}

function chargingStateIn(event: ChargePointEvent): ChargingState | null {
  if (event.type === 'connectorStatus') return chargingStateOf(event.status)
  return event.type === 'transactionUpdated' ? chargingStateNamed(event.chargingState) : null
}

function detailsOf(event: TransactionUpdated): TransactionDetails {
  const { type: _, transactionId: __, chargingState: ___, ...details } = event
  return details
}

function differs(transaction: LiveTransaction, event: TransactionUpdated): boolean {
  const { chargingState } = transaction
  const { connector = transaction, idToken = transaction.idToken } = event
  const { startedAtMs = transaction.startedAtMs, meterStartWh = transaction.meterStartWh } = event
  return (
    (chargingStateNamed(event.chargingState) ?? chargingState) !== chargingState ||
    connector.evseId !== transaction.evseId ||
    connector.connectorId !== transaction.connectorId ||
    idToken !== transaction.idToken ||
    startedAtMs !== transaction.startedAtMs ||
    meterStartWh !== transaction.meterStartWh
  )
}

/** `transaction` with the charging state that its connector tells, where the charge point does not (1.6). */
function withChargingState(
  transaction: LiveTransaction,
  { version }: KnownChargePoint,
  connectors: readonly ConnectorSlot[],
): LiveTransaction {
  if (transaction.chargingState !== null || version !== '1.6') return transaction
  const slot = connectorAt(connectors, transaction)
  return slot === undefined ? transaction : { ...transaction, chargingState: chargingStateOf(connectorIn(slot).status) }
}
