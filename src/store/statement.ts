// How a statement over many rows is written: one array for each column, so that a transaction costs the same handful of statements
// however many messages it commits.

import { boolArray, float8Array, instantArray, int4Array, int8Array, jsonArray, textArray } from './binary-array.ts'

/** A prepared statement over rows. */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /** The rows as parameters, one array per column. */
  readonly values: (rows: readonly Row[]) => Buffer[]
}

/** The rows that a statement takes. */
export type RowsOf<S> = S extends Statement<infer Row> ? Row : never

/** A statement with its parameters, ready to be sent. */
export interface BoundStatement {
  readonly name: string
  readonly text: string
  readonly values: Buffer[]
}

export const beginTransaction: BoundStatement = { name: 'stator_begin', text: 'BEGIN', values: [] }
export const commitTransaction: BoundStatement = { name: 'stator_commit', text: 'COMMIT', values: [] }

/** Every statement is planned again when it runs next, for the size that its tables have by then. */
export const discardPlans: BoundStatement = { name: 'stator_discard_plans', text: 'DISCARD PLANS', values: [] }

export function bind<Row>(statement: Statement<Row>, rows: readonly Row[]): BoundStatement {
  return { name: statement.name, text: statement.text, values: statement.values(rows) }
}

/** The statement with its rows; none when there are none. */
export function bindRows<Row>(statement: Statement<Row>, rows: readonly Row[]): BoundStatement[] {
  return rows.length === 0 ? [] : [bind(statement, rows)]
}

/** One column of rows. */
export interface Column<Row> {
  readonly type: string
  readonly encode: (rows: readonly Row[]) => Buffer
}

export function int4<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'int4', encode: (rows) => int4Array(rows.map(of)) }
}

export function int8<Row>(of: (row: Row) => number | bigint | null): Column<Row> {
  return { type: 'int8', encode: (rows) => int8Array(rows.map(of)) }
}

export function float8<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'float8', encode: (rows) => float8Array(rows.map(of)) }
}

export function bool<Row>(of: (row: Row) => boolean | null): Column<Row> {
  return { type: 'bool', encode: (rows) => boolArray(rows.map(of)) }
}

export function text<Row>(of: (row: Row) => string | null): Column<Row> {
  return { type: 'text', encode: (rows) => textArray(rows.map(of)) }
}

export function json<Row>(of: (row: Row) => string | null): Column<Row> {
  return { type: 'json', encode: (rows) => jsonArray(rows.map(of)) }
}

export function instant<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'timestamptz', encode: (rows) => instantArray(rows.map(of)) }
}

/**
 * The rows of arrays that go side by side, as a table `v`. In the select list PostgreSQL takes the arrays apart row by row;
 * `FROM unnest($1, $2)` would copy each of them into a store of its own first.
 */
export function rowsOf(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return `(SELECT ${columns.map(({ name, type }, i) => `unnest($${i + 1}::${type}[]) AS "${name}"`).join(', ')}) AS v`
}

/**
 * SQL of a condition that is true, or fails the statement if `condition` is: PostgreSQL has no other way to fail one.
 * `condition` has to hold what joins its rows, since PostgreSQL chooses the order in which conditions are looked at.
 */
export function failsIf(condition: string): string {
  return `1 / (CASE WHEN ${condition} THEN 0 ELSE 1 END) = 1`
}

/** The names of columns, as a list for SQL; `of` is the table that they are read from. */
export function namesOf(columns: Readonly<Record<string, unknown>>, of?: string): string {
  const prefix = of === undefined ? '' : `${of}.`
  return Object.keys(columns)
    .map((name) => `${prefix}"${name}"`)
    .join(', ')
}

/** `write` makes the SQL from the names of the columns, from the rows as a table `v` of those columns, and from the bare arrays. */
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
