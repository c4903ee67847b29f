// The committed state of a connected charge point, in memory, and its call queue. It wraps the actor of
// `charge-point.ts`, which only receives events that change something. It has no access to the socket.

import { createActor, type Actor, type AnyActorRef } from 'xstate'
import type {
  BegunStart,
  Change,
  ConnectorRef,
  KnownChargePoint,
  KnownConnector,
  KnownTransaction,
  Remembered,
  TransactionStory,
} from '../src/blocks/decision.ts'
import type { Hydration } from '../src/blocks/records.ts'
import type { RemoteStart } from '../src/blocks/remote-control/commands.ts'
import { isOf, isTransactionPatch, type NewRow } from '../src/blocks/stored-rows.ts'
import type { UntimedFacts } from '../src/blocks/untimed-facts.ts'
import type { RegisterReading } from '../src/ocpp/verdict.ts'
import {
  answerOwner,
  type CallAnswer,
  type CallEffects,
  callQueueMachine,
  type QueuedCall,
  shuttingDown,
} from './call-queue.ts'
import { readingAtStart } from '../src/blocks/metering/transaction-registers.ts'
import {
  type ChargePointEvent,
  chargePointMachine,
  type ChargePointSettings,
  type ChargePointSnapshot,
} from './charge-point.ts'
import { after, connectorAt, isBoot, isEnd, stateOf } from './committed.ts'
import { RemoteStartPromises } from './remote-start-promises.ts'

/** What all charge points of a node share. */
export interface LiveChargePointDeps {
  /** The actor that is the parent of all charge points. */
  readonly root: AnyActorRef
  readonly nowMs: () => number
}

/** What happens to a message: it is served, served with an anomaly because it comes before the boot, or refused. */
export type Gate = 'serve' | 'serveAndNote' | 'refuse'

/** The last register of an open transaction. It is mutable: nearly every message of the transaction changes it. */
interface OpenRegister {
  readonly transactionId: number
  wh: number
  atMs: number
}

/** What an open transaction has become by its events. */
interface Story {
  readonly story: TransactionStory
  /** The transaction with the story, and without it; null until a decision asks. */
  whole: KnownTransaction | null
  without: KnownTransaction | null
}

/** The state of a charge point during one connection. The registry creates and ends it. */
export class LiveChargePoint {
  readonly identity: string
  /** Number of its connection (`Hydration.epoch`). */
  readonly epoch: number
  /** Whether its stored state may have changed: it must be read again before the next decision. */
  isDoubtful = false
  /** Whether it has a newer connection on another node. Then this connection changes no state. */
  #isOvertaken = false
  readonly #deps: LiveChargePointDeps
  readonly #effects: CallEffects
  readonly #actor: Actor<typeof chargePointMachine>
  /** Snapshot of the actor after its last event; every message reads it. */
  #snapshot: ChargePointSnapshot
  /** Whether its boot is accepted. Then every message is served; this is the usual case. */
  #isAccepted: boolean
  /** Started by the first CALL. */
  #calls: Actor<typeof callQueueMachine> | null = null
  /** Stories of open transactions with events since they were read. They are not part of the chart. */
  #stories: Map<number, Story> | null = null
  /** As committed; null if all its facts have had a time. Not part of the chart. */
  #untimedFacts: UntimedFacts | null
  // Most charge points never get one.
  #promises: RemoteStartPromises | null
  /** Last registers of open transactions. They are not part of the chart. */
  #registers: OpenRegister[] = []

  /** @param effects send the CALLs to the charge point and settle them. */
  constructor(hydration: Hydration, effects: CallEffects, deps: LiveChargePointDeps) {
    this.identity = hydration.chargePoint.identity
    this.epoch = hydration.epoch
    this.#deps = deps
    this.#effects = effects
    this.#untimedFacts = hydration.untimedFacts
    this.#promises = promisesOf(hydration, deps)
    this.#actor = createActor(chargePointMachine, {
      parent: deps.root,
      id: this.identity,
      input: stateOf(hydration),
    }).start()
    this.#snapshot = this.#actor.getSnapshot()
    this.#isAccepted = this.#snapshot.matches({ connected: { boot: 'accepted' } })
  }

  /** The charge point, with the `bootStatus` of its last BootNotification. */
  get chargePoint(): KnownChargePoint {
    return this.#snapshot.context.chargePoint
  }

  /** Its last facts without a usable time; null if all its facts have had one. */
  get untimedFacts(): UntimedFacts | null {
    return this.#untimedFacts
  }

  get isOvertaken(): boolean {
    return this.#isOvertaken
  }

  /** Replaces its state by the stored one. */
  rehydrate(hydration: Hydration): void {
    this.#isOvertaken = hydration.epoch > this.epoch
    // This node does not see the messages of the newer connection.
    this.isDoubtful ||= this.#isOvertaken
    this.#stories = null
    this.#registers = []
    this.#untimedFacts = hydration.untimedFacts
    this.#promises = promisesOf(hydration, this.#deps)
    // This connection keeps its version: the newest connection may have negotiated another one.
    const { version } = this.chargePoint
    this.#send({
      type: 'rehydrated',
      state: stateOf({ ...hydration, chargePoint: { ...hydration.chargePoint, version } }),
    })
  }

  /** Whether its connection has ended. Then its state no longer changes. */
  get isClosed(): boolean {
    return this.#snapshot.status === 'done'
  }

  /**
   * What the chart decides about a message.
   *
   * @param isExpected it is a BootNotification, or a CALL requested it.
   */
  gate(isExpected: boolean, isTransactional: boolean): Gate {
    if (this.#isAccepted || isExpected) return 'serve'
    return this.#snapshot.can({ type: 'message', isExpected, isTransactional }) ? 'serveAndNote' : 'refuse'
  }

  /** Whether the chart allows a CALL. @param isOfTransaction the CALL starts or stops a transaction. */
  mayBeSent(isOfTransaction: boolean): boolean {
    return this.#isAccepted || this.#snapshot.can({ type: 'command', isOfTransaction })
  }

  /** The connector `ref`, if it has ever reported a status. */
  connector(ref: ConnectorRef): KnownConnector | undefined {
    return connectorAt(this.#snapshot.context.connectors, ref)
  }

  /** All connectors that have ever reported a status. */
  connectors(): readonly KnownConnector[] {
    return this.#snapshot.context.connectors
  }

  /** Whether this is an open transaction of this charge point. */
  hasOpen(transactionId: number): boolean {
    for (const known of this.#snapshot.context.transactions) if (known.transactionId === transactionId) return true
    return false
  }

  /** The open transaction with our transactionId. */
  transaction(transactionId: number): KnownTransaction | undefined {
    for (const known of this.#snapshot.context.transactions) {
      if (transactionId === known.transactionId) return this.#withStory(known)
    }
    return undefined
  }

  /** 2.x: the open transactions with this id of the charge point, newest first. */
  transactionsNamed(stationTransactionId: string): readonly KnownTransaction[] {
    const { transactions } = this.#snapshot.context
    const named = transactions.filter((known) => known.stationTransactionId === stationTransactionId)
    // Nearly always, and every event asks several times.
    const [only] = named
    if (only !== undefined && named.length === 1) return [this.#withStory(only)]
    // Sorted by use, not by transactionId: a remote start reserves a transactionId before the transaction starts.
    return named.map((known) => this.#withStory(known)).toSorted((a, b) => useOf(b) - useOf(a))
  }

  /** Its open transactions, in the order in which they became known. */
  openTransactions(): readonly KnownTransaction[] {
    return this.#snapshot.context.transactions.map((known) => this.#withStory(known))
  }

  /** The transaction with its story after its last event. */
  #withStory(known: KnownTransaction): KnownTransaction {
    const told = this.#stories?.get(known.transactionId)
    if (told === undefined) return known
    // A decision asks several times between two events.
    if (told.whole === null || told.without !== known) {
      told.whole = { ...known, story: told.story }
      told.without = known
    }
    return told.whole
  }

  /** Applies committed changes, and what is remembered with them. Most messages do not change the state. */
  apply(changes: readonly Change[], remembered: readonly Remembered[] = []): void {
    if (this.isClosed) return
    const before = this.#snapshot.context
    let state = before
    let hasBooted = false
    for (const change of changes) {
      state = after(state, change)
      hasBooted ||= isBoot(change)
    }
    if (state !== before) this.#send({ type: hasBooted ? 'booted' : 'committed', state })
    for (const change of changes) {
      if (isOf('transactions', change)) this.#noteStart(change.row)
      else if (isTransactionPatch(change) && isEnd(change)) this.#noteEnd(change.transactionId)
    }
    for (const what of remembered) this.#remember(what)
  }

  #remember(what: Remembered): void {
    switch (what.type) {
      case 'register':
        this.#noteRegister(what.transactionId, what.reading)
        return
      case 'story':
        if (this.hasOpen(what.transactionId)) {
          const { story, transactionId } = what
          ;(this.#stories ??= new Map()).set(transactionId, { story, whole: null, without: null })
        }
        return
      case 'untimedFacts':
        this.#untimedFacts = what.facts
    }
  }

  #noteEnd(transactionId: number): void {
    this.#stories?.delete(transactionId)
    this.#registers = this.#registers.filter((register) => register.transactionId !== transactionId)
  }

  /**
   * The register of the start is the last register of a new transaction, so it need not be read from the database. The
   * new transaction may have replaced an older one.
   */
  #noteStart(begun: NewRow<'transactions'>): void {
    this.#promises?.end(begun.transactionId)
    this.#registers = this.#registers.filter((register) => this.hasOpen(register.transactionId))
    for (const id of this.#stories?.keys() ?? []) if (!this.hasOpen(id)) this.#stories?.delete(id)
    const reading = readingAtStart(begun)
    if (reading !== undefined) this.#noteRegister(begun.transactionId, reading)
  }

  #noteRegister(transactionId: number, { wh, atMs }: RegisterReading): void {
    const register = this.#openRegister(transactionId)
    if (register !== undefined) {
      register.wh = wh
      register.atMs = atMs
    } else if (this.hasOpen(transactionId)) this.#registers.push({ transactionId, wh, atMs })
  }

  /** The last register of an open transaction; undefined if none has come on this connection. */
  lastRegister(transactionId: number): RegisterReading | undefined {
    return this.#openRegister(transactionId)
  }

  #openRegister(transactionId: number): OpenRegister | undefined {
    for (const register of this.#registers) if (register.transactionId === transactionId) return register
    return undefined
  }

  /** Applies settings that an operator changed. */
  provisioned(settings: ChargePointSettings): void {
    this.#send({ type: 'provisioned', settings })
  }

  /** Queues a CALL; the effects are called when it is sent and when it has ended. */
  queueCall(call: QueuedCall): void {
    if (this.#snapshot.matches({ connected: { calls: 'draining' } })) {
      this.#effects.settle(call.messageId, shuttingDown(this.identity, call.action))
      return
    }
    this.#calls ??= createActor(callQueueMachine, {
      parent: this.#deps.root,
      id: this.identity,
      input: { identity: this.identity, effects: this.#effects },
    }).start()
    this.#calls.send({ type: 'call', call })
  }

  /** Ends the outstanding CALL with its answer. */
  answerCall(messageId: string, answer: CallAnswer): void {
    this.#calls?.send({ type: 'answered', messageId, answer })
  }

  /** The outstanding CALL; null if there is none. */
  get outstandingCall(): QueuedCall | null {
    return this.#calls?.getSnapshot().context.outstanding ?? null
  }

  /** Which CALL an answer with `messageId` belongs to: the outstanding one, one that timed out, or none. */
  answerOwner(messageId: string): ReturnType<typeof answerOwner> {
    return this.#calls === null ? 'unknown' : answerOwner(this.#calls.getSnapshot(), messageId)
  }

  /** Reserves `transactionId` for the transaction that `start` will cause, for `remoteStartPromiseMs`. */
  promiseTransaction(start: RemoteStart, transactionId: number): void {
    this.#promises ??= new RemoteStartPromises(this.#deps.nowMs)
    this.#promises.add(start, transactionId)
  }

  /** The transactionId reserved for `start`, if any. It stays reserved until `apply` gets the new transaction. */
  promisedTransactionId(start: BegunStart): number | undefined {
    return this.#promises?.find(start)
  }

  /** All reserved transactionIds. */
  promisedTransactionIds(): readonly number[] {
    return this.#promises?.ids() ?? []
  }

  /** Ends the reservation of `transactionId`: the remote start failed, or the transaction has started. */
  withdrawPromise(transactionId: number): void {
    this.#promises?.end(transactionId)
  }

  /**
   * This node is stopping: new and waiting CALLs fail with SHUTTING_DOWN; the outstanding CALL may still be answered.
   */
  drain(): void {
    this.#send({ type: 'drain' })
    this.#calls?.send({ type: 'drain' })
  }

  /** The connection has ended: its CALLs fail with NOT_CONNECTED, and its state no longer changes. */
  end(why: 'closed' | 'replaced'): void {
    if (this.isClosed) return
    this.#send({ type: 'closed' })
    const reason = why === 'replaced' ? 'was replaced by a newer connection' : 'disconnected'
    this.#calls?.send({ type: 'closed', reason })
  }

  #send(event: ChargePointEvent): void {
    if (this.isClosed) return
    this.#actor.send(event)
    this.#snapshot = this.#actor.getSnapshot()
    this.#isAccepted = this.#snapshot.matches({ connected: { boot: 'accepted' } })
  }
}

function useOf({ story }: KnownTransaction): number {
  return story?.use ?? 1
}

// Few charge points have one.
function promisesOf({ promises }: Hydration, { nowMs }: LiveChargePointDeps): RemoteStartPromises | null {
  return promises.length === 0 ? null : new RemoteStartPromises(nowMs, promises)
}
