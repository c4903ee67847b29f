// Fills the tables of Stator as years of charge points would have: through the real schema with its partitions and
// indexes, in the order of arrival, a part at a time.

import { Client } from 'pg'
import type { MessageLogLine } from '../../src/blocks/records.ts'
import { transactionPartitionIdsMin } from '../../src/base/limits.ts'
import { createPartition, makePartitions } from '../../src/store/partitions.ts'
import { idsPerPartition } from '../../src/store/transaction-partitions.ts'
import { mergeLines, storeLines } from '../message-blocks.ts'
import { passwordHash } from '../servers/stator.ts'
import { type FillStatement, restStatements } from './fill-rest-sql.ts'
import {
  type FillPart,
  type FillPlan,
  logSpanMs,
  logLinesOf,
  type NumberRange,
  spanMs,
  transactionStatements,
} from './fill-sql.ts'
import { partOfSize } from './sizes.ts'

/** Transactions, or exchanges of the message log, of one statement. */
const numbersAtOnce = 20_000
/** Connections that fill: PostgreSQL has a process for each. */
const connections = 2

const dayMs = 86_400_000
/** The time over which Stator counts ids, to make the next partition of transactions. */
const paceMs = 30 * dayMs

/**
 * Fills one part. Stator has made the tables and does not run meanwhile. `onProgress` gets the share that is done, from
 * 0 to 1.
 */
export async function fill(
  databaseUrl: string,
  plan: FillPlan,
  part: FillPart,
  onProgress: (share: number) => void = () => {},
): Promise<void> {
  const clients = Array.from({ length: connections }, () => new Client({ connectionString: databaseUrl }))
  try {
    for (const client of clients) {
      // A query that is under way fails, too.
      client.on('error', () => {})
      await client.connect()
      // What is lost in a crash is filled again.
      await client.query(`SET synchronous_commit = off; SET work_mem = '128MB'; SET timezone = 'UTC'`)
    }
    const [first] = clients
    if (first === undefined) return
    if (part === 'first') await pastPartitions(first, plan)
    for (const statement of restStatements(plan, part)) await run(first, statement)
    const ranges = rangesOf(plan, part)
    const waiting = ranges.values()
    let done = 0
    // They take the ranges in order, so that rows lie almost in the order of their arrival.
    const work = async (client: Client): Promise<void> => {
      for (const steps of waiting) {
        for (const step of steps) await (typeof step === 'string' ? copyLines(client, step) : run(client, step))
        onProgress(++done / ranges.length)
      }
    }
    await Promise.all(clients.map(work))
    await mergeLines(databaseUrl)
    // Transactions that charge points start meanwhile get later ids.
    if (part === 'first') await first.query(`SELECT setval('transaction_ids', ${plan.transactions})`)
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

/** Partitions of the months, days and ids that are filled, as Stator made them when it was those days. */
async function pastPartitions(client: Client, { nowMs, transactions }: FillPlan): Promise<void> {
  const ids = idsPerPartition((transactions * paceMs) / spanMs, 0)
  for (let from = transactionPartitionIdsMin; from <= transactions; from += ids) {
    const [name, to] = [`transactions_${from}`, String(from + ids)]
    await createPartition(client, { table: 'transactions', column: 'id', name, from: String(from), to }, 1)
  }
  // Each call makes the month before, the month itself, and three after it.
  for (let atMs = nowMs - spanMs; atMs < nowMs; atMs += 120 * dayMs) await makePartitions(client, atMs)
  await makePartitions(client, nowMs - logSpanMs)
  await makePartitions(client, nowMs)
}

async function run(client: Client, { sql, needsPassword }: FillStatement): Promise<void> {
  await (needsPassword === true ? client.query(sql, [passwordHash()]) : client.query(sql))
}

/** Stores the lines of the message log that a statement selects. */
async function copyLines(client: Client, sql: string): Promise<void> {
  const { rows } = await client.query<{ key: number; atMs: string; inbound: boolean; frame: string }>(sql)
  const lines = rows.map(({ key, atMs, inbound, frame }): MessageLogLine => {
    const direction = inbound ? 'fromChargePoint' : 'toChargePoint'
    return { chargePointKey: key, atMs: Number(atMs), direction, frame }
  })
  await storeLines(client, lines)
}

/** The statements of each range; a text selects lines of the message log. */
function rangesOf(plan: FillPlan, part: FillPart): (readonly (FillStatement | string)[])[] {
  const exchanges = Math.floor(plan.logLines / 2)
  return [
    ...cut(plan.transactions, part).map((range) => transactionStatements(plan, part, range)),
    ...cut(exchanges, part).map((range) => [logLinesOf(plan, part, range)]),
  ]
}

function cut(whole: number, part: FillPart): NumberRange[] {
  const length = part === 'first' ? numbersAtOnce * partOfSize : numbersAtOnce
  const count = Math.ceil(whole / length)
  return Array.from({ length: count }, (_, index) => ({
    from: index * length + 1,
    to: Math.min(whole, (index + 1) * length),
  }))
}
