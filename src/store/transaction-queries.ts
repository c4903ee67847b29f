// Transactions and their meter values, as the REST API lists them.

import { and, asc, desc, eq, gte, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import { transactionRef } from '../csms/meter-block.ts'
import type { MeterValueRecord, Page, PageOf, TransactionFilter, TransactionRecord } from '../csms/records.ts'
import { storableText } from './binary-array.ts'
import { keysOf } from './identity-keys.ts'
import { filteredPageOf, type FilteredRows, type ListSource, pageOf } from './paging.ts'
import { chargePoints, meterValues, transactions } from './schema.ts'

/** Columns of a KnownTransaction. */
export const knownTransactionColumns = {
  transactionId: transactions.id,
  chargePointKey: transactions.chargePointId,
  evseId: transactions.evseId,
  connectorId: transactions.connectorId,
  stationTransactionId: transactions.stationTransactionId,
  idToken: transactions.idToken,
  startedAtMs: transactions.startedAt,
  meterStartWh: transactions.meterStartWh,
  open: sql<boolean>`${transactions.stoppedAt} IS NULL`,
  closedBy: transactions.closedBy,
}

const recordColumns = {
  ...knownTransactionColumns,
  identity: chargePoints.identity,
  idTokenType: transactions.idTokenType,
  idTokenStatus: transactions.idTokenStatus,
  stoppedAtMs: transactions.stoppedAt,
  meterStopWh: transactions.meterStopWh,
  stopReason: transactions.stopReason,
  stopIdToken: transactions.stopIdToken,
  reservationId: transactions.reservationId,
  remoteStartId: transactions.remoteStartId,
  chargingState: transactions.chargingState,
  corrections: sql<number>`(SELECT count(*)::int4 FROM transaction_corrections c WHERE c.transaction_id = ${transactions.id})`,
}

export function createTransactionQueries(source: ListSource) {
  const { db } = source
  const records = () =>
    db.select(recordColumns).from(transactions).innerJoin(chargePoints, eq(chargePoints.id, transactions.chargePointId))

  return {
    /** Newest first. Transactions of deleted charge points are among them. */
    async listTransactions(filter: TransactionFilter, page: Page): Promise<PageOf<TransactionRecord>> {
      const keys = filter.identity === undefined ? null : await keysOf(db, filter.identity)
      return filteredPageOf(
        source,
        page,
        filteredBy(filter, keys),
        (where) => records().where(where).orderBy(desc(transactions.id)).$dynamic(),
        (row): TransactionRecord => row,
      )
    },

    async transaction(transactionId: number): Promise<TransactionRecord | null> {
      const [row] = await records().where(eq(transactions.id, transactionId))
      return row ?? null
    },

    /** In the order in which they were sampled; none for a transaction that does not exist. */
    async meterValuesOf(transactionId: number, page: Page): Promise<PageOf<MeterValueRecord>> {
      const [transaction] = await db
        .select({
          key: transactions.chargePointId,
          stationId: transactions.stationTransactionId,
        })
        .from(transactions)
        .where(eq(transactions.id, transactionId))
      if (transaction === undefined) return { totalCount: 0, items: [] }
      const where = and(
        eq(meterValues.chargePointId, transaction.key),
        eq(meterValues.transactionRef, transactionRef(transaction.stationId ?? transactionId)),
      )
      const order = [meterValues.sampledAt, meterValues.evseId, meterValues.connectorId, meterValues.digest]
      return pageOf(
        source,
        page,
        { table: meterValues, where },
        db
          .select()
          .from(meterValues)
          .where(where)
          .orderBy(...order.map((column) => asc(column)))
          .$dynamic(),
        (row) => ({
          sampledAtMs: row.sampledAt,
          receivedAtMs: row.receivedAt,
          evseId: row.evseId,
          connectorId: row.connectorId,
          energyWh: row.energyWh,
          powerW: row.powerW,
          currentA: row.currentA,
          voltageV: row.voltageV,
          socPercent: row.socPercent,
          meterValue: row.meterValue,
        }),
      )
    },
  }
}

// An index leads to the transactions of a charge point, of an id token, that are open, or of a time: in this order, since the first ones
// are the fewest. `keys` are those of the charge points of `filter.identity`.
function filteredBy(filter: TransactionFilter, keys: readonly number[] | null): FilteredRows {
  const { idToken, startedFromMs, startedToMs, open } = filter
  const { chargePointId, id, startedAt, stoppedAt } = transactions
  const order = [desc(id)]
  const isOpen = open === true ? isNull(stoppedAt) : undefined
  const isStopped = open === false ? isNotNull(stoppedAt) : undefined
  const isInTime = and(
    startedFromMs === undefined ? undefined : gte(startedAt, startedFromMs),
    startedToMs === undefined ? undefined : lte(startedAt, startedToMs),
  )
  const hasToken = idToken === undefined ? undefined : isOfToken(storableText(idToken))
  const by = (leads: FilteredRows['leads'], leadOrder: FilteredRows['leadOrder'], rest: SQL | undefined) => {
    return { table: transactions, leads, leadOrder, rest, order }
  }
  if (keys !== null) {
    const leads = keys.map((key) => and(eq(chargePointId, key), isOpen))
    return by(leads, order, and(hasToken, isInTime, isStopped))
  }
  if (hasToken !== undefined) return by([hasToken], order, and(isInTime, isOpen, isStopped))
  if (isOpen !== undefined) return by([isOpen], [desc(chargePointId), desc(id)], isInTime)
  if (isInTime !== undefined) return by([isInTime], [desc(startedAt), desc(id)], isStopped)
  return by([undefined], order, isStopped)
}

// The first condition is the one that the index knows.
function isOfToken(token: string): SQL {
  const { idToken } = transactions
  return sql`(left(lower(${idToken}), 64) = left(lower(${token}), 64) AND lower(${idToken}) = lower(${token}))`
}
