// TLS handshakes under way, by the network of the client. One network that begins handshakes and never ends them takes
// no place from the others.

import { networkOf } from '../../base/address-ranges.ts'

/** Handshakes that have begun. */
export class HandshakesUnderWay<T> {
  readonly #max: number
  readonly #byNetwork = new Map<string, Set<T>>()
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  /**
   * Adds a handshake. Returns the one that must end if there are too many now: the oldest of the network that has the
   * most, or this one if its own network has; null: none.
   */
  add(address: string, handshake: T): T | null {
    const network = networkOf(address)
    const own = this.#byNetwork.get(network) ?? new Set<T>()
    this.#byNetwork.set(network, own.add(handshake))
    this.#size++
    if (this.#size <= this.#max) return null
    const largest = this.#byNetwork.values().reduce((most, each) => (each.size > most.size ? each : most), own)
    const [oldest = handshake] = largest
    return largest === own ? handshake : oldest
  }

  /** It is over. Further calls do nothing. */
  delete(address: string, handshake: T): void {
    const network = networkOf(address)
    const own = this.#byNetwork.get(network)
    if (own?.delete(handshake) !== true) return
    this.#size--
    if (own.size === 0) this.#byNetwork.delete(network)
  }
}
