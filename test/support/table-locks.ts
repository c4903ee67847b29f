// Locks by which a test keeps Stator waiting for its database, in the middle of what it is doing.

import type { Client } from 'pg'
import { until } from './until.ts'

type HeldTable = 'charge_points' | 'charge_point_events' | 'transactions' | 'transaction_facts'

export class TableLocks {
  readonly #client: Client

  /** @param client of the database, of nobody else. */
  constructor(client: Client) {
    this.#client = client
  }

  /** Keeps everybody from writing to `table`, and from reading it too where `reads` says so, until `letGo`. */
  async hold(table: HeldTable, reads: 'reads go on' | 'reads wait'): Promise<void> {
    await this.#client.query('BEGIN')
    await this.#client.query(`LOCK TABLE ${table} IN ${reads === 'reads wait' ? 'ACCESS EXCLUSIVE' : 'EXCLUSIVE'} MODE`)
  }

  async letGo(): Promise<void> {
    await this.#client.query('COMMIT')
  }

  /** Resolves once so many statements of Stator wait for a lock, at least. */
  async statementsThatWait(count: number): Promise<void> {
    await until(`${count} statements of Stator to wait for the lock`, async () => {
      const { rowCount } = await this.#client.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return (rowCount ?? 0) >= count
    })
  }
}
