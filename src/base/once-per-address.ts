// Log lines about clients that nobody knows yet: one for each address and hour, so that a scanner cannot fill the log.

import type { Clock } from './clock.ts'
import { loggedAddressesMax, loggedAddressMs } from './limits.ts'

/** Which addresses were logged lately. */
export class OncePerAddress {
  readonly #clock: Clock
  /** Oldest first. */
  readonly #loggedAtMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a line about `address` is due; if so, it counts as written. */
  isDue(address: string): boolean {
    const nowMs = this.#clock.nowMs()
    const beforeMs = this.#loggedAtMs.get(address)
    if (beforeMs !== undefined && Math.abs(nowMs - beforeMs) < loggedAddressMs) return false
    this.#loggedAtMs.delete(address)
    if (this.#loggedAtMs.size >= loggedAddressesMax) {
      for (const oldest of this.#loggedAtMs.keys()) {
        this.#loggedAtMs.delete(oldest)
        break
      }
    }
    this.#loggedAtMs.set(address, nowMs)
    return true
  }
}
