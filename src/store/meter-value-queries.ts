// Meter values, as the REST API lists them: those of a transaction, and those of a charge point. Nothing extra is
// stored for these lists. If a value names only its connector, its transaction is found when it is read.

import { and, asc, count, desc, eq, gt, gte, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { type AnyPgColumn, unionAll } from 'drizzle-orm/pg-core'
import { transactionRef } from '../blocks/meter-block.ts'
import type {
  AssignedMeterValueRecord,
  MeterValueFilter,
  MeterValueRecord,
  Page,
  PageOf,
  TransactionRecord,
} from '../blocks/records.ts'
import { meterValueOf, type MeterTextRow } from './meter-text.ts'
import { countOf, filteredTotalOf, type ListSource, requireInReach, totalOf } from './paging.ts'
import { transactions } from '../blocks/transactions/tables.ts'
import { meterValues } from './schema.ts'

/** `transaction_ref` of values that name no transaction. */
const noTransaction = 0n

/** The columns of a meter value. */
export const recordColumns = {
  sampledAtMs: meterValues.sampledAtMs,
  receivedAtMs: meterValues.receivedAtMs,
  evseId: meterValues.evseId,
  connectorId: meterValues.connectorId,
  energyWh: meterValues.energyWh,
  powerW: meterValues.powerW,
  currentA: meterValues.currentA,
  voltageV: meterValues.voltageV,
  socPercent: meterValues.socPercent,
  meterValue: meterValues.meterValue,
  packed: meterValues.packed,
}

type Period = Pick<MeterValueFilter, 'fromMs' | 'toMs'>

type Place = Pick<TransactionRecord, 'transactionId' | 'chargePointKey' | 'evseId' | 'startedAtMs' | 'stoppedAtMs'>

interface KeyedTransaction {
  readonly chargePointKey: number
  readonly stationId: string | null
  readonly stationUse: number
}

type Db = ListSource['db']

/** When the next transaction of the same EVSE started; null when none has. */
async function nextStartMs(db: Db, place: Place): Promise<number | null> {
  const { chargePointKey, evseId, startedAtMs, transactionId } = transactions
  const isLater = or(
    gt(startedAtMs, place.startedAtMs),
    and(eq(startedAtMs, place.startedAtMs), gt(transactionId, place.transactionId)),
  )
  const [next] = await db
    .select({ startedAtMs })
    .from(transactions)
    .where(
      and(
        eq(chargePointKey, place.chargePointKey),
        gte(startedAtMs, place.startedAtMs),
        isLater,
        eq(evseId, place.evseId),
      ),
    )
    .orderBy(asc(startedAtMs), asc(transactionId))
    .limit(1)
  return next?.startedAtMs ?? null
}

/** When the charge point began the next transaction under the same id; null when it has not. */
async function nextUseStartMs(db: Db, ofId: KeyedTransaction): Promise<number | null> {
  const { chargePointKey, stationTransactionId, stationUse, startedAtMs } = transactions
  if (ofId.stationId === null) return null
  const [next] = await db
    .select({ startedAtMs })
    .from(transactions)
    .where(
      and(
        eq(chargePointKey, ofId.chargePointKey),
        // The index covers the first condition.
        sql`left(${stationTransactionId}, 255) = left(${ofId.stationId}, 255)`,
        eq(stationTransactionId, ofId.stationId),
        eq(stationUse, ofId.stationUse + 1),
      ),
    )
  return next?.startedAtMs ?? null
}

/**
 * Values that name the transaction: if several have the same id, each has the values from its start to the start of
 * the next.
 */
async function isOfTransaction(db: Db, transaction: Place & KeyedTransaction): Promise<SQL | undefined> {
  const { transactionId, chargePointKey, stationId, stationUse, startedAtMs } = transaction
  const nextMs = await nextUseStartMs(db, transaction)
  return and(
    eq(meterValues.chargePointKey, chargePointKey),
    stationId === '' ? sql`false` : eq(meterValues.transactionRef, transactionRef(stationId ?? transactionId)),
    stationUse > 1 ? gte(meterValues.sampledAtMs, startedAtMs) : undefined,
    nextMs === null ? undefined : lt(meterValues.sampledAtMs, nextMs),
  )
}

/** Values that name only the EVSE of the transaction, while it was the one that was open there. */
async function isOfConnector(db: Db, transaction: Place): Promise<SQL | undefined> {
  const { chargePointKey, evseId, startedAtMs, stoppedAtMs } = transaction
  const nextMs = await nextStartMs(db, transaction)
  return and(
    eq(meterValues.chargePointKey, chargePointKey),
    eq(meterValues.transactionRef, noTransaction),
    eq(meterValues.evseId, evseId),
    gte(meterValues.sampledAtMs, startedAtMs),
    stoppedAtMs === null ? undefined : lte(meterValues.sampledAtMs, stoppedAtMs),
    nextMs === null ? undefined : lt(meterValues.sampledAtMs, nextMs),
  )
}

/** Which meter values belong to a transaction; null if it does not exist. */
export async function belongingTo(
  db: Db,
  transactionId: number,
): Promise<{ readonly isNamed: SQL | undefined; readonly isOfItsConnector: SQL | undefined } | null> {
  const [transaction] = await db
    .select({
      transactionId: transactions.transactionId,
      chargePointKey: transactions.chargePointKey,
      stationId: transactions.stationTransactionId,
      stationUse: transactions.stationUse,
      evseId: transactions.evseId,
      startedAtMs: transactions.startedAtMs,
      stoppedAtMs: transactions.stoppedAtMs,
    })
    .from(transactions)
    .where(eq(transactions.transactionId, transactionId))
  if (transaction === undefined) return null
  return {
    isNamed: await isOfTransaction(db, transaction),
    // EVSE 0 is the main meter, or an EVSE that was not named: its values do not belong to the transaction.
    isOfItsConnector: transaction.evseId > 0 ? await isOfConnector(db, transaction) : sql`false`,
  }
}

export function createMeterValueQueries(source: ListSource) {
  const { db, rowsMax } = source

  return {
    /** By the time of the sample, then by arrival; empty for a transaction that does not exist. */
    async meterValuesOf(transactionId: number, page: Page): Promise<PageOf<AssignedMeterValueRecord>> {
      const belonging = await belongingTo(db, transactionId)
      if (belonging === null) return { totalCount: 0, items: [] }
      const { isNamed, isOfItsConnector } = belonging
      requireInReach(source, page)
      const { sampledAtMs, receivedAtMs, connectorId, digest } = meterValues
      const order = [asc(sampledAtMs), asc(receivedAtMs), asc(connectorId), asc(digest)]
      // The index has both parts in the order of time. They are merged, and reading ends with the page. The EVSE is not
      // in the ORDER BY: it is constant in the second part, which would otherwise be sorted as a whole.
      const end = page.page * page.pageSize
      const valuesOf = (where: SQL | undefined, assignedBy: AssignedMeterValueRecord['assignedBy']) =>
        db
          .select({
            ...recordColumns,
            digest: meterValues.digest,
            assignedBy: sql<AssignedMeterValueRecord['assignedBy']>`${sql.raw(`'${assignedBy}'`)}::text`.as(
              'assigned_by',
            ),
          })
          .from(meterValues)
          .where(where)
          .orderBy(...order)
          .limit(end)
      const [ofTransaction, ofConnector, rows] = await Promise.all([
        countOf(source, { table: meterValues, where: isNamed }),
        countOf(source, { table: meterValues, where: isOfItsConnector }),
        unionAll(valuesOf(isNamed, 'transactionId'), valuesOf(isOfItsConnector, 'connector'))
          .orderBy(...order)
          .limit(page.pageSize)
          .offset(end - page.pageSize),
      ])
      return {
        ...totalOf(ofTransaction + ofConnector, rowsMax),
        items: rows.map(({ digest: _, ...row }) => recordOf(row)),
      }
    },

    /**
     * All that a charge point has sent, newest first. The index has no order for that: the keys of the charge point in
     * the period are read from it and sorted, and rows are fetched for the page only. Where `rowsMax` bounds the list,
     * keys are looked at in the order of the index (in 1.6, values of the newest transactions come first), from the
     * months of the period: within these months, all entries of the charge point in the index are of the period.
     */
    async meterValuesOfChargePoint(filter: MeterValueFilter, page: Page): Promise<PageOf<MeterValueRecord>> {
      requireInReach(source, page)
      const { chargePointKey } = filter
      const { transactionRef: ref, sampledAtMs, evseId, connectorId, digest } = meterValues
      const ofChargePoint = db
        .select({ ref, sampledAtMs, evseId, connectorId, digest })
        .from(meterValues)
        .where(
          and(
            eq(meterValues.chargePointKey, chargePointKey),
            rowsMax === null ? undefined : inPeriod(sampledAtMs, monthsOf(filter)),
          ),
        )
      const looked =
        rowsMax === null
          ? ofChargePoint.as('looked')
          : ofChargePoint
              .orderBy(desc(ref), desc(sampledAtMs), desc(evseId), desc(connectorId), desc(digest))
              .limit(rowsMax + 1)
              .as('looked')
      const matches = inPeriod(looked.sampledAtMs, filter)
      const order = [desc(sampledAtMs), desc(ref), desc(evseId), desc(connectorId), desc(digest)]
      const keys = db
        .select()
        .from(looked)
        .where(matches)
        .orderBy(
          desc(looked.sampledAtMs),
          desc(looked.ref),
          desc(looked.evseId),
          desc(looked.connectorId),
          desc(looked.digest),
        )
        .limit(page.pageSize)
        .offset((page.page - 1) * page.pageSize)
        .as('keys')
      const total = async () => {
        if (rowsMax === null) {
          const [counted] = await db.select({ count: count() }).from(looked).where(matches)
          return { totalCount: counted?.count ?? 0 }
        }
        const matching = sql<number>`(count(*) FILTER (WHERE ${matches ?? sql`true`}))::int4`
        const [counted] = await db.select({ matching, seen: count() }).from(looked)
        return filteredTotalOf(counted?.matching ?? 0, counted?.seen ?? 0, rowsMax)
      }
      const [counted, rows] = await Promise.all([
        total(),
        db
          .select(recordColumns)
          .from(keys)
          .innerJoin(
            meterValues,
            and(
              eq(meterValues.chargePointKey, chargePointKey),
              eq(ref, keys.ref),
              eq(sampledAtMs, keys.sampledAtMs),
              eq(evseId, keys.evseId),
              eq(connectorId, keys.connectorId),
              eq(digest, keys.digest),
            ),
          )
          .orderBy(...order),
      ])
      return { ...counted, items: rows.map(recordOf) }
    },
  }
}

/** A row with its meter value as it was sent. */
function recordOf<Row extends MeterTextRow>({ packed, meterValue, ...row }: Row) {
  return { ...row, meterValue: meterValueOf({ packed, meterValue }) }
}

/** Whether a value was sampled in the period. */
export function inPeriod(sampledAt: AnyPgColumn, { fromMs, toMs }: Period): SQL | undefined {
  return and(
    fromMs === undefined ? undefined : gte(sampledAt, fromMs),
    toMs === undefined ? undefined : lte(sampledAt, toMs),
  )
}

/** The months of the period, each with a whole partition. */
function monthsOf({ fromMs, toMs }: Period): Period {
  return {
    ...(fromMs === undefined ? {} : { fromMs: monthStartMs(fromMs, 0) }),
    ...(toMs === undefined ? {} : { toMs: monthStartMs(toMs, 1) - 1 }),
  }
}

function monthStartMs(atMs: number, monthsLater: number): number {
  const at = new Date(atMs)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + monthsLater)
}
