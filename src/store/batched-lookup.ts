// Batched look-ups: everything that is asked while one round trip is under way goes with the next one. No timer is
// involved.

import DataLoader from 'dataloader'
import { StatorError } from '../base/errors.ts'
import { lookupKeysBytesMax, lookupKeysMax, lookupWaitingBytesMax, lookupWaitingMax } from '../base/limits.ts'
import { storeError } from './store-error.ts'

type Found<V> = V | undefined | StatorError

/**
 * Reads values by key, one round trip at a time, at most `lookupKeysMax` keys and `lookupKeysBytesMax` bytes each.
 * Charge points choose some keys, and so their size. The size of a key is that of its name.
 */
export class BatchedLookup<K, V> {
  readonly #nameOf: (key: K) => string
  readonly #fetch: (keys: readonly K[]) => Promise<ReadonlyMap<string, V>>
  readonly #loader: DataLoader<K, V | undefined, string>
  /** The round trips of the last batch that was sent. */
  #trips: Promise<Found<V>[]> = Promise.resolve([])
  /** Resolves when the last batch has been answered. */
  #lastBack: Promise<unknown> = this.#trips
  #waiting = 0
  #waitingBytes = 0

  /**
   * @param nameOf the name that identifies a key. Keys with the same name are asked for once and share the answer.
   * @param fetch one round trip. It answers by name, and leaves out what does not exist.
   */
  constructor(nameOf: (key: K) => string, fetch: (keys: readonly K[]) => Promise<ReadonlyMap<string, V>>) {
    this.#nameOf = nameOf
    this.#fetch = fetch
    this.#loader = new DataLoader<K, V | undefined, string>((keys) => this.#leave(keys), {
      cacheKeyFn: nameOf,
      maxBatchSize: lookupKeysMax,
      batchScheduleFn: (dispatch) => {
        this.#lastBack = this.#lastBack.then(() => {
          dispatch()
          return this.#trips
        })
      },
    })
  }

  /**
   * Undefined when there is no such thing.
   *
   * @throws {StatorError} `LOOKUP_QUEUE_FULL` when `lookupWaitingMax` keys or `lookupWaitingBytesMax` bytes would wait
   *   with it,
   *   or `STORE_UNAVAILABLE`.
   */
  get(key: K): Promise<V | undefined> {
    const bytes = this.#nameOf(key).length
    if (this.#waiting >= lookupWaitingMax || this.#waitingBytes + bytes > lookupWaitingBytesMax) {
      const sentence = `${this.#waiting} look-ups of ${this.#waitingBytes} bytes already wait for the database.`
      return Promise.reject(new StatorError('LOOKUP_QUEUE_FULL', sentence))
    }
    this.#waiting++
    this.#waitingBytes += bytes
    return this.#loader.load(key).finally(() => {
      this.#waiting--
      this.#waitingBytes -= bytes
    })
  }

  #leave(keys: readonly K[]): Promise<Found<V>[]> {
    // Nothing is cached: a later caller needs what is stored at that time.
    for (const key of keys) this.#loader.clear(key)
    this.#trips = this.#fetchAll(keys)
    return this.#trips
  }

  /** Fetches `keys` in as many round trips as their size needs. If one fails, only its own keys fail. */
  async #fetchAll(keys: readonly K[]): Promise<Found<V>[]> {
    const found: Found<V>[] = []
    while (found.length < keys.length) {
      const trip = this.#firstTripOf(keys.slice(found.length))
      try {
        const values = await this.#fetch(trip)
        for (const key of trip) found.push(values.get(this.#nameOf(key)))
      } catch (error) {
        const failure = storeError(error)
        for (const _ of trip) found.push(failure)
      }
    }
    return found
  }

  #firstTripOf(keys: readonly K[]): readonly K[] {
    let bytes = 0
    const end = keys.findIndex((key, index) => {
      bytes += this.#nameOf(key).length
      return bytes > lookupKeysBytesMax && index > 0
    })
    return end < 0 ? keys : keys.slice(0, end)
  }
}
