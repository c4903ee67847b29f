// What charge points told beside transactions, as the REST API lists it.

import { and, count, desc, eq, gte, lte } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { ChargePointEventFilter, ChargePointEventRecord, Page, PageOf } from '../csms/records.ts'
import { pageOf } from './paging.ts'
import { chargePointEvents } from './schema.ts'

export function createEventQueries(db: NodePgDatabase) {
  return {
    /** Newest first. */
    async listEvents(filter: ChargePointEventFilter, page: Page): Promise<PageOf<ChargePointEventRecord>> {
      const { chargePointKey, action, fromMs, toMs } = filter
      const where = and(
        eq(chargePointEvents.chargePointId, chargePointKey),
        action === undefined ? undefined : eq(chargePointEvents.action, action),
        fromMs === undefined ? undefined : gte(chargePointEvents.receivedAt, fromMs),
        toMs === undefined ? undefined : lte(chargePointEvents.receivedAt, toMs),
      )
      return pageOf(
        page,
        db.select({ count: count() }).from(chargePointEvents).where(where),
        db
          .select({
            action: chargePointEvents.action,
            messageId: chargePointEvents.messageId,
            occurredAtMs: chargePointEvents.occurredAt,
            receivedAtMs: chargePointEvents.receivedAt,
            payload: chargePointEvents.payload,
          })
          .from(chargePointEvents)
          .where(where)
          .orderBy(desc(chargePointEvents.receivedAt), desc(chargePointEvents.digest))
          .$dynamic(),
        (row) => row,
      )
    },
  }
}
