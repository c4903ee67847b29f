// How many transactions there are, from the counters: all of them, those that started in a period, those that are open.

import { and, gte, isNotNull, isNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import { instantText } from '../instant-text.ts'
import type { TransactionFilter } from '../../blocks/records.ts'
import { transactions } from '../../blocks/transactions/tables.ts'
import type { ListSource } from '../paging.ts'

/** What of a filter the counters know. */
export type CountedFilter = Pick<TransactionFilter, 'startedFromMs' | 'startedToMs' | 'open'>

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * How many transactions a filter selects, exact as of one snapshot. Null while the counters are not ready: see
 * `countTransactions`.
 */
export async function countedTransactions(
  { db }: Pick<ListSource, 'db'>,
  { startedFromMs, startedToMs, open }: CountedFilter,
): Promise<number | null> {
  const figure = figureOf(open)
  const isByStart = startedFromMs !== undefined || startedToMs !== undefined
  const from = startedFromMs ?? Number.NEGATIVE_INFINITY
  const to = startedToMs ?? Number.POSITIVE_INFINITY
  // The hours that are in the period as a whole.
  const [first, end] = [Math.ceil(from / hourMs) * hourMs, Math.floor(to / hourMs) * hourMs]
  const count =
    first >= end
      ? inIndex(and(gte(startedAt, from), lte(startedAt, to)), open)
      : sql`(${inHours(figure, isByStart, first, end)} +
          ${from < first ? inIndex(and(gte(startedAt, from), lt(startedAt, first)), open) : sql`0`} +
          ${Number.isFinite(to) ? inIndex(and(gte(startedAt, end), lte(startedAt, to)), open) : sql`0`})`
  const { rows } = await db.execute<{ count: string | number; ready: boolean }>(
    sql`SELECT ${count}::float8 AS count, EXISTS (SELECT FROM transaction_counting) AS ready`,
  )
  const [found] = rows
  return found?.ready === true ? Number(found.count) : null
}

const startedAt = transactions.startedAtMs

/** The counter of those that are open, that have ended, or of all. */
export function figureOf(open: boolean | undefined): SQL {
  if (open === undefined) return sql`transactions`
  return open ? sql`open` : sql`transactions - open`
}

/** The sum of the counters of the hours from `first` up to the one before `end`: of whole days where there are any. */
function inHours(figure: SQL, isByStart: boolean, first: number, end: number): SQL {
  const [firstDay, endDay] = [Math.ceil(first / dayMs) * dayMs, Math.floor(end / dayMs) * dayMs]
  const changed = isByStart ? sql`start_hour` : sql`arrival_hour`
  const hours = (from: number, to: number) => countersOf(isByStart, 1, from, to)
  const parts =
    firstDay < endDay
      ? [countersOf(isByStart, 24, firstDay, endDay), hours(first, firstDay), hours(endDay, end)]
      : [hours(first, end)]
  const changes = sql`SELECT transactions, open FROM transaction_count_changes WHERE ${within(changed, first, end)}`
  return sql`(SELECT COALESCE(sum(${figure}), 0) FROM (${sql.join([...parts, changes], sql` UNION ALL `)}) counts)`
}

function countersOf(isByStart: boolean, hours: 1 | 24, from: number, end: number): SQL {
  return sql`SELECT transactions, open FROM transaction_counts
    WHERE by_start = ${isByStart} AND hours = ${hours} AND ${within(sql`begin_at`, from, end)}`
}

function within(time: SQL, from: number, end: number): SQL {
  if (from >= end) return sql`false`
  const conditions = [
    Number.isFinite(from) ? [sql`${time} >= ${instantText(from)}`] : [],
    Number.isFinite(end) ? [sql`${time} < ${instantText(end)}`] : [],
  ].flat()
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `)
}

/** A count of the rows of less than two hours. */
function inIndex(isInTime: SQL | undefined, open: boolean | undefined): SQL {
  const { stoppedAtMs } = transactions
  const isIt = open === undefined ? undefined : open ? isNull(stoppedAtMs) : isNotNull(stoppedAtMs)
  return sql`(SELECT count(*) FROM ${transactions} WHERE ${and(isInTime, isIt)})`
}

/** Where the row of a list is that comes after so many others, newest first. */
export interface CountedPlace {
  /** The row is in the hour that ends then. */
  readonly endMs: number
  /** How many rows come before the newest one of that hour. */
  readonly before: number
}

interface CountedHours {
  readonly isByStart: boolean
  readonly open: boolean | undefined
  /** Whole hours; the first and the one after the last. */
  readonly firstMs: number
  readonly endMs: number
  /** Rows of those hours that come before. */
  readonly skip: number
}

/**
 * The hour in which the row after the newest `skip` rows of some hours is; null if there are not so many, or the
 * counters are not ready.
 */
export async function hourAfter(
  { db }: Pick<ListSource, 'db'>,
  { isByStart, open, firstMs, endMs, skip }: CountedHours,
): Promise<CountedPlace | null> {
  const [firstDay, endDay] = [Math.ceil(firstMs / dayMs) * dayMs, Math.floor(endMs / dayMs) * dayMs]
  const spans: readonly Span[] =
    firstDay < endDay
      ? [
          [1, endDay, endMs],
          [24, firstDay, endDay],
          [1, firstMs, firstDay],
        ]
      : [[1, firstMs, endMs]]
  const found = await placeIn({ db }, isByStart, open, spans, skip)
  if (found === null) return null
  const { beginMs, hours, before } = found
  if (hours === 1) return { endMs: beginMs + hourMs, before }
  const inDay = await placeIn({ db }, isByStart, open, [[1, beginMs, beginMs + dayMs]], skip - before)
  return inDay === null ? null : { endMs: inDay.beginMs + hourMs, before: before + inDay.before }
}

type Span = readonly [hours: 1 | 24, from: number, end: number]

/** The counter in which the row after the newest `skip` rows is, and how many rows come before it. */
async function placeIn(
  { db }: Pick<ListSource, 'db'>,
  isByStart: boolean,
  open: boolean | undefined,
  spans: readonly Span[],
  skip: number,
) {
  const counters = spans.map(([hours, from, end]) => changedCounters(isByStart, open, hours, from, end))
  const { rows } = await db.execute<{ beginMs: number; hours: number; before: number }>(sql`
    WITH counts AS (
      SELECT begin_at, hours, sum(n) AS n FROM (${sql.join(counters, sql` UNION ALL `)}) parts GROUP BY begin_at, hours)
    SELECT (extract(epoch FROM begin_at) * 1000)::float8 AS "beginMs", hours::int4 AS hours, (upto - n)::float8 AS before
    FROM (SELECT begin_at, hours, n, sum(n) OVER (ORDER BY begin_at DESC) AS upto FROM counts) sums
    WHERE upto > ${skip} AND EXISTS (SELECT FROM transaction_counting) ORDER BY begin_at DESC LIMIT 1`)
  return rows[0] ?? null
}

/** The counters of a span as rows `begin_at`, `hours` and `n`, with the changes that are not folded in. */
function changedCounters(isByStart: boolean, open: boolean | undefined, hours: 1 | 24, from: number, end: number): SQL {
  const changed = isByStart ? sql`start_hour` : sql`arrival_hour`
  return sql`SELECT begin_at, hours, ${figureOf(open)} AS n FROM transaction_counts
      WHERE by_start = ${isByStart} AND hours = ${hours} AND ${within(sql`begin_at`, from, end)}
    UNION ALL
    SELECT date_bin(${`${hours} hours`}::interval, ${changed}, 'epoch'), ${hours}::int2, ${figureOf(open)}
    FROM transaction_count_changes WHERE ${within(changed, from, end)}`
}
