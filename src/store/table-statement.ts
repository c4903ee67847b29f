// Statements that are derived from a drizzle table: its columns say the names, the types and how values are encoded.
// There are three shapes: rows are appended, take the place of those with their key, or patch them. Everything is
// computed once, when a module is loaded; a commit only encodes.

import { getTableColumns, getTableName } from 'drizzle-orm'
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import type { NameOf, RowOf, WithoutNulls } from '../blocks/stored-rows.ts'
import { statementIdsStep } from '../base/limits.ts'
import { statement, type Statement } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import { type Column, columnOfType, int8 } from './wire/columns.ts'

/** Columns by their names in SQL. */
export type Columns<Row> = Readonly<Record<string, Column<Row>>>

/** The rows that columns are made of. */
export type RowOfColumns<C> = C extends Columns<infer Row> ? Readonly<Row> : never

/** The columns of a table, all of them or those that are named, in that order. */
export function columnsOf<T extends PgTable, Name extends NameOf<T> = NameOf<T>>(
  table: T,
  names?: readonly Name[],
): Columns<WithoutNulls<Pick<RowOf<T>, Name>>> {
  return encodersOf(table, names ?? Object.keys(getTableColumns(table)))
}

/** The columns of a table except those that are named. */
export function otherColumnsOf<T extends PgTable, Name extends NameOf<T>>(
  table: T,
  left: readonly Name[],
): Columns<WithoutNulls<Omit<RowOf<T>, Name>>> {
  const others: ReadonlySet<string> = new Set(left)
  return encodersOf(
    table,
    Object.keys(getTableColumns(table)).filter((name) => !others.has(name)),
  )
}

function encodersOf(table: PgTable, names: readonly string[]): Columns<Readonly<Record<string, unknown>>> {
  return Object.fromEntries(
    names.map((name) => {
      const column = columnNamed(table, name)
      return [column.name, columnOfType(column.getSQLType(), name)]
    }),
  )
}

function columnNamed(table: PgTable, name: string): PgColumn {
  const column = getTableColumns(table)[name]
  if (column === undefined) throw new TypeError(`Table ${getTableName(table)} has no column ${name}.`)
  return column
}

/** The name in SQL of a column. */
export function sqlNameOf(table: PgTable, name: string): string {
  return columnNamed(table, name).name
}

/** The names in SQL of the columns of the primary key. */
export function keyOf(table: PgTable): readonly string[] {
  const { columns, primaryKeys } = getTableConfig(table)
  const own = columns.filter((column) => column.primary)
  return (primaryKeys[0]?.columns ?? own).map((column) => column.name)
}

/** A column of a key. */
export interface KeyColumn {
  readonly name: string
  readonly isText: boolean
}

/** The columns of the primary key, by their names in rows. */
export function keyColumnsOf(table: PgTable): readonly KeyColumn[] {
  const key = keyOf(table)
  return Object.entries(getTableColumns(table)).flatMap(([name, column]) =>
    key.includes(column.name) ? [{ name, isText: column.getSQLType() === 'text' }] : [],
  )
}

/** Rows that are added; one whose key is stored already is left out. */
export function append<T extends PgTable>(name: string, table: T): Statement<WithoutNulls<RowOf<T>>> {
  const into = getTableName(table)
  return statement(
    name,
    columnsOf(table),
    (names, rows) => `INSERT INTO ${into} (${names}) SELECT * FROM ${rows} ON CONFLICT DO NOTHING`,
  )
}

/** Rows that take the place of those with the same key; no two of them may have one key. */
export function upsert<T extends PgTable>(name: string, table: T): Statement<WithoutNulls<RowOf<T>>> {
  const columns = columnsOf(table)
  return statement(
    name,
    columns,
    (names, rows) => `INSERT INTO ${getTableName(table)} (${names}) SELECT * FROM ${rows} ${replacing(table, columns)}`,
  )
}

/** SQL that puts the `columns` of a row in place of those of the row with its key. */
export function replacing(table: PgTable, columns: Readonly<Record<string, unknown>>): string {
  const key = keyOf(table)
  const replaced = Object.keys(columns).filter((column) => !key.includes(column))
  return `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${replaced
    .map((column) => `"${column}" = EXCLUDED."${column}"`)
    .join(', ')}`
}

/**
 * SQL of a column's new value, from what is `given` for it and what is `stored`. `isGiven` is true if the row gives a
 * value for the column, including null.
 */
export type Rule = (given: string, stored: string, isGiven: string) => string

/** What is left out stays as it is; null is stored. */
export const whatIsGiven: Rule = (given, stored, isGiven) => `CASE WHEN ${isGiven} THEN ${given} ELSE ${stored} END`

/** The later one; null does not count. */
export const latest: Rule = (given, stored) => `GREATEST(${stored}, ${given})`

/** Columns that may change: all except those that are named. */
export function patchedNames<T extends PgTable, Name extends NameOf<T>>(
  table: T,
  left: readonly Name[],
): readonly Exclude<NameOf<T>, Name>[] {
  const others: ReadonlySet<string> = new Set(left)
  return namesIn(table).filter((name): name is Exclude<NameOf<T>, Name> => !others.has(name))
}

function namesIn<T extends PgTable>(table: T): readonly NameOf<T>[] {
  return Object.keys(getTableColumns(table))
}

/** A row of a patch: a column that is left out stays as it is. */
export type PatchOf<T extends PgTable, Name extends NameOf<T>> = { [Key in Name]?: RowOf<T>[Key] | null | undefined }

/** A row of a patch with its key, and with columns that are only read. */
export type PatchRow<T extends PgTable, Key extends NameOf<T>, Name extends NameOf<T>, Beside> = Readonly<
  Pick<RowOf<T>, Key>
> &
  PatchOf<T, Name> &
  Beside

/** What a patch is made of. */
export interface PatchParts<T extends PgTable, Key extends NameOf<T>, Name extends NameOf<T>, Beside> {
  /** The column that finds the rows. */
  readonly key: Key
  /** What SQL calls the table; the rows that are given are `v`. */
  readonly alias: string
  /** The columns that may change. */
  readonly names: readonly Name[]
  /** The rule of a column, if it is not `whatIsGiven`. */
  readonly rules?: Readonly<Partial<Record<Name, Rule>>>
  /** Columns that only `condition` and `join` read. */
  readonly beside?: Columns<Beside>
  /** SQL that is joined to the rows. */
  readonly join?: string
  /** SQL of a further condition. */
  readonly condition?: string
  /** Whether the table is partitioned by ranges of the key, a number: partitions far from the rows are left out. */
  readonly isPartitioned?: boolean
}

/** The columns of the rows of a patch. */
export function patchColumnsOf<T extends PgTable, Name extends NameOf<T>>(
  table: T,
  names: readonly Name[],
): Columns<PatchOf<T, Name>> {
  return encodersOf(table, names)
}

/** A bit for each column: whether the row gives a value for it. */
function givenColumnsOf(names: readonly string[]): Columns<Readonly<Record<string, unknown>>> {
  return { given: int8((row) => names.reduce((bits, name, i) => (row[name] === undefined ? bits : bits + 2 ** i), 0)) }
}

/** Rows that change stored ones, column by column; at most one row per key. */
export function patch<T extends PgTable, Key extends NameOf<T>, Name extends NameOf<T>, Beside>(
  name: string,
  table: T,
  { key, alias, names, rules, beside, join = '', condition, isPartitioned = false }: PatchParts<T, Key, Name, Beside>,
): Statement<PatchRow<T, Key, Name, Beside>> {
  const id = sqlNameOf(table, key)
  const ruleOf: Readonly<Record<string, Rule | undefined>> = rules ?? {}
  const assignments = names.map((changed, i) => {
    const column = sqlNameOf(table, changed)
    const rule = ruleOf[changed] ?? whatIsGiven
    return `${column} = ${rule(`v.${column}`, `${alias}.${column}`, `v.given & ${2 ** i} <> 0`)}`
  })
  const patching = statement<PatchRow<T, Key, Name, Beside>>(
    name,
    { ...columnsOf(table, [key]), ...encodersOf(table, names), ...givenColumnsOf(names), ...beside },
    (_, rows) =>
      `UPDATE ${getTableName(table)} ${alias} SET ${assignments.join(', ')} FROM ${rows} ${join}
       WHERE ${alias}.${id} = v.${id}${condition === undefined ? '' : ` AND ${condition}`}`,
  )
  if (!isPartitioned) return patching
  // PostgreSQL prepares a scan of each partition that the text does not exclude before it looks at a row. The bounds
  // are an OR, which excludes partitions but is no condition of an index: PostgreSQL would take bounds of an index for
  // a range of few rows, whatever is between them, and compare all of it with each row.
  const variant = (rows: readonly PatchRow<T, Key, Name, Beside>[]): Pick<BoundStatement, 'name' | 'text'> => {
    const [from, to] = boundsOf(rows.map((row) => Number(row[key])))
    return {
      name: `${patching.name}_${from}_${to}`,
      text: `${patching.text} AND (${alias}.${id} = ${from} OR ${alias}.${id} > ${from} AND ${alias}.${id} < ${to})`,
    }
  }
  return { ...patching, variant }
}

/** Bounds of the ids, in coarse steps: each pair of bounds is a statement that its connection keeps. */
function boundsOf(ids: readonly number[]): readonly [from: number, to: number] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const id of ids) {
    from = Math.min(from, id)
    to = Math.max(to, id)
  }
  const step = statementIdsStep
  return [Math.floor(from / step) * step, Math.floor(to / step) * step + step]
}
