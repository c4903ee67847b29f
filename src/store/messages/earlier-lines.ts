// Lines of the message log that an earlier version has stored, a row each. They are read until their days end.

import { and, desc, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { storableText } from '../../base/storable-text.ts'
import type { MessageFilter, MessageLogRecord } from '../../blocks/records.ts'
import { messageLog } from './tables.ts'
import { actionPattern, headCharacters, inJson, messageIdPattern } from './frame-filter.ts'

/** Which line, and whether it has what the filter asks for. */
export interface EarlierLine {
  readonly atMs: number
  readonly id: number
  readonly matches: boolean
}

/** The newest ones of the charge point and the period, newest first. */
export async function earlierLines(
  db: NodePgDatabase,
  filter: MessageFilter,
  linesMax: number,
): Promise<readonly EarlierLine[]> {
  return db
    .select({ atMs: messageLog.atMs, id: messageLog.id, matches: sql<boolean>`${isOfFilter(filter) ?? sql`true`}` })
    .from(messageLog)
    .where(isInTime(filter))
    .orderBy(desc(messageLog.atMs), desc(messageLog.id))
    .limit(linesMax)
}

/** How many there are of the charge point and the period. */
export async function countEarlier(db: NodePgDatabase, filter: MessageFilter): Promise<number> {
  return db.$count(messageLog, isInTime(filter))
}

/** All of these lines. */
export async function earlierRecords(
  db: NodePgDatabase,
  { chargePointKey }: MessageFilter,
  lines: readonly Pick<EarlierLine, 'atMs' | 'id'>[],
): Promise<readonly MessageLogRecord[]> {
  if (lines.length === 0) return []
  const times = lines.map(({ atMs }) => atMs)
  const rows = await db
    .select()
    .from(messageLog)
    .where(
      and(
        isInTime({ chargePointKey, fromMs: Math.min(...times), toMs: Math.max(...times) }),
        inArray(
          messageLog.id,
          lines.map(({ id }) => id),
        ),
      ),
    )
  return rows.map(({ id, atMs, fromChargePoint, frame }) => {
    return { id, chargePointKey, atMs, direction: fromChargePoint ? 'fromChargePoint' : 'toChargePoint', frame }
  })
}

/** Whether a message is of the charge point and in the period: an index finds these. */
export function isInTime({ chargePointKey, fromMs, toMs }: MessageFilter): SQL | undefined {
  return and(
    eq(messageLog.chargePointKey, chargePointKey),
    fromMs === undefined ? undefined : gte(messageLog.atMs, fromMs),
    // Times of these rows have no more than milliseconds.
    toMs === undefined ? undefined : lte(messageLog.atMs, toMs),
  )
}

/** Whether a message has what else the filter asks for; undefined: each has. */
export function isOfFilter({ action, direction, messageId }: MessageFilter): SQL | undefined {
  const head = sql`left(${messageLog.frame}, ${headCharacters})`
  return and(
    direction === undefined ? undefined : eq(messageLog.fromChargePoint, direction === 'fromChargePoint'),
    action === undefined ? undefined : sql`substring(${head} from ${actionPattern}) = ${storableText(inJson(action))}`,
    messageId === undefined
      ? undefined
      : sql`substring(${head} from ${messageIdPattern}) = ${storableText(inJson(messageId))}`,
  )
}
