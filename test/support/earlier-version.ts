// A database as an earlier version of Stator left it when it was killed under load, and what its charge points had told by then
// (test/fixtures/earlier-version.jsonl, made by make-earlier-version.ts beside it).

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { databaseUntil, withClient } from './migration-folder.ts'
import type { TestDatabase } from './postgres.ts'

export type Json = Readonly<Record<string, unknown>>

/** A message of a charge point, in the order in which it told them. */
export interface ToldMessage {
  readonly identity: string
  readonly action: string
  readonly payload: Json
  /** Null: the charge point never got one. The message may be stored all the same. */
  readonly answer: Json | null
}

/** A row with every value as text; columns that hold nothing are left out. */
export type TextRow = Readonly<Record<string, string>>

/** What the first line of the file says. */
export interface EarlierHeader {
  /** How this was made. */
  readonly about: string
  /** The last migration that it knew. */
  readonly migration: string
  readonly lastTransactionId: string
  readonly lastEpoch: string
  readonly stations: readonly { readonly identity: string; readonly version: '1.6' | '2.0.1' }[]
}

/** Each line after the first is a message, or a row of a table. */
export type EarlierLine = { readonly told: ToldMessage } | { readonly table: string; readonly row: TextRow }

const [headerLine = '', ...otherLines] = readFileSync(
  join(import.meta.dir, '../fixtures/earlier-version.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
const lines = otherLines.map((line) => JSON.parse(line) as EarlierLine)

export const earlierHeader = JSON.parse(headerLine) as EarlierHeader

/** Everything that its charge points had told. */
export const toldToEarlier = lines.flatMap((line) => ('told' in line ? [line.told] : []))

/** The rows of a table. */
export function earlierRows(table: string): readonly TextRow[] {
  return lines.flatMap((line) => ('row' in line && line.table === table ? [line.row] : []))
}

/** A database with the tables and rows that the earlier version left. */
export async function earlierDatabase(): Promise<TestDatabase> {
  const database = await databaseUntil(earlierHeader.migration)
  await withClient(database.connectionString, async (client) => {
    for (const line of lines) if ('row' in line) await insertRow(client, line.table, line.row)
    const { lastTransactionId, lastEpoch } = earlierHeader
    await client.query("SELECT setval('transaction_ids', $1::bigint)", [lastTransactionId])
    await client.query("SELECT setval('connection_epochs', $1::bigint)", [lastEpoch])
  })
  return database
}

async function insertRow(client: Client, table: string, row: TextRow): Promise<void> {
  const columns = Object.keys(row)
  const places = columns.map((_, index) => `$${index + 1}`)
  const text = `INSERT INTO ${table} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE VALUES (${places.join(', ')})`
  await client.query(text, Object.values(row))
}
