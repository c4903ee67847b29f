// One connected charge point: its inbox and its back pressure. Its CALLs are served one at a time, in order, within its
// allowance. If the inbox is full, or the charge point exceeds its allowance, the socket is paused and TCP slows the
// sender down. A CALL is served in `serve.ts`, an answer is received in `answers.ts`, and the outgoing side is
// `connection.ts`.

import type { ServerWebSocket } from 'bun'
import { BoundedQueue } from '../base/bounded-queue.ts'
import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import {
  arrivalAheadMsMax,
  floodMsMax,
  inboxBurstFramesMax,
  inboxBytesMax,
  inboxFramesMax,
  readAheadBytesMax,
} from '../base/limits.ts'
import type { ClosedBy } from '../blocks/records.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import { peekFrameType } from '../ocpp/frame.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Allowance, Turns } from './allowance.ts'
import type { DailyLimitKind, StoredCounts } from './daily-limits.ts'
import { receiveAnswer } from './answers.ts'
import { closePolicyViolation, type Connected, Connection, type ConnectionIdentity, type Socket } from './connection.ts'
import type { Intake } from './intake.ts'
import { type ReceivedFrame, serve, type Served, type ServeDeps } from './serve.ts'

/** How a charge point authenticated; compared once more when its connection is claimed. */
export interface Authentication {
  /** The stored hash that it authenticated with; null if there is none. */
  readonly credential: Uint8Array | null
  /** What to store in its place; null: nothing. */
  readonly renewed: Uint8Array | null
  readonly profile: SecurityProfile
  /** Serial number of the client certificate that it authenticated with; null if it did not. */
  readonly certificate: string | null
}

/** What the handshake passes to the socket. */
export interface SocketData extends ConnectionIdentity {
  /** Removed once the connection is claimed. */
  authentication?: Authentication
  /** null: no common subprotocol; the socket is closed as soon as it is open (OCPP-J 1.6 §3.1.2). */
  readonly version: OcppVersion | null
  /**
   * Releases the admission slot. Called once the state of the charge point has been read from the database, or the
   * connection has ended.
   */
  readonly releaseSlot: () => void
  station?: Station
}

/** A socket with the result of the handshake. */
export type StationSocket = Socket & Pick<ServerWebSocket<SocketData>, 'data'>

/** What all stations of a node share. */
export interface StationDeps extends ServeDeps {
  readonly turns: Turns
  readonly intake: Intake
  /** Largest frame that is accepted, in bytes. */
  readonly messageBytesMax: number
}

/** The shortest meter value in a frame: lenient mode accepts `{"timestamp":},`. */
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
   * Cancels the scheduled call of `#next`, in the next turn or when the allowance has refilled; null if none is
   * scheduled.
   */
  #cancelCallBack: (() => void) | null = null
  /** Since when it has been sending more than its allowance; null while it is not. */
  #floodingSinceMs: number | null = null
  #nextAtMs = 0
  /** How many frames are in the inbox. Kept apart, because every frame asks, and nearly always there are none. */
  #waitingFrames = 0
  #waitingBytes = 0
  // Most stations never need these, so they are created on demand.
  #inbox: BoundedQueue<ReceivedFrame> | null = null
  #onIdle: (() => void)[] | null = null
  /** Changes of operators and other nodes that wait for the CALL under way: there are never many. */
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
   * Receives a frame from the socket. Its secrets are hidden here: nothing that is made of it has them. Answers to our
   * own CALLs bypass the inbox: the two directions never wait for each other.
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
    const hidden = hideFrameSecrets(text)
    this.logFrame('fromChargePoint', hidden)
    this.#receiveCall({ text: hidden, receivedAtMs: nowMs })
  }

  /** An answer is processed at once, but a station that floods with answers is throttled like any other. */
  #receiveAnswer(text: string, nowMs: number): void {
    const hasAllowance = this.#spendOnAnswer(text.length, nowMs)
    // One read from a socket may contain a hundred thousand answers, and other stations wait until all of them are
    // processed.
    if (!hasAllowance && !this.awaitsAnswer) {
      this.#deps.counters.framesDropped++
      return
    }
    const hidden = hideFrameSecrets(text)
    this.logFrame('fromChargePoint', hidden)
    receiveAnswer(this, hidden, nowMs, this.#deps)
  }

  /** Returns whether there is still some allowance. */
  #spendOnAnswer(bytes: number, nowMs: number): boolean {
    this.#noteRest(nowMs)
    if (this.#allowance.spend(bytes, nowMs)) this.#noteDailyLimit('bytes')
    const waitMs = this.#allowance.waitMs(nowMs)
    if (waitMs === 0) return true
    if (this.isClosed) return false
    this.#pause()
    this.#throttle(waitMs, nowMs)
    return false
  }

  /**
   * Serves a CALL, or queues it. A full inbox pauses the socket (back pressure). Frames that had been read from the
   * socket by then are still received, and are queued, too.
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

  /** The state of the charge point has been read: serves what has arrived meanwhile. */
  begin(): void {
    this.#next()
  }

  override between(move: () => void): void {
    if (this.#isServing) (this.#moves ??= []).push(move)
    else move()
  }

  override stored(rows: StoredCounts): void {
    if (rows.length === 0) return
    for (const kind of this.#allowance.spendStored(rows, this.#deps.clock.nowMs())) this.#noteDailyLimit(kind)
  }

  #noteDailyLimit(kind: DailyLimitKind): void {
    const { counters, log } = this.#deps
    counters.dailyLimitsReached.count(kind)
    const { identity } = this
    const limit = this.#allowance.limits.perDay[kind]
    const reason = `${limit} ${kind} in a day`
    log.warn({ identity, reason }, 'A charge point has reached a limit of the day; from now on it is paced.')
    this.note({ kind: 'dailyLimit', detail: { limit: kind, perDay: limit } })
  }

  /** Begins no further CALL; the one under way is finished. */
  drain(): void {
    this.#isDraining = true
    this.#forgetWaiting()
  }

  /** Resolves once no CALL is under way. After a `close` or `drain` no further CALL begins. */
  idle(): Promise<void> {
    if (!this.#isServing) return Promise.resolve()
    return new Promise((resolve) => {
      ;(this.#onIdle ??= []).push(resolve)
    })
  }

  /** Resolves once this connection is set up and no CALL of it is under way. */
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

  /** Whether the next CALL may begin now, by the allowance and the turns of other stations. */
  #isDue(nowMs: number): boolean {
    return !this.#allowance.hasHadItsTurn(this.#deps.turns.number) && this.#allowance.waitMs(nowMs) === 0
  }

  /** Begins to serve one CALL. It is finished when this returns, unless it has to wait for something. */
  #begin(this: this & Connected, frame: ReceivedFrame, nowMs: number): void {
    const bytes = frame.text.length
    this.#isServing = true
    this.#noteRest(nowMs)
    if (this.#allowance.spend(bytes, nowMs)) this.#noteDailyLimit('bytes')
    let underWay: Served = null
    try {
      underWay = serve(this, frame, this.#inOrder(frame), this.#deps)
    } catch (error) {
      this.#notServed(error)
    }
    if (underWay === null) this.#finished(bytes)
    else
      underWay.then(
        () => this.#continue(bytes),
        (error: unknown) => {
          this.#notServed(error)
          this.#continue(bytes)
        },
      )
  }

  /** A CALL that fails unexpectedly is not answered. The station continues with the next one. */
  #notServed(error: unknown): void {
    this.#deps.log.error({ identity: this.identity, error }, 'A message was not served to its end.')
  }

  #continue(bytes: number): void {
    this.#finished(bytes)
    this.#next()
    this.#notifyIdle()
  }

  /** The CALL under way has been answered, or will not be answered. */
  #finished(bytes: number): void {
    // Before another CALL begins: the released bytes may allow this station to be read again.
    this.#deps.intake.remove(bytes)
    this.#isServing = false
    if (this.#moves !== null) this.#moveOn(this.#moves)
  }

  #moveOn(moves: readonly (() => void)[]): void {
    this.#moves = null
    for (const move of moves) move()
  }

  #notifyIdle(): void {
    if (this.#onIdle === null || this.#isServing) return
    const waiting = this.#onIdle
    this.#onIdle = null
    for (const resolve of waiting) resolve()
  }

  /**
   * Serves the inbox, one CALL after the other, until one of them has to wait for something or it is the turn of other
   * stations.
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
   * `receivedAtMs` of the CALL that is served now, later by microseconds if frames arrive in one millisecond. Each
   * frame gets a microsecond for every meter value that it may contain, so that samples with one time stay in the order
   * of arrival.
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
      // Schedules itself, because there may be no waiting frame that would call this later.
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

  /** The next CALL waits: for the turns of other stations, or for the allowance to refill. */
  #putOff(nowMs: number): void {
    const waitMs = this.#allowance.waitMs(nowMs)
    if (waitMs > 0) this.#throttle(waitMs, nowMs)
    else this.#callBack((callback) => this.#deps.turns.next(callback))
  }

  /** The allowance is used up. A station that sends without allowance for too long is disconnected. */
  #throttle(waitMs: number, nowMs: number): void {
    if (this.#isPaused) {
      this.#floodingSinceMs ??= nowMs
      if (nowMs - this.#floodingSinceMs >= floodMsMax) {
        this.#closeFlooding()
        return
      }
    }
    // One read may contain a hundred thousand frames, and each of them gets here.
    if (this.#cancelCallBack !== null) return
    this.#callBack((callback) => this.#deps.clock.after(waitMs, callback))
  }

  #closeFlooding(): void {
    const { counters, log } = this.#deps
    counters.floodsClosed++
    const { identity } = this
    log.warn({ identity }, 'A charge point keeps sending more than its allowance; its connection is closed.')
    this.note({ kind: 'flood', detail: { bytesPerSecond: this.#allowance.limits.bytesPerSecond, forMs: floodMsMax } })
    this.close(closePolicyViolation, 'Too many messages for too long: send no more than needed.')
  }

  #callBack(schedule: (callback: () => void) => () => void): void {
    this.#cancelCallBack ??= schedule(() => {
      this.#cancelCallBack = null
      this.#next()
    })
  }

  /** A station that pauses for a while is not flooding any more. */
  #noteRest(nowMs: number): void {
    if (this.#floodingSinceMs !== null && this.#allowance.isRested(nowMs)) this.#floodingSinceMs = null
  }
}
