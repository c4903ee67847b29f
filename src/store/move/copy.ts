// Copies the rows of one table from one database to another in chunks of bounded size, and compares what both hold.
//
// Values travel as the text that PostgreSQL writes for them: nothing is rounded, and json keeps its spelling.

import type { ClientBase } from 'pg'
import { moveChunkBytesMax, moveChunkRowsMax } from '../../base/limits.ts'
import { StatorError } from '../../base/errors.ts'
import type { MovedTable } from './tables.ts'

/** Settings of both connections under which equal values have equal texts, and rows have one order. */
export const equalTexts = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1;
  SET bytea_output = 'hex'; SET synchronize_seqscans = off; SET statement_timeout = 0`

const textOnly = { getTypeParser: () => (text: string) => text }

/** What a table holds: its number of rows, and a digest of them that does not depend on their order. */
export interface Holding {
  readonly rows: number
  readonly digest: string
}

/** Reads what a table holds. `values` are the SQL of its columns, of what a move takes along. */
export async function holdingOf(
  client: ClientBase,
  { name }: Pick<MovedTable, 'name'>,
  values: readonly string[],
): Promise<Holding> {
  const sha = `encode(sha256(convert_to(ROW(${values.join(', ')})::text, 'UTF8')), 'hex')`
  const { rows } = await client.query<{ rows: number; digest: string }>(
    `SELECT count(*)::float8 AS rows, coalesce(sum(('x' || left(${sha}, 15))::bit(60)::bigint), 0)::text AS digest
     FROM "${name}"`,
  )
  return rows[0] ?? { rows: 0, digest: '0' }
}

/**
 * Copies all rows of a table. Both connections are in a transaction. At most `moveChunkRowsMax` rows and
 * `moveChunkBytesMax` bytes (or one larger row) are in memory at once.
 *
 * @throws {StatorError} `INTERNAL` when the copy does not hold what the original holds.
 */
export async function copyTable(source: ClientBase, target: ClientBase, table: MovedTable): Promise<Holding> {
  const { name, columns, types, values } = table
  // An array travels as one text: PostgreSQL would unnest an array of arrays to the last element.
  const isArray = (type: string): boolean => type.endsWith('[]')
  const unnested = types.map((type, i) => `$${i + 1}::${isArray(type) ? 'text' : type}[]`)
  const copied = types.map((type, i) => (isArray(type) ? `v${i}::${type}` : `v${i}`))
  const insert = `INSERT INTO "${name}" (${columns.join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${copied.join(', ')} FROM unnest(${unnested.join(', ')}) AS v(${types.map((_, i) => `v${i}`).join(', ')})`
  // Two cursors over the same rows in the same order: the first says how many rows of the second fit into a chunk.
  await source.query(`DECLARE moved_sizes NO SCROLL CURSOR FOR
    SELECT octet_length(ROW(${values.join(', ')})::text)::float8 AS bytes FROM "${name}"`)
  await source.query(`DECLARE moved_rows NO SCROLL CURSOR FOR SELECT ${values.join(', ')} FROM "${name}"`)
  for (;;) {
    const sizes = await source.query<{ bytes: number }>(`FETCH ${moveChunkRowsMax} FROM moved_sizes`)
    for (const count of chunksOf(
      sizes.rows.map(({ bytes }) => bytes),
      moveChunkBytesMax,
    )) {
      const fetch = { text: `FETCH ${count} FROM moved_rows`, rowMode: 'array' as const, types: textOnly }
      const { rows } = await source.query<(string | null)[]>(fetch)
      await target.query(
        insert,
        columns.map((_, i) => rows.map((row) => row[i])),
      )
    }
    if (sizes.rows.length === 0) break
  }
  await source.query('CLOSE moved_sizes; CLOSE moved_rows')
  const original = await holdingOf(source, table, values)
  const copy = await holdingOf(target, table, values)
  if (isSame(original, copy)) return copy
  throw new StatorError(
    'INTERNAL',
    `Table ${name} has ${copy.rows} rows in PostgreSQL and ${original.rows} in the embedded database, or other ` +
      'content: nothing was moved.',
  )
}

/** Whether both hold the same rows. */
export function isSame(one: Holding, other: Holding): boolean {
  return one.rows === other.rows && one.digest === other.digest
}

/** How many rows of these sizes go into each chunk: as many as fit, and at least one. */
export function chunksOf(sizes: readonly number[], bytesMax: number): readonly number[] {
  const counts: number[] = []
  let count = 0
  let bytes = 0
  for (const size of sizes) {
    if (count > 0 && bytes + size > bytesMax) {
      counts.push(count)
      count = 0
      bytes = 0
    }
    count++
    bytes += size
  }
  return count === 0 ? counts : [...counts, count]
}
