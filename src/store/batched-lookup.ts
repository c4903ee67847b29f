// Look-ups that travel together: whatever was asked while the last trip was under way goes with the next one. No timer decides.

import { StatorError } from '../base/errors.ts'
import { lookupKeysBytesMax, lookupKeysMax, lookupWaitingBytesMax, lookupWaitingMax } from '../base/limits.ts'
import { storeError } from './store-error.ts'

interface Waiter<V> {
  readonly resolve: (value: V | undefined) => void
  readonly reject: (error: StatorError) => void
}

interface Asked<K, V> {
  readonly key: K
  readonly waiters: Waiter<V>[]
}

/**
 * Reads values by key, one trip at a time, at most `lookupKeysMax` keys and `lookupKeysBytesMax` bytes a trip. Charge points
 * choose some keys, and so their size; it is taken from the name of a key.
 */
export class BatchedLookup<K, V> {
  readonly #fetch: (keys: readonly K[]) => Promise<ReadonlyMap<string, V>>
  readonly #nameOf: (key: K) => string
  #asked = new Map<string, Asked<K, V>>()
  #waiting = 0
  #waitingBytes = 0
  #isRunning = false

  /**
   * @param nameOf what tells keys apart; keys of one name are asked for once and share the answer.
   * @param fetch one trip; answers by name, and leaves out what does not exist.
   */
  constructor(nameOf: (key: K) => string, fetch: (keys: readonly K[]) => Promise<ReadonlyMap<string, V>>) {
    this.#nameOf = nameOf
    this.#fetch = fetch
  }

  /**
   * Undefined when there is no such thing.
   *
   * @throws {StatorError} `LOOKUP_QUEUE_FULL` when `lookupWaitingMax` keys or `lookupWaitingBytesMax` bytes would wait with it,
   *   or `STORE_UNAVAILABLE`.
   */
  get(key: K): Promise<V | undefined> {
    const name = this.#nameOf(key)
    if (this.#waiting >= lookupWaitingMax || this.#waitingBytes + name.length > lookupWaitingBytesMax) {
      const sentence = `${this.#waiting} look-ups of ${this.#waitingBytes} bytes already wait for the database.`
      return Promise.reject(new StatorError('LOOKUP_QUEUE_FULL', sentence))
    }
    this.#waiting++
    this.#waitingBytes += name.length
    return new Promise((resolve, reject) => {
      const asked = this.#asked.get(name)
      if (asked === undefined) this.#asked.set(name, { key, waiters: [{ resolve, reject }] })
      else asked.waiters.push({ resolve, reject })
      if (!this.#isRunning) {
        this.#isRunning = true
        // A microtask later, so that whatever the caller asks in one go travels together.
        queueMicrotask(() => void this.#run())
      }
    })
  }

  async #run(): Promise<void> {
    while (this.#asked.size > 0) {
      const trip = this.#take()
      try {
        const values = await this.#fetch([...trip.values()].map((asked) => asked.key))
        this.#settle(trip, (name, waiter) => waiter.resolve(values.get(name)))
      } catch (error) {
        const failure = storeError(error)
        this.#settle(trip, (_, waiter) => waiter.reject(failure))
      }
    }
    this.#isRunning = false
  }

  #take(): Map<string, Asked<K, V>> {
    if (this.#asked.size <= lookupKeysMax && this.#waitingBytes <= lookupKeysBytesMax) {
      const all = this.#asked
      this.#asked = new Map()
      return all
    }
    const trip = new Map<string, Asked<K, V>>()
    let bytes = 0
    for (const [name, asked] of this.#asked) {
      bytes += name.length
      if (trip.size >= lookupKeysMax || (bytes > lookupKeysBytesMax && trip.size > 0)) break
      trip.set(name, asked)
      this.#asked.delete(name)
    }
    return trip
  }

  #settle(trip: ReadonlyMap<string, Asked<K, V>>, settle: (name: string, waiter: Waiter<V>) => void): void {
    for (const [name, { waiters }] of trip) {
      this.#waiting -= waiters.length
      this.#waitingBytes -= waiters.length * name.length
      for (const waiter of waiters) settle(name, waiter)
    }
  }
}
