// Partitions of the large tables: message_blocks by day, the others by month; those of transactions are in
// transaction-partitions.ts. They are created in advance. A row that fits none (from a charge point with a wrong clock)
// goes to the default partition, and moves when its own partition is
// created.

import { dayMs } from '../base/clock.ts'
import type { ClientBase } from 'pg'
import { partitionLockMs, partitionMoveRowsMax, partitionTriesMax, partitionTryPauseMs } from '../base/limits.ts'
import { emptyEarlierLedger, isEarlierLedgerOver } from './earlier-ledger.ts'
import { databaseError } from './store-error.ts'

/** Months and days for which partitions are created in advance. */
const monthsBehind = 1
const monthsAhead = 3
const daysAhead = 7

// SQLSTATE, PostgreSQL documentation, appendix A.
const checkViolation = '23514'
const lockNotAvailable = '55P03'

/** By month, and by which time. */
const monthly = {
  meter_values: 'sampled_at',
  transaction_facts: 'sent_at',
  connector_history: 'received_at',
  connection_history: 'at',
} as const
type MonthlyTable = keyof typeof monthly
const monthlyTables: readonly MonthlyTable[] = [
  'meter_values',
  'transaction_facts',
  'connector_history',
  'connection_history',
]
/** By day. No partitions are created of `message_log`, which earlier versions write; its days end as the others do. */
const daily = { message_blocks: 'from_at', message_log: 'at' } as const
type DailyTable = keyof typeof daily
/** Tables with a retention of `OCPP.HistoryMonths` months. */
const historyTables = ['connector_history', 'connection_history'] as const

/** A partition that is to be created. */
export interface Partition {
  readonly table: MonthlyTable | DailyTable | 'transactions'
  readonly column: (typeof monthly)[MonthlyTable] | (typeof daily)[DailyTable] | 'id'
  readonly name: string
  readonly from: string
  /** Not included. */
  readonly to: string
}

function monthPartition(table: MonthlyTable, year: number, month: number): Partition {
  const from = new Date(Date.UTC(year, month, 1)).toISOString()
  const to = new Date(Date.UTC(year, month + 1, 1)).toISOString()
  return { table, column: monthly[table], name: `${table}_${from.slice(0, 7).replace('-', '_')}`, from, to }
}

function dayPartition(table: DailyTable, dayStartMs: number): Partition {
  const from = new Date(dayStartMs).toISOString()
  const to = new Date(dayStartMs + dayMs).toISOString()
  return { table, column: daily[table], name: `${table}_${from.slice(0, 10).replaceAll('-', '_')}`, from, to }
}

function wantedPartitions(nowMs: number): Partition[] {
  const now = new Date(nowMs)
  const months = monthlyTables.flatMap((table) =>
    Array.from({ length: monthsBehind + 1 + monthsAhead }, (_, i) =>
      monthPartition(table, now.getUTCFullYear(), now.getUTCMonth() - monthsBehind + i),
    ),
  )
  const todayMs = Math.floor(nowMs / dayMs) * dayMs
  const days = Array.from({ length: 1 + daysAhead }, (_, i) => dayPartition('message_blocks', todayMs + i * dayMs))
  return [...months, ...days]
}

/** A partition that is missing or should be gone, and why. */
export interface LeftAsItIs {
  readonly partition: string
  readonly reason: string
}

/**
 * Creates the missing partitions for `nowMs` and the time after it. A partition that would delay commits for longer
 * than `partitionLockMs` is not created: its rows go to the default partition, where they are found as well.
 *
 * @param triesMax how often each is tried while the table is in use.
 */
export async function makePartitions(
  client: ClientBase,
  nowMs: number,
  triesMax = partitionTriesMax,
): Promise<readonly LeftAsItIs[]> {
  const wanted = wantedPartitions(nowMs)
  // A database that is not completely migrated does not have all of the tables.
  const settled = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[], $2::text[]) AS wanted(name, parent)
     WHERE to_regclass(quote_ident(name)) IS NOT NULL OR to_regclass(quote_ident(parent)) IS NULL`,
    [wanted.map(({ name }) => name), wanted.map(({ table }) => table)],
  )
  const names = new Set(settled.rows.map((row) => row.name))
  const left: LeftAsItIs[] = []
  for (const partition of wanted) {
    if (names.has(partition.name)) continue
    const reason = await createPartition(client, partition, triesMax)
    if (reason !== null) left.push({ partition: partition.name, reason })
  }
  return left
}

/** What a partition of the table needs beside its columns; a partitioned table cannot say it for all. */
function storageOf(table: Partition['table']): string {
  return table === 'transactions' ? ' WITH (fillfactor = 80)' : ''
}

/** Creates a partition, with the rows of it that the default partition has. Null if it was created; else why not. */
export async function createPartition(
  client: ClientBase,
  partition: Partition,
  triesMax: number,
): Promise<string | null> {
  const { table, name, from, to } = partition
  try {
    return await shortly(client, triesMax, async () => {
      await client.query(
        `CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM ('${from}') TO ('${to}')${storageOf(table)}`,
      )
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
    // Statements that write or read meanwhile wait, and find each row in one place.
    await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    await client.query(
      `CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)${storageOf(table)}`,
    )
    // A row that moves is neither new nor deleted: no trigger runs.
    if (table === 'transactions') await client.query('ALTER TABLE transactions_default DISABLE TRIGGER USER')
    const copied = await client.query(`INSERT INTO ${name} SELECT * FROM ${table}_default WHERE ${within}`)
    const removed = await client.query(`DELETE FROM ${table}_default WHERE ${within}`)
    if (copied.rowCount !== removed.rowCount)
      throw new Error(`${copied.rowCount} rows copied, ${removed.rowCount} removed`)
    if (table === 'transactions') await client.query('ALTER TABLE transactions_default ENABLE TRIGGER USER')
    await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`)
  })
}

/**
 * Runs `change`, which locks a busy table, in a transaction. While it waits for its lock, other statements wait behind
 * it, so it has a short lock timeout and is retried.
 *
 * @returns null if it was done, else why not.
 */
export async function shortly(
  client: ClientBase,
  triesMax: number,
  change: () => Promise<void>,
): Promise<string | null> {
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

/** Deletes the OCPP messages of the days that ended `days` or more days ago. */
export async function dropOldMessages(client: ClientBase, nowMs: number, days: number): Promise<readonly LeftAsItIs[]> {
  const oldestMs = Math.floor(nowMs / dayMs) * dayMs - days * dayMs
  const left = await dropBefore(client, dayPartition('message_blocks', oldestMs))
  return [...left, ...(await dropBefore(client, dayPartition('message_log', oldestMs)))]
}

/** Deletes the history of the months that ended `months` or more months ago. */
export async function dropOldHistory(
  client: ClientBase,
  nowMs: number,
  months: number,
): Promise<readonly LeftAsItIs[]> {
  const now = new Date(nowMs)
  const left: LeftAsItIs[] = []
  for (const table of historyTables)
    left.push(...(await dropBefore(client, monthPartition(table, now.getUTCFullYear(), now.getUTCMonth() - months))))
  return left
}

/**
 * Deletes the transaction messages of the months that ended `days` or more days ago, except a month from which a
 * message arrived later than that: its charge point may not know yet that it was stored. The default partition is not
 * included (`deleteOld`).
 */
export async function dropOldFacts(client: ClientBase, nowMs: number, days: number): Promise<readonly LeftAsItIs[]> {
  const before = new Date(nowMs - days * dayMs)
  const oldest = monthPartition('transaction_facts', before.getUTCFullYear(), before.getUTCMonth())
  const left: LeftAsItIs[] = []
  for (const name of await partitionsBefore(client, oldest)) {
    const isOver = async (): Promise<boolean> => {
      const late = await client.query(`SELECT FROM ${name} WHERE received_at >= $1 LIMIT 1`, [before.toISOString()])
      return late.rowCount === 0
    }
    await client.query(summarizeRanges, [name])
    if (!(await isOver())) continue
    // Checked again under the lock, where nothing can be written in between. With the index it takes milliseconds.
    const lockAndDrop = async (): Promise<void> => {
      await client.query('LOCK TABLE transaction_facts IN ACCESS EXCLUSIVE MODE')
      if (await isOver()) await client.query(`DROP TABLE ${name}`)
    }
    const reason = await shortly(client, partitionTriesMax, lockAndDrop)
    if (reason !== null) left.push({ partition: name, reason })
  }
  return left
}

/** Updates the BRIN indexes of a table, so that the age of the newest rows is known without reading them. */
const summarizeRanges = `SELECT brin_summarize_new_values(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = $1::regclass AND a.amname = 'brin'`

/** Empties the ledger of the previous version, once no fact in it can be sent again. */
export async function dropEarlierLedger(client: ClientBase, days: number): Promise<readonly LeftAsItIs[]> {
  if (!(await isEarlierLedgerOver(client, days))) return []
  const reason = await shortly(client, partitionTriesMax, () => emptyEarlierLedger(client))
  return reason === null ? [] : [{ partition: 'transaction_events', reason }]
}

/** Drops the partitions before `oldest`, and deletes what the default partition holds of that time. */
async function dropBefore(client: ClientBase, oldest: Partition): Promise<LeftAsItIs[]> {
  const left: LeftAsItIs[] = []
  for (const partition of await partitionsBefore(client, oldest)) {
    const reason = await shortly(client, partitionTriesMax, async () => {
      await client.query(`DROP TABLE ${partition}`)
    })
    if (reason !== null) left.push({ partition, reason })
  }
  await client.query(`DELETE FROM ${oldest.table}_default WHERE ${oldest.column} < $1`, [oldest.from])
  return left
}

async function partitionsBefore(client: ClientBase, { table, name }: Partition): Promise<string[]> {
  const partitions = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = '${table}'::regclass AND c.relname ~ '^${table}_[0-9_]+$' AND c.relname < $1`,
    [name],
  )
  return partitions.rows.map((row) => row.name)
}

/** Key of the advisory lock under which tables are changed: several processes may try at once. */
export const maintenanceLock = 6_017_301
