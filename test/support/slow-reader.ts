// A client of HTTP that reads only when the test says so: what it does not read waits in sockets, and then in the server.

import { connect, type Socket } from 'node:net'
import { adminApiKey } from './stator.ts'

/** A response that is being read. */
export class SlowReader {
  readonly #socket: Socket
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #keepsBody = true
  /** Whether the server has closed the connection. */
  isClosed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (piece: Buffer) => {
      this.#bytes += piece.length
      if (this.#keepsBody) this.#pieces.push(piece)
      else this.#pieces.splice(0, this.#pieces.length, Buffer.concat([...this.#pieces, piece]).subarray(-16))
    })
    socket.on('error', () => {})
    socket.on('close', () => (this.isClosed = true))
  }

  /** Sends `GET path` with the operator's key, and reads the first piece of the answer. */
  static async get(url: string, path: string, key = adminApiKey): Promise<SlowReader> {
    const { hostname, port, host } = new URL(url)
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname)
    const reader = new SlowReader(socket)
    const first = new Promise<void>((resolve) => {
      socket.once('data', () => {
        socket.pause()
        resolve()
      })
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${key}\r\nConnection: close\r\n\r\n`)
    await first
    return reader
  }

  /** Bytes that were read so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Reads to the end, and keeps only the last bytes if the body is not asked for. */
  async readAll(keepsBody = true): Promise<void> {
    this.#keepsBody = keepsBody
    const closed = new Promise<void>((resolve) => {
      if (this.isClosed) resolve()
      else this.#socket.once('close', () => resolve())
    })
    this.#socket.resume()
    await closed
  }

  /** The head of the answer. */
  get head(): string {
    return this.#text().split('\r\n\r\n')[0] ?? ''
  }

  /** Whether the last chunk has come, by which a client knows that it has all. */
  get isComplete(): boolean {
    return this.#text().endsWith('\r\n0\r\n\r\n')
  }

  /** The body, without the lengths of its chunks. */
  get body(): string {
    const whole = Buffer.concat(this.#pieces)
    const parts: Buffer[] = []
    let at = whole.indexOf('\r\n\r\n') + 4
    for (;;) {
      const end = whole.indexOf('\r\n', at)
      const length = end < 0 ? 0 : Number.parseInt(whole.subarray(at, end).toString(), 16)
      if (length === 0) return Buffer.concat(parts).toString()
      parts.push(whole.subarray(end + 2, end + 2 + length))
      at = end + 2 + length + 2
    }
  }

  /** Goes away in the middle. */
  destroy(): void {
    this.#socket.destroy()
  }

  #text(): string {
    return Buffer.concat(this.#pieces).toString('latin1')
  }
}
