// Partitions of `transactions`: ranges of transactionIds, one after the other. The next one is made before the ids
// reach it; rows without one go to the default partition. How large a range is follows from how fast ids are used and
// from how long transactions are kept (docs/decisions.md, "Transactions are partitioned by ranges of their ids").
//
// A retention drops whole partitions. Only in the default partition and in small ones it deletes rows.

import type { ClientBase } from 'pg'
import { dayMs } from '../base/clock.ts'
import {
  partitionQueryMsMax,
  partitionTriesMax,
  retentionBatchesMax,
  retentionRowsMax,
  transactionDefaultBytesMax,
  transactionPartitionIdsMax,
  transactionPartitionIdsMin,
} from '../base/limits.ts'
import { countPartition, forgetCounted } from './counts/count.ts'
import { createPartition, type LeftAsItIs, shortly } from './partitions.ts'

/** A partition and its ids. */
interface IdRange {
  readonly name: string
  /** Null: from the first. */
  readonly from: number | null
  /** Not included. */
  readonly to: number
}

const defaultPartition = 'transactions_default'

const bound = 'pg_get_expr(c.relpartbound, c.oid)'
const readRanges = `
  SELECT c.relname AS name, substring(${bound} FROM $$FROM \\('?(\\d+)$$)::float8 AS from,
    substring(${bound} FROM $$TO \\('?(\\d+)$$)::float8 AS to
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = to_regclass('transactions') AND ${bound} <> 'DEFAULT' ORDER BY 3`

/** Those of the lowest ids first; none if the table is not partitioned yet. */
async function rangesOf(client: ClientBase): Promise<readonly IdRange[]> {
  return (await client.query<IdRange>(readRanges)).rows
}

/** The last id that a node has taken from the sequence. */
async function lastId(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ last: number }>(
    'SELECT CASE WHEN is_called THEN last_value ELSE 0 END::float8 AS last FROM transaction_ids',
  )
  return rows[0]?.last ?? 0
}

const paceDays = 30

/**
 * How many ids the next partition has: those of a quarter of the time that transactions are kept, or of a year if they
 * are kept for ever, at the pace of the last month.
 *
 * @param months how long transactions are kept; 0: for ever.
 */
export function idsPerPartition(idsPerMonth: number, months: number): number {
  const ids = idsPerMonth * (months === 0 ? 12 : months / 4)
  return Math.min(transactionPartitionIdsMax, Math.max(transactionPartitionIdsMin, roundUp(ids)))
}

function roundUp(ids: number): number {
  return Math.ceil(ids / transactionPartitionIdsMin) * transactionPartitionIdsMin
}

/**
 * Creates the next partition once less than half of one is left ahead of the ids in use.
 *
 * @param months how long transactions are kept; 0: for ever.
 * @param triesMax how often it is tried while the table is in use.
 */
export async function makeTransactionPartition(
  client: ClientBase,
  nowMs: number,
  months: number,
  triesMax = partitionTriesMax,
): Promise<readonly LeftAsItIs[]> {
  const top = (await rangesOf(client)).at(-1)?.to
  if (top === undefined) return []
  const last = await lastId(client)
  const { rows } = await client.query<{ id: number }>(
    'SELECT id::float8 AS id FROM transactions WHERE received_at < $1 ORDER BY received_at DESC, id DESC LIMIT 1',
    [new Date(nowMs - paceDays * dayMs).toISOString()],
  )
  const size = idsPerPartition(Math.max(0, last - (rows[0]?.id ?? 0)), months)
  if (top - last >= size / 2) return []
  const partition = (from: number) => ({
    table: 'transactions' as const,
    column: 'id' as const,
    name: `transactions_${from}`,
    from: String(from),
    to: String(roundUp(Math.max(from, last) + size)),
  })
  const next = partition(top)
  const { rows: sizes } = await client.query<{ bytes: number }>(
    `SELECT pg_relation_size('${defaultPartition}')::float8 AS bytes`,
  )
  // The default partition is read as a whole under the lock.
  if ((sizes[0]?.bytes ?? 0) > transactionDefaultBytesMax) {
    const reason = `${defaultPartition} has more than ${transactionDefaultBytesMax} bytes, which cannot be read while nothing is committed`
    return [{ partition: next.name, reason }]
  }
  const reason = await createPartition(client, next, triesMax)
  if (reason === null) return []
  // If the default partition has taken too many of its rows, they stay there, and it begins after them.
  const above = partition(roundUp(last + 1))
  const otherReason = above.name === next.name ? reason : await createPartition(client, above, triesMax)
  return otherReason === null ? [] : [{ partition: next.name, reason }]
}

/** Transactions that ended, and got their last message, before `$1`. */
const isOver = `stopped_at IS NOT NULL AND received_at < $1 AND COALESCE(updated_at < $1, true)`

/**
 * Deletes transactions that ended, and about which the last message came, before `beforeMs`. A partition goes as a
 * whole once all of its transactions are over: an open one keeps it. Rows of the default partition and of small
 * partitions are deleted one by one. What the ids of charge points and corrections say about them is deleted as well;
 * meter values, messages and anomalies have retentions of their own.
 *
 * A transaction that gets another message in the seconds before its partition goes is not kept longer for it.
 *
 * @returns the partitions that only their open transactions keep.
 */
export async function dropOldTransactions(client: ClientBase, beforeMs: number): Promise<readonly LeftAsItIs[]> {
  const before = new Date(beforeMs).toISOString()
  const last = await lastId(client)
  const left: LeftAsItIs[] = []
  const ranges = await rangesOf(client)
  for (const range of ranges) {
    const isSmall = range.to - (range.from ?? 0) <= transactionPartitionIdsMin
    // Ids of the others can still be given out.
    const isUsedUp = range.to <= last
    if (isUsedUp && (await isOld(client, range.name, before)))
      left.push(...(await dropPartition(client, range, before)))
    else if (isSmall) await deleteRows(client, range.name, before)
  }
  if (ranges.length > 0) await deleteRows(client, defaultPartition, before)
  return left
}

/** Whether all of its transactions arrived before; takes milliseconds. */
async function isOld(client: ClientBase, partition: string, before: string): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT FROM ${partition} WHERE received_at >= $1 LIMIT 1`, [before])
  return rowCount === 0
}

async function openIn(client: ClientBase, partition: string): Promise<number> {
  const { rows } = await client.query<{ open: number }>(
    `SELECT count(*)::int4 AS open FROM ${partition} WHERE stopped_at IS NULL`,
  )
  return rows[0]?.open ?? 0
}

async function dropPartition(client: ClientBase, range: IdRange, before: string): Promise<readonly LeftAsItIs[]> {
  const { name } = range
  const open = await openIn(client, name)
  if (open > 0) {
    const reason = `it would be dropped, but ${open} of its transactions are open: close them (GET /api/transactions?open=true)`
    return [{ partition: name, reason }]
  }
  // Reads the whole partition, and nothing waits for it.
  const late = await client.query({
    text: `SELECT FROM ${name} WHERE NOT (${isOver}) LIMIT 1`,
    values: [before],
    query_timeout: partitionQueryMsMax,
  } as { text: string; values: unknown[] })
  if (late.rowCount !== 0) return []
  await deleteBeside(client, name)
  const counted = await countPartition(client, name)
  const reason = await shortly(client, partitionTriesMax, async () => {
    await client.query('LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE')
    if (!(await isOld(client, name, before)) || (await openIn(client, name)) > 0) return
    await forgetRange(client, range)
    await forgetCounted(client, counted)
    await client.query(`DROP TABLE ${name}`)
  })
  return reason === null ? [] : [{ partition: name, reason }]
}

/**
 * Deletes what other tables hold about the transactions of a partition, in the transaction that drops it, while nobody
 * else can read or write them. It has to take milliseconds. No trigger of `transactions` runs when a partition is
 * dropped: what triggers keep elsewhere is brought up to date here.
 */
async function forgetRange(client: ClientBase, { from, to }: IdRange): Promise<void> {
  for (const table of ['transaction_corrections', 'transaction_costs'])
    await client.query(`DELETE FROM ${table} WHERE transaction_id >= $1 AND transaction_id < $2`, [from ?? 0, to])
}

const sameStationId = `s.charge_point_id = t.charge_point_id AND s.station_use = t.station_use
  AND s.station_transaction_id = left(t.station_transaction_id, 255) AND s.transaction_id = t.id`

/** Deletes the ids of charge points, and the costs, of a whole partition, in parts. */
async function deleteBeside(client: ClientBase, partition: string): Promise<void> {
  const { rows } = await client.query<{ first: number | null; last: number }>(
    `SELECT min(id)::float8 AS first, max(id)::float8 AS last FROM ${partition}`,
  )
  const { first = null, last = 0 } = rows[0] ?? {}
  if (first === null) return
  for (let id = first; id <= last; id += retentionRowsMax) {
    const part = [id, id + retentionRowsMax]
    await client.query(
      `DELETE FROM station_transactions s USING ${partition} t WHERE t.id >= $1 AND t.id < $2 AND ${sameStationId}`,
      part,
    )
    await client.query('DELETE FROM transaction_costs WHERE transaction_id >= $1 AND transaction_id < $2', part)
  }
}

/** Deletes rows that are over, up to the limit of one run. It names the whole table, whose triggers run then. */
async function deleteRows(client: ClientBase, partition: string, before: string): Promise<void> {
  for (let batch = 0; batch < retentionBatchesMax; batch++) {
    const { rows } = await client.query<{ count: number }>(
      `WITH t AS (
         DELETE FROM transactions WHERE ${isOver} AND id = ANY(ARRAY(
           SELECT id FROM ${partition} WHERE ${isOver} ORDER BY received_at, id LIMIT $2))
         RETURNING id, charge_point_id, station_transaction_id, station_use
       ), s AS (DELETE FROM station_transactions s USING t WHERE ${sameStationId}),
       c AS (DELETE FROM transaction_corrections c USING t WHERE c.transaction_id = t.id),
       k AS (DELETE FROM transaction_costs k USING t WHERE k.transaction_id = t.id)
       SELECT count(*)::int4 AS count FROM t`,
      [before, retentionRowsMax],
    )
    if ((rows[0]?.count ?? 0) < retentionRowsMax) break
  }
}
