// How the rows of an export are read: in pieces, in the order of their key, none of them twice. On PostgreSQL all
// statements of an export see one snapshot, on a connection of its own. The embedded database has one connection for
// everything, which is taken for one piece at a time: see `pagedSession` for what then holds.

import { type SQL, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { type AnyPgColumn, PgDialect } from 'drizzle-orm/pg-core'
import { type Client, type Pool, types } from 'pg'
import {
  embeddedExportRows,
  exportMsMax,
  exportPieceCharactersMax,
  exportPieceRows,
  exportStatementMsMax,
} from '../../base/limits.ts'
import type { Database } from '../database.ts'
import { storeError } from '../store-error.ts'
import { streamRows } from '../wire/row-stream.ts'
import type { RawRow } from './raw-row.ts'

/** The values of a key, as PostgreSQL writes them. */
export type Key = readonly string[]

/** The type of a part of a key. */
export type KeyType = 'timestamptz' | 'int8'

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

/**
 * A session for one export.
 *
 * @throws {StatorError} `STORE_UNAVAILABLE`.
 */
export async function exportSession(database: Pick<Database, 'exportClients' | 'restPool'>): Promise<ExportSession> {
  const clients = await database.exportClients()
  if (clients === null) return pagedSession(database.restPool)
  try {
    return await snapshotSession(...clients)
  } catch (error) {
    for (const client of clients) void client.end().catch(() => {})
    throw storeError(error)
  }
}

// Milliseconds are not enough for a key, and a double not for a reference.
const asText: ReadonlySet<number> = new Set([types.builtins.TIMESTAMPTZ, types.builtins.INT8])
const rawTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    asText.has(oid) && format !== 'binary' ? (text: string) => text : types.getTypeParser(oid, format ?? 'text'),
}

const dialect = new PgDialect()

async function read(client: Client | Pool, statement: SQL): Promise<readonly RawRow[]> {
  const { sql: text, params: values } = dialect.sqlToQuery(statement)
  return (await client.query<RawRow>({ text, values, types: rawTypes })).rows
}

/** The key of a row: its columns `key0`, `key1`, …. */
export function keyOf(row: RawRow, { keyTypes }: Pick<ExportRows, 'keyTypes'>): Key {
  return keyTypes.map((_, at) => String(row[`key${at}`]))
}

// Whoever reads slowly makes a statement long. A client that is gone is noticed during a statement, too, and a process
// that is gone leaves no snapshot behind, which would keep VACUUM from its work.
const snapshotSettings = sql.raw(`SELECT set_config('TimeZone', 'UTC', true),
  set_config('max_parallel_workers_per_gather', '0', true),
  set_config('client_connection_check_interval', '1s', true),
  set_config('statement_timeout', '${exportMsMax}', true),
  set_config('idle_in_transaction_session_timeout', '${exportMsMax}', true)`)

const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * A session on two connections, of which it is the only user: one for the rows, which one statement gives, and one for
 * statements beside them. Both see all as it was at this moment.
 */
async function snapshotSession(ofRows: Client, beside: Client): Promise<ExportSession> {
  await ofRows.query(begin)
  await read(ofRows, snapshotSettings)
  const exported = await ofRows.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
  await beside.query(begin)
  await beside.query(`SET TRANSACTION SNAPSHOT '${exported.rows[0]?.snapshot ?? ''}'`)
  await read(beside, snapshotSettings)
  return {
    db: drizzle(beside),
    isPaged: false,
    async *pieces(rows, { after, rowsMax }) {
      const { sql: text, params: values } = dialect.sqlToQuery(selected(rows, after, rowsMax, true))
      const stream = streamRows(ofRows, {
        text,
        values,
        parserOf: (oid) => rawTypes.getTypeParser(oid),
        rowsMax: exportPieceRows,
        charactersMax: exportPieceCharactersMax,
        silenceMsMax: exportStatementMsMax,
      })
      for (let piece = await stream.next(); piece !== null; piece = await stream.next()) yield piece
    },
    end: () => {
      for (const client of [ofRows, beside]) void client.end().catch(() => {})
    },
  }
}

/**
 * A session on a pool whose connection is taken for one statement at a time. Each piece is as consistent as a
 * statement is, and the pieces follow each other by key: no row comes twice, and none is left out that was there from
 * the begin of the export to its end. Of rows that are stored meanwhile those come whose key is still ahead.
 *
 * A piece looks at a bounded number of rows, of which those may be few that the export wants.
 */
function pagedSession(pool: Pool): ExportSession {
  return {
    db: drizzle(pool),
    isPaged: true,
    async *pieces(rows, { after, rowsMax }) {
      let left = rowsMax ?? Number.POSITIVE_INFINITY
      for (let last = after; left > 0;) {
        const looked = await read(pool, selected(rows, last, embeddedExportRows, false))
        const end = looked.at(-1)
        if (end === undefined) return
        last = keyOf(end, rows)
        const piece = looked.filter((row) => row['matches'] === true).slice(0, left)
        left -= piece.length
        yield piece
      }
    },
    end: () => {},
  }
}

/** @param isFiltered otherwise the rows that `rest` drops are selected as well, and `matches` says which ones these are. */
function selected({ branches, keyTypes }: ExportRows, after: Key | null, rowsMax: number | null, isFiltered: boolean) {
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
