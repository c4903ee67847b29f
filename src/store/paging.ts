// Lists with a total: one query counts, one reads the page. On the embedded database, whose one connection charge
// points wait for, both read a bounded number of rows, and the answer says so when there are more.

import { and, count, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { StatorError } from '../base/errors.ts'
import { listedExactlyMax } from '../base/limits.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import type { ChargePointSets } from './charge-point-sets.ts'
import { comesAfter, cursorOf, keyIn, type Order, orderBy } from './keyset.ts'

/** What the lists are read from. */
export interface ListSource {
  readonly db: NodePgDatabase
  /** How many rows of a list are read, from its first one; null: all. */
  readonly rowsMax: number | null
  readonly sets: ChargePointSets
}

/** A drizzle query that can still be limited to a page. */
interface Cuttable<Row> {
  limit(rows: number): { offset(rows: number): PromiseLike<readonly Row[]> }
}

/** Rows that an index finds in the order of the list. */
export interface IndexedRows {
  readonly table: PgTable
  readonly where: SQL | undefined
}

/**
 * Rows for which no single index may give all rows in order. The first `rowsMax` rows that `lead` finds are read, by an
 * index with `leadOrder`; `rest` filters them.
 */
export interface FilteredRows {
  readonly table: PgTable
  /** The key of a table in partitions: rows of two of them may have the same place on the disk. */
  readonly key?: PgColumn
  /** What several find is read in the order `leadOrder` of all together. */
  readonly leads: readonly (SQL | undefined)[]
  readonly leadOrder: readonly SQL[]
  readonly rest: SQL | undefined
  readonly order: readonly SQL[]
  /** How many rows are read at most, on PostgreSQL too; left out: as `ListSource` says. */
  readonly rowsMax?: number
}

/** The total of a list. */
export interface Counted {
  readonly totalCount: number
  readonly totalCountAtLeast?: true
}

/**
 * The page of `rows` that `page` asks for, each row through `map`.
 *
 * @throws {StatorError} `BAD_REQUEST` for a page after the rows that are read.
 */
export async function pageOf<Row, T>(
  source: ListSource,
  page: Page,
  indexed: IndexedRows,
  rows: Cuttable<Row>,
  map: (row: Row) => T,
): Promise<PageOf<T>> {
  requireInReach(source, page)
  const { page: number, pageSize } = page
  const [counted, found] = await Promise.all([
    countOf(source, indexed),
    rows.limit(pageSize).offset((number - 1) * pageSize),
  ])
  return { ...totalOf(counted, source.rowsMax), items: found.map(map) }
}

/** Rows of a list that goes on after a cursor. */
export interface KeysetRows extends IndexedRows {
  readonly order: Order
  /** How many are counted; null: all. Left out: `listedExactlyMax`. */
  readonly countedMax?: number | null
}

/**
 * The page of `rows` that `page` asks for. Page numbers end with the rows that are counted; a cursor reads on.
 *
 * @param rows of a table without partitions.
 * @param rowsWhere reads the rows for which a condition holds, in their order; `keyOf` their order is their `cursor`.
 * @throws {StatorError} `BAD_REQUEST` for a page number after those rows, or a cursor of another list.
 */
export async function keysetPageOf<Row extends { readonly cursor: readonly string[] }, T>(
  { db }: Pick<ListSource, 'db'>,
  page: Page,
  { table, where, order, countedMax = listedExactlyMax }: KeysetRows,
  rowsWhere: (where: SQL) => PromiseLike<readonly Row[]>,
  map: (row: Omit<Row, 'cursor'>) => T,
): Promise<PageOf<T>> {
  const skip = (page.page - 1) * page.pageSize
  if (countedMax !== null) requireCounted(skip)
  const isAfter = page.after === undefined ? undefined : comesAfter(order, keyIn(order, page.after))
  const which = and(where, isAfter)
  // Of rows that are skipped nothing else is read.
  const places = sql`SELECT ctid FROM ${table} ${which === undefined ? sql`` : sql`WHERE ${which}`}
    ORDER BY ${list(orderBy(order))} LIMIT ${page.pageSize + 1} OFFSET ${skip}`
  const [counted, found] = await Promise.all([
    countOf({ db, rowsMax: countedMax }, { table, where }),
    rowsWhere(sql`${table}.ctid = ANY(ARRAY(${places}))`),
  ])
  const shown = found.slice(0, page.pageSize)
  const last = found.length > page.pageSize ? shown.at(-1) : undefined
  return {
    ...totalOf(counted, countedMax),
    ...(last === undefined ? {} : { next: cursorOf(order, last.cursor) }),
    items: shown.map(({ cursor: _, ...row }) => map(row)),
  }
}

/** @throws {StatorError} `BAD_REQUEST` if a page begins after the rows that are counted. */
export function requireCounted(skip: number): void {
  if (skip < listedExactlyMax) return
  const issue =
    `Page must begin within the first ${listedExactlyMax} items with these filters; to go on, send ` +
    '`next` of the page before as `after`'
  throw new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'page', issue })
}

/** How many of `rows` there are; one more than `rowsMax` when there are more. */
export async function countOf(
  { db, rowsMax }: Pick<ListSource, 'db' | 'rowsMax'>,
  { table, where }: IndexedRows,
): Promise<number> {
  const some = () =>
    db
      .select({ one: sql`1`.as('one') })
      .from(table)
      .where(where)
      .limit((rowsMax ?? 0) + 1)
      .as('some')
  const [row] =
    rowsMax === null
      ? await db.select({ count: count() }).from(table).where(where)
      : await db.select({ count: count() }).from(some())
  return row?.count ?? 0
}

/**
 * As `pageOf`, for rows that are filtered by more than an index covers. `rowsWhere` reads the rows for which a
 * condition holds, in the order of the list.
 *
 * @throws {StatorError} `BAD_REQUEST` for a page after the rows that are read.
 */
export async function filteredPageOf<Row, T>(
  source: ListSource,
  page: Page,
  filtered: FilteredRows,
  rowsWhere: (where: SQL | undefined) => Cuttable<Row> & PromiseLike<readonly Row[]>,
  map: (row: Row) => T,
): Promise<PageOf<T>> {
  const { db } = source
  const { table, leads, rest, order } = filtered
  const rowsMax = rowsMaxOf(source, filtered)
  if (leads.length === 0) return { totalCount: 0, items: [] }
  if (rowsMax === null) {
    const where = and(anyOf(leads), rest)
    return pageOf(source, page, { table, where }, rowsWhere(where), map)
  }
  requireInReach(source, page, filtered.rowsMax)
  const { page: number, pageSize } = page
  const skip = (number - 1) * pageSize
  const matches = rest === undefined ? sql`true` : rest
  // They are looked at once, for the total and for the page. Numbers, and places on the disk, come as text.
  const places = sql`array_agg(place ORDER BY ${list(order)}) FILTER (WHERE matches)`
  const { rows } = await db.execute<{ readonly looked: number; readonly matching: number; readonly places: string }>(
    sql`SELECT count(*)::int4 AS looked, (count(*) FILTER (WHERE matches))::int4 AS matching,
        COALESCE((${places})[${skip + 1}::int4:${skip + pageSize}::int4], '{}')::text AS places
      FROM (SELECT *, ${matches} AS matches FROM (${lookedAt(filtered, rowsMax)}) AS ${table} OFFSET 0) AS ${table}`,
  )
  const { looked = 0, matching = 0, places: found = '{}' } = rows[0] ?? {}
  const isShown = sql`${placeIn(filtered)} = ANY(${found}::${placesOf(filtered)})`
  const shown = found === '{}' ? [] : await rowsWhere(isShown)
  return { ...filteredTotalOf(matching, looked, rowsMax), items: shown.map(map) }
}

/** The total of a list: `matching` of the `seen` rows that were read. */
export function filteredTotalOf(matching: number, seen: number, rowsMax: number): Counted {
  // After the rows that were read, there may be more that match.
  return seen > rowsMax
    ? { totalCount: Math.min(matching, rowsMax), totalCountAtLeast: true }
    : { totalCount: matching }
}

// One row more than is used, to find out whether there are more. Each lead has its rows in order: PostgreSQL merges
// them, and reads no more of each than it uses.
function lookedAt(filtered: FilteredRows, rowsMax: number): SQL {
  const { table, leads, leadOrder } = filtered
  const parts = leads.map((lead) => {
    const where = lead === undefined ? sql`` : sql`WHERE ${lead}`
    return sql`(SELECT ${placeIn(filtered)} AS place, * FROM ${table} ${where} ORDER BY ${list(leadOrder)} LIMIT ${rowsMax + 1})`
  })
  if (parts.length === 1) return sql`${parts[0]}`
  const all = sql.join(parts, sql` UNION ALL `)
  return sql`SELECT * FROM (${all}) AS ${table} ORDER BY ${list(leadOrder)} LIMIT ${rowsMax + 1}`
}

/** What finds a row again. */
function placeIn({ table, key }: FilteredRows): SQL {
  return key === undefined ? sql`${table}.ctid` : sql`${key}`
}

/** The type of several places. */
function placesOf({ key }: FilteredRows): SQL {
  return sql.raw(`${key === undefined ? 'tid' : key.getSQLType()}[]`)
}

/** The rows that one of `leads` finds; an undefined one finds all. */
export function anyOf(leads: readonly (SQL | undefined)[]): SQL | undefined {
  const conditions = leads.filter((lead) => lead !== undefined)
  if (conditions.length < leads.length) return undefined
  return sql`(${sql.join(conditions, sql` OR `)})`
}

function list(parts: readonly SQL[]): SQL {
  return sql.join([...parts], sql`, `)
}

/** The total of a list, from what `countOf` counted. */
export function totalOf(counted: number, rowsMax: number | null): Counted {
  return rowsMax !== null && counted > rowsMax
    ? { totalCount: rowsMax, totalCountAtLeast: true }
    : { totalCount: counted }
}

/** How many rows are read; null: all. */
export function rowsMaxOf(source: Pick<ListSource, 'rowsMax'>, filtered: Pick<FilteredRows, 'rowsMax'>): number | null {
  const bounds = [source.rowsMax, filtered.rowsMax].filter((bound) => typeof bound === 'number')
  return bounds.length === 0 ? null : Math.min(...bounds)
}

/** The refusal of a cursor where the list has page numbers only. */
export function withoutCursors(): StatorError {
  const issue = 'After is not known to this list with these filters, or on the embedded database; expected `page`'
  return new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'after', issue })
}

/**
 * @param filteredMax how many rows are read for these filters on any database; left out: all.
 * @throws {StatorError} `BAD_REQUEST` for a page after the rows that are read.
 */
export function requireInReach(
  source: Pick<ListSource, 'rowsMax'>,
  { page, pageSize }: Page,
  filteredMax?: number,
): void {
  const rowsMax = rowsMaxOf(source, filteredMax === undefined ? {} : { rowsMax: filteredMax })
  if (rowsMax === null || (page - 1) * pageSize < rowsMax) return
  const because =
    rowsMax === source.rowsMax
      ? 'because the embedded database lists no more; narrow the list with a filter, or use PostgreSQL'
      : 'because no more are looked at for these filters; narrow the list with another one'
  const issue = `Page must begin within the first ${rowsMax} items, ${because}`
  throw new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'page', issue })
}
