// transactionIds from a sequence, fetched in blocks, so that the start of a transaction needs no round trip.

import { StatorError } from '../base/errors.ts'
import { transactionIdBlock } from '../base/limits.ts'
import type { Database } from './database.ts'
import { storeError } from './store-error.ts'

/** With fewer ids left than this, the next block is fetched. */
const refillAt = transactionIdBlock / 4

export class TransactionIds {
  readonly #database: Database
  #ids: number[] = []
  #fetching: Promise<void> | null = null

  constructor(database: Database) {
    this.#database = database
  }

  /**
   * A transactionId that was never used, on any node; a promise only if none is in memory. Ids fit into an int32.
   *
   * @throws {StatorError} `STORE_UNAVAILABLE` if none is in memory and the database is unavailable.
   */
  next(): number | Promise<number> {
    const id = this.#ids.pop()
    if (id === undefined) return this.#nextFetched()
    if (this.#ids.length < refillAt && this.#fetching === null) {
      this.#fetching = this.#fetch()
      // No caller waits for this yet. A caller that finds no id left tries again, and gets the error then.
      this.#fetching.catch(() => {})
    }
    return id
  }

  async #nextFetched(): Promise<number> {
    for (;;) {
      this.#fetching ??= this.#fetch()
      await this.#fetching
      const id = this.#ids.pop()
      if (id !== undefined) return id
    }
  }

  async #fetch(): Promise<void> {
    try {
      const block = await this.#database.pool.query<{ ids: number[] }>({
        name: 'stator_transaction_ids',
        text: "SELECT array_agg(nextval('transaction_ids')::int4) AS ids FROM generate_series(1, $1::int4)",
        values: [transactionIdBlock],
      })
      const ids = block.rows[0]?.ids
      if (ids === undefined) throw new StatorError('INTERNAL', 'The sequence transaction_ids gave no ids.')
      // Taken from the end, so that they are given out in ascending order.
      this.#ids = [...ids.reverse(), ...this.#ids]
    } catch (error) {
      throw storeError(error)
    } finally {
      this.#fetching = null
    }
  }
}
