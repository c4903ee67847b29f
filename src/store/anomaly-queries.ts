// Stored facts that broke an expectation, as the REST API lists them.

import { and, count, desc, eq, gte, lte, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { AnomalyFilter, AnomalyRecord, Page, PageOf } from '../csms/records.ts'
import { storableText } from './binary-array.ts'
import { pageOf } from './paging.ts'
import { anomalies, chargePoints, transactions } from './schema.ts'

export function createAnomalyQueries(db: NodePgDatabase) {
  /** Anomalies name a transaction as the charge point did: in 1.6 by our number, in 2.x by an id of its own. */
  async function isAbout(transactionId: number): Promise<SQL | undefined> {
    const [transaction] = await db
      .select({ key: transactions.chargePointId, stationId: transactions.stationTransactionId })
      .from(transactions)
      .where(eq(transactions.id, transactionId))
    const stationId = transaction?.stationId ?? null
    const name = stationId ?? String(transactionId)
    return and(
      // The first condition is the one that the index knows; an id without our number belongs to one charge point.
      sql`left(${anomalies.transaction}, 255) = left(${name}, 255)`,
      sql`${anomalies.transaction} = ${name}`,
      stationId === null || transaction === undefined ? undefined : eq(anomalies.chargePointId, transaction.key),
    )
  }

  return {
    /** Newest first. Anomalies of deleted charge points are among them. */
    async listAnomalies(filter: AnomalyFilter, page: Page): Promise<PageOf<AnomalyRecord>> {
      const { transactionId } = filter
      const where = and(...conditionsOf(filter), transactionId === undefined ? undefined : await isAbout(transactionId))
      const order = [anomalies.receivedAt, anomalies.chargePointId, anomalies.digest]
      return pageOf(
        page,
        db.select({ count: count() }).from(anomalies).where(where),
        db
          .select({
            identity: chargePoints.identity,
            kind: anomalies.kind,
            transaction: anomalies.transaction,
            detail: anomalies.detail,
            messageId: anomalies.messageId,
            receivedAtMs: anomalies.receivedAt,
          })
          .from(anomalies)
          .innerJoin(chargePoints, eq(chargePoints.id, anomalies.chargePointId))
          .where(where)
          .orderBy(...order.map((column) => desc(column)))
          .$dynamic(),
        ({ messageId, ...row }) => ({ ...row, messageId: messageId === '' ? null : messageId }),
      )
    },
  }
}

function conditionsOf({ chargePointKey, identity, kind, fromMs, toMs }: AnomalyFilter): SQL[] {
  const conditions: SQL[] = []
  if (chargePointKey !== undefined) conditions.push(eq(anomalies.chargePointId, chargePointKey))
  if (identity !== undefined) {
    const ids = sql`(SELECT ${chargePoints.id} FROM ${chargePoints} WHERE ${chargePoints.identity} = ${storableText(identity)})`
    conditions.push(sql`${anomalies.chargePointId} IN ${ids}`)
  }
  if (kind !== undefined) conditions.push(eq(anomalies.kind, kind))
  if (fromMs !== undefined) conditions.push(gte(anomalies.receivedAt, fromMs))
  if (toMs !== undefined) conditions.push(lte(anomalies.receivedAt, toMs))
  return conditions
}
