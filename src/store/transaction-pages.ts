// Pages of transactions on PostgreSQL, in a time that does not depend on how many there are. First the ids of a page
// are found, in indexes alone where that is possible; its rows are read afterwards.
//
// A list is by arrival, newest first; with a period it is by start. A page far back in a long list is found by the
// counters: they say in which hour it begins.

import { and, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { instantText } from './instant-text.ts'
import { listedExactlyMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type { Page, TransactionFilter } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { transactions } from '../blocks/transactions/tables.ts'
import { type CountedFilter, countedTransactions, hourAfter } from './counts/read.ts'
import { comesAfter, cursorOf, keyIn, keyOf, type Order, orderBy } from './keyset.ts'
import { type Counted, type ListSource, requireCounted } from './paging.ts'
import { scopeOfList, scopedRows } from './scoped-rows.ts'
import { isOfToken, startedIn } from './transaction-filter.ts'

/** The ids of a page in their order, and what is said about the whole list. */
export interface TransactionPage extends Counted {
  readonly ids: readonly number[]
  readonly next?: string
}

const { chargePointKey, transactionId, startedAtMs, stoppedAtMs, receivedAtMs } = transactions

const byArrival: Order = {
  name: 'transactions by arrival',
  direction: 'DESC',
  columns: [
    { column: receivedAtMs, type: 'timestamptz' },
    { column: transactionId, type: 'int8' },
  ],
}

const byStart: Order = {
  name: 'transactions by start',
  direction: 'DESC',
  columns: [
    { column: startedAtMs, type: 'timestamptz' },
    { column: transactionId, type: 'int8' },
  ],
}

/** By start if there is a period, else by arrival. Open ones have an index of their own by arrival. */
export function orderOf({ startedFromMs, startedToMs, open }: TransactionFilter): Order {
  return open !== true && (startedFromMs !== undefined || startedToMs !== undefined) ? byStart : byArrival
}

/**
 * Finds a page of a list. `keys` are those of `filteredKeys`; `ghostIds` are the transactions of a list of ghosts, null
 * for another list.
 *
 * @throws {StatorError} `BAD_REQUEST` for a cursor of another list, or a page number after the rows that are counted.
 */
export async function pageOfTransactions(
  source: ListSource,
  filter: TransactionFilter,
  keys: readonly number[] | null,
  ghostIds: readonly number[] | null,
  page: Page,
): Promise<TransactionPage> {
  const order = orderOf(filter)
  const after = page.after === undefined ? null : keyIn(order, page.after)
  const found = ghostIds === null ? wayOf(source, filter, keys, order) : wayOfGhosts(source, filter, ghostIds, order)
  const asked = { after, skip: (page.page - 1) * page.pageSize, rows: page.pageSize + 1 }
  if (found.isBounded) requireCounted(asked.skip)
  const [total, placed] = await Promise.all([found.count(), found.read(asked)])
  const shown = placed.slice(0, page.pageSize)
  const last = placed.length > page.pageSize ? shown.at(-1) : undefined
  return {
    ...total,
    ids: shown.map(({ id }) => Number(id)),
    ...(last === undefined ? {} : { next: cursorOf(order, last.key) }),
  }
}

/** Which rows of a list are wanted. */
interface Asked {
  /** After the row with this key. */
  readonly after: readonly string[] | null
  readonly skip: number
  readonly rows: number
}

// A type and not an interface: drizzle accepts only a type as a record.
type Placed = { readonly id: string | number; readonly key: readonly string[] }

/** How the rows of a filter are counted and found. */
interface Way {
  /** Whether they are counted up to `listedExactlyMax` only, and pages after those need a cursor. */
  readonly isBounded: boolean
  count(): Promise<Counted>
  read(asked: Asked): Promise<readonly Placed[]>
}

function wayOf(source: ListSource, filter: TransactionFilter, keys: readonly number[] | null, order: Order): Way {
  const { scope, idToken: token, open } = filter
  const isInTime = startedIn(filter)
  const isOpen = open === undefined ? undefined : open ? isNull(stoppedAtMs) : isNotNull(stoppedAtMs)
  const hasToken = token === undefined ? undefined : isOfToken(storableText(token))
  if (keys?.length === 0) return { isBounded: false, count: async () => ({ totalCount: 0 }), read: async () => [] }
  if (keys !== null) {
    const condition = (key: number) => and(sql`${chargePointKey} = ${key}`, hasToken, isInTime, isOpen)
    return {
      isBounded: hasToken !== undefined,
      count: () =>
        hasToken === undefined
          ? countOfChargePoints(source, keys, isInTime, open)
          : countSome(
              source,
              sql.join(
                keys.map((key) => one(condition(key))),
                sql` UNION ALL `,
              ),
            ),
      read: (asked) => readMerged(source, order, keys.map(condition), asked),
    }
  }
  if (hasToken !== undefined) {
    const whereOnce = memoized(async () =>
      and(hasToken, isInTime, isOpen, (await scopeOfList(source, scope))(chargePointKey)),
    )
    const isAlone = isInTime === undefined && isOpen === undefined && scope === 'all'
    return {
      isBounded: !isAlone,
      count: async () => (isAlone ? countAll(source, hasToken) : countSome(source, one(await whereOnce()))),
      read: async (asked) => readMerged(source, order, [await whereOnce()], asked),
    }
  }
  if (scope !== 'all') return wayOfScope(source, scope, order, { isInTime, isOpen, filter })
  const where = and(isInTime, isOpen)
  return {
    isBounded: false,
    async count() {
      return { totalCount: (await countedTransactions(source, filter)) ?? (await countAll(source, where)).totalCount }
    },
    async read(asked) {
      const jump = asked.skip < skippedMax || open === true ? null : await jumpTo(source, filter, order, asked.skip)
      return readMerged(source, order, [and(where, jump?.isInReach)], { ...asked, skip: jump?.skip ?? asked.skip })
    },
  }
}

function wayOfGhosts(source: ListSource, filter: TransactionFilter, ids: readonly number[], order: Order): Way {
  const { idToken: token, open } = filter
  const where = and(
    sql`${transactionId} = ANY(${sql.param(ids)}::int8[])`,
    startedIn(filter),
    token === undefined ? undefined : isOfToken(storableText(token)),
    isNull(stoppedAtMs),
    open === false ? sql`false` : undefined,
  )
  return {
    isBounded: false,
    count: () => countAll(source, where),
    read: (asked) => readMerged(source, order, [where], asked),
  }
}

/** Rows before a page that are read in their index rather than found by the counters. */
const skippedMax = 1_000

const hourMs = 3_600_000

/** A condition that begins close before the row after the newest `skip` ones, and how many are to be skipped then. */
async function jumpTo(
  source: ListSource,
  filter: CountedFilter,
  order: Order,
  skip: number,
): Promise<{ readonly isInReach: SQL; readonly skip: number } | null> {
  const { startedFromMs: from = Number.NEGATIVE_INFINITY, startedToMs: to = Number.POSITIVE_INFINITY, open } = filter
  const [firstMs, endMs] = [Math.ceil(from / hourMs) * hourMs, Math.floor(to / hourMs) * hourMs]
  // The rows of the last hour, which the counters have only as a whole.
  const newer = Number.isFinite(to)
    ? ((await countedTransactions(source, {
        startedFromMs: Math.max(from, endMs),
        startedToMs: to,
        ...openOf(open),
      })) ?? 0)
    : 0
  if (skip < newer || firstMs >= endMs) return null
  const isByStart = order === byStart
  const place = await hourAfter(source, { isByStart, open, firstMs, endMs, skip: skip - newer })
  if (place === null) return null
  const time = isByStart ? startedAtMs : receivedAtMs
  return { isInReach: sql`${time} < ${instantText(place.endMs)}`, skip: skip - newer - place.before }
}

function openOf(open: boolean | undefined): Pick<CountedFilter, 'open'> {
  return open === undefined ? {} : { open }
}

/** The rows of several conditions, of which an index has each in order, merged. */
async function readMerged(
  source: ListSource,
  order: Order,
  conditions: readonly (SQL | undefined)[],
  asked: Asked,
): Promise<readonly Placed[]> {
  if (conditions.length === 0) return []
  const parts = conditions.map((condition) => sql`(${placedBy(order, condition, asked)})`)
  return readPlaced(source, order, sql.join(parts, sql` UNION ALL `), asked)
}

/** The rows of a condition that may be on the page: ids and times. */
function placedBy(order: Order, condition: SQL | undefined, { after, skip, rows }: Asked): SQL {
  const isAfter = after === null ? undefined : comesAfter(order, after)
  const time = order === byStart ? startedAtMs : receivedAtMs
  return sql`SELECT ${transactionId} AS id, ${time} AS ${sql.identifier(time.name)} FROM ${transactions}
    ${whereOf(and(condition, isAfter))} ORDER BY ${sql.join(orderBy(order), sql`, `)} LIMIT ${skip + rows}`
}

/** The page, of the rows that `placed` selects. */
async function readPlaced(
  { db }: ListSource,
  order: Order,
  placed: SQL,
  { skip, rows }: Asked,
): Promise<readonly Placed[]> {
  const { rows: found } = await db.execute<Placed>(sql`SELECT id, ${keyOf(order)} AS key
    FROM (${placed}) AS ${transactions} ORDER BY ${sql.join(orderBy(order), sql`, `)} LIMIT ${rows} OFFSET ${skip}`)
  return found
}

function whereOf(condition: SQL | undefined): SQL {
  return condition === undefined ? sql`` : sql`WHERE ${condition}`
}

function one(where: SQL | undefined): SQL {
  return sql`(SELECT 1 FROM ${transactions} ${whereOf(where)} LIMIT ${listedExactlyMax + 1})`
}

/** Counts rows up to the limit. */
async function countSome({ db }: ListSource, rows: SQL): Promise<Counted> {
  const { rows: found } = await db.execute<{ count: number }>(
    sql`SELECT count(*)::float8 AS count FROM (SELECT 1 FROM (${rows}) found LIMIT ${listedExactlyMax + 1}) found`,
  )
  const count = found[0]?.count ?? 0
  return count > listedExactlyMax ? { totalCount: listedExactlyMax, totalCountAtLeast: true } : { totalCount: count }
}

async function countAll({ db }: ListSource, where: SQL | undefined): Promise<{ readonly totalCount: number }> {
  const { rows } = await db.execute<{ count: number }>(
    sql`SELECT count(*)::float8 AS count FROM ${transactions} ${whereOf(where)}`,
  )
  return { totalCount: rows[0]?.count ?? 0 }
}

// Whether a transaction is open is in no index of all of them, but the open ones have indexes of their own.
async function countOfChargePoints(
  source: ListSource,
  keys: readonly number[],
  isInTime: SQL | undefined,
  open: boolean | undefined,
): Promise<Counted> {
  const isOfThem = sql`${chargePointKey} = ANY(${sql.param(keys)}::int4[])`
  const all = () => countAll(source, and(isOfThem, isInTime))
  const openOnes = () => countAll(source, and(isOfThem, isInTime, isNull(stoppedAtMs)))
  if (open === undefined) return all()
  if (open) return openOnes()
  const [counted, ofOpen] = await Promise.all([all(), openOnes()])
  return { totalCount: counted.totalCount - ofOpen.totalCount }
}

interface ScopedFilter {
  readonly isInTime: SQL | undefined
  readonly isOpen: SQL | undefined
  readonly filter: TransactionFilter
}

/** The rows of the charge points of some groups. */
function wayOfScope(
  source: ListSource,
  scope: Exclude<Scope, 'all'>,
  order: Order,
  { isInTime, isOpen, filter }: ScopedFilter,
): Way {
  const groups = 'groups' in scope ? scope : { groups: [] }
  const scopedOnce = memoized(() => scopedRows(source, groups))
  const own = sql`${chargePointKey} = scoped.id`
  const ofEach = (keys: readonly number[], rows: SQL): SQL =>
    sql`SELECT t.* FROM unnest(${sql.param(keys)}::int4[]) AS scoped(id) CROSS JOIN LATERAL (${rows}) t`
  return {
    isBounded: true,
    async count() {
      const { keys, areAll, isSparse, isOurs } = await scopedOnce()
      const rows = sql`SELECT 1 FROM ${transactions} ${whereOf(and(isOurs(chargePointKey), isInTime, isOpen))}`
      // Of open ones there are few in all. In a period, each of many charge points has few.
      if (filter.open === true || (!isSparse && isInTime !== undefined)) return countSome(source, rows)
      // Charge point by charge point: their indexes know how many rows each has.
      const counted = await countSome(source, ofEach(keys, one(and(own, isInTime, isOpen))))
      return areAll || counted.totalCountAtLeast === true ? counted : countSome(source, rows)
    },
    async read(asked) {
      const { keys, isSparse, chargePoints, isOurs } = await scopedOnce()
      const isIt = isOurs(chargePointKey)
      if (filter.open === true) return readMerged(source, order, [and(isIt, isInTime, isOpen)], asked)
      // Of few charge points the share is known about; of many it is assumed, and more are looked at if need be.
      const share = isSparse ? Math.max(keys.length, 1) / chargePoints : denseShare
      for (let among = (2 * (asked.skip + asked.rows)) / share; ; among *= 8) {
        const isInReach = await reach(source, filter, order, asked, Math.ceil(among))
        const limits = and(isInTime, isOpen, isInReach ?? undefined)
        const found = isSparse
          ? await readPlaced(source, order, ofEach(keys, placedBy(order, and(own, limits), asked)), asked)
          : await readMerged(source, order, [and(isIt, limits)], asked)
        if (isInReach === null || found.length === asked.rows) return found
      }
    },
  }
}

/** Which part of all charge points a larger scope is taken to have at first. */
const denseShare = 0.5

function memoized<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined
  return () => (reading ??= read())
}

/**
 * A condition with about as many rows of all charge points as `among`, from where the page begins; null: all older
 * rows.
 */
async function reach(
  source: ListSource,
  { startedFromMs = Number.NEGATIVE_INFINITY, startedToMs = Number.POSITIVE_INFINITY }: TransactionFilter,
  order: Order,
  { after }: Asked,
  among: number,
): Promise<SQL | null> {
  const isByStart = order === byStart
  const [from, to] = isByStart ? [startedFromMs, startedToMs] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const newest = after === null ? to : Math.min(to, Date.parse(after[0]?.replace(' ', 'T').replace('+00', 'Z') ?? ''))
  const [firstMs, endMs] = [Math.floor(from / hourMs) * hourMs, Math.ceil(newest / hourMs) * hourMs]
  if (!(firstMs < endMs)) return null
  const place = await hourAfter(source, { isByStart, open: undefined, firstMs, endMs, skip: among })
  if (place === null) return null
  // The newest hour of the period may be there in part only: one more hour makes up for it.
  const fromMs = place.endMs - 2 * hourMs
  return sql`${isByStart ? startedAtMs : receivedAtMs} >= ${instantText(fromMs)}`
}
