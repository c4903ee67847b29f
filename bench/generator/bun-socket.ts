// A station's socket by `Bun.connect`, with or without TLS.

import type { Socket } from 'bun'
import type { Endpoint, SocketListener, StationSocket } from './station-socket.ts'

const handlers = {
  binaryType: 'buffer' as const,
  open: (socket: Socket<BunSocket>) => socket.data.handleOpen(socket),
  data: (socket: Socket<BunSocket>, chunk: Buffer) => socket.data.handleData(chunk),
  drain: (socket: Socket<BunSocket>) => socket.data.handleDrain(),
  close: (socket: Socket<BunSocket>) => socket.data.handleGone('the connection was cut'),
  error: (socket: Socket<BunSocket>, error: Error) => socket.data.handleGone(error.message),
  connectError: (socket: Socket<BunSocket>, error: Error) => socket.data.handleGone(error.message),
}

/** Connects through Bun. */
export function dialBun({ host, port, isTls, localAddress }: Endpoint, listener: SocketListener): StationSocket {
  const data = new BunSocket(listener)
  Bun.connect<BunSocket>({
    hostname: host,
    port,
    data,
    socket: handlers,
    ...(isTls ? { tls: { rejectUnauthorized: false, serverName: host } } : {}),
    ...(localAddress === null ? {} : { localAddress }),
  }).catch((error: unknown) => data.handleGone(error instanceof Error ? error.message : String(error)))
  return data
}

class BunSocket implements StationSocket {
  readonly runs = null
  readonly #listener: SocketListener
  #socket: Socket<BunSocket> | null = null
  #unsent: Buffer | null = null
  #isGone = false

  constructor(listener: SocketListener) {
    this.#listener = listener
  }

  send(bytes: Buffer, length: number): void {
    const socket = this.#socket
    if (socket === null || this.#isGone) return
    if (this.#unsent !== null) {
      this.#unsent = Buffer.concat([this.#unsent, bytes.subarray(0, length)])
      return
    }
    const written = Math.max(0, socket.write(bytes, 0, length))
    if (written < length) this.#unsent = Buffer.from(bytes.subarray(written, length))
  }

  cut(): void {
    this.#isGone = true
    this.#socket?.terminate()
  }

  handleOpen(socket: Socket<BunSocket>): void {
    if (this.#isGone) {
      socket.terminate()
      return
    }
    this.#socket = socket
    this.#listener.socketOpened()
  }

  handleData(chunk: Buffer): void {
    if (!this.#isGone) this.#listener.socketData(chunk, 0, chunk.length)
  }

  handleDrain(): void {
    const unsent = this.#unsent
    if (unsent === null || this.#socket === null) return
    const written = Math.max(0, this.#socket.write(unsent))
    this.#unsent = written < unsent.length ? unsent.subarray(written) : null
  }

  handleGone(reason: string): void {
    if (this.#isGone) return
    this.cut()
    this.#listener.socketGone(reason)
  }
}
