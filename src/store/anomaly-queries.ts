// Stored facts that broke an expectation, as the REST API lists them.

import { and, desc, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { AnomalyFilter, AnomalyRecord, Page, PageOf } from '../blocks/records.ts'
import { filteredKeys } from './identity-keys.ts'
import { isOfScope } from './in-scope.ts'
import { keyOf, type Order } from './keyset.ts'
import { anyOf, filteredPageOf, type FilteredRows, keysetPageOf, type ListSource, withoutCursors } from './paging.ts'
import { scopeOfList } from './scoped-rows.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { transactions } from '../blocks/transactions/tables.ts'
import { anomalies } from './schema.ts'

export function createAnomalyQueries(source: ListSource) {
  const { db } = source

  /**
   * Anomalies name a transaction as the charge point did: in 1.6 by our transactionId, in 2.x by the charge point's own
   * id.
   */
  async function isAbout(transactionId: number, scope: Scope): Promise<SQL | undefined> {
    const [transaction] = await db
      .select({ key: transactions.chargePointKey, stationId: transactions.stationTransactionId })
      .from(transactions)
      .where(and(eq(transactions.transactionId, transactionId), isOfScope(scope, transactions.chargePointKey)))
    const stationId = transaction?.stationId ?? null
    const name = stationId ?? String(transactionId)
    return and(
      // The index covers the first condition. An id without our transactionId belongs to one charge point.
      sql`left(${anomalies.transaction}, 255) = left(${name}, 255)`,
      sql`${anomalies.transaction} = ${name}`,
      stationId === null || transaction === undefined ? undefined : eq(anomalies.chargePointKey, transaction.key),
    )
  }

  return {
    /** Newest first, including those of deleted charge points. */
    async listAnomalies(filter: AnomalyFilter, page: Page): Promise<PageOf<AnomalyRecord>> {
      const { transactionId } = filter
      const about = transactionId === undefined ? undefined : await isAbout(transactionId, filter.scope)
      const keys = await filteredKeys(source, filter)
      const { chargePointKey } = anomalies
      // Of a transaction there are few, whatever the scope.
      const isShort = source.rowsMax !== null || keys !== null || about !== undefined
      const isScoped = isShort
        ? isOfScope(filter.scope, chargePointKey)
        : (await scopeOfList(source, filter.scope))(chargePointKey)
      const { leads, rest, ...rows } = filteredBy(filter, keys, about, isScoped)
      const found = (where: SQL | undefined) =>
        db
          .select({
            cursor: keyOf(byArrival),
            identity: chargePoints.identity,
            kind: anomalies.kind,
            transaction: anomalies.transaction,
            detail: anomalies.detail,
            messageId: anomalies.messageId,
            receivedAtMs: anomalies.receivedAtMs,
          })
          .from(anomalies)
          .innerJoin(chargePoints, eq(chargePoints.key, anomalies.chargePointKey))
          .where(where)
          .orderBy(...newestFirst)
          .$dynamic()
      const recordOf = ({ messageId, ...row }: Omit<Awaited<ReturnType<typeof found>>[number], 'cursor'>) => ({
        ...row,
        messageId: messageId === '' ? null : messageId,
      })
      if (source.rowsMax === null) {
        if (leads.length === 0) return { totalCount: 0, items: [] }
        const where = and(anyOf(leads), rest)
        return keysetPageOf(source, page, { table: anomalies, where, order: byArrival }, found, recordOf)
      }
      if (page.after !== undefined) throw withoutCursors()
      return filteredPageOf(source, page, { leads, rest, ...rows }, found, ({ cursor: _, ...row }) => recordOf(row))
    },
  }
}

const byArrival: Order = {
  name: 'anomalies',
  direction: 'DESC',
  columns: [
    { column: anomalies.receivedAtMs, type: 'timestamptz' },
    { column: anomalies.chargePointKey, type: 'int8' },
    { column: anomalies.digest, type: 'int8' },
  ],
}

const newestFirst = [desc(anomalies.receivedAtMs), desc(anomalies.chargePointKey), desc(anomalies.digest)]

// Indexes find anomalies by transaction, by charge point or by kind, and each of them by time. `keys` are the keys of
// the charge points of the filter, `about` is the condition for a transaction, `isScoped` the one for the scope.
function filteredBy(
  { kind, fromMs, toMs }: AnomalyFilter,
  keys: readonly number[] | null,
  about: SQL | undefined,
  isScoped: SQL | undefined,
): FilteredRows {
  const { chargePointKey, receivedAtMs } = anomalies
  const isInTime = and(
    fromMs === undefined ? undefined : gte(receivedAtMs, fromMs),
    toMs === undefined ? undefined : lte(receivedAtMs, toMs),
  )
  const isOfKind = kind === undefined ? undefined : eq(anomalies.kind, kind)
  // Not in `rest`: rows of others must not count as looked at.
  const isOurs = keys === null ? isScoped : inArray(chargePointKey, [...keys])
  const by = (leads: FilteredRows['leads'], rest: SQL | undefined) => {
    return { table: anomalies, leads, leadOrder: newestFirst, rest, order: newestFirst }
  }
  if (about !== undefined) return by([and(about, isOurs, isInTime)], isOfKind)
  if (keys !== null)
    return by(
      keys.map((key) => and(eq(chargePointKey, key), isInTime)),
      isOfKind,
    )
  return by([and(isOfKind, isOurs, isInTime)], undefined)
}
