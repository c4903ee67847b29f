// A connected charge point as the rest of Stator sees it: what is committed, readable at once; the CALLs to it; its link.
// Behind it stands the machine of `charge-point.ts`, which only those events reach that change something.

import { createActor, type Actor, type AnyActorRef } from 'xstate'
import { StatorError } from '../src/base/errors.ts'
import type {
  ActorEvent,
  BegunStart,
  ConnectorRef,
  KnownChargePoint,
  KnownConnector,
  KnownTransaction,
  Payload,
  TransactionStory,
} from '../src/csms/decision.ts'
import type { Hydration } from '../src/csms/records.ts'
import type { RemoteStart } from '../src/csms/remote-control.ts'
import type { UntimedFacts } from '../src/csms/untimed-facts.ts'
import { encodeCall } from '../src/ocpp/frame.ts'
import type { RegisterReading } from '../src/ocpp/verdict.ts'
import { answerOwner, type CallAnswer, type CallEffects, type CallFailure, type QueuedCall } from './call-queue.ts'
import type { AskedMessages } from './asked-messages.ts'
import {
  type ChargePointContext,
  type ChargePointEvent,
  chargePointMachine,
  connectorAt,
  connectorIn,
  isChildEvent,
  moveChildren,
  transactionIn,
  type TransactionSlot,
  wouldMove,
  type ChargePointSettings,
} from './charge-point.ts'
import { RemoteStartPromises } from './remote-start-promises.ts'
import type { LiveTransaction } from './transaction.ts'

/** The connection to the charge point. No method throws, whatever the state of the socket. */
export interface Link {
  send(text: string): void
  close(code: number, reason: string): void
  readonly bufferedBytes: number
}

/** What a charge point answered, and to which CALL. */
export type AnswerFrame = CallAnswer & { readonly messageId: string }

/** What became of CALLs and their answers, over all charge points of a registry. */
export interface CallCounts {
  sent: number
  answered: number
  timedOut: number
  /** Answers to CALLs that had timed out. */
  late: number
  /** Answers to message ids that nobody used. */
  unknown: number
}

/** What the charge points of one registry share. */
export interface Surroundings {
  /** The actor that is the parent of all charge points. */
  readonly root: AnyActorRef
  readonly nowMs: () => number
  /** A message id that no CALL to the charge point had before. */
  readonly newMessageId: () => string
  readonly asked: AskedMessages
  readonly counts: CallCounts
  readonly callTimeoutMs: number
}

interface Waiter {
  readonly resolve: (answer: CallAnswer) => void
  readonly reject: (error: StatorError) => void
}

/** The last register of an open transaction. Nearly every message of it has a newer one, which is put in its place. */
interface OpenRegister {
  readonly transactionId: number
  wh: number
  atMs: number
}

/** One connection of a charge point. The registry makes and ends it. */
export class LiveChargePoint implements CallEffects {
  readonly identity: string
  /** Number of its connection (`Hydration.epoch`). */
  readonly epoch: number
  readonly link: Link
  /** Whether somebody else may have changed what is stored of it: it has to be read again before anything is decided. */
  isDoubtful = false
  /** Whether it has a newer connection, on another node: then this one moves no state any more. */
  #isOvertaken = false
  /** When anything was last heard of it, in milliseconds since the epoch. The gateway keeps it. */
  lastSeenAtMs: number
  /** When the last Heartbeat of this connection came; null before the first. The gateway keeps it. */
  lastHeartbeatAtMs: number | null = null
  readonly #surroundings: Surroundings
  readonly #actor: Actor<typeof chargePointMachine>
  /** Of the actor, as of the last event that was sent to it: every message looks into it. */
  #context: ChargePointContext
  /** Stories of open transactions that went on since they were read. Each event adds to one, and moves nothing else. */
  #stories: Map<number, TransactionStory> | null = null
  /** As committed; null while its facts have always had a time. No event of the chart depends on it. */
  #untimedFacts: UntimedFacts | null
  // Most charge points never get one.
  #promises: RemoteStartPromises | null
  /** Last registers of open transactions. They are no part of the chart: no event of it depends on them. */
  #registers: OpenRegister[] = []
  // Most charge points never get a CALL.
  #waiters: Map<string, Waiter> | null = null

  constructor(hydration: Hydration, link: Link, surroundings: Surroundings) {
    this.identity = hydration.chargePoint.identity
    this.epoch = hydration.epoch
    this.link = link
    this.lastSeenAtMs = surroundings.nowMs()
    this.#surroundings = surroundings
    this.#untimedFacts = hydration.untimedFacts
    this.#promises = promisesOf(hydration, surroundings)
    this.#actor = createActor(chargePointMachine, {
      parent: surroundings.root,
      id: this.identity,
      input: { hydration, effects: this },
    }).start()
    this.#context = this.#actor.getSnapshot().context
  }

  /** What is known of it, with `bootStatus` as of its last BootNotification. */
  get chargePoint(): KnownChargePoint {
    return this.#context.chargePoint
  }

  /** What it told last without a usable time; null while its facts have always had one. */
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
    this.#promises = promisesOf(hydration, this.#surroundings)
    if (this.state !== 'closed') this.#send({ type: 'rehydrated', hydration })
  }

  /** Where it stands in its life cycle. `draining`: it gets no new CALLs. `closed`: nothing moves it any more. */
  get state(): 'pending' | 'accepted' | 'rejected' | 'draining' | 'closed' {
    const { value } = this.#actor.getSnapshot()
    return value === 'hydrating' ? 'pending' : value
  }

  /** The connector at `ref`, if it ever reported a status. */
  connector(ref: ConnectorRef): KnownConnector | undefined {
    const slot = connectorAt(this.#context.connectors, ref)
    return slot === undefined ? undefined : connectorIn(slot)
  }

  /** Every connector that ever reported a status. */
  connectors(): readonly KnownConnector[] {
    return this.#context.connectors.map(connectorIn)
  }

  /** Whether the transaction of our number is an open one of this charge point. */
  hasOpen(transactionId: number): boolean {
    for (const { known } of this.#context.transactions) if (known.transactionId === transactionId) return true
    return false
  }

  /** The open transaction of our number. */
  transaction(transactionId: number): LiveTransaction | undefined {
    for (const slot of this.#context.transactions) {
      if (transactionId === slot.known.transactionId) return this.#toldIn(slot)
    }
    return undefined
  }

  /** The open transactions that the charge point (2.x) gave this id, the newest first. */
  transactionsNamed(stationTransactionId: string): readonly LiveTransaction[] {
    const named = this.#context.transactions.filter(({ known }) => known.stationTransactionId === stationTransactionId)
    // By use, not by our number: that of a remote start was given away before the transaction began.
    return named.map((slot) => this.#toldIn(slot)).toSorted((a, b) => useOf(b) - useOf(a))
  }

  /** Its open transactions, in the order in which they became known. */
  openTransactions(): readonly LiveTransaction[] {
    return this.#context.transactions.map((slot) => this.#toldIn(slot))
  }

  /** The transaction in `slot`, with its story as of its last event. */
  #toldIn(slot: TransactionSlot): LiveTransaction {
    const transaction = transactionIn(slot)
    const story = this.#stories?.get(transaction.transactionId)
    return story === undefined ? transaction : { ...transaction, story }
  }

  /** Moves it by what has been committed. Events that change nothing (most) cost a comparison and no more. */
  apply(events: readonly ActorEvent[]): void {
    for (const event of events) {
      if (event.type === 'register') {
        this.#noteRegister(event.transactionId, event.reading)
        continue
      }
      if (event.type === 'untimedFacts') {
        this.#untimedFacts = event.facts
        continue
      }
      if (event.type === 'transactionStarted') {
        this.#promises?.end(event.transaction.transactionId)
      }
      if (event.type === 'transactionUpdated' && event.story !== undefined) this.#noteStory(event)
      if (event.type === 'transactionStopped') {
        this.#stories?.delete(event.transactionId)
        this.#registers = this.#registers.filter(({ transactionId }) => transactionId !== event.transactionId)
      }
      const snapshot = this.#actor.getSnapshot()
      if (!wouldMove(snapshot, event)) continue
      if (!isChildEvent(event) || !moveChildren(snapshot.context, event)) this.#send(event)
      if (event.type === 'transactionStarted') this.#noteStart(event.transaction)
    }
  }

  #noteStory({ transactionId, story }: Extract<ActorEvent, { type: 'transactionUpdated' }>): void {
    if (story !== undefined && this.hasOpen(transactionId)) (this.#stories ??= new Map()).set(transactionId, story)
  }

  /**
   * The register of a transaction that begins on this connection is the last one so far: nothing has to be read for it. An older
   * transaction may have made way for it.
   */
  #noteStart({ transactionId, meterStartWh, startedAtMs }: KnownTransaction): void {
    this.#registers = this.#registers.filter((register) => this.hasOpen(register.transactionId))
    for (const id of this.#stories?.keys() ?? []) if (!this.hasOpen(id)) this.#stories?.delete(id)
    if (meterStartWh !== null) this.#noteRegister(transactionId, { wh: meterStartWh, atMs: startedAtMs })
  }

  #noteRegister(transactionId: number, { wh, atMs }: RegisterReading): void {
    const register = this.#openRegister(transactionId)
    if (register !== undefined) {
      register.wh = wh
      register.atMs = atMs
    } else if (this.hasOpen(transactionId)) this.#registers.push({ transactionId, wh, atMs })
  }

  /** The last register of an open transaction, until the next event; undefined when none has come on this connection. */
  lastRegister(transactionId: number): RegisterReading | undefined {
    return this.#openRegister(transactionId)
  }

  #openRegister(transactionId: number): OpenRegister | undefined {
    for (const register of this.#registers) if (register.transactionId === transactionId) return register
    return undefined
  }

  /** An operator changed how it is to be treated. */
  provisioned(settings: ChargePointSettings): void {
    if (this.state !== 'closed') this.#send({ type: 'provisioned', settings })
  }

  /**
   * Sends a CALL when its turn comes; resolves with what the charge point answers, be it a CALLERROR or unreadable.
   *
   * @param payload must be valid: nothing here looks at it.
   * @param timeoutMs how long it may wait in line, and once more how long its answer may take, in milliseconds.
   * @throws {StatorError} `CALL_TIMEOUT`; `CALL_QUEUE_FULL` when more than `callQueueCallsMax` CALLs or `callQueueBytesMax`
   *   bytes would wait; `NOT_CONNECTED` when the connection is gone or goes meanwhile; `SHUTTING_DOWN` while this node stops.
   */
  call(action: string, payload: Payload, timeoutMs = this.#surroundings.callTimeoutMs): Promise<CallAnswer> {
    if (this.state === 'closed') {
      const message = `${action} was not sent: charge point '${this.identity}' is not connected`
      return Promise.reject(new StatorError('NOT_CONNECTED', message))
    }
    const messageId = this.#surroundings.newMessageId()
    return new Promise((resolve, reject) => {
      const frame = encodeCall(messageId, action, payload)
      ;(this.#waiters ??= new Map()).set(messageId, { resolve, reject })
      this.#send({ type: 'call', call: { messageId, action, frame, timeoutMs } })
    })
  }

  /**
   * The action of the CALL under way when it has this message id. null for any other: an answer to that is late or was
   * never asked for; it is counted.
   */
  awaitedAction(messageId: string): string | null {
    const owner = this.#ownerOf(messageId)
    if (owner !== 'outstanding') this.#surroundings.counts[owner]++
    return owner === 'outstanding' ? (this.#context.callQueue?.getSnapshot().context.outstanding?.action ?? null) : null
  }

  /** Whether a CALL is under way. */
  get awaitsAnswer(): boolean {
    return (this.#context.callQueue?.getSnapshot().context.outstanding ?? null) !== null
  }

  #ownerOf(messageId: string): ReturnType<typeof answerOwner> {
    const queue = this.#context.callQueue
    return queue === null ? 'unknown' : answerOwner(queue.getSnapshot(), messageId)
  }

  /** Takes an answer of the charge point. False when nobody waits for it: it came too late, or was never asked for. */
  answer(frame: AnswerFrame): boolean {
    const { messageId, ...answer } = frame
    const { counts } = this.#surroundings
    const owner = this.#ownerOf(messageId)
    if (owner !== 'outstanding') {
      counts[owner]++
      return false
    }
    counts.answered++
    this.#context.callQueue?.send({ type: 'answered', messageId, answer })
    return true
  }

  /** Notes that the charge point is asked for these actions, on whatever connection they will come. */
  askFor(actions: readonly string[]): void {
    this.#surroundings.asked.add(this.chargePoint.key, actions)
  }

  /** Whether `action` is what the charge point was asked for. */
  wasAskedFor(action: string): boolean {
    return this.#surroundings.asked.has(this.chargePoint.key, action)
  }

  /** Keeps `transactionId` for the transaction that `start` will bring about, for `remoteStartPromiseMs`. */
  promiseTransaction(start: RemoteStart, transactionId: number): void {
    this.#promises ??= new RemoteStartPromises(this.#surroundings.nowMs)
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

  /** This node is stopping: no new CALLs; those in line fail with SHUTTING_DOWN; the one under way may still be answered. */
  drain(): void {
    if (this.state !== 'closed') this.#send({ type: 'drain' })
  }

  /** The connection is gone: its CALLs fail with NOT_CONNECTED, and nothing moves it any more. The registry calls this. */
  end(why: 'closed' | 'replaced'): void {
    if (this.state !== 'closed') this.#send({ type: why })
    // When the link broke in the middle of a `transmit`, the call queue was stopped before it could be told.
    for (const messageId of this.#waiters?.keys() ?? []) {
      const message = `Charge point '${this.identity}' disconnected before it answered`
      this.settle(messageId, { kind: 'failed', code: 'NOT_CONNECTED', message })
    }
  }

  /** The call queue sends a CALL; nobody else calls this. */
  transmit({ frame }: QueuedCall): void {
    this.#surroundings.counts.sent++
    this.link.send(frame)
  }

  /** The call queue tells what became of a CALL; nobody else calls this. */
  settle(messageId: string, outcome: CallAnswer | CallFailure): void {
    const waiter = this.#waiters?.get(messageId)
    this.#waiters?.delete(messageId)
    if (outcome.kind !== 'failed') {
      waiter?.resolve(outcome)
      return
    }
    if (outcome.code === 'CALL_TIMEOUT') this.#surroundings.counts.timedOut++
    waiter?.reject(new StatorError(outcome.code, outcome.message))
  }

  #send(event: ChargePointEvent): void {
    this.#actor.send(event)
    this.#context = this.#actor.getSnapshot().context
  }
}

function useOf({ story }: LiveTransaction): number {
  return story?.use ?? 1
}

// Hardly any charge point has one.
function promisesOf({ promises }: Hydration, { nowMs }: Surroundings): RemoteStartPromises | null {
  return promises.length === 0 ? null : new RemoteStartPromises(nowMs, promises)
}
