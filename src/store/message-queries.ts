// The message log of a charge point, as the REST API lists it. An index finds messages by charge point and time. What
// else a filter asks for stands in the frame only: a bounded number of messages is looked at.

import { and, desc, eq, gte, lte, type SQL, sql } from 'drizzle-orm'
import { filteredMessagesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type { MessageFilter, MessageLogRecord, Page, PageOf } from '../blocks/records.ts'
import { filteredTotalOf, type ListSource, pageOf, requireInReach, rowsMaxOf } from './paging.ts'
import { messageLog } from './schema.ts'

const newestFirst = [desc(messageLog.atMs), desc(messageLog.id)] as const

export function createMessageQueries(source: ListSource) {
  const { db } = source

  return {
    /** Newest first. */
    async messageLog(filter: MessageFilter, page: Page): Promise<PageOf<MessageLogRecord>> {
      const where = isInTime(filter)
      const rest = isOfFilter(filter)
      const newest = () =>
        db
          .select()
          .from(messageLog)
          .where(where)
          .orderBy(...newestFirst)
          .$dynamic()
      if (rest === undefined) return pageOf(source, page, { table: messageLog, where }, newest(), recordOf)

      const rowsMax = rowsMaxOf(source, { rowsMax: filteredMessagesMax }) ?? filteredMessagesMax
      requireInReach(source, page, filteredMessagesMax)
      // The alias is the name of the table, so that the same conditions apply.
      const looked = newest()
        .limit(rowsMax + 1)
        .as('message_log')
      const counting = db
        .select({ matching: sql<number>`(count(*) FILTER (WHERE ${rest}))::int4`, seen: sql<number>`count(*)::int4` })
        .from(looked)
      const reading = db
        .select()
        .from(looked)
        .where(rest)
        .orderBy(desc(looked.atMs), desc(looked.id))
        .limit(page.pageSize)
        .offset((page.page - 1) * page.pageSize)
      const [[counted], found] = await Promise.all([counting, reading])
      const { matching, seen } = counted ?? { matching: 0, seen: 0 }
      return { ...filteredTotalOf(matching, seen, rowsMax), items: found.map(recordOf) }
    },
  }
}

/** Whether a message is of the charge point and in the period: an index finds these. */
export function isInTime({ chargePointKey, fromMs, toMs }: MessageFilter): SQL | undefined {
  return and(
    eq(messageLog.chargePointKey, chargePointKey),
    fromMs === undefined ? undefined : gte(messageLog.atMs, fromMs),
    toMs === undefined ? undefined : lte(messageLog.atMs, toMs),
  )
}

const text = String.raw`"((?:[^"\\]|\\.)*)"`
/** The message id of a frame, as it stands in the JSON: the first group. */
const messageIdPattern = String.raw`^\s*\[\s*[0-9]\s*,\s*${text}`
/** The action of a CALL or SEND. */
const actionPattern = String.raw`^\s*\[\s*[26]\s*,\s*"(?:[^"\\]|\\.)*"\s*,\s*${text}`
/** Characters at the beginning of a frame in which they are looked for: a frame may have a million. */
const headCharacters = 1_024

/** Whether a message has what else the filter asks for; undefined: each has. */
export function isOfFilter({ action, direction, messageId }: MessageFilter): SQL | undefined {
  const head = sql`left(${messageLog.frame}, ${headCharacters})`
  return and(
    direction === undefined ? undefined : eq(messageLog.fromChargePoint, direction === 'fromChargePoint'),
    action === undefined ? undefined : sql`substring(${head} from ${actionPattern}) = ${inJson(action)}`,
    messageId === undefined ? undefined : sql`substring(${head} from ${messageIdPattern}) = ${inJson(messageId)}`,
  )
}

function inJson(value: string): string {
  return storableText(JSON.stringify(value).slice(1, -1))
}

function recordOf(row: typeof messageLog.$inferSelect): MessageLogRecord {
  const { id, chargePointKey, atMs, fromChargePoint, frame } = row
  return { id, chargePointKey, atMs, direction: fromChargePoint ? 'fromChargePoint' : 'toChargePoint', frame }
}
