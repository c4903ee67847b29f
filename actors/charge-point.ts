// One connected charge point as a machine: how its boot was answered, its connectors, its open transactions, the CALLs to
// it. It moves on events that are committed, and does no I/O. Heartbeats and samples never come here.
//
// Children start late: what the database knew at the connect stays plain data until something happens to it. A charge point
// that reconnects and has nothing new to say costs one actor and no more.

import { assign, setup, type SnapshotFrom } from 'xstate'
import { openTransactionsMax } from '../src/base/limits.ts'
import type { ActorEvent, ConnectorRef, KnownChargePoint, KnownConnector } from '../src/blocks/decision.ts'
import type { Hydration } from '../src/blocks/records.ts'
import { since2 } from '../src/ocpp/version.ts'
import { callQueueMachine, shuttingDown, type CallEffects, type CallQueueActor, type QueuedCall } from './call-queue.ts'
import { connectorMachine, connectorOf, type ConnectorActor } from './connector.ts'
import {
  chargingStateNamed,
  chargingStateOf,
  transactionMachine,
  transactionOf,
  type ReportedState,
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
  | { readonly type: 'rehydrated'; readonly hydration: Hydration }
  | { readonly type: 'call'; readonly call: QueuedCall }
  | { readonly type: 'drain' }
  | { readonly type: 'replaced' }
  | { readonly type: 'closed' }

/** What an operator may change of a charge point that is connected. */
export type ChargePointSettings = Partial<Pick<KnownChargePoint, 'strictness' | 'registrationStatus' | 'timeZone'>>

type TransactionUpdated = Extract<ActorEvent, { type: 'transactionUpdated' }>

/** What moves children that run without the charge point itself having to do anything. */
type ChildEvent = Extract<ActorEvent, { type: 'connectorStatus' | 'transactionUpdated' }>

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
      event.type === 'booted'
        ? { chargePoint: { ...context.chargePoint, bootStatus: event.status, lastBootAtMs: event.atMs } }
        : {},
    ),
    noteSettings: assign(({ context, event }) =>
      event.type === 'provisioned' ? { chargePoint: { ...context.chargePoint, ...event.settings } } : {},
    ),
    moveChildren: ({ context, event }) => {
      if (isChildEvent(event)) moveChildren(context, event)
    },
    refuseCall: ({ context, event }) => {
      if (event.type !== 'call') return
      const { messageId, action } = event.call
      context.effects.settle(messageId, shuttingDown(context.chargePoint.identity, action))
    },
  },
})

/** Starts the actor of the connector that reports, unless it runs: in the status it had before. */
const wakeConnector = chargePoint.assign(({ context: { chargePoint, connectors }, event, spawn }) => {
  if (event.type !== 'connectorStatus') return {}
  const { evseId, connectorId } = event
  const slot = connectorAt(connectors, event)
  if (slot !== undefined && slot.actor !== null) return {}
  const known: KnownConnector = slot?.known ?? { evseId, connectorId, status: 'Unknown' }
  const input = { ...known, version: chargePoint.version }
  const awake = { known, actor: spawn('connector', { id: `connector.${evseId}.${connectorId}`, input }) }
  return { connectors: slot === undefined ? [...connectors, awake] : replaced(connectors, slot, awake) }
})

/** Starts the actors of the transactions that the event is about, unless they run: as they were before it. */
const wakeTransactions = chargePoint.assign(({ context, event, spawn }) => {
  const asleep = transactionsOf(context, event).filter(({ actor }) => actor === null)
  const woken = asleep.map(({ known }) => ({
    known,
    actor: spawn('transaction', { id: transactionActorId(known), input: known }),
  }))
  return { transactions: context.transactions.map((slot) => woken[asleep.indexOf(slot)] ?? slot) }
})

/**
 * Adds a transaction; one of the same number that is open already makes way for it, and the oldest one where too many are open. Its actor starts with the first event about
 * it, like those of transactions that were read from the database: many begin and end without any.
 */
const beginTransaction = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'transactionStarted') return
  const { connectors, transactions, chargePoint } = context
  const { transactionId } = event.transaction
  const others = transactions.filter(({ known }) => known.transactionId !== transactionId)
  const kept = others.slice(-(openTransactionsMax - 1))
  for (const slot of transactions) if (slot.actor !== null && !kept.includes(slot)) enqueue.stopChild(slot.actor)
  const begun = { ...event.transaction, chargingState: event.chargingState }
  const known = withChargingState(begun, chargePoint, connectors)
  enqueue.assign({ transactions: [...kept, { known, actor: null }] })
})

/** Ends a transaction, and forgets it: closed ones are the database's to know. */
const endTransaction = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'transactionStopped') return
  const slot = context.transactions.find(({ known }) => known.transactionId === event.transactionId)
  if (slot === undefined) return
  enqueue.assign({ transactions: context.transactions.filter((other) => other !== slot) })
  if (slot.actor === null) return
  enqueue.sendTo(slot.actor, { type: 'ended' })
  enqueue.stopChild(slot.actor)
})

/** Hands a CALL to the call queue, which the first CALL starts. */
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

/** Starts once more from what the database knows now, as plain data. */
const rehydrate = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'rehydrated') return
  for (const { actor } of [...context.connectors, ...context.transactions]) {
    if (actor !== null) enqueue.stopChild(actor)
  }
  const { hydration } = event
  // It speaks what it spoke: the newest connection may have agreed on something else.
  const { version } = context.chargePoint
  enqueue.assign(stateOf({ ...hydration, chargePoint: { ...hydration.chargePoint, version } }))
})

const failCalls = chargePoint.enqueueActions(({ context, event, enqueue }) => {
  if (context.callQueue === null) return
  const reason = event.type === 'replaced' ? 'was replaced by a newer connection' : 'disconnected'
  enqueue.sendTo(context.callQueue, { type: 'closed', reason })
})

/** A charge point from its connect to the end of that connection. */
export const chargePointMachine = chargePoint.createMachine({
  context: ({ input: { hydration, effects } }) => ({ ...stateOf(hydration), callQueue: null, effects }),
  initial: 'hydrating',
  on: {
    booted: [
      { guard: { type: 'isBoot', params: { status: 'Accepted' } }, target: '.accepted', actions: 'noteBoot' },
      { guard: { type: 'isBoot', params: { status: 'Rejected' } }, target: '.rejected', actions: 'noteBoot' },
      { target: '.pending', actions: 'noteBoot' },
    ],
    connectorStatus: { actions: [wakeConnector, wakeTransactions, 'moveChildren'] },
    transactionStarted: { actions: beginTransaction },
    transactionUpdated: { actions: [wakeTransactions, 'moveChildren'] },
    transactionStopped: { actions: endTransaction },
    provisioned: { actions: 'noteSettings' },
    rehydrated: { target: '.hydrating', actions: rehydrate },
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
      on: {
        booted: { actions: 'noteBoot' },
        rehydrated: { actions: rehydrate },
        call: { actions: 'refuseCall' },
        drain: {},
      },
    },
    closed: { type: 'final' },
  },
})

export type ChargePointSnapshot = SnapshotFrom<typeof chargePointMachine>

/** The connector in `slot`, as committed. */
export function connectorIn(slot: ConnectorSlot): KnownConnector {
  return slot.actor === null ? slot.known : connectorOf(slot.actor.getSnapshot())
}

/** The transaction in `slot`, as committed. */
export function transactionIn(slot: TransactionSlot): LiveTransaction {
  return slot.actor === null ? slot.known : transactionOf(slot.actor.getSnapshot())
}

/**
 * Sends the connector and the transactions that `event` is about where it says, if all their actors run. False when one
 * does not: then the charge point has to wake it, and the event is to be sent there.
 */
export function moveChildren(context: ChargePointContext, event: ChildEvent): boolean {
  const transactions = transactionsOf(context, event)
  if (transactions.some(({ actor }) => actor === null)) return false
  if (event.type === 'connectorStatus') {
    const connector = connectorAt(context.connectors, event)?.actor
    if (!connector) return false
    connector.send({ type: event.status })
  }
  const chargingState = chargingStateIn(event)
  const details = detailsOf(event)
  for (const { actor } of transactions) {
    if (details !== null) actor?.send({ type: 'details', details })
    if (chargingState !== null) actor?.send({ type: chargingState })
  }
  return true
}

export function isChildEvent(event: ChargePointEvent): event is ChildEvent {
  return event.type === 'connectorStatus' || event.type === 'transactionUpdated'
}

function stateOf({ chargePoint, ...hydration }: Hydration) {
  const connectors = hydration.connectors.map((known) => ({ known, actor: null }))
  // The newest comes first from the database, and last here, where later ones follow it.
  const transactions = hydration.openTransactions.toReversed().map((transaction) => ({
    known: withChargingState(transaction, chargePoint, connectors),
    actor: null,
  }))
  return { chargePoint, connectors, transactions }
}

function transactionActorId({ transactionId }: LiveTransaction): string {
  return `transaction.${transactionId}`
}

/** Whether `event` would change anything. Asking costs far less than sending the event in vain. */
export function wouldMove(snapshot: ChargePointSnapshot, event: ActorEvent): boolean {
  if (snapshot.status !== 'active') return false
  const { chargePoint, connectors, transactions } = snapshot.context
  switch (event.type) {
    case 'booted':
      return chargePoint.bootStatus !== event.status || chargePoint.lastBootAtMs !== event.atMs
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
    case 'untimedFacts':
    case 'register':
      return false
  }
}

/** The slot of the connector at `ref`, if it ever reported. */
export function connectorAt(connectors: readonly ConnectorSlot[], ref: ConnectorRef): ConnectorSlot | undefined {
  return connectors.find(({ known }) => known.evseId === ref.evseId && known.connectorId === ref.connectorId)
}

function replaced<Slot>(slots: readonly Slot[], old: Slot, next: Slot): readonly Slot[] {
  return slots.map((slot) => (slot === old ? next : slot))
}

/** Whether the status of a connector says how far its transaction is: 1.6 has no other message for that. */
const tellsCharging = since2<boolean>(true, false)

/** The open transactions that `event` is about: by id, or, in 1.6, those of the connector whose status it tells. */
function transactionsOf(context: ChargePointContext, event: ChargePointEvent): readonly TransactionSlot[] {
  if (event.type === 'transactionUpdated') {
    return context.transactions.filter(({ known }) => known.transactionId === event.transactionId)
  }
  if (event.type !== 'connectorStatus' || !tellsCharging[context.chargePoint.version]) return []
  if (chargingStateOf(event.status) === null) return []
  return context.transactions.filter((slot) => {
    const { evseId, connectorId } = transactionIn(slot)
    return evseId === event.evseId && connectorId === event.connectorId
  })
}

function chargingStateIn(event: ChildEvent): ReportedState | null {
  return event.type === 'connectorStatus' ? chargingStateOf(event.status) : chargingStateNamed(event.chargingState)
}

function detailsOf(event: ChildEvent): TransactionDetails | null {
  if (event.type !== 'transactionUpdated') return null
  const { type: _, transactionId: __, chargingState: ___, story: ____, ...details } = event
  return Object.keys(details).length === 0 ? null : details
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
  if (transaction.chargingState !== null || !tellsCharging[version]) return transaction
  const slot = connectorAt(connectors, transaction)
  return slot === undefined ? transaction : { ...transaction, chargingState: chargingStateOf(connectorIn(slot).status) }
}
