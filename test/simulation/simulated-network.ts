// One WebSocket as both ends see it: frames take time and keep their order, and the connection may break, go half-open, or fill up.

import type { SocketData, StationSocket } from '../../src/station/station.ts'
import { socketBufferBytesMax } from '../../src/base/limits.ts'
import type { Random } from '../support/random.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** The charge point's end. */
export interface StationEnd {
  readonly key: number
  readonly identity: string
  onOpen(wire: Wire): void
  onText(wire: Wire, text: string): void
  /** The socket is closed, or was never opened. */
  onClosed(wire: Wire): void
}

/** The central system's end: the process that holds the socket. */
export interface ServerEnd {
  readonly isAlive: boolean
  onOpen(wire: Wire, socket: SimulatedSocket): void
  onText(wire: Wire, socket: SimulatedSocket, text: string): void
  onClosed(wire: Wire, socket: SimulatedSocket, code: number, reason: string): void
  /** A frame is sent. False: the process dies before that. */
  mayAct(): boolean
  onSent(wire: Wire, text: string): void
}

/** Frames that the kernel has read before a socket is paused are still delivered: this many. */
export const readAheadFrames = 8
/** For a slow reader frames count as this many bytes, so that a story needs few of them. */
const slowFrameBytes = 131_072

/** One connection, opened by the charge point, with all of its faults. */
export class Wire {
  readonly station: StationEnd
  readonly server: ServerEnd
  readonly number: number
  readonly #time: SimulatedTime
  readonly #random: Random
  readonly #latencyMsMax: number
  readonly #idleMsMax: number
  #socket: SimulatedSocket | null = null
  #isServerOpen = false
  #isStationOpen = true
  #isHalfOpen = false
  #isSlow = false
  /** Frames that wait at a paused socket. */
  #held: string[] = []
  #isPaused = false
  #readAhead = 0
  /** Frames that wait for a slow reader. */
  #unread: string[] = []
  #toServerAtMs = 0
  #toStationAtMs = 0

  constructor(
    number: number,
    ends: { readonly station: StationEnd; readonly server: ServerEnd },
    options: {
      readonly time: SimulatedTime
      readonly random: Random
      readonly latencyMsMax: number
      /** How long the server waits for a sign of life, in milliseconds. */
      readonly idleMsMax: number
    },
  ) {
    this.number = number
    this.station = ends.station
    this.server = ends.server
    this.#time = options.time
    this.#random = options.random
    this.#latencyMsMax = options.latencyMsMax
    this.#idleMsMax = options.idleMsMax
  }

  get isStationOpen(): boolean {
    return this.#isStationOpen
  }

  get isServerOpen(): boolean {
    return this.#isServerOpen && this.server.isAlive
  }

  get socket(): SimulatedSocket | null {
    return this.#socket
  }

  get bufferedBytes(): number {
    return this.#unread.length * slowFrameBytes
  }

  /** The server has accepted the handshake. */
  accept(data: SocketData): void {
    const socket = new SimulatedSocket(this, data)
    this.#socket = socket
    this.#time.after(0, () => {
      if (!this.server.isAlive) return
      this.#isServerOpen = true
      this.server.onOpen(this, socket)
      this.#toStation(() => {
        if (this.#isStationOpen) this.station.onOpen(this)
      })
      if (!this.#isStationOpen) this.#closeServer(1006, '')
    })
  }

  /** The server has refused the handshake, or there is no server. */
  refuse(): void {
    this.#toStation(() => this.#closeStation())
  }

  /** The charge point sends. */
  send(text: string): void {
    if (!this.#isStationOpen) return
    this.#toServer(() => this.arrive(text))
  }

  /** The charge point ends the connection: by a close frame, or by a reset, which may overtake frames under way. */
  hangUp(how: 'close' | 'reset'): void {
    if (!this.#isStationOpen) return
    this.#isStationOpen = false
    if (this.#isHalfOpen) return
    if (how === 'reset' && this.#random.chance(0.5)) this.#closeServer(1006, '')
    else this.#toServer(() => this.#closeServer(how === 'close' ? 1000 : 1006, ''))
  }

  /**
   * A half-open connection: nothing passes any more, and neither end is notified. Both detect it by their own
   * time-outs.
   */
  halfOpen(): void {
    if (this.#isHalfOpen) return
    this.#isHalfOpen = true
    this.#time.after(this.#idleMsMax, () => this.#closeServer(1006, ''))
    this.#time.after(this.#random.between(5_000, 120_000), () => this.#closeStation())
  }

  /** The charge point reads nothing for a while. */
  slow(forMs: number): void {
    this.#isSlow = true
    this.#time.after(forMs, () => {
      this.#isSlow = false
      for (const text of this.#unread.splice(0)) this.#deliver(text)
    })
  }

  /** The process at the server's end has died: the kernel resets its sockets, unless the whole machine has failed. */
  serverDied(): void {
    this.#isServerOpen = false
    if (this.#isHalfOpen) return
    if (this.#random.chance(0.2)) {
      this.#isHalfOpen = true
      this.#time.after(this.#random.between(5_000, 120_000), () => this.#closeStation())
    } else {
      this.#toStation(() => this.#closeStation())
    }
  }

  /** As `Socket.sendText`. */
  sendText(text: string): number {
    if (!this.#isServerOpen || !this.server.mayAct()) return 0
    if (this.bufferedBytes > socketBufferBytesMax) return 0
    this.server.onSent(this, text)
    if (this.#isSlow) {
      this.#unread.push(text)
      return -1
    }
    this.#deliver(text)
    return text.length
  }

  pause(): void {
    this.#isPaused = true
    this.#readAhead = readAheadFrames
  }

  resume(): void {
    this.#isPaused = false
    this.#time.after(0, () => {
      while (!this.#isPaused && this.#held.length > 0) this.#receive(this.#held.shift() ?? '')
    })
  }

  /** The server ends the connection. Its own close event comes a little later. */
  closeByServer(code: number, reason: string): void {
    if (!this.#isServerOpen) return
    this.#time.after(this.#random.between(0, 2), () => this.#closeServer(code, reason))
    if (!this.#isHalfOpen) this.#toStation(() => this.#closeStation())
  }

  #deliver(text: string): void {
    if (this.#isHalfOpen) return
    this.#toStation(() => {
      if (this.#isStationOpen && !this.#isHalfOpen) this.station.onText(this, text)
    })
  }

  /** Frames of the charge point have arrived and can be read. */
  arrive(text: string): void {
    if (!this.isServerOpen || this.#isHalfOpen) return
    if (this.#held.length > 0 || (this.#isPaused && this.#readAhead-- <= 0)) this.#held.push(text)
    else this.#receive(text)
  }

  #receive(text: string): void {
    if (this.isServerOpen && this.#socket !== null) this.server.onText(this, this.#socket, text)
  }

  #closeServer(code: number, reason: string): void {
    if (!this.isServerOpen || this.#socket === null) return
    this.#isServerOpen = false
    this.server.onClosed(this, this.#socket, code, reason)
    if (!this.#isHalfOpen) this.#toStation(() => this.#closeStation())
  }

  #closeStation(): void {
    if (!this.#isStationOpen) return
    this.#isStationOpen = false
    this.station.onClosed(this)
  }

  #toServer(run: () => void): void {
    this.#toServerAtMs = Math.max(this.#toServerAtMs, this.#time.nowMs + this.#latencyMs())
    this.#time.after(this.#toServerAtMs - this.#time.nowMs, run)
  }

  #toStation(run: () => void): void {
    this.#toStationAtMs = Math.max(this.#toStationAtMs, this.#time.nowMs + this.#latencyMs())
    this.#time.after(this.#toStationAtMs - this.#time.nowMs, run)
  }

  #latencyMs(): number {
    return this.#random.between(0, this.#latencyMsMax)
  }
}

/** The server's end of a wire, as Bun gives it to the gateway. */
export class SimulatedSocket implements StationSocket {
  readonly data: SocketData
  readonly #wire: Wire

  constructor(wire: Wire, data: SocketData) {
    this.#wire = wire
    this.data = data
  }

  sendText(text: string): number {
    return this.#wire.sendText(text)
  }

  getBufferedAmount(): number {
    return this.#wire.bufferedBytes
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  close(code = 1000, reason = ''): void {
    this.#wire.closeByServer(code, reason)
  }

  terminate(): void {
    this.#wire.closeByServer(1006, '')
  }
}
