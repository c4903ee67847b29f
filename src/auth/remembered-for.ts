// What was read a moment ago: by key, for a short time, and of a bounded number of keys.

import type { Clock } from '../base/clock.ts'

interface Entry<V> {
  readonly value: V
  readonly untilMs: number
}

/** Remembers values for `forMs` from the moment at which they began to be read. What does not exist is read again. */
export class RememberedFor<V> {
  readonly #clock: Clock
  readonly #forMs: number
  readonly #keysMax: number
  /** The least recently read first. */
  readonly #entries = new Map<string, Entry<V>>()

  constructor(clock: Clock, forMs: number, keysMax: number) {
    this.#clock = clock
    this.#forMs = forMs
    this.#keysMax = keysMax
  }

  /** How many values are in memory. */
  get size(): number {
    return this.#entries.size
  }

  /** The value of `key`: the remembered one, or what `read` resolves with. */
  async get(key: string, read: () => Promise<V | null>): Promise<V | null> {
    const atMs = this.#clock.nowMs()
    const known = this.#entries.get(key)
    // A clock that was set back does not make a value last longer.
    if (known !== undefined && atMs < known.untilMs && known.untilMs - atMs <= this.#forMs) return known.value
    this.#entries.delete(key)
    const value = await read()
    if (value === null) return null
    this.#entries.delete(key)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#keysMax) break
      this.#entries.delete(oldest)
    }
    this.#entries.set(key, { value, untilMs: atMs + this.#forMs })
    return value
  }
}
