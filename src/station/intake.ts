// Back pressure of the whole node: counts the bytes of all frames that have been read from sockets and are not served
// yet. When there are too many, the sockets of stations that send more are paused. Each station holds little, but there
// may be tens of thousands of them.

import { receivedBytesMax } from '../base/limits.ts'

/** The received frames of all stations that wait or are being served: the back pressure that they share. */
export class Intake {
  #bytes = 0
  /** Paused stations, and what resumes each of them. */
  readonly #paused = new Map<object, () => void>()

  get bytes(): number {
    return this.#bytes
  }

  /** Whether a station that sends more is paused. */
  get isFull(): boolean {
    return this.#bytes >= receivedBytesMax
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Frames have been served or dropped. Once the total falls to half of the limit, all paused stations are resumed. */
  remove(bytes: number): void {
    this.#bytes -= bytes
    if (this.#paused.size === 0 || this.#bytes > receivedBytesMax / 2) return
    const paused = [...this.#paused.values()]
    this.#paused.clear()
    for (const resume of paused) resume()
  }

  /** Calls `resume` once, when `station` may be read again. */
  paused(station: object, resume: () => void): void {
    this.#paused.set(station, resume)
  }

  /** The connection has ended. */
  forget(station: object): void {
    this.#paused.delete(station)
  }
}
