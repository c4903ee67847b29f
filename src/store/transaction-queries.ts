// Transactions, as the REST API lists them.

import { and, count, desc, eq, gte, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Page, PageOf, TransactionFilter, TransactionRecord } from '../csms/records.ts'
import { storableText } from './binary-array.ts'
import { pageOf } from './paging.ts'
import { chargePoints, transactions } from './schema.ts'

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
