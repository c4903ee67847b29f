// One direction of a relayed connection, with back pressure: what the reader does not take waits here, and the sender
// is not read meanwhile.

import { relayBytesMax } from '../../base/limits.ts'

/** What a flow needs of the socket that it reads. */
export interface Source {
  pause(): void
  resume(): void
}

/** What a flow needs of the socket that it writes. */
export interface Sink {
  /** How many of the bytes it took; less than zero when it is closed. */
  write(bytes: Uint8Array): number
  /** No more bytes will come. */
  end(): void
}

/** Bytes from `source` to a sink, which may come later. */
export class Flow {
  readonly #source: Source
  #sink: Sink | null = null
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #isFinished = false

  constructor(source: Source) {
    this.#source = source
  }

  /** Bytes that wait for the sink. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Begins to write, at first what has waited. */
  connect(sink: Sink): void {
    this.#sink = sink
    this.drain()
  }

  /** Passes bytes on. Returns false when more are waiting than `relayBytesMax`: the connection must be closed. */
  take(bytes: Uint8Array): boolean {
    const taken = this.#sink === null || this.#waitingBytes > 0 ? 0 : Math.max(0, this.#sink.write(bytes))
    if (taken === bytes.length) return true
    if (this.#waitingBytes === 0) this.#source.pause()
    this.#waiting.push(bytes.subarray(taken))
    this.#waitingBytes += bytes.length - taken
    return this.#waitingBytes <= relayBytesMax
  }

  /** The sink takes bytes again. */
  drain(): void {
    const sink = this.#sink
    if (sink === null) return
    if (this.#waitingBytes > 0) {
      let written = 0
      for (const bytes of this.#waiting) {
        const taken = Math.max(0, sink.write(bytes))
        this.#waitingBytes -= taken
        if (taken < bytes.length) {
          this.#waiting[written] = bytes.subarray(taken)
          break
        }
        written++
      }
      this.#waiting = this.#waiting.slice(written)
      if (this.#waitingBytes > 0) return
      if (!this.#isFinished) this.#source.resume()
    }
    if (this.#isFinished) sink.end()
  }

  /** The source has ended: the sink is ended after what waits. */
  finish(): void {
    if (this.#isFinished) return
    this.#isFinished = true
    if (this.#waitingBytes === 0) this.#sink?.end()
  }
}
