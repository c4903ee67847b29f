// One connected charge point: its inbox, so that its CALLs are served one at a time, in order and no faster than they
// may be. How a CALL is served stands in `serve.ts`, how an answer is taken in `answers.ts`, the way out in
// `connection.ts`.

import type { ServerWebSocket } from 'bun'
import { BoundedQueue } from '../base/bounded-queue.ts'
import {
  allowanceBytesPerSecond,
  arrivalAheadMsMax,
  floodMsMax,
  inboxBurstFramesMax,
  inboxBytesMax,
  inboxFramesMax,
  readAheadBytesMax,
} from '../base/limits.ts'
import type { ClosedBy } from '../blocks/records.ts'
import { peekFrameType } from '../ocpp/frame.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Allowance, Turns } from './allowance.ts'
import { receiveAnswer } from './answers.ts'
import { closePolicyViolation, type Connected, Connection, type ConnectionIdentity, type Socket } from './connection.ts'
import type { Intake } from './intake.ts'
import { type ReceivedFrame, serve, type Served, type ServeDeps } from './serve.ts'

/** What the handshake hands over to the socket. */
export interface SocketData extends ConnectionIdentity {
  /**
   * The stored hash that the charge point authenticated with; null when there is none. Forgotten once the connection is
   * claimed.
   */
  credential?: Uint8Array | null
  /** null: no common subprotocol; the socket is closed as soon as it is open (OCPP-J 1.6 §3.1.2). */
  readonly version: OcppVersion | null
  /** Called once the charge point has been read from the database, or never will be: the next one may come in. */
  readonly releaseSlot: () => void
  station?: Station
}

/** A socket with what the handshake found out. */
export type StationSocket = Socket & Pick<ServerWebSocket<SocketData>, 'data'>

/** What all stations of a node share. */
export interface StationDeps extends ServeDeps {
  readonly turns: Turns
  readonly intake: Intake
  /** Largest frame that may come, in bytes. */
  readonly messageBytesMax: number
}

/** No meter value takes fewer characters of a frame: `{"timestamp":},` is one, leniently. */
const meterValueCharactersMin = 15

/** One connected charge point. */
export class Station extends Connection {
  /** Resolves once the charge point has been read from the database, or never will be. */
  beginning: Promise<void> = Promise.resolve()
  readonly #deps: StationDeps
  readonly #allowance: Allowance
  #isServing = false
  #isPaused = false
  #isDraining = false
  /**
   * Cancels the call back of `#next`, which comes in the next turn or when the allowance has refilled; null when none
   * is due.
   */
  #cancelCallBack: (() => void) | null = null
  /** Since when it has been sending more than its allowance; null while it is not. */
  #floodingSinceMs: number | null = null
  #nextAtMs = 0
  /** How many frames are in the inbox: nearly always none, and every frame asks. */
  #waitingFrames = 0
  #waitingBytes = 0
  // Most stations never need these: they are made when they do.
  #inbox: BoundedQueue<ReceivedFrame> | null = null
  #onIdle: (() => void)[] | null = null
  /** Of operators and other nodes, who wait for what is committed: there are never many. */
  #moves: (() => void)[] | null = null

  constructor(
    socket: Socket,
    version: OcppVersion,
    whose: ConnectionIdentity,
    allowance: Allowance,
    deps: StationDeps,
  ) {
    super(socket, version, whose, deps)
    this.#allowance = allowance
    this.#deps = deps
  }

  /**
   * A frame has come from the socket. Answers to our own CALLs pass by the inbox: the two directions never wait for
   * each other.
   */
  receive(message: string | Buffer): void {
    const text = typeof message === 'string' ? message : message.toString('utf8')
    const { clock, counters } = this.#deps
    counters.framesReceived++
    const nowMs = clock.nowMs()
    const type = peekFrameType(text)
    if (type === 3 || type === 4 || type === 5) {
      this.#receiveAnswer(text, nowMs)
      return
    }
    this.logFrame('fromChargePoint', text)
    this.#receiveCall({ text, receivedAtMs: nowMs })
  }

  /** An answer is taken at once, but a station that sends answers without end is slowed like any other. */
  #receiveAnswer(text: string, nowMs: number): void {
    const hasAllowance = this.#spendOnAnswer(text.length, nowMs)
    // One read from a socket may hold a hundred thousand answers, and the others wait until all of them have been
    // looked at.
    if (!hasAllowance && !this.awaitsAnswer) {
      this.#deps.counters.framesDropped++
      return
    }
    this.logFrame('fromChargePoint', text)
    receiveAnswer(this, text, nowMs, this.#deps)
  }

  /** Returns whether there is still some allowance. */
  #spendOnAnswer(bytes: number, nowMs: number): boolean {
    this.#noteRest(nowMs)
    this.#allowance.spend(bytes, nowMs)
    const waitMs = this.#allowance.waitMs(nowMs)
    if (waitMs === 0) return true
    if (this.isClosed) return false
    this.#pause()
    this.#throttle(waitMs, nowMs)
    return false
  }

  /**
   * Serves a CALL, or queues it. A full inbox stops reading from the socket: TCP makes the charge point wait. What
   * had been read from the socket by then still comes, and is queued, too.
   */
  #receiveCall(frame: ReceivedFrame): void {
    if (this.isClosed || this.#isDraining) return
    const bytes = frame.text.length
    this.#deps.intake.add(bytes)
    if (this.#mayBegin() && this.#waitingFrames === 0 && this.#isDue(frame.receivedAtMs)) {
      this.#begin(frame, frame.receivedAtMs)
      if (!this.#isServing) this.#next()
      return
    }
    this.#waitingBytes += bytes
    this.#inbox ??= new BoundedQueue(inboxBurstFramesMax)
    const bytesMax = inboxBytesMax + readAheadBytesMax + 2 * this.#deps.messageBytesMax
    if (this.#waitingBytes > bytesMax || !this.#inbox.push(frame)) {
      this.close(closePolicyViolation, 'Too many messages at once: wait for the answers.')
      return
    }
    this.#waitingFrames++
    this.#next()
  }

  /** The charge point is known now: what has arrived meanwhile is served. */
  begin(): void {
    this.#next()
  }

  override between(move: () => void): void {
    if (this.#isServing) (this.#moves ??= []).push(move)
    else move()
  }

  /** Begins nothing new; the CALL under way is finished. */
  drain(): void {
    this.#isDraining = true
    this.#forgetWaiting()
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

  override ended(closedBy: ClosedBy, closeCode: number, reason: string): void {
    super.ended(closedBy, closeCode, reason)
    this.#cancelCallBack?.()
    this.#deps.intake.forget(this)
    this.#forgetWaiting()
  }

  #forgetWaiting(): void {
    this.#inbox?.drain()
    this.#waitingFrames = 0
    this.#deps.intake.remove(this.#waitingBytes)
    this.#waitingBytes = 0
  }

  #mayBegin(): this is Connected {
    return this.live !== null && !this.#isServing && !this.isClosed && !this.#isDraining
  }

  /** Whether the next CALL may begin now, as far as the others and the allowance go. */
  #isDue(nowMs: number): boolean {
    return !this.#allowance.hasHadItsTurn(this.#deps.turns.number) && this.#allowance.waitMs(nowMs) === 0
  }

  /** Takes one CALL under way. It is over when this returns, unless it has to wait for something. */
  #begin(this: this & Connected, frame: ReceivedFrame, nowMs: number): void {
    const bytes = frame.text.length
    this.#isServing = true
    this.#noteRest(nowMs)
    this.#allowance.spend(bytes, nowMs)
    let underWay: Served = null
    try {
      underWay = serve(this, frame, this.#inOrder(frame), this.#deps)
    } catch (error) {
      this.#notServed(error)
    }
    if (underWay === null) this.#finished(bytes)
    else
      underWay.then(
        () => this.#goOn(bytes),
        (error: unknown) => {
          this.#notServed(error)
          this.#goOn(bytes)
        },
      )
  }

  /** A CALL that fails where nothing should is left unanswered: the station goes on with the next one. */
  #notServed(error: unknown): void {
    this.#deps.log.error({ identity: this.identity, error }, 'A message was not served to its end.')
  }

  #goOn(bytes: number): void {
    this.#finished(bytes)
    this.#next()
    this.#tellIdle()
  }

  /** The CALL under way has been answered, or never will be. */
  #finished(bytes: number): void {
    // Before anything else is begun: the room that this makes may be for this very station.
    this.#deps.intake.remove(bytes)
    this.#isServing = false
    if (this.#moves !== null) this.#moveOn(this.#moves)
  }

  #moveOn(moves: readonly (() => void)[]): void {
    this.#moves = null
    for (const move of moves) move()
  }

  #tellIdle(): void {
    if (this.#onIdle === null || this.#isServing) return
    const waiting = this.#onIdle
    this.#onIdle = null
    for (const resolve of waiting) resolve()
  }

  /**
   * Serves what waits, one CALL after the other, until one of them has to wait for something or it is the turn of the
   * others.
   */
  #next(): void {
    while (this.#waitingFrames > 0 && this.#mayBegin()) {
      const nowMs = this.#deps.clock.nowMs()
      if (!this.#isDue(nowMs)) {
        this.#putOff(nowMs)
        break
      }
      const frame = this.#inbox?.shift()
      if (frame === undefined) break
      this.#waitingFrames--
      this.#waitingBytes -= frame.text.length
      this.#begin(frame, nowMs)
    }
    if (this.isClosed) return
    if (this.#isPaused) this.#readOn()
    else this.#pauseWhenFull()
  }

  /**
   * `receivedAtMs` of the CALL that is served now, later by microseconds where frames arrive in one millisecond: each
   * has room for a microsecond for every meter value that it may hold, so that samples of one moment stay in the order
   * in which they came.
   */
  #inOrder({ text, receivedAtMs }: ReceivedFrame): number {
    const aheadMs = this.#nextAtMs - receivedAtMs
    const atMs = aheadMs > 0 && aheadMs < arrivalAheadMsMax ? this.#nextAtMs : receivedAtMs
    this.#nextAtMs = atMs + (1 + Math.ceil(text.length / meterValueCharactersMin)) / 1_000
    return atMs
  }

  #pauseWhenFull(): void {
    const { intake } = this.#deps
    if (intake.isFull) {
      this.#pause()
      this.#awaitIntake()
    } else if (this.#waitingFrames >= inboxFramesMax || this.#waitingBytes >= inboxBytesMax) this.#pause()
  }

  #readOn(): void {
    const { clock, intake } = this.#deps
    if (this.#waitingFrames > inboxFramesMax / 2 || this.#waitingBytes > inboxBytesMax / 2) return
    const waitMs = this.#allowance.waitMs(clock.nowMs())
    if (waitMs > 0) {
      // Nothing may be waiting that would bring this about later.
      this.#callBack((callback) => clock.after(waitMs, callback))
      return
    }
    if (intake.isFull) {
      this.#awaitIntake()
      return
    }
    this.#isPaused = false
    this.socket.resume()
  }

  /** Continues once all stations together hold less. */
  #awaitIntake(): void {
    this.#deps.intake.paused(this, () => this.#next())
  }

  #pause(): void {
    if (this.#isPaused || this.isClosed) return
    this.#isPaused = true
    this.socket.pause()
  }

  /** The next CALL waits: for the others to have their turn, or for the allowance to refill. */
  #putOff(nowMs: number): void {
    const waitMs = this.#allowance.waitMs(nowMs)
    if (waitMs > 0) this.#throttle(waitMs, nowMs)
    else this.#callBack((callback) => this.#deps.turns.next(callback))
  }

  /**
   * There is no allowance: a station that has been without any for too long, and sends all the same, is disconnected.
   */
  #throttle(waitMs: number, nowMs: number): void {
    if (this.#isPaused) {
      this.#floodingSinceMs ??= nowMs
      if (nowMs - this.#floodingSinceMs >= floodMsMax) {
        this.#closeFlooding()
        return
      }
    }
    // One read may bring a hundred thousand frames that all come here.
    if (this.#cancelCallBack !== null) return
    this.#callBack((callback) => this.#deps.clock.after(waitMs, callback))
  }

  #closeFlooding(): void {
    const { counters, log } = this.#deps
    counters.floodsClosed++
    const { identity } = this
    log.warn({ identity }, 'A charge point keeps sending more than its allowance; its connection is closed.')
    this.note({ kind: 'flood', detail: { bytesPerSecond: allowanceBytesPerSecond, forMs: floodMsMax } })
    this.close(closePolicyViolation, 'Too many messages for too long: send no more than needed.')
  }

  #callBack(schedule: (callback: () => void) => () => void): void {
    this.#cancelCallBack ??= schedule(() => {
      this.#cancelCallBack = null
      this.#next()
    })
  }

  /** A station that has not sent for a while is not flooding any more. */
  #noteRest(nowMs: number): void {
    if (this.#floodingSinceMs !== null && this.#allowance.isRested(nowMs)) this.#floodingSinceMs = null
  }
}
