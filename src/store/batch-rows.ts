// The lines of a batch as a table of SQL, with one array for each column.

import { type SQL, sql } from 'drizzle-orm'
import type { Column } from './wire/columns.ts'

/** The values of one column, to be compared with. */
export function arrayOf<Row>({ type, encode }: Column<Row>, rows: readonly Row[]): SQL {
  return sql`${encode(rows)}::${sql.raw(type)}[]`
}

/** `rows` as a table `v` of `columns`. */
export function batchRows<Row>(columns: Readonly<Record<string, Column<Row>>>, rows: readonly Row[]): SQL {
  const parts = Object.entries(columns).map(
    ([name, column]) => sql`unnest(${arrayOf(column, rows)}) AS ${sql.identifier(name)}`,
  )
  return sql`(SELECT ${sql.join(parts, sql`, `)}) AS v`
}
