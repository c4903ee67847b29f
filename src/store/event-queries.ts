// What charge points reported besides transactions, as the REST API lists it.

import { and, desc, eq, gte, lte } from 'drizzle-orm'
import { filteredMessagesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type { ChargePointEventFilter, ChargePointEventRecord, Page, PageOf } from '../blocks/records.ts'
import { filteredPageOf, type FilteredRows, type ListSource } from './paging.ts'
import { chargePointEvents } from '../blocks/charge-point-tables.ts'

export function createEventQueries(source: ListSource) {
  const { db } = source

  return {
    /** Newest first. */
    async listEvents(filter: ChargePointEventFilter, page: Page): Promise<PageOf<ChargePointEventRecord>> {
      return filteredPageOf(
        source,
        page,
        filteredBy(filter),
        (where) =>
          db
            .select({
              action: chargePointEvents.action,
              messageId: chargePointEvents.messageId,
              occurredAtMs: chargePointEvents.occurredAtMs,
              receivedAtMs: chargePointEvents.receivedAtMs,
              payload: chargePointEvents.payload,
            })
            .from(chargePointEvents)
            .where(where)
            .orderBy(...newestFirst)
            .$dynamic(),
        (row): ChargePointEventRecord => row,
      )
    },
  }
}

const newestFirst = [desc(chargePointEvents.receivedAtMs), desc(chargePointEvents.digest)]

// An index finds the events by charge point and time. A time is always given: otherwise PostgreSQL, without statistics,
// would read all rows by the primary key and sort them.
function filteredBy(filter: ChargePointEventFilter): FilteredRows {
  const { chargePointKey: key, action, messageId, fromMs = 0, toMs } = filter
  const { chargePointKey, receivedAtMs } = chargePointEvents
  const lead = and(
    eq(chargePointKey, key),
    gte(receivedAtMs, fromMs),
    toMs === undefined ? undefined : lte(receivedAtMs, toMs),
  )
  const rest = and(
    action === undefined ? undefined : eq(chargePointEvents.action, action),
    messageId === undefined ? undefined : eq(chargePointEvents.messageId, storableText(messageId)),
  )
  const bound = messageId === undefined ? {} : { rowsMax: filteredMessagesMax }
  return { table: chargePointEvents, leads: [lead], leadOrder: newestFirst, rest, order: newestFirst, ...bound }
}
