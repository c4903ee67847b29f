// Counts the open connections of charge points by address. Many share one address, so the limit is high: it keeps one
// address from taking all connections of a node.

import { networkOf } from '../base/address-ranges.ts'

/** The open connections of each address. */
export class AddressConnections {
  readonly #max: number
  readonly #open = new Map<string, number>()

  /** @param max `Limits.ConnectionsPerAddress`. */
  constructor(max: number) {
    this.#max = max
  }

  /** Whether the address has as many connections as it may have. */
  isFull(address: string): boolean {
    return (this.#open.get(networkOf(address)) ?? 0) >= this.#max
  }

  opened(address: string): void {
    const network = networkOf(address)
    this.#open.set(network, (this.#open.get(network) ?? 0) + 1)
  }

  closed(address: string): void {
    const network = networkOf(address)
    const left = (this.#open.get(network) ?? 0) - 1
    if (left > 0) this.#open.set(network, left)
    else this.#open.delete(network)
  }
}
