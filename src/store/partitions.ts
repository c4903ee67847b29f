// Partitions of the two large tables: meter_values by month, message_log by day. They are made ahead of time; a row that fits none
// (a charge point with a clock from another year) goes to the default partition, and moves when its own is made.

import type { ClientBase } from 'pg'
import { partitionLockMs, partitionMoveRowsMax, partitionTriesMax, partitionTryPauseMs } from '../base/limits.ts'
import { databaseError } from './store-error.ts'

/** Months and days for which partitions stand ready. */
const monthsBehind = 1
const monthsAhead = 3
const daysAhead = 7

const dayMs = 86_400_000

// SQLSTATE, PostgreSQL documentation, appendix A.
const checkViolation = '23514'
const lockNotAvailable = '55P03'

interface Partition {
  readonly table: 'meter_values' | 'message_log'
  readonly column: 'sampled_at' | 'at'
  readonly name: string
  readonly from: string
  /** Not included. */
  readonly to: string
}

function monthPartition(year: number, month: number): Partition {
  const from = new Date(Date.UTC(year, month, 1)).toISOString()
  const to = new Date(Date.UTC(year, month + 1, 1)).toISOString()
  return {
    table: 'meter_values',
    column: 'sampled_at',
    name: `meter_values_${from.slice(0, 7).replace('-', '_')}`,
    from,
    to,
  }
}

function dayPartition(dayStartMs: number): Partition {
  const from = new Date(dayStartMs).toISOString()
  const to = new Date(dayStartMs + dayMs).toISOString()
  return { table: 'message_log', column: 'at', name: `message_log_${from.slice(0, 10).replaceAll('-', '_')}`, from, to }
}

function wantedPartitions(nowMs: number): Partition[] {
  const now = new Date(nowMs)
  const months = Array.from({ length: monthsBehind + 1 + monthsAhead }, (_, i) =>
    monthPartition(now.getUTCFullYear(), now.getUTCMonth() - monthsBehind + i),
  )
  const todayMs = Math.floor(nowMs / dayMs) * dayMs
  const days = Array.from({ length: 1 + daysAhead }, (_, i) => dayPartition(todayMs + i * dayMs))
  return [...months, ...days]
}

/** A partition that is not there though it should be, or still there though it should not, and why. */
export interface LeftAsItIs {
  readonly partition: string
  readonly reason: string
}

/**
 * Makes the partitions that `nowMs` and the time after it need, where they are not there yet. What would keep commits waiting for
 * longer than `partitionLockMs` is left as it is: its rows go to the default partition, where they are found as well.
 *
 * @param triesMax how often each is tried while somebody reads the table.
 */
export async function makePartitions(
  client: ClientBase,
  nowMs: number,
  triesMax = partitionTriesMax,
): Promise<readonly LeftAsItIs[]> {
  const wanted = wantedPartitions(nowMs)
  const existing = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL',
    [wanted.map((partition) => partition.name)],
  )
  const names = new Set(existing.rows.map((row) => row.name))
  const left: LeftAsItIs[] = []
  for (const partition of wanted) {
    if (names.has(partition.name)) continue
    const reason = await makePartition(client, partition, triesMax)
    if (reason !== null) left.push({ partition: partition.name, reason })
  }
  return left
}

/** Null when it has been made; else why not. */
async function makePartition(client: ClientBase, partition: Partition, triesMax: number): Promise<string | null> {
  const { table, name, from, to } = partition
  try {
    return await shortly(client, triesMax, async () => {
      await client.query(`CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM ('${from}') TO ('${to}')`)
    })
  } catch (error) {
    // The default partition holds rows that belong here.
    if (databaseError(error)?.code !== checkViolation) throw error
    return makePartitionFromDefault(client, partition, triesMax)
  }
}

async function makePartitionFromDefault(
  client: ClientBase,
  { table, column, name, from, to }: Partition,
  triesMax: number,
): Promise<string | null> {
  const within = `${column} >= '${from}' AND ${column} < '${to}'`
  const found = await client.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM (SELECT FROM ${table}_default WHERE ${within} LIMIT ${partitionMoveRowsMax + 1}) t`,
  )
  if ((found.rows[0]?.rows ?? 0) > partitionMoveRowsMax)
    return `more than ${partitionMoveRowsMax} of its rows are in ${table}_default, which is more than can be moved while nothing is committed`
  return shortly(client, triesMax, async () => {
    // Whoever writes or reads meanwhile waits, and finds each row in one place.
    await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    await client.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`)
    const copied = await client.query(`INSERT INTO ${name} SELECT * FROM ${table}_default WHERE ${within}`)
    const removed = await client.query(`DELETE FROM ${table}_default WHERE ${within}`)
    if (copied.rowCount !== removed.rowCount)
      throw new Error(`${copied.rowCount} rows copied, ${removed.rowCount} removed`)
    await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`)
  })
}

/**
 * Does `change`, which locks a table that everybody uses, in a transaction. Whoever comes while it waits for its lock waits behind it, so
 * it gives up soon and tries again.
 *
 * @returns null when it was done, else why not.
 */
async function shortly(client: ClientBase, triesMax: number, change: () => Promise<void>): Promise<string | null> {
  for (let attempt = 1; ; attempt++) {
    await client.query('BEGIN')
    try {
      await client.query(`SET LOCAL lock_timeout = ${partitionLockMs}`)
      await change()
      await client.query('COMMIT')
      return null
    } catch (error) {
      await client.query('ROLLBACK')
      if (databaseError(error)?.code !== lockNotAvailable) throw error
    }
    if (attempt >= triesMax) return `somebody has been reading or writing its table at each of ${triesMax} tries`
    await client.query('SELECT pg_sleep($1)', [partitionTryPauseMs / 1_000])
  }
}

/** Forgets the OCPP messages of the days that ended `days` or more days ago. */
export async function dropOldMessages(client: ClientBase, nowMs: number, days: number): Promise<readonly LeftAsItIs[]> {
  const keepFromMs = Math.floor(nowMs / dayMs) * dayMs - days * dayMs
  const oldest = dayPartition(keepFromMs).name
  const partitions = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'message_log'::regclass AND c.relname ~ '^message_log_[0-9]{4}_[0-9]{2}_[0-9]{2}$' AND c.relname < $1`,
    [oldest],
  )
  const left: LeftAsItIs[] = []
  for (const { name } of partitions.rows) {
    const reason = await shortly(client, partitionTriesMax, async () => {
      await client.query(`DROP TABLE ${name}`)
    })
    if (reason !== null) left.push({ partition: name, reason })
  }
  await client.query('DELETE FROM message_log_default WHERE at < $1', [new Date(keepFromMs).toISOString()])
  return left
}

/** Key of the advisory lock under which tables are changed: several processes may want to at once. */
export const maintenanceLock = 6_017_301
