// transactionIds from a sequence in blocks, so that a transaction that begins costs no round trip.

import { StatorError } from '../base/errors.ts'
import type { Database } from './database.ts'

export class TransactionIds {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** A transactionId that nobody had before; a promise only while a block is being fetched. */
  next(): number | Promise<number> {
    throw new StatorError('INTERNAL', `TransactionIds is being written (${this.#database.provider}).`)
  }
}
