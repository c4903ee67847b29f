// Statements over many rows: one array for each column, so that a transaction has the same few statements however many
// messages it commits.

import type { BoundStatement } from './wire/bind-messages.ts'
import type { Column } from './wire/columns.ts'
import { rowsOf } from './wire/unnest.ts'

/** A prepared statement over rows. */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /** The rows as parameters, one array per column. */
  readonly values: (rows: readonly Row[]) => Buffer[]
  /** Name and text for these rows, if they depend on them. */
  readonly variant?: (rows: readonly Row[]) => Pick<BoundStatement, 'name' | 'text'>
}

/** The rows that a statement takes. */
export type RowsOf<S> = S extends Statement<infer Row> ? Row : never

export const beginTransaction: BoundStatement = { name: 'stator_begin', text: 'BEGIN', values: [] }
export const commitTransaction: BoundStatement = { name: 'stator_commit', text: 'COMMIT', values: [] }

export function bind<Row>(statement: Statement<Row>, rows: readonly Row[]): BoundStatement {
  const { name, text } = statement.variant?.(rows) ?? statement
  return { name, text, values: statement.values(rows) }
}

/** The statement with its rows; empty if there are no rows. */
export function bindRows<Row>(statement: Statement<Row>, rows: readonly Row[]): BoundStatement[] {
  return rows.length === 0 ? [] : [bind(statement, rows)]
}

/** The names of columns, as a list for SQL; `of` is the table that they are read from. */
export function namesOf(columns: Readonly<Record<string, unknown>>, of?: string): string {
  const prefix = of === undefined ? '' : `${of}.`
  return Object.keys(columns)
    .map((name) => `${prefix}"${name}"`)
    .join(', ')
}

/**
 * `write` makes the SQL from the names of the columns, from the rows as a table `v` of those columns, and from the bare
 * arrays.
 */
export function statement<Row>(
  name: string,
  columns: Readonly<Record<string, Column<Row>>>,
  write: (names: string, rows: string, arrays: string) => string,
): Statement<Row> {
  const list = Object.values(columns)
  const named = Object.entries(columns).map(([name, { type }]) => ({ name, type }))
  const names = namesOf(columns)
  const arrays = list.map((column, i) => `$${i + 1}::${column.type}[]`).join(', ')
  return {
    name: `stator_${name}`,
    text: write(names, rowsOf(named), arrays),
    values: (rows) => list.map((column) => column.encode(rows)),
  }
}
