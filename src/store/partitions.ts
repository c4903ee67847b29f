// Partitions of the two large tables: meter_values by month, message_log by day. They are made ahead of time; a row that fits none
// (a charge point with a clock from another year) goes to the default partition, and moves when its own is made.

import type { ClientBase } from 'pg'
import { databaseError } from './store-error.ts'

/** Months and days for which partitions stand ready. */
const monthsBehind = 1
const monthsAhead = 3
const daysAhead = 7

const dayMs = 86_400_000

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

/** Makes the partitions that `nowMs` and the time after it need, where they are not there yet. */
export async function makePartitions(client: ClientBase, nowMs: number): Promise<void> {
  const wanted = wantedPartitions(nowMs)
  const existing = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL',
    [wanted.map((partition) => partition.name)],
  )
  const names = new Set(existing.rows.map((row) => row.name))
  for (const partition of wanted) if (!names.has(partition.name)) await makePartition(client, partition)
}

async function makePartition(client: ClientBase, partition: Partition): Promise<void> {
  const { table, name, from, to } = partition
  try {
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} FOR VALUES FROM ('${from}') TO ('${to}')`,
    )
  } catch (error) {
    // check_violation: the default partition holds rows that belong here.
    if (databaseError(error)?.code !== '23514') throw error
    await makePartitionFromDefault(client, partition)
  }
}

async function makePartitionFromDefault(client: ClientBase, partition: Partition): Promise<void> {
  const { table, column, name, from, to } = partition
  const within = `${column} >= '${from}' AND ${column} < '${to}'`
  await client.query('BEGIN')
  try {
    await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    await client.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`)
    const copied = await client.query(`INSERT INTO ${name} SELECT * FROM ${table}_default WHERE ${within}`)
    const removed = await client.query(`DELETE FROM ${table}_default WHERE ${within}`)
    if (copied.rowCount !== removed.rowCount)
      throw new Error(`${copied.rowCount} rows copied, ${removed.rowCount} removed`)
    await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

/** Forgets the OCPP messages of the days that ended `days` or more days ago. */
export async function dropOldMessages(client: ClientBase, nowMs: number, days: number): Promise<void> {
  const keepFromMs = Math.floor(nowMs / dayMs) * dayMs - days * dayMs
  const oldest = dayPartition(keepFromMs).name
  const partitions = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'message_log'::regclass AND c.relname ~ '^message_log_[0-9]{4}_[0-9]{2}_[0-9]{2}$' AND c.relname < $1`,
    [oldest],
  )
  for (const { name } of partitions.rows) await client.query(`DROP TABLE IF EXISTS ${name}`)
  await client.query('DELETE FROM message_log_default WHERE at < $1', [new Date(keepFromMs).toISOString()])
}

/** Key of the advisory lock under which tables are changed: several processes may want to at once. */
export const maintenanceLock = 6_017_301
