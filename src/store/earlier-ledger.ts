// Whether the ledger of the previous version is still needed. While nodes of that version use the database, new facts
// are written there as well, because those nodes look nowhere else. While it holds facts that may be sent again, it is
// read. After that it is emptied.

import type { ClientBase, Pool } from 'pg'
import type { Clock } from '../base/clock.ts'
import { earlierNodesCheckMs, earlierNodesHours, leaseMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { repeat } from './repeat.ts'

/** `written`: it is read and written. `asked`: it is only read, because it may hold facts that are sent again. */
export type EarlierLedgerUse = 'written' | 'asked' | 'unused'

/** Correct in every case, but more work than usually needed: used until the first check. */
export const cautiousUse: EarlierLedgerUse = 'written'

// A node of that version has a lease like any other node, and does not say which ledger it uses.
const noteEarlierNodes = `
  INSERT INTO earlier_ledger (id, seen_at) SELECT 1, clock_timestamp() WHERE EXISTS (
    SELECT FROM nodes WHERE ledger IS NULL AND seen_at > clock_timestamp() - interval '${leaseMs} ms')
  ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at`

const readUse = `
  SELECT seen_at > clock_timestamp() - interval '${earlierNodesHours} h' AS "isWritten" FROM earlier_ledger`

/** What this process does about the ledger of the previous version. */
export class EarlierLedger {
  readonly #pool: Pick<Pool, 'query'>
  #use: EarlierLedgerUse = cautiousUse

  constructor({ upkeepPool }: { readonly upkeepPool: Pick<Pool, 'query'> }) {
    this.#pool = upkeepPool
  }

  get use(): EarlierLedgerUse {
    return this.#use
  }

  /** Reads which nodes use the database, and which ledger each of them uses. */
  async look(): Promise<void> {
    await this.#pool.query(noteEarlierNodes)
    const [row] = (await this.#pool.query<{ readonly isWritten: boolean }>(readUse)).rows
    this.#use = row === undefined ? 'unused' : row.isWritten ? 'written' : 'asked'
  }

  /** Checks now, and every `earlierNodesCheckMs`; the returned function ends it. */
  watch(clock: Clock, log: Pick<Logger, 'warn'>): () => Promise<void> {
    const looks = repeat(
      clock,
      earlierNodesCheckMs,
      () => this.look(),
      (error) => log.warn({ error }, 'Nodes of the version before could not be looked for; the next turn tries again.'),
    )
    looks.begin(0)
    return () => looks.end()
  }
}

/**
 * Whether no fact in the ledger of the previous version can be sent again: no node that writes there was seen for
 * `days`. False if it has been emptied.
 */
export async function isEarlierLedgerOver(client: ClientBase, days: number): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM earlier_ledger WHERE seen_at < clock_timestamp() - make_interval(days => $1)',
    [days],
  )
  return rowCount === 1
}

/** In a transaction of its own: it locks the table. */
export async function emptyEarlierLedger(client: ClientBase): Promise<void> {
  await client.query('TRUNCATE transaction_events')
  await client.query('DELETE FROM earlier_ledger')
}
