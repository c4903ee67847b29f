// The outgoing side of one charge point: its socket, with every result of a send checked; the CALLs to it; the end of
// its connection. The incoming side is `station.ts`, which extends this class: both are one object.

import type { ServerWebSocket } from 'bun'
import {
  type CallAnswer,
  type CallEffects,
  CallFailedError,
  type CallFailure,
  type QueuedCall,
} from '../../actors/call-queue.ts'
import type { LiveChargePoint } from '../../actors/live-charge-point.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { StatorError } from '../base/errors.ts'
import { hideFrameSecrets, secretsIn } from '../base/hide-frame-secrets.ts'
import { secretCharactersMin, socketBufferBytesMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Anomaly, ChangeSet, CommitOutcome, Payload } from '../blocks/decision.ts'
import { hidePrivateFields } from '../blocks/private-fields.ts'
import type { ClosedBy, ConnectionEnd, MessageLogLine } from '../blocks/records.ts'
import { anomalySet, type ChargePointRef, commitAndPublish, type Feed } from '../feed/feed.ts'
import { encodeCall } from '../ocpp/frame.ts'
import type { Quirks } from '../ocpp/quirk-profile.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { wireForm } from '../examine/wire-form.ts'
import type { AskedMessages } from './asked-messages.ts'
import type { StoredCounts } from './daily-limits.ts'
import type { OwnFrames } from './own-frames.ts'

/** What a connection does with its socket. */
export type Socket = Pick<
  ServerWebSocket<unknown>,
  'sendText' | 'getBufferedAmount' | 'pause' | 'resume' | 'close' | 'terminate'
>

// Close codes, RFC 6455 §7.4.1.
/** Normal closure. */
export const closeNormal = 1000
export const closeGoingAway = 1001
/** The socket was gone without a close frame. */
export const closeAbnormal = 1006
/** The endpoint's policy does not allow it. */
export const closePolicyViolation = 1008
/** Something unexpected prevents the server from serving the connection. */
export const closeInternalError = 1011
/** The endpoint cannot serve the connection at the moment. */
export const closeTryAgainLater = 1013

/** Counters of CALLs and their answers, over all charge points of this node. */
export interface CallCounts {
  sent: number
  answered: number
  timedOut: number
  /** Answers to CALLs that had timed out. */
  late: number
  /** Answers to message ids that were never used. */
  unknown: number
}

/** What the CALLs to all charge points share. */
export interface CallDeps {
  /** A message id that no CALL to the charge point had before. */
  readonly newMessageId: () => string
  /** How long an answer may take when the caller does not say, in milliseconds. */
  readonly timeoutMs: number
  readonly asked: AskedMessages
  readonly counts: CallCounts
}

/** Stores what charge points send; `store/writer.ts` is the real one. */
export interface FactStore {
  /** Resolves once the set is committed. */
  commit(set: ChangeSet): Promise<CommitOutcome>
  /** Notes that a charge point is alive; written in batches. */
  markSeen(chargePointKey: number, atMs: number, isHeartbeat: boolean): void
  appendMessageLog(line: MessageLogLine): void
}

/** What all connections share. */
export interface ConnectionDeps {
  readonly calls: CallDeps
  readonly quirks: Quirks
  readonly ownFrames: OwnFrames
  /** Whether frames are kept in the message log. */
  readonly messageLog: boolean
  readonly store: FactStore
  /** Publishes what is committed. */
  readonly feed: Feed
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
}

/** The charge point of the connection, from the handshake. */
export interface ConnectionIdentity {
  readonly identity: string
  readonly chargePointKey: number
  readonly remoteAddress: string
}

interface Waiter {
  readonly resolve: (answer: CallAnswer) => void
  readonly reject: (error: StatorError) => void
}

/** A connection whose charge point has been read from the database. */
export type Connected = Connection & { readonly live: LiveChargePoint }

/** One open connection of a charge point. */
export class Connection implements CallEffects {
  readonly identity: string
  readonly chargePointKey: number
  /** Key and identity, as the feed names a charge point. */
  readonly chargePoint: ChargePointRef
  readonly version: OcppVersion
  readonly remoteAddress: string
  /** When it was opened, in milliseconds since the epoch. */
  readonly openedAtMs: number
  /** When the charge point last sent anything, in milliseconds since the epoch. */
  lastSeenAtMs = 0
  /** When the last Heartbeat of this connection came; null before the first. */
  lastHeartbeatAtMs: number | null = null
  /** Message id of the CALL whose long answer is being read. */
  readingAnswerTo: string | null = null
  protected readonly socket: Socket
  readonly #deps: ConnectionDeps
  readonly #isTracing: boolean
  #live: LiveChargePoint | null = null
  #end: ConnectionEnd | null = null
  // Most connections never need these.
  #quirksNoted: Set<string> | null = null
  #actionsRefused: Set<string> | null = null
  #waiters: Map<string, Waiter> | null = null
  /** Secrets that it was sent: it may repeat them, in an error for one. */
  #secretsSent: Set<string> | null = null

  constructor(socket: Socket, version: OcppVersion, whose: ConnectionIdentity, deps: ConnectionDeps) {
    this.socket = socket
    this.version = version
    this.identity = whose.identity
    this.chargePointKey = whose.chargePointKey
    this.chargePoint = { key: whose.chargePointKey, identity: whose.identity }
    this.remoteAddress = whose.remoteAddress
    this.openedAtMs = deps.clock.nowMs()
    this.#deps = deps
    this.#isTracing = deps.log.isEnabled('Trace')
  }

  /** What is known of the charge point; null until it has been read from the database. */
  get live(): LiveChargePoint | null {
    return this.#live
  }

  /** The charge point has been read from the database; the registry calls this. */
  attach(live: LiveChargePoint): asserts this is Connected {
    this.#live = live
    this.lastSeenAtMs = this.#deps.clock.nowMs()
  }

  get isClosed(): boolean {
    return this.#end !== null
  }

  /** How it ended; null while it is open. */
  get end(): ConnectionEnd | null {
    return this.#end
  }

  /** Bytes that wait in the socket for the charge point to read them. */
  get bufferedBytes(): number {
    return this.socket.getBufferedAmount()
  }

  /**
   * Moves the charge point when no CALL of it is under way, so that the state that a CALL is decided from does not
   * change meanwhile.
   */
  between(move: () => void): void {
    move()
  }

  /** Sends a frame. A charge point that reads too slowly, so that frames would be dropped, is disconnected. */
  send(text: string): void {
    if (this.isClosed) return
    // Bytes that were sent; 0 if the text was dropped, below 0 if some of it waits (back pressure of the charge point).
    const sent = this.socket.sendText(text)
    if (sent === 0 || (sent < 0 && this.bufferedBytes > socketBufferBytesMax)) {
      this.#deps.counters.slowReadersClosed++
      this.ended('centralSystem', closeAbnormal, 'It did not read what it was sent.')
      this.socket.terminate()
      return
    }
    this.#deps.counters.framesSent++
    if (this.#deps.messageLog || this.#isTracing) this.logFrame('toChargePoint', hideFrameSecrets(text))
  }

  /** Closes the socket. A CALL that is under way is finished, but its answer is not sent. */
  close(code: number, reason: string): void {
    if (this.isClosed) return
    this.ended('centralSystem', code, reason)
    this.socket.close(code, reason)
  }

  /** The socket is closed or closing. The first cause counts. */
  ended(closedBy: ClosedBy, closeCode: number, reason: string): void {
    this.#end ??= { closedBy, closeCode, reason, atMs: this.#deps.clock.nowMs() }
  }

  /**
   * Whether the connection shows this quirk for the first time: a quirk is noted once a connection, not once a frame.
   */
  isNewQuirk(quirk: string): boolean {
    this.#quirksNoted ??= new Set()
    if (this.#quirksNoted.has(quirk)) return false
    this.#quirksNoted.add(quirk)
    return true
  }

  /** A message of the charge point was refused; `action` is one of OCPP. */
  noteRefused(action: string): void {
    this.#actionsRefused ??= new Set()
    this.#actionsRefused.add(action)
  }

  /** Whether a message with this action was refused on this connection. */
  hasRefused(action: string): boolean {
    return this.#actionsRefused?.has(action) === true
  }

  /** A message made us store these rows. */
  stored(_rows: StoredCounts): void {}

  /** Stores an anomaly of the connection itself. */
  note(anomaly: Anomaly): void {
    if (this.#live === null) return
    const { clock, feed, log, store } = this.#deps
    const { chargePoint } = this
    const set = anomalySet(chargePoint.key, this.#live.epoch, clock.nowMs(), anomaly)
    commitAndPublish(store, feed, set, { chargePoint, action: null }).catch((error: unknown) => {
      log.warn({ identity: this.identity, error }, 'An anomaly was not stored.')
    })
  }

  /**
   * Writes a frame, with its secrets and what it says of persons hidden, into the message log, and into the log of this
   * process at its most detailed level.
   */
  protected logFrame(direction: 'fromChargePoint' | 'toChargePoint', hidden: string): void {
    const { clock, log, messageLog, store } = this.#deps
    if (!messageLog && !this.#isTracing) return
    const frame = hidePrivateFields(this.#withoutSecretsSent(hidden))
    const { chargePointKey } = this
    if (messageLog) store.appendMessageLog({ chargePointKey, atMs: clock.nowMs(), direction, frame })
    if (this.#isTracing) log.trace({ identity: this.identity, direction, frame }, 'Frame.')
  }

  #withoutSecretsSent(text: string): string {
    if (this.#secretsSent === null) return text
    return this.#secretsSent.values().reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  }

  /**
   * Sends a CALL when its turn comes; resolves with the answer of the charge point, including a CALLERROR or an
   * unreadable answer.
   *
   * @param payload must be valid: it is not checked here.
   * @param timeoutMs how long it may wait in the queue, and again how long its answer may take, in milliseconds.
   * @throws {CallFailedError} `CALL_TIMEOUT`; `CALL_QUEUE_FULL` when more than `callQueueCallsMax` CALLs or
   *   `callQueueBytesMax` bytes would wait; `NOT_CONNECTED` when the connection has ended or ends meanwhile;
   *   `SHUTTING_DOWN` while this node stops.
   */
  call(action: string, payload: Payload, timeoutMs = this.#deps.calls.timeoutMs): Promise<CallAnswer> {
    const live = this.#live
    if (live === null || live.isClosed) {
      const message = `${action} was not sent: charge point '${this.identity}' is not connected`
      return Promise.reject(new CallFailedError({ kind: 'failed', code: 'NOT_CONNECTED', message, wasSent: false }))
    }
    const messageId = this.#deps.calls.newMessageId()
    const sent = wireForm(this.version, action, payload)
    this.#deps.ownFrames.called(this.version, action, sent)
    const frame = encodeCall(messageId, action, sent)
    for (const secret of secretsIn(frame)) {
      if (secret.length >= secretCharactersMin) (this.#secretsSent ??= new Set()).add(secret)
    }
    return new Promise((resolve, reject) => {
      ;(this.#waiters ??= new Map()).set(messageId, { resolve, reject })
      live.queueCall({ messageId, action, frame, timeoutMs })
    })
  }

  /** CALLs that wait for their turn or for their answer. */
  get callsWaiting(): number {
    return this.#waiters?.size ?? 0
  }

  /** Whether a CALL is under way. */
  get awaitsAnswer(): boolean {
    return this.#live !== null && this.#live.outstandingCall !== null
  }

  /**
   * The action of the CALL under way when it has this message id. null for any other id: an answer to it is late or
   * unsolicited, and is counted.
   */
  awaitedAction(messageId: string): string | null {
    return this.#isAwaited(messageId) ? (this.#live?.outstandingCall?.action ?? null) : null
  }

  /** Receives an answer of the charge point. False if no CALL waits for it: it is late or unsolicited. */
  answer(messageId: string, answer: CallAnswer): boolean {
    if (!this.#isAwaited(messageId)) return false
    this.#deps.calls.counts.answered++
    this.#live?.answerCall(messageId, answer)
    return true
  }

  #isAwaited(messageId: string): boolean {
    const owner = this.#live?.answerOwner(messageId) ?? 'unknown'
    if (owner !== 'outstanding') this.#deps.calls.counts[owner]++
    return owner === 'outstanding'
  }

  /** Notes that the charge point is asked for these actions, on whatever connection they will come. */
  askFor(actions: readonly string[]): void {
    this.#deps.calls.asked.add(this.chargePointKey, actions)
  }

  /** Whether the charge point was asked for `action`. */
  wasAskedFor(action: string): boolean {
    return this.#deps.calls.asked.has(this.chargePointKey, action)
  }

  /** The connection has ended: its CALLs fail with NOT_CONNECTED, and nothing moves its charge point any more. */
  detach(why: 'closed' | 'replaced'): void {
    this.#live?.end(why)
    // If the socket breaks during a `transmit`, the call queue is stopped before it receives the result.
    for (const messageId of this.#waiters?.keys() ?? []) {
      const message = `Charge point '${this.identity}' disconnected before it answered`
      this.settle(messageId, { kind: 'failed', code: 'NOT_CONNECTED', message, wasSent: true })
    }
  }

  /** Sends a CALL. Only the call queue calls this. */
  transmit({ frame }: QueuedCall): void {
    this.#deps.calls.counts.sent++
    this.send(frame)
  }

  /** Receives the outcome of a CALL. Only the call queue calls this. */
  settle(messageId: string, outcome: CallAnswer | CallFailure): void {
    const waiter = this.#waiters?.get(messageId)
    this.#waiters?.delete(messageId)
    if (outcome.kind !== 'failed') {
      waiter?.resolve(outcome)
      return
    }
    if (outcome.code === 'CALL_TIMEOUT') this.#deps.calls.counts.timedOut++
    waiter?.reject(new CallFailedError(outcome))
  }
}
