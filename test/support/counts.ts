// What the counters of transactions say, beside what is there.

import type { Pool } from 'pg'

interface Counter {
  readonly byStart: boolean
  readonly hours: number
  readonly begin: string
  readonly transactions: number
  readonly open: number
}

const inOrder = 'ORDER BY 1, 2, 3'
const figures = 'sum(transactions)::float8 AS transactions, sum(open)::float8 AS open'
const dayOf = (hour: string): string => `date_bin('1 day', ${hour}, 'epoch')`

/** The counters with the changes that are not folded in yet; those without a transaction are left out. */
export function counters(pool: Pick<Pool, 'query'>): Promise<Counter[]> {
  const changed = (byStart: boolean, hours: number, begin: string): string =>
    `UNION ALL SELECT ${byStart}, ${hours}, ${begin}, transactions, open FROM transaction_count_changes`
  return rowsOf(
    pool,
    `SELECT by_start AS "byStart", hours::int4, begin_at::text AS begin, ${figures} FROM (
       SELECT * FROM transaction_counts
       ${changed(false, 1, 'arrival_hour')} ${changed(false, 24, dayOf('arrival_hour'))}
       ${changed(true, 1, 'start_hour')} ${changed(true, 24, dayOf('start_hour'))}) c
     GROUP BY 1, 2, 3 HAVING sum(transactions) <> 0 OR sum(open) <> 0 ${inOrder}`,
  )
}

/** The same, counted one by one. */
export function counted(pool: Pick<Pool, 'query'>): Promise<Counter[]> {
  const by = (isStart: boolean, hours: number, time: string): string =>
    `SELECT ${isStart} AS "byStart", ${hours} AS hours, date_bin('${hours} hours', ${time}, 'epoch')::text AS begin,
       count(*)::float8 AS transactions, (count(*) FILTER (WHERE stopped_at IS NULL))::float8 AS open
     FROM transactions GROUP BY 3`
  const parts = [1, 24].flatMap((hours) => [by(false, hours, 'received_at'), by(true, hours, 'started_at')])
  return rowsOf(pool, `${parts.join(' UNION ALL ')} ${inOrder}`)
}

async function rowsOf(pool: Pick<Pool, 'query'>, text: string): Promise<Counter[]> {
  return (await pool.query<{ [Name in keyof Counter]: Counter[Name] }>(text)).rows
}
