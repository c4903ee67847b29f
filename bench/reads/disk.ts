// What a fill needs on disk and in time, before it starts, and what each table takes afterwards.

import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Client } from 'pg'
import { UsageError } from '../../src/base/command-line.ts'
import type { FillSize } from './sizes.ts'

/** Bytes of a row with its share of the indexes, as the standard size has them. */
const bytesPerRow = {
  transactions: 530,
  transaction_facts: 340,
  meter_values: 515,
  charge_point_events: 355,
  connector_history: 145,
  /** A line. */
  message_blocks: 40,
  /** All rows of a charge point in tables of its own: history, certificate, connectors, rotations. */
  charge_points: 10_000,
} as const

/** Of the events of transactions, those of the last year are there: half of all. */
const keptEvents = 0.5

/** Files of an empty database with its partitions, the write-ahead log, and what sorting takes. */
const besidesBytes = 6 * 2 ** 30
/** The same while little is written. */
const besidesSmallBytes = 2 ** 28

const rowsPerSecond = 120_000

/** How many rows each large table gets. */
export function rowsOf({
  transactions,
  samples,
  logLines,
  chargePoints,
}: FillSize): Record<keyof typeof bytesPerRow, number> {
  return {
    transactions,
    transaction_facts: 2 * transactions * keptEvents,
    meter_values: samples,
    charge_point_events: 2 * transactions * keptEvents,
    connector_history: 2 * transactions,
    message_blocks: logLines,
    charge_points: chargePoints,
  }
}

/** What a fill needs: at most these bytes at any moment, and about these seconds. */
export function needsOf(size: FillSize): { readonly bytes: number; readonly seconds: number } {
  const rows = Object.entries(rowsOf(size))
  let bytes = 0
  let count = 0
  for (const [table, number] of rows) {
    bytes += number * (Object.entries(bytesPerRow).find(([name]) => name === table)?.[1] ?? 0)
    count += number
  }
  const besides = Math.min(besidesBytes, besidesSmallBytes + 2 * bytes)
  return { bytes: Math.ceil(bytes * 1.1 + besides), seconds: Math.ceil(3 + count / rowsPerSecond) }
}

/** Where PostgreSQL of the bench has its data, and how many bytes are free there. */
export function diskHere(): { readonly folder: string; readonly freeBytes: number } {
  const folder = tmpdir()
  const { bavail, bsize } = statfsSync(folder)
  return { folder, freeBytes: bavail * bsize }
}

/** @throws {UsageError} in one sentence, when the disk is too small for the fill. */
export function checkDisk(size: FillSize, { folder, freeBytes } = diskHere()): void {
  const { bytes } = needsOf(size)
  if (bytes <= freeBytes) return
  throw new UsageError(
    `The fill needs ${gib(bytes)} in ${folder}, where ${gib(freeBytes)} are free: choose a smaller --size, fewer ` +
      '--transactions, --samples or --log-lines, or set TMPDIR to a folder with more room.',
  )
}

/** Bytes as GiB, such as `1.5 GiB`. */
export function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

export interface TableSize {
  readonly table: string
  readonly rows: number
  /** With indexes and everything else. */
  readonly bytes: number
  readonly indexBytes: number
  readonly bytesPerRow: number
}

/** The tables with their partitions, the largest first; those without a row are left out. */
export async function tableSizes(client: Client): Promise<TableSize[]> {
  const { rows } = await client.query<{ table: string; bytes: string; indexBytes: string }>(
    `SELECT top.oid::regclass::text AS table, sum(pg_total_relation_size(part.oid)) AS bytes,
       sum(pg_indexes_size(part.oid)) AS "indexBytes"
     FROM pg_class top JOIN pg_class part ON part.oid = top.oid
       OR part.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = top.oid)
     WHERE top.relnamespace = 'public'::regnamespace AND top.relkind IN ('r', 'p') AND NOT top.relispartition
     GROUP BY top.oid ORDER BY 2 DESC`,
  )
  const sizes: TableSize[] = []
  for (const { table, bytes, indexBytes } of rows) {
    // A row of this one has many lines.
    const number = table === 'message_blocks' ? 'COALESCE(sum(lines), 0)' : 'count(*)'
    const counted = await client.query<{ count: string }>(`SELECT ${number} AS count FROM ${table}`)
    const count = Number(counted.rows[0]?.count)
    if (count === 0) continue
    const total = Number(bytes)
    sizes.push({ table, rows: count, bytes: total, indexBytes: Number(indexBytes), bytesPerRow: total / count })
  }
  return sizes
}

/** What one MeterValues takes, in bytes. */
export interface MeterValuesBytes {
  /** The row, and what of the table is no index. */
  readonly row: number
  /** By index. */
  readonly indexes: Readonly<Record<string, number>>
  /** A CALL and its answer in the message log: two lines, as long as all lines are on average. */
  readonly log: number
  readonly total: number
}

/** From the sizes of the tables; null if there is no meter value. */
export async function meterValuesBytes(client: Client, tables: readonly TableSize[]): Promise<MeterValuesBytes | null> {
  const sizeOf = (name: string): TableSize | undefined => tables.find(({ table }) => table === name)
  const values = sizeOf('meter_values')
  if (values === undefined) return null
  const { rows } = await client.query<{ name: string; bytes: string }>(
    `SELECT top.relname AS name, sum(pg_relation_size(part.inhrelid)) AS bytes
     FROM pg_index i JOIN pg_class top ON top.oid = i.indexrelid JOIN pg_inherits part ON part.inhparent = i.indexrelid
     WHERE i.indrelid = 'meter_values'::regclass GROUP BY top.relname ORDER BY 2 DESC`,
  )
  const log = 2 * (sizeOf('message_blocks')?.bytesPerRow ?? 0)
  return {
    row: (values.bytes - values.indexBytes) / values.rows,
    indexes: Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes) / values.rows])),
    log,
    total: values.bytesPerRow + log,
  }
}
