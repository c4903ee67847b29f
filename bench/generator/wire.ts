// A charge point's WebSocket, by hand over TCP or TLS: Bun's own client costs more per message than the floor server does.

import type { Socket } from 'bun'
import {
  FrameReader,
  type FrameSink,
  frameCharactersMax,
  headerBytesMax,
  writePongFrame,
  writeTextFrame,
  writeTextFrameOf,
} from './frames.ts'

/** Where charge points connect, and how. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** Path of the URL without a slash at its end; an identity is appended. */
  readonly path: string
}

/** The target that a `ws://` or `wss://` URL names. */
export function targetOf(url: string): Target {
  const { protocol, hostname, port, pathname } = new URL(url)
  const isTls = protocol === 'wss:'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    isTls,
    path: pathname.replace(/\/+$/, ''),
  }
}

export interface WireOptions {
  readonly target: Target
  readonly identity: string
  readonly password: string | null
  readonly subprotocol: string
  /** Address to dial from; null leaves it to the system. */
  readonly localAddress: string | null
}

/** Who uses a wire. */
export interface WireListener {
  opened(): void
  /** A text message; the bytes are only lent. */
  text(bytes: Buffer, from: number, to: number): void
  /** The connection is gone, or was never made; `reason` says why. */
  closed(reason: string): void
}

// What is sent is copied by the socket before `write` returns, so one buffer serves all.
const outgoing = Buffer.alloc(frameCharactersMax + headerBytesMax)

const handlers = {
  binaryType: 'buffer' as const,
  open: (socket: Socket<Wire>) => socket.data.handleOpen(socket),
  data: (socket: Socket<Wire>, chunk: Buffer) => socket.data.handleData(chunk),
  drain: (socket: Socket<Wire>) => socket.data.handleDrain(),
  close: (socket: Socket<Wire>) => socket.data.handleGone('the connection was cut'),
  error: (socket: Socket<Wire>, error: Error) => socket.data.handleGone(error.message),
  connectError: (socket: Socket<Wire>, error: Error) => socket.data.handleGone(error.message),
}

export class Wire implements FrameSink {
  readonly #options: WireOptions
  readonly #listener: WireListener
  readonly #reader = new FrameReader()
  #socket: Socket<Wire> | null = null
  /** What the server said before it switched protocols; null from then on. */
  #greeting: string | null = ''
  #unsent: Buffer | null = null
  #isGone = false

  private constructor(options: WireOptions, listener: WireListener) {
    this.#options = options
    this.#listener = listener
  }

  /** Dials. The listener hears how it ended. */
  static dial(options: WireOptions, listener: WireListener): Wire {
    const wire = new Wire(options, listener)
    const { target, localAddress } = options
    Bun.connect<Wire>({
      hostname: target.host,
      port: target.port,
      data: wire,
      socket: handlers,
      ...(target.isTls ? { tls: { rejectUnauthorized: false, serverName: target.host } } : {}),
      ...(localAddress === null ? {} : { localAddress }),
    }).catch((error: unknown) => wire.handleGone(error instanceof Error ? error.message : String(error)))
    return wire
  }

  /** Sends an ASCII text of at most `frameCharactersMax` characters. */
  send(text: string): void {
    this.#write(writeTextFrame(outgoing, text))
  }

  /** As `send`, of a text whose first part stands ready as bytes. */
  sendOf(head: Buffer, tail: string): void {
    this.#write(writeTextFrameOf(outgoing, head, tail))
  }

  /** Cuts the connection; the listener is not told. */
  cut(): void {
    this.#isGone = true
    this.#socket?.terminate()
  }

  text(bytes: Buffer, from: number, to: number): void {
    this.#listener.text(bytes, from, to)
  }

  ping(payload: string): void {
    this.#write(writePongFrame(outgoing, payload))
  }

  close(code: number): void {
    this.#socket?.end()
    this.handleGone(`the server closed it with ${code}`)
  }

  handleOpen(socket: Socket<Wire>): void {
    if (this.#isGone) {
      socket.terminate()
      return
    }
    this.#socket = socket
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
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  handleData(chunk: Buffer): void {
    if (this.#isGone) return
    if (this.#greeting === null) this.#reader.read(chunk, this)
    else this.#greet(this.#greeting + chunk.toString('latin1'))
  }

  handleDrain(): void {
    const unsent = this.#unsent
    if (unsent === null || this.#socket === null) return
    const written = Math.max(0, this.#socket.write(unsent))
    this.#unsent = written < unsent.length ? unsent.subarray(written) : null
  }

  handleGone(reason: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#socket?.terminate()
    this.#listener.closed(reason)
  }

  #greet(greeting: string): void {
    this.#greeting = greeting
    const end = greeting.indexOf('\r\n\r\n')
    if (end < 0) return
    const statusLine = greeting.slice(0, greeting.indexOf('\r\n'))
    if (!statusLine.startsWith('HTTP/1.1 101')) {
      this.handleGone(`the handshake was answered with ${statusLine.slice(9)}`)
      return
    }
    const offered = this.#options.subprotocol.toLowerCase()
    if (!greeting.slice(0, end).toLowerCase().includes(`sec-websocket-protocol: ${offered}`)) {
      this.handleGone(`the handshake did not agree to ${offered}`)
      return
    }
    this.#greeting = null
    this.#listener.opened()
    const rest = greeting.slice(end + 4)
    if (rest !== '' && !this.#isGone) this.#reader.read(Buffer.from(rest, 'latin1'), this)
  }

  #write(length: number): void {
    const socket = this.#socket
    if (socket === null || this.#isGone) return
    if (this.#unsent !== null) {
      this.#unsent = Buffer.concat([this.#unsent, outgoing.subarray(0, length)])
      return
    }
    const written = Math.max(0, socket.write(outgoing, 0, length))
    if (written < length) this.#unsent = Buffer.from(outgoing.subarray(written, length))
  }
}
