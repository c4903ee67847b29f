// One WebSocket of one charge point: its inbox, so that its CALLs are served one at a time and in order, and its way out,
// so that no result of a send goes unseen. It knows nothing of what the frames mean.

import type { ServerWebSocket } from 'bun'
import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Counters } from '../base/counters.ts'
import { inboxBurstFramesMax, inboxFramesMax, socketBufferBytesMax } from '../base/limits.ts'
import type { LiveChargePoint } from '../../actors/registry.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Leave } from './admission.ts'

/** A CALL as it came from the socket. */
export interface ReceivedFrame {
  readonly text: string
  readonly receivedAtMs: number
}

/** What the handshake hands over to the socket. */
export interface SocketData {
  readonly identity: string
  readonly chargePointKey: number
  /** null: no common subprotocol; the socket is closed as soon as it is open (OCPP-J 1.6 §3.1.2). */
  readonly version: OcppVersion | null
  readonly remoteAddress: string
  /** Called once the charge point has been read from the database, or never will be: the next one may come in. */
  readonly leave: Leave
  connection?: Connection
}

/** What a connection does with its socket. */
export type Socket = Pick<
  ServerWebSocket<SocketData>,
  'data' | 'sendText' | 'getBufferedAmount' | 'pause' | 'resume' | 'close' | 'terminate'
>

// RFC 6455 §7.4.1: the endpoint's policy does not allow it.
const closePolicyViolation = 1008
/** The endpoint cannot serve the connection at the moment. */
export const closeTryAgainLater = 1013

export interface ConnectionOptions {
  readonly counters: Counters
  /** Told about every frame that leaves or arrives, for the message log. */
  readonly onFrame: (connection: Connection, direction: 'fromChargePoint' | 'toChargePoint', text: string) => void
  /** Takes the next CALL under way; `served` is called when its answer has left. */
  readonly serve: (connection: Connection, frame: ReceivedFrame) => void
}

/** One open connection of a charge point. */
export class Connection {
  readonly identity: string
  readonly chargePointKey: number
  readonly version: OcppVersion
  readonly remoteAddress: string
  /** Resolves once the charge point has been read from the database, or never will be. */
  beginning: Promise<void> = Promise.resolve()
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  #live: LiveChargePoint | null = null
  #isServing = false
  #isPumping = false
  #isPaused = false
  #isClosed = false
  #isDraining = false
  // Most connections never need these: they are made when they do.
  #inbox: BoundedQueue<ReceivedFrame> | null = null
  #onIdle: (() => void)[] | null = null
  #quirksNoted: Set<string> | null = null
  #triggered: Set<string> | null = null

  constructor(socket: Socket, version: OcppVersion, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
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

  /** Bytes that wait in the socket for the charge point to read them. */
  get bufferedBytes(): number {
    return this.#socket.getBufferedAmount()
  }

  /** The charge point is known now: what has arrived meanwhile is served. */
  begin(live: LiveChargePoint): void {
    this.#live = live
    this.#next()
  }

  /** Whether the connection shows this quirk for the first time: a habit is noted once a connection, not once a frame. */
  isNewQuirk(habit: string): boolean {
    this.#quirksNoted ??= new Set()
    if (this.#quirksNoted.has(habit)) return false
    this.#quirksNoted.add(habit)
    return true
  }

  /** Notes that an operator asks for this action; from then on it is served before a boot is accepted, too. */
  trigger(action: string): void {
    ;(this.#triggered ??= new Set()).add(action)
  }

  isTriggered(action: string): boolean {
    return this.#triggered?.has(action) ?? false
  }

  /**
   * Queues a CALL. A full inbox stops reading from the socket: TCP makes the charge point wait. What had been read from
   * the socket by then still comes, and is queued, too.
   */
  receive(frame: ReceivedFrame): void {
    if (this.#isClosed || this.#isDraining) return
    if (this.#live !== null && !this.#isServing && !this.#isPumping && this.#waitingFrames === 0) {
      this.#isServing = true
      this.#options.serve(this, frame)
      return
    }
    this.#inbox ??= new BoundedQueue(inboxBurstFramesMax)
    if (!this.#inbox.push(frame)) {
      this.close(closePolicyViolation, 'Too many messages at once: wait for the answers.')
      return
    }
    if (!this.#isPaused && this.#inbox.size >= inboxFramesMax) {
      this.#isPaused = true
      this.#socket.pause()
    }
    this.#next()
  }

  /** The CALL under way has been answered, or never will be. */
  served(): void {
    this.#isServing = false
    if (this.#isPaused && this.#waitingFrames <= inboxFramesMax / 2 && !this.#isClosed) {
      this.#isPaused = false
      this.#socket.resume()
    }
    this.#next()
    if (!this.#isServing) {
      const waiting = this.#onIdle ?? []
      this.#onIdle = null
      for (const resolve of waiting) resolve()
    }
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
    this.#inbox?.drain()
  }

  /** Sends a frame. A charge point that reads so slowly that frames would be dropped is disconnected instead. */
  send(text: string): void {
    if (this.#isClosed) return
    // Bytes that went out; 0 when the text was dropped, below 0 when some of it waits.
    const sent = this.#socket.sendText(text)
    if (sent === 0 || (sent < 0 && this.bufferedBytes > socketBufferBytesMax)) {
      this.#options.counters.slowReadersClosed++
      this.closed()
      this.#socket.terminate()
      return
    }
    this.#options.counters.framesSent++
    this.#options.onFrame(this, 'toChargePoint', text)
  }

  /** Closes the socket; what is under way is finished, but its answer goes nowhere. */
  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.closed()
    this.#socket.close(code, reason)
  }

  /** The socket is gone. */
  closed(): void {
    this.#isClosed = true
    this.#inbox?.drain()
  }

  get #waitingFrames(): number {
    return this.#inbox?.size ?? 0
  }

  // A loop, not a recursion: an answer that is at hand at once calls `served` from inside `serve`.
  #next(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.#isServing && !this.#isClosed && !this.#isDraining && this.#live !== null) {
      const frame = this.#inbox?.shift()
      if (frame === undefined) break
      this.#isServing = true
      this.#options.serve(this, frame)
    }
    this.#isPumping = false
  }
}
