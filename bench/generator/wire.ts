// A WebSocket client of our own over a socket: Bun's client costs more per message than the floor server.

import {
  FrameReader,
  type FrameSink,
  frameCharactersMax,
  headerBytesMax,
  writePongFrame,
  writeTextFrame,
  writeTextFrameOf,
} from './frames.ts'
import { dial, type SocketKind, socketKindFor } from './sockets.ts'
import type { FrameRun, Runs, SocketListener, StationSocket } from './station-socket.ts'

/** Where charge points connect, and how. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** Path of the URL without a slash at its end; an identity is appended. */
  readonly path: string
  /** The kind of its sockets. */
  readonly sockets: SocketKind
}

/** The target that a `ws://` or `wss://` URL names. */
export function targetOf(url: string): Target {
  const { protocol, hostname, port, pathname } = new URL(url)
  const isTls = protocol === 'wss:'
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    isTls,
    path: pathname.replace(/\/+$/, ''),
    sockets: socketKindFor({ host, isTls }),
  }
}

export interface WireOptions {
  readonly target: Target
  readonly identity: string
  readonly password: string | null
  readonly subprotocol: string
  /** Local address; null: chosen by the system. */
  readonly localAddress: string | null
}

/** The user of a wire. */
export interface WireListener {
  opened(): void
  /** A text message; the bytes are valid only during the call. */
  text(bytes: Buffer, from: number, to: number): void
  /** All frames of the run were answered. */
  runEnded(): void
  /**
   * The connection has ended, or could not be opened; `reason` says why. `status` is that of an HTTP answer other than
   * the wanted one.
   */
  closed(reason: string, status: number | null): void
}

// The socket copies the bytes before `send` returns, so one buffer serves all.
const outgoing = Buffer.alloc(frameCharactersMax + headerBytesMax)

export class Wire implements FrameSink, SocketListener {
  readonly #options: WireOptions
  readonly #listener: WireListener
  readonly #reader = new FrameReader()
  #socket: StationSocket | null = null
  /** The response of the server to the handshake; null once it has switched protocols. */
  #greeting: string | null = ''
  #isGone = false

  private constructor(options: WireOptions, listener: WireListener) {
    this.#options = options
    this.#listener = listener
  }

  /** Connects. The listener gets the result. */
  static dial(options: WireOptions, listener: WireListener): Wire {
    const wire = new Wire(options, listener)
    const { target, localAddress } = options
    wire.#socket = dial(target.sockets, { ...target, localAddress }, wire)
    return wire
  }

  /** Sends an ASCII text of at most `frameCharactersMax` characters. */
  send(text: string): void {
    this.#write(writeTextFrame(outgoing, text))
  }

  /** As `send`, for a text whose first part is already bytes. */
  sendOf(head: Buffer, tail: string): void {
    this.#write(writeTextFrameOf(outgoing, head, tail))
  }

  /** Sends a run of CALLs; null if the socket cannot, or not now. */
  play(group: number, run: FrameRun): Runs | null {
    const runs = this.#socket?.runs ?? null
    if (runs === null || !this.#reader.isBetween || this.#isGone) return null
    runs.play(group, run)
    return runs
  }

  /** Whether its socket can send runs. */
  get hasRuns(): boolean {
    return this.#socket !== null && this.#socket.runs !== null
  }

  /** Cuts the connection; the listener is not called. */
  cut(): void {
    this.#isGone = true
    this.#socket?.cut()
  }

  text(bytes: Buffer, from: number, to: number): void {
    this.#listener.text(bytes, from, to)
  }

  ping(payload: string): void {
    this.#write(writePongFrame(outgoing, payload))
  }

  close(code: number): void {
    this.socketGone(`the server closed it with ${code}`)
  }

  socketOpened(): void {
    if (this.#isGone) return
    const { target, identity, password, subprotocol } = this.#options
    const credentials = Buffer.from(`${identity}:${password}`).toString('base64')
    const lines = [
      `GET ${target.path}/${encodeURIComponent(identity)} HTTP/1.1`,
      `Host: ${target.host}:${target.port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${Buffer.from(identity.padEnd(16, '.').slice(0, 16)).toString('base64')}`,
      `Sec-WebSocket-Protocol: ${subprotocol}`,
      ...(password === null ? [] : [`Authorization: Basic ${credentials}`]),
    ]
    const request = `${lines.join('\r\n')}\r\n\r\n`
    this.#write(outgoing.write(request, 'latin1'))
  }

  socketData(bytes: Buffer, from: number, to: number): void {
    if (this.#isGone) return
    if (this.#greeting !== null) this.#greet(this.#greeting + bytes.toString('latin1', from, to))
    else {
      this.#reader.read(bytes, this, from, to)
      if (this.#reader.isBetween) this.#socket?.runs?.resume()
    }
  }

  runEnded(): void {
    this.#listener.runEnded()
  }

  socketGone(reason: string): void {
    this.#end(reason, null)
  }

  #end(reason: string, status: number | null): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#socket?.cut()
    this.#listener.closed(reason, status)
  }

  #greet(greeting: string): void {
    this.#greeting = greeting
    const end = greeting.indexOf('\r\n\r\n')
    if (end < 0) return
    const statusLine = greeting.slice(0, greeting.indexOf('\r\n'))
    if (!statusLine.startsWith('HTTP/1.1 101')) {
      this.#end(`the handshake was answered with ${statusLine.slice(9)}`, Number.parseInt(statusLine.slice(9), 10))
      return
    }
    const offered = this.#options.subprotocol.toLowerCase()
    if (!greeting.slice(0, end).toLowerCase().includes(`sec-websocket-protocol: ${offered}`)) {
      this.#end(`the handshake did not agree to ${offered}`, 101)
      return
    }
    this.#greeting = null
    this.#listener.opened()
    const rest = greeting.slice(end + 4)
    if (rest !== '' && !this.#isGone) this.#reader.read(Buffer.from(rest, 'latin1'), this)
  }

  #write(length: number): void {
    if (!this.#isGone) this.#socket?.send(outgoing, length)
  }
}
