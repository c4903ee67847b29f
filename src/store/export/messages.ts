// The message log of one charge point, for exports: its lines in the order of time, in pieces.

import { sql } from 'drizzle-orm'
import { parseInstant } from '../../blocks/column-types.ts'
import type { MessageFilter, MessageLogRecord } from '../../blocks/records.ts'
import { isInTime, isOfFilter } from '../message-queries.ts'
import { messageLog } from '../schema.ts'
import type { RawRow } from './raw-row.ts'
import { type ExportRows, type ExportSession, type Key, type Keyed, keyOf, type Part } from './session.ts'

/** The types of the key of a message: its time, and its id. */
export const messageKey = ['timestamptz', 'int8'] as const

/** Oldest first. */
export async function* messageLines(
  session: ExportSession,
  filter: MessageFilter,
  part: Part,
): AsyncGenerator<readonly Keyed<MessageLogRecord>[]> {
  const { atMs, id, fromChargePoint, frame } = messageLog
  const rows: ExportRows = {
    branches: [
      {
        select: { fromChargePoint, frame },
        from: sql`${messageLog}`,
        lead: isInTime(filter),
        rest: isOfFilter(filter),
        key: [atMs, id],
      },
    ],
    keyTypes: messageKey,
  }
  for await (const piece of session.pieces(rows, part)) {
    yield piece.map((row) => {
      const key = keyOf(row, rows)
      return { record: recordOf(row, key, filter.chargePointKey), key }
    })
  }
}

function recordOf(row: RawRow, [at = '', id]: Key, chargePointKey: number): MessageLogRecord {
  return {
    id: Number(id),
    chargePointKey,
    atMs: parseInstant(at),
    direction: row['fromChargePoint'] === true ? 'fromChargePoint' : 'toChargePoint',
    frame: String(row['frame']),
  }
}
