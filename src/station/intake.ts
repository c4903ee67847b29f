// Counts the bytes of all frames that have been read from sockets and are not served yet, and stops reading when
// there are too many: each connection holds little, but there may be tens of thousands.

import { receivedBytesMax } from '../base/limits.ts'

/** A connection whose socket can be read again. */
export interface Stopped {
  readAgain(): void
}

/** The frames of all connections that wait or are under way. */
export class Intake {
  #bytes = 0
  readonly #stopped = new Set<Stopped>()

  get bytes(): number {
    return this.#bytes
  }

  /** Whether stations that send more have to wait. */
  get isFull(): boolean {
    return this.#bytes >= receivedBytesMax
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /**
   * Frames have been served, or never will be. Those who were stopped are read again once there is room for some of
   * them.
   */
  remove(bytes: number): void {
    this.#bytes -= bytes
    if (this.#stopped.size === 0 || this.#bytes > receivedBytesMax / 2) return
    const stopped = [...this.#stopped]
    this.#stopped.clear()
    for (const connection of stopped) connection.readAgain()
  }

  /** Calls `readAgain` once when `connection` may be read again. */
  stop(connection: Stopped): void {
    this.#stopped.add(connection)
  }

  /** The connection is gone. */
  forget(connection: Stopped): void {
    this.#stopped.delete(connection)
  }
}
