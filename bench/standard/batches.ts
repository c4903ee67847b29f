// How many rows each commit inserted, from PostgreSQL itself: rows of one transaction have the same xmin.

import { Client } from 'pg'
import type { BatchSizes } from './results.ts'

/** The batches of the rows in `table` received since then; null if there are none. */
export async function batchSizes(
  databaseUrl: string,
  table: 'meter_values' | 'messages',
  since: Date,
): Promise<BatchSizes | null> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ size: number; commits: number }>(
      `SELECT size, count(*)::int AS commits
       FROM (SELECT count(*)::int AS size FROM ${table} WHERE received_at >= $1 GROUP BY xmin::text) AS batch
       GROUP BY size ORDER BY size`,
      [since],
    )
    return sizesOf(rows)
  } finally {
    await client.end()
  }
}

/** The batches, from the number of commits of each size, smallest size first. */
export function sizesOf(counts: readonly { readonly size: number; readonly commits: number }[]): BatchSizes | null {
  const last = counts.at(-1)
  if (last === undefined) return null
  let commits = 0
  let rows = 0
  for (const count of counts) {
    commits += count.commits
    rows += count.size * count.commits
  }
  const percentile = (share: number): number => {
    let seen = 0
    return counts.find((count) => (seen += count.commits) >= share * commits)?.size ?? last.size
  }
  const histogram: { upTo: number; commits: number }[] = []
  for (let upTo = 1; (histogram.at(-1)?.upTo ?? 0) < last.size; upTo *= 2) {
    const from = histogram.at(-1)?.upTo ?? 0
    const within = counts.filter(({ size }) => size > from && size <= upTo)
    histogram.push({ upTo, commits: within.reduce((sum, count) => sum + count.commits, 0) })
  }
  return { commits, mean: rows / commits, p50: percentile(0.5), p99: percentile(0.99), max: last.size, histogram }
}
