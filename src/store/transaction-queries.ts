// Transactions and their meter values, as the REST API lists them.

import { and, asc, count, desc, eq, gte, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { transactionRef } from '../csms/meter-block.ts'
import type { MeterValueRecord, Page, PageOf, TransactionFilter, TransactionRecord } from '../csms/records.ts'
import { storableText } from './binary-array.ts'
import { pageOf } from './paging.ts'
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
}

export function createTransactionQueries(db: NodePgDatabase) {
  const records = () =>
    db.select(recordColumns).from(transactions).innerJoin(chargePoints, eq(chargePoints.id, transactions.chargePointId))

  return {
    /** Newest first. Transactions of deleted charge points are among them. */
    async listTransactions(filter: TransactionFilter, page: Page): Promise<PageOf<TransactionRecord>> {
      const where = and(...conditionsOf(filter))
      return pageOf(
        page,
        db.select({ count: count() }).from(transactions).where(where),
        records().where(where).orderBy(desc(transactions.id)).$dynamic(),
        (row): TransactionRecord => row,
      )
    },

    async transaction(transactionId: number): Promise<TransactionRecord | null> {
      const [row] = await records().where(eq(transactions.id, transactionId))
      return row ?? null
    },

    /**
     * In the order in which they were sampled, and of one moment in the order in which they came; none for a
     * transaction that does not exist.
     */
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
      const { sampledAt, receivedAt, evseId, connectorId, digest } = meterValues
      const order = [sampledAt, receivedAt, evseId, connectorId, digest]
      return pageOf(
        page,
        db.select({ count: count() }).from(meterValues).where(where),
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

function conditionsOf(filter: TransactionFilter): SQL[] {
  const { identity, idToken, startedFromMs, startedToMs, open } = filter
  const conditions: SQL[] = []
  if (identity !== undefined) {
    const ids = sql`(SELECT ${chargePoints.id} FROM ${chargePoints} WHERE ${chargePoints.identity} = ${storableText(identity)})`
    conditions.push(sql`${transactions.chargePointId} IN ${ids}`)
  }
  if (idToken !== undefined) {
    const token = storableText(idToken)
    // The first condition is the one that the index knows.
    conditions.push(sql`left(lower(${transactions.idToken}), 64) = left(lower(${token}), 64)`)
    conditions.push(sql`lower(${transactions.idToken}) = lower(${token})`)
  }
  if (startedFromMs !== undefined) conditions.push(gte(transactions.startedAt, startedFromMs))
  if (startedToMs !== undefined) conditions.push(lte(transactions.startedAt, startedToMs))
  if (open !== undefined) conditions.push(open ? isNull(transactions.stoppedAt) : isNotNull(transactions.stoppedAt))
  return conditions
}
