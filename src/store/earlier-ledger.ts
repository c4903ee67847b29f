// Whether the ledger of the version before is still needed. While nodes of that version work on the database, new facts
// are written there as well, since they look nowhere else; for as long as it holds facts that may be sent again, it is
// asked; then it is emptied.

import type { ClientBase, Pool } from 'pg'
import type { Clock } from '../base/clock.ts'
import { earlierNodesCheckMs, earlierNodesHours, leaseMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { repeat } from './repeat.ts'

/** `written`: it is asked, and written as well. `asked`: it may hold facts that come again. */
export type EarlierLedgerUse = 'written' | 'asked' | 'unused'

/** Right in every case, and more work than most need: what holds until somebody has looked. */
export const cautiousUse: EarlierLedgerUse = 'written'

// A node of that version has a lease like any other, and says nothing of its ledger.
const noteEarlierNodes = `
  INSERT INTO earlier_ledger (id, seen_at) SELECT 1, clock_timestamp() WHERE EXISTS (
    SELECT FROM nodes WHERE ledger IS NULL AND seen_at > clock_timestamp() - interval '${leaseMs} ms')
  ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at`

const readUse = `
  SELECT seen_at > clock_timestamp() - interval '${earlierNodesHours} h' AS "isWritten" FROM earlier_ledger`

/** What this process does about the ledger of the version before. */
export class EarlierLedger {
  readonly #pool: Pick<Pool, 'query'>
  #use: EarlierLedgerUse = cautiousUse

  constructor({ upkeepPool }: { readonly upkeepPool: Pick<Pool, 'query'> }) {
    this.#pool = upkeepPool
  }

  get use(): EarlierLedgerUse {
    return this.#use
  }

  /** Looks who works on the database, and what it says of the ledger. */
  async look(): Promise<void> {
    await this.#pool.query(noteEarlierNodes)
    const [row] = (await this.#pool.query<{ readonly isWritten: boolean }>(readUse)).rows
    this.#use = row === undefined ? 'unused' : row.isWritten ? 'written' : 'asked'
  }

  /** Looks now, and every `earlierNodesCheckMs`; the returned function ends it. */
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
 * Whether nothing in the ledger of the version before can be sent again: no node that writes there was seen for `days`.
 * False when it has been emptied.
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
