// One WebSocket of one charge point: its inbox, so that its CALLs are served one at a time, in order and no faster than they may
// be, and its way out, so that no result of a send goes unseen. It knows nothing of what the frames mean.

import type { ServerWebSocket } from 'bun'
import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Counters } from '../base/counters.ts'
import type { Clock } from '../base/clock.ts'
import {
  arrivalAheadMsMax,
  floodMsMax,
  inboxBurstFramesMax,
  inboxBytesMax,
  inboxFramesMax,
  readAheadBytesMax,
  socketBufferBytesMax,
} from '../base/limits.ts'
import type { LiveChargePoint } from '../../actors/registry.ts'
import type { ClosedBy, ConnectionEnd } from '../csms/records.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Leave } from './admission.ts'
import type { Allowance, Turns } from './allowance.ts'
import type { Intake, Stopped } from './intake.ts'

/** A CALL as it came from the socket. */
export interface ReceivedFrame {
  readonly text: string
  readonly receivedAtMs: number
}

/** What the handshake hands over to the socket. */
export interface SocketData {
  readonly identity: string
  readonly chargePointKey: number
  /**
   * The stored hash that the charge point authenticated with; null when there is none. Forgotten once the connection is
   * claimed.
   */
  credential?: Uint8Array | null
  /** null: no common subprotocol; the socket is closed as soon as it is open (OCPP-J 1.6 §3.1.2). */
  readonly version: OcppVersion | null
  readonly remoteAddress: string
  /** Called once the charge point has been read from the database, or never will be: the next one may come in. */
  readonly leave: Leave
  connection?: Connection
}

/** No meter value takes fewer characters of a frame: `{"timestamp":},` is one, leniently. */
const meterValueCharactersMin = 15

/** What a connection does with its socket. */
export type Socket = Pick<
  ServerWebSocket<SocketData>,
  'data' | 'sendText' | 'getBufferedAmount' | 'pause' | 'resume' | 'close' | 'terminate'
>

// Close codes, RFC 6455 §7.4.1.
export const closeGoingAway = 1001
/** The socket was gone without a close frame. */
export const closeAbnormal = 1006
/** The endpoint's policy does not allow it. */
export const closePolicyViolation = 1008
/** The endpoint cannot serve the connection at the moment. */
export const closeTryAgainLater = 1013

/** Why an older connection is closed, on whichever node. */
export const newerConnection = 'A newer connection of this charge point has taken over.'

export interface ConnectionOptions {
  readonly counters: Counters
  readonly clock: Clock
  readonly turns: Turns
  readonly intake: Intake
  /** Largest frame that may come, in bytes. */
  readonly messageBytesMax: number
  /** Told about every frame that leaves or arrives, for the message log. */
  readonly onFrame: (connection: Connection, direction: 'fromChargePoint' | 'toChargePoint', text: string) => void
  /** Takes the next CALL under way; `served` is called when its answer has left. */
  readonly serve: (connection: Connection, frame: ReceivedFrame) => void
  /** Told that the charge point has sent more than its allowance for `floodMsMax`; its connection is closed then. */
  readonly onFlood: (connection: Connection) => void
}

/** One open connection of a charge point. */
export class Connection implements Stopped {
  readonly identity: string
  readonly chargePointKey: number
  readonly version: OcppVersion
  readonly remoteAddress: string
  /** Resolves once the charge point has been read from the database, or never will be. */
  beginning: Promise<void> = Promise.resolve()
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #allowance: Allowance
  #live: LiveChargePoint | null = null
  #isServing = false
  #isPumping = false
  #isPaused = false
  #isClosed = false
  #end: ConnectionEnd | null = null
  #isDraining = false
  /** Cancels the call back of `#next`, which comes in the next turn or when the allowance has refilled; null when none is due. */
  #cancelCallBack: (() => void) | null = null
  /** Since when it has been sending more than its allowance; null while it is not. */
  #floodingSinceMs: number | null = null
  #nextAtMs = 0
  /** How many frames are in the inbox: nearly always none, and every frame asks. */
  #waitingFrames = 0
  #waitingBytes = 0
  #servingBytes = 0
  // Most connections never need these: they are made when they do.
  #inbox: BoundedQueue<ReceivedFrame> | null = null
  #onIdle: (() => void)[] | null = null
  #quirksNoted: Set<string> | null = null

  constructor(socket: Socket, version: OcppVersion, allowance: Allowance, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#allowance = allowance
    this.identity = socket.data.identity
    this.chargePointKey = socket.data.chargePointKey
    this.remoteAddress = socket.data.remoteAddress
    this.version = version
  }

  /** The charge point behind the connection; null until it has been read from the database. */
  get live(): LiveChargePoint | null {
    return this.#live
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** How it came to its end; null while it is open. */
  get end(): ConnectionEnd | null {
    return this.#end
  }

  /** Bytes that wait in the socket for the charge point to read them. */
  get bufferedBytes(): number {
    return this.#socket.getBufferedAmount()
  }

  /** The charge point is known now: what has arrived meanwhile is served. */
  begin(live: LiveChargePoint): void {
    this.#live = live
    this.#next()
  }

  /** The stored hash that the charge point authenticated with, once: afterwards nobody keeps it. */
  takeCredential(): Uint8Array | null {
    const { credential = null } = this.#socket.data
    this.#socket.data.credential = null
    return credential
  }

  /** Whether the connection shows this quirk for the first time: a habit is noted once a connection, not once a frame. */
  isNewQuirk(habit: string): boolean {
    this.#quirksNoted ??= new Set()
    if (this.#quirksNoted.has(habit)) return false
    this.#quirksNoted.add(habit)
    return true
  }

  /**
   * `receivedAtMs` of the CALL that is served now, later by microseconds where frames arrive in one millisecond: each
   * has room for a microsecond for every meter value that it may hold, so that samples of one moment stay in the order
   * in which they came.
   */
  inOrder({ text, receivedAtMs }: ReceivedFrame): number {
    const aheadMs = this.#nextAtMs - receivedAtMs
    const atMs = aheadMs > 0 && aheadMs < arrivalAheadMsMax ? this.#nextAtMs : receivedAtMs
    this.#nextAtMs = atMs + (1 + Math.ceil(text.length / meterValueCharactersMin)) / 1_000
    return atMs
  }

  /**
   * Queues a CALL. A full inbox stops reading from the socket: TCP makes the charge point wait. What had been read from
   * the socket by then still comes, and is queued, too.
   */
  receive(frame: ReceivedFrame): void {
    if (this.#isClosed || this.#isDraining) return
    const bytes = frame.text.length
    this.#options.intake.add(bytes)
    if (this.#mayBegin && this.#waitingFrames === 0 && this.#isDue(frame.receivedAtMs)) {
      this.#begin(frame, frame.receivedAtMs)
      return
    }
    this.#waitingBytes += bytes
    this.#inbox ??= new BoundedQueue(inboxBurstFramesMax)
    const bytesMax = inboxBytesMax + readAheadBytesMax + 2 * this.#options.messageBytesMax
    if (this.#waitingBytes > bytesMax || !this.#inbox.push(frame)) {
      this.close(closePolicyViolation, 'Too many messages at once: wait for the answers.')
      return
    }
    this.#waitingFrames++
    this.#next()
  }

  /**
   * An answer has come. It does not wait in the inbox, but whoever sends answers without end is slowed like everybody.
   *
   * @returns whether there is still some allowance.
   */
  receivedAnswer(bytes: number, nowMs: number): boolean {
    this.#noteRest(nowMs)
    this.#allowance.spend(bytes, nowMs)
    const waitMs = this.#allowance.waitMs(nowMs)
    if (waitMs === 0) return true
    if (this.#isClosed) return false
    this.#pause()
    this.#throttle(waitMs, nowMs)
    return false
  }

  /** The CALL under way has been answered, or never will be. */
  served(): void {
    this.#isServing = false
    this.#options.intake.remove(this.#servingBytes)
    this.#servingBytes = 0
    this.#next()
    if (!this.#isServing) {
      const waiting = this.#onIdle ?? []
      this.#onIdle = null
      for (const resolve of waiting) resolve()
    }
  }

  /** All connections together hold less again. */
  readAgain(): void {
    this.#next()
  }

  /** Resolves once no CALL is under way. Nothing new is begun after a `close` or `drain`. */
  idle(): Promise<void> {
    if (!this.#isServing) return Promise.resolve()
    return new Promise((resolve) => {
      ;(this.#onIdle ??= []).push(resolve)
    })
  }

  /** Resolves once nothing of this connection is under way any more: neither its beginning, nor a CALL. */
  async settled(): Promise<void> {
    await this.beginning
    await this.idle()
  }

  /** Begins nothing new; the CALL under way is finished. */
  drain(): void {
    this.#isDraining = true
    this.#forgetWaiting()
  }

  /** Sends a frame. A charge point that reads so slowly that frames would be dropped is disconnected instead. */
  send(text: string): void {
    if (this.#isClosed) return
    // Bytes that went out; 0 when the text was dropped, below 0 when some of it waits.
    const sent = this.#socket.sendText(text)
    if (sent === 0 || (sent < 0 && this.bufferedBytes > socketBufferBytesMax)) {
      this.#options.counters.slowReadersClosed++
      this.closed('centralSystem', closeAbnormal, 'It did not read what it was sent.')
      this.#socket.terminate()
      return
    }
    this.#options.counters.framesSent++
    this.#options.onFrame(this, 'toChargePoint', text)
  }

  /** Closes the socket; what is under way is finished, but its answer goes nowhere. */
  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.closed('centralSystem', code, reason)
    this.#socket.close(code, reason)
  }

  /** The socket is gone, or going; who was the first to end it counts. */
  closed(closedBy: ClosedBy, closeCode: number, reason: string): void {
    this.#end ??= { closedBy, closeCode, reason, atMs: this.#options.clock.nowMs() }
    this.#isClosed = true
    this.#cancelCallBack?.()
    this.#options.intake.forget(this)
    this.#forgetWaiting()
  }

  get #mayBegin(): boolean {
    return this.#live !== null && !this.#isServing && !this.#isPumping && !this.#isClosed && !this.#isDraining
  }

  #forgetWaiting(): void {
    this.#inbox?.drain()
    this.#waitingFrames = 0
    this.#options.intake.remove(this.#waitingBytes)
    this.#waitingBytes = 0
  }

  /** Whether the next CALL may begin now, as far as the others and the allowance go. */
  #isDue(nowMs: number): boolean {
    return !this.#allowance.hasHadItsTurn(this.#options.turns.number) && this.#allowance.waitMs(nowMs) === 0
  }

  #begin(frame: ReceivedFrame, nowMs: number): void {
    const bytes = frame.text.length
    this.#isServing = true
    this.#servingBytes = bytes
    this.#noteRest(nowMs)
    this.#allowance.spend(bytes, nowMs)
    this.#options.serve(this, frame)
  }

  // A loop, not a recursion: an answer that is at hand at once calls `served` from inside `serve`.
  #next(): void {
    while (this.#mayBegin && this.#waitingFrames > 0) {
      const nowMs = this.#options.clock.nowMs()
      if (!this.#isDue(nowMs)) {
        this.#putOff(nowMs)
        break
      }
      const frame = this.#inbox?.shift()
      if (frame === undefined) break
      this.#waitingFrames--
      this.#waitingBytes -= frame.text.length
      this.#isPumping = true
      this.#begin(frame, nowMs)
      this.#isPumping = false
    }
    if (this.#isPumping || this.#isClosed) return
    if (this.#isPaused) this.#readOn()
    else this.#pauseWhenFull()
  }

  #pauseWhenFull(): void {
    const { intake } = this.#options
    if (intake.isFull) {
      this.#pause()
      intake.stop(this)
    } else if (this.#waitingFrames >= inboxFramesMax || this.#waitingBytes >= inboxBytesMax) this.#pause()
  }

  #readOn(): void {
    const { clock, intake } = this.#options
    if (this.#waitingFrames > inboxFramesMax / 2 || this.#waitingBytes > inboxBytesMax / 2) return
    if (this.#allowance.waitMs(clock.nowMs()) > 0) return
    if (intake.isFull) {
      intake.stop(this)
      return
    }
    this.#isPaused = false
    this.#socket.resume()
  }

  #pause(): void {
    if (this.#isPaused || this.#isClosed) return
    this.#isPaused = true
    this.#socket.pause()
  }

  /** The next CALL waits: for the others to have their turn, or for the allowance to refill. */
  #putOff(nowMs: number): void {
    const waitMs = this.#allowance.waitMs(nowMs)
    if (waitMs > 0) this.#throttle(waitMs, nowMs)
    else this.#callBack((callback) => this.#options.turns.next(callback))
  }

  /** There is no allowance: a connection that has been without any for too long, and sends all the same, is closed. */
  #throttle(waitMs: number, nowMs: number): void {
    if (this.#isPaused) {
      this.#floodingSinceMs ??= nowMs
      if (nowMs - this.#floodingSinceMs >= floodMsMax) {
        this.#options.onFlood(this)
        this.close(closePolicyViolation, 'Too many messages for too long: send no more than needed.')
        return
      }
    }
    // One read may bring a hundred thousand frames that all come here.
    if (this.#cancelCallBack !== null) return
    this.#callBack((callback) => this.#options.clock.after(waitMs, callback))
  }

  #callBack(schedule: (callback: () => void) => () => void): void {
    this.#cancelCallBack ??= schedule(() => {
      this.#cancelCallBack = null
      this.#next()
    })
  }

  /** Whoever has not sent for a while is not flooding any more. */
  #noteRest(nowMs: number): void {
    if (this.#floodingSinceMs !== null && this.#allowance.isRested(nowMs)) this.#floodingSinceMs = null
  }
}
