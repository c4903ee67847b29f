// What is known of a connected charge point: what is committed, readable at once, and its call queue. Behind it stands
// the actor of `charge-point.ts`, which only hears of what changes something. It knows no socket.

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

/**
 * What becomes of a message: it is served, served with an anomaly beside it as it comes before the boot, or refused.
 */
export type Gate = 'serve' | 'serveAndNote' | 'refuse'

/** The last register of an open transaction. Nearly every message of it has a newer one, which is put in its place. */
interface OpenRegister {
  readonly transactionId: number
  wh: number
  atMs: number
}

/** The state of a charge point for as long as one connection of it lasts. The registry makes and ends it. */
export class LiveChargePoint {
  readonly identity: string
  /** Number of its connection (`Hydration.epoch`). */
  readonly epoch: number
  /**
   * Whether somebody else may have changed what is stored of it: it has to be read again before anything is decided.
   */
  isDoubtful = false
  /** Whether it has a newer connection, on another node: then this one moves no state any more. */
  #isOvertaken = false
  readonly #deps: LiveChargePointDeps
  readonly #effects: CallEffects
  readonly #actor: Actor<typeof chargePointMachine>
  /** Of the actor, as of the last event that was sent to it: every message looks into it. */
  #snapshot: ChargePointSnapshot
  /** Whether its boot is accepted, as nearly always: then every message is served. */
  #isAccepted: boolean
  /** Started by the first CALL. */
  #calls: Actor<typeof callQueueMachine> | null = null
  /** Stories of open transactions that went on since they were read. Each event adds to one, and moves nothing else. */
  #stories: Map<number, TransactionStory> | null = null
  /** As committed; null while its facts have always had a time. No event of the chart depends on it. */
  #untimedFacts: UntimedFacts | null
  // Most charge points never get one.
  #promises: RemoteStartPromises | null
  /** Last registers of open transactions. They are no part of the chart: no event of it depends on them. */
  #registers: OpenRegister[] = []

  /** @param effects where the CALLs to the charge point go, and what became of them. */
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

  /** What is known of it, with `bootStatus` as of its last BootNotification. */
  get chargePoint(): KnownChargePoint {
    return this.#snapshot.context.chargePoint
  }

  /** What it sent last without a usable time; null while its facts have always had one. */
  get untimedFacts(): UntimedFacts | null {
    return this.#untimedFacts
  }

  get isOvertaken(): boolean {
    return this.#isOvertaken
  }

  /** Starts once more from what is stored now. */
  rehydrate(hydration: Hydration): void {
    this.#isOvertaken = hydration.epoch > this.epoch
    // This node does not learn what the newer connection does next.
    this.isDoubtful ||= this.#isOvertaken
    this.#stories = null
    this.#registers = []
    this.#untimedFacts = hydration.untimedFacts
    this.#promises = promisesOf(hydration, this.#deps)
    // It speaks what it spoke: the newest connection may have agreed on something else.
    const { version } = this.chargePoint
    this.#send({
      type: 'rehydrated',
      state: stateOf({ ...hydration, chargePoint: { ...hydration.chargePoint, version } }),
    })
  }

  /** Whether its connection is gone: nothing moves it any more. */
  get isClosed(): boolean {
    return this.#snapshot.status === 'done'
  }

  /**
   * What its chart says of a message that has come.
   *
   * @param isExpected it is a BootNotification, or was asked for by a CALL.
   */
  gate(isExpected: boolean, isTransactional: boolean): Gate {
    if (this.#isAccepted || isExpected) return 'serve'
    return this.#snapshot.can({ type: 'message', isExpected, isTransactional }) ? 'serveAndNote' : 'refuse'
  }

  /** Whether its chart lets it be sent a CALL. @param isOfTransaction it starts or stops a transaction. */
  mayBeSent(isOfTransaction: boolean): boolean {
    return this.#isAccepted || this.#snapshot.can({ type: 'command', isOfTransaction })
  }

  /** The connector at `ref`, if it ever reported a status. */
  connector(ref: ConnectorRef): KnownConnector | undefined {
    return connectorAt(this.#snapshot.context.connectors, ref)
  }

  /** Every connector that ever reported a status. */
  connectors(): readonly KnownConnector[] {
    return this.#snapshot.context.connectors
  }

  /** Whether the transaction of our number is an open one of this charge point. */
  hasOpen(transactionId: number): boolean {
    for (const known of this.#snapshot.context.transactions) if (known.transactionId === transactionId) return true
    return false
  }

  /** The open transaction of our number. */
  transaction(transactionId: number): KnownTransaction | undefined {
    for (const known of this.#snapshot.context.transactions) {
      if (transactionId === known.transactionId) return this.#withStory(known)
    }
    return undefined
  }

  /** The open transactions that the charge point (2.x) gave this id, the newest first. */
  transactionsNamed(stationTransactionId: string): readonly KnownTransaction[] {
    const { transactions } = this.#snapshot.context
    const named = transactions.filter((known) => known.stationTransactionId === stationTransactionId)
    // By use, not by our number: that of a remote start was given away before the transaction began.
    return named.map((known) => this.#withStory(known)).toSorted((a, b) => useOf(b) - useOf(a))
  }

  /** Its open transactions, in the order in which they became known. */
  openTransactions(): readonly KnownTransaction[] {
    return this.#snapshot.context.transactions.map((known) => this.#withStory(known))
  }

  /** The transaction with its story as of its last event. */
  #withStory(known: KnownTransaction): KnownTransaction {
    const story = this.#stories?.get(known.transactionId)
    return story === undefined ? known : { ...known, story }
  }

  /**
   * Takes over what has been committed, and what is remembered beside it. Most messages change nothing of the state.
   */
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
        if (this.hasOpen(what.transactionId)) (this.#stories ??= new Map()).set(what.transactionId, what.story)
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
   * The register of a transaction that begins on this connection is the last one so far: nothing has to be read for
   * it. An older transaction may have made way for it.
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

  /**
   * The last register of an open transaction, until the next event; undefined when none has come on this connection.
   */
  lastRegister(transactionId: number): RegisterReading | undefined {
    return this.#openRegister(transactionId)
  }

  #openRegister(transactionId: number): OpenRegister | undefined {
    for (const register of this.#registers) if (register.transactionId === transactionId) return register
    return undefined
  }

  /** An operator changed how it is to be treated. */
  provisioned(settings: ChargePointSettings): void {
    this.#send({ type: 'provisioned', settings })
  }

  /** Puts a CALL in line; the effects are called when it is sent and when it has ended. */
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

  /** Ends the CALL under way with its answer. */
  answerCall(messageId: string, answer: CallAnswer): void {
    this.#calls?.send({ type: 'answered', messageId, answer })
  }

  /** The CALL under way; null when there is none. */
  get outstandingCall(): QueuedCall | null {
    return this.#calls?.getSnapshot().context.outstanding ?? null
  }

  /** Whose answer `messageId` is: of the CALL under way, of one that timed out, or of none that is known. */
  answerOwner(messageId: string): ReturnType<typeof answerOwner> {
    return this.#calls === null ? 'unknown' : answerOwner(this.#calls.getSnapshot(), messageId)
  }

  /** Keeps `transactionId` for the transaction that `start` will bring about, for `remoteStartPromiseMs`. */
  promiseTransaction(start: RemoteStart, transactionId: number): void {
    this.#promises ??= new RemoteStartPromises(this.#deps.nowMs)
    this.#promises.add(start, transactionId)
  }

  /** The transactionId kept for `start`, if any; it stays so until `apply` sees the transaction begin. */
  promisedTransactionId(start: BegunStart): number | undefined {
    return this.#promises?.find(start)
  }

  /** Every transactionId that is kept for a transaction. */
  promisedTransactionIds(): readonly number[] {
    return this.#promises?.ids() ?? []
  }

  /** `transactionId` is kept for nobody any more: the remote start failed, or the transaction has begun. */
  withdrawPromise(transactionId: number): void {
    this.#promises?.end(transactionId)
  }

  /**
   * This node is stopping: no new CALLs; those in line fail with SHUTTING_DOWN; the one under way may still be
   * answered.
   */
  drain(): void {
    this.#send({ type: 'drain' })
    this.#calls?.send({ type: 'drain' })
  }

  /** The connection is gone: its CALLs fail with NOT_CONNECTED, and nothing moves it any more. */
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

// Hardly any charge point has one.
function promisesOf({ promises }: Hydration, { nowMs }: LiveChargePointDeps): RemoteStartPromises | null {
  return promises.length === 0 ? null : new RemoteStartPromises(nowMs, promises)
}
