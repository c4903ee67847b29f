// What was learned from others, for as long as it is valid: of a bounded number, and of a bounded size.

import type { Clock } from '../../base/clock.ts'

interface Entry<V> {
  readonly value: V
  readonly untilMs: number
  readonly bytes: number
}

/** Keeps values until they end, or until newer ones need the room. */
export class Kept<V> {
  readonly #clock: Clock
  readonly #entriesMax: number
  readonly #bytesMax: number
  /** The oldest first. */
  readonly #entries = new Map<string, Entry<V>>()
  #bytes = 0

  constructor(clock: Clock, entriesMax: number, bytesMax: number) {
    this.#clock = clock
    this.#entriesMax = entriesMax
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#clock.nowMs() < entry.untilMs) return entry.value
    this.#drop(key, entry)
    return undefined
  }

  /** Keeps `value` until `untilMs`, unless it is too big by itself. */
  keep(key: string, value: V, untilMs: number, bytes: number): void {
    const before = this.#entries.get(key)
    if (before !== undefined) this.#drop(key, before)
    if (this.#entriesMax === 0 || bytes > this.#bytesMax || untilMs <= this.#clock.nowMs()) return
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size < this.#entriesMax && this.#bytes + bytes <= this.#bytesMax) break
      this.#drop(oldest, entry)
    }
    this.#entries.set(key, { value, untilMs, bytes })
    this.#bytes += bytes
  }

  #drop(key: string, { bytes }: Entry<V>): void {
    this.#entries.delete(key)
    this.#bytes -= bytes
  }
}
