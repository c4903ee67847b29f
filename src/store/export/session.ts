// How the rows of an export are read: in pieces, in the order of their key, none of them twice. On PostgreSQL a session
// is a snapshot (`snapshot.ts`); the embedded database is read page by page (`paged.ts`).

import { type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { type AnyPgColumn, PgDialect } from 'drizzle-orm/pg-core'
import { types } from 'pg'
import type { KeyType } from '../../base/key-parts.ts'
import type { RawRow } from './raw-row.ts'

/** The values of a key, as PostgreSQL writes them. */
export type Key = readonly string[]

/** A record of an export, and its key. */
export interface Keyed<Record> {
  readonly record: Record
  readonly key: Key
}

/** Rows of one table, or of tables that are joined. */
export interface Branch {
  /** What is selected, by name; the branches of one export have the same names in the same order. */
  readonly select: Readonly<Record<string, SQL | AnyPgColumn>>
  readonly from: SQL
  /** What an index with the order of the key finds. */
  readonly lead: SQL | undefined
  /** What filters these rows. */
  readonly rest: SQL | undefined
  readonly key: readonly (SQL | AnyPgColumn)[]
}

/** The rows of an export. */
export interface ExportRows {
  /** Several are merged by their keys. */
  readonly branches: readonly Branch[]
  readonly keyTypes: readonly KeyType[]
}

/** From where a part of an export begins, and how long it is. */
export interface Part {
  /** The key of the row before the first one; null: from the beginning. */
  readonly after: Key | null
  /** Null: to the end. */
  readonly rowsMax: number | null
}

export interface ExportSession {
  /** For statements beside the rows. */
  readonly db: NodePgDatabase
  /** Whether others wait for the connection. */
  readonly isPaged: boolean
  /** The rows of a part, in pieces. A piece may be empty. */
  pieces(rows: ExportRows, part: Part): AsyncGenerator<readonly RawRow[]>
  /** Ends it, with a statement that is under way. */
  end(): void
}

// Milliseconds are not enough for a key, and a double not for a reference.
const asText: ReadonlySet<number> = new Set([types.builtins.TIMESTAMPTZ, types.builtins.INT8])
/** How values are read. */
export const rawTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    asText.has(oid) && format !== 'binary' ? (text: string) => text : types.getTypeParser(oid, format ?? 'text'),
}

const dialect = new PgDialect()

/** The text and the parameters of a statement. */
export function statementOf(statement: SQL): { readonly text: string; readonly values: readonly unknown[] } {
  const { sql: text, params: values } = dialect.sqlToQuery(statement)
  return { text, values }
}

/** The key of a row: its columns `key0`, `key1`, …. */
export function keyOf(row: RawRow, { keyTypes }: Pick<ExportRows, 'keyTypes'>): Key {
  return keyTypes.map((_, at) => String(row[`key${at}`]))
}

/**
 * The statement that reads the rows after `after`, as many as `rowsMax`.
 *
 * @param isFiltered otherwise the rows that `rest` drops are selected as well, and `matches` says which ones these are.
 */
export function selected(
  { branches, keyTypes }: ExportRows,
  after: Key | null,
  rowsMax: number | null,
  isFiltered: boolean,
) {
  const names = sql.raw(keyTypes.map((_, at) => `key${at}`).join(', '))
  const limit = rowsMax === null ? sql`` : sql`LIMIT ${rowsMax}`
  const parts = branches.map(({ select, from, lead, rest, key }) => {
    const columns = Object.entries({ ...select, ...(isFiltered ? {} : { matches: rest ?? sql`true` }) }).map(
      ([name, column]) => sql`, ${column} AS ${sql.identifier(name)}`,
    )
    const keys = key.map((column, at) => sql`${column} AS ${sql.identifier(`key${at}`)}`)
    const conditions = [lead, isFiltered ? rest : undefined, after === null ? undefined : isAfter(key, keyTypes, after)]
    const where = conditions.filter((condition) => condition !== undefined)
    return sql`SELECT ${list(keys)}${sql.join(columns)} FROM ${from}
      ${where.length === 0 ? sql`` : sql`WHERE ${sql.join(where, sql` AND `)}`} ORDER BY ${list([...key])} ${limit}`
  })
  const [only, ...others] = parts
  if (only === undefined) throw new RangeError('An export has at least one branch.')
  if (others.length === 0) return only
  return sql`SELECT * FROM (${sql.join(
    parts.map((part) => sql`(${part})`),
    sql` UNION ALL `,
  )}) merged ORDER BY ${names} ${limit}`
}

function isAfter(key: Branch['key'], keyTypes: readonly KeyType[], after: Key): SQL {
  const values = keyTypes.map((type, at) => sql`${after[at]}::text::${sql.raw(type)}`)
  return sql`(${list([...key])}) > (${list(values)})`
}

function list(parts: readonly (SQL | AnyPgColumn)[]): SQL {
  return sql.join([...parts], sql`, `)
}
