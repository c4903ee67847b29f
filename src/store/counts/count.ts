// Keeps the counters of transactions: folds what the triggers on `transactions` have noted, and counts all of them when
// the counters are new or an operator wants them made again. Both may run beside any number of writers.

import type { ClientBase, Pool, QueryConfig } from 'pg'
import { countAllMsMax } from '../../base/limits.ts'

/** Key of the advisory lock of the process that folds or counts. */
const countsLock = 6_017_306

const figuresOf = 'sum(transactions) AS transactions, sum(open) AS open'

/** The differences of `changes`, by hour and by day, of arrival and of start. */
const sumsOf = (changes: string): string =>
  [
    `SELECT false AS by_start, 1::int2 AS hours, arrival_hour AS begin_at, ${figuresOf} FROM ${changes} GROUP BY 3`,
    `SELECT false, 24::int2, date_bin('1 day', arrival_hour, 'epoch'), ${figuresOf} FROM ${changes} GROUP BY 3`,
    `SELECT true, 1::int2, start_hour, ${figuresOf} FROM ${changes} GROUP BY 3`,
    `SELECT true, 24::int2, date_bin('1 day', start_hour, 'epoch'), ${figuresOf} FROM ${changes} GROUP BY 3`,
  ].join(' UNION ALL ')

const fold = `
  WITH changes AS (DELETE FROM transaction_count_changes RETURNING *), sums AS (${sumsOf('changes')})
  INSERT INTO transaction_counts (by_start, hours, begin_at, transactions, open) SELECT * FROM sums
  ON CONFLICT (by_start, hours, begin_at) DO UPDATE
  SET transactions = transaction_counts.transactions + EXCLUDED.transactions, open = transaction_counts.open + EXCLUDED.open`

/** Adds the noted changes to the counters, unless another process does so at this moment. */
export async function foldCounts(pool: Pool): Promise<void> {
  await underLock(pool, 'pg_try_advisory_lock', (client) => client.query(fold))
}

interface CountedHours {
  readonly arrivalHours: readonly string[]
  readonly startHours: readonly string[]
  readonly transactions: readonly number[]
  readonly open: readonly number[]
}

/** Counts the transactions of a partition that is going to be dropped, which takes as long as it has rows. */
export async function countPartition(client: ClientBase, partition: string): Promise<CountedHours> {
  const text = `
    SELECT array_agg(arrival_hour::text) AS "arrivalHours", array_agg(start_hour::text) AS "startHours",
      array_agg(transactions) AS transactions, array_agg(open) AS open
    FROM (${hoursOf(`"${partition}"`)}) counted`
  const long: QueryConfig & { readonly query_timeout: number } = { text, query_timeout: countAllMsMax }
  const { rows } = await client.query<{ [Name in keyof CountedHours]: CountedHours[Name] | null }>(long)
  const { arrivalHours, startHours, transactions, open } = rows[0] ?? {}
  return {
    arrivalHours: arrivalHours ?? [],
    startHours: startHours ?? [],
    transactions: transactions ?? [],
    open: open ?? [],
  }
}

/** Takes the transactions of a dropped partition out of the counters, in the transaction that drops it. */
export async function forgetCounted(client: ClientBase, counted: CountedHours): Promise<void> {
  await client.query(
    `INSERT INTO transaction_count_changes (arrival_hour, start_hour, transactions, open)
     SELECT arrival_hour, start_hour, -transactions, -open
     FROM unnest($1::timestamptz[], $2::timestamptz[], $3::int4[], $4::int4[]) v(arrival_hour, start_hour, transactions, open)`,
    [counted.arrivalHours, counted.startHours, counted.transactions, counted.open],
  )
}

/** How many transactions of a table arrived and started in which hours. */
function hoursOf(table: string): string {
  return `SELECT date_bin('1 hour', received_at, 'epoch') AS arrival_hour, date_bin('1 hour', started_at, 'epoch') AS start_hour,
      count(*)::int4 AS transactions, (count(*) FILTER (WHERE stopped_at IS NULL))::int4 AS open
    FROM ${table} GROUP BY 1, 2`
}

const countAll = `
  INSERT INTO transaction_counts (by_start, hours, begin_at, transactions, open)
  WITH counted AS MATERIALIZED (${hoursOf('transactions')})
  ${sumsOf('counted')}`

const noteCounted = `
  INSERT INTO transaction_counting (id, counted_at) VALUES (1, now())
  ON CONFLICT (id) DO UPDATE SET counted_at = EXCLUDED.counted_at`

/**
 * Makes the counters of all transactions, in one snapshot. What writers change meanwhile is noted beside it, and is
 * folded in afterwards. Returns how many counters differ from what they were before, those without any
 * transaction left out.
 */
export async function countTransactions(pool: Pool): Promise<number> {
  let changed = 0
  // The snapshot is taken with the lock: nobody else folds what it has seen.
  await underLock(pool, 'pg_advisory_lock', async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await client.query('SET LOCAL statement_timeout = 0')
    await client.query(fold)
    await client.query('CREATE TEMPORARY TABLE earlier_counts ON COMMIT DROP AS TABLE transaction_counts')
    await client.query('DELETE FROM transaction_counts')
    const long: QueryConfig & { readonly query_timeout: number } = { text: countAll, query_timeout: countAllMsMax }
    await client.query(long)
    const { rowCount } = await client.query(
      `SELECT FROM earlier_counts e FULL JOIN transaction_counts c USING (by_start, hours, begin_at)
       WHERE COALESCE(e.transactions, 0) <> COALESCE(c.transactions, 0) OR COALESCE(e.open, 0) <> COALESCE(c.open, 0)`,
    )
    changed = rowCount ?? 0
    await client.query(noteCounted)
    await client.query('COMMIT')
  })
  return changed
}

/** Counts all transactions if nobody has. */
export async function countUncounted(pool: Pool): Promise<void> {
  const { rowCount } = await pool.query('SELECT FROM transaction_counting')
  if (rowCount === 0) await countTransactions(pool)
}

type TakeLock = 'pg_advisory_lock' | 'pg_try_advisory_lock'

/** Runs `work` on a connection that has the lock; it does nothing when `take` does not get it. */
async function underLock(pool: Pool, take: TakeLock, work: (client: ClientBase) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ taken: unknown }>(`SELECT ${take}($1) AS taken`, [countsLock])
    if (rows[0]?.taken !== false) {
      await work(client)
      await client.query('SELECT pg_advisory_unlock($1)', [countsLock])
    }
    client.release()
  } catch (error) {
    // The lock and the transaction end with the connection.
    client.release(true)
    throw error
  }
}
