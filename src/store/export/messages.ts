// The message log of one charge point, for exports: its lines in the order of time, in pieces. Rows of earlier versions
// and lines of blocks are merged.

import { sql } from 'drizzle-orm'
import { isoTime } from '../../base/clock.ts'
import { parseInstant } from '../../blocks/column-types.ts'
import type { MessageFilter, MessageLogRecord } from '../../blocks/records.ts'
import { blockLines } from '../messages/block-lines.ts'
import { isInTime, isOfFilter } from '../messages/earlier-lines.ts'
import { messageLog } from '../messages/tables.ts'
import type { RawRow } from './raw-row.ts'
import { type ExportRows, type ExportSession, type Key, type Keyed, keyOf, type Part } from './session.ts'

/** The types of the key of a message: its time, and its id. */
export const messageKey = ['timestamptz', 'int8'] as const

type KeyedLine = Keyed<MessageLogRecord>

/** Oldest first. */
export async function* messageLines(
  session: ExportSession,
  filter: MessageFilter,
  part: Part,
): AsyncGenerator<readonly KeyedLine[]> {
  let left = part.rowsMax ?? Number.POSITIVE_INFINITY
  for await (const piece of merged(earlierRows(session, filter, part), linesOfBlocks(session, filter, part))) {
    const some = piece.slice(0, left)
    left -= some.length
    yield some
    if (left === 0) return
  }
}

/** Rows that an earlier version has stored. */
async function* earlierRows(
  session: ExportSession,
  filter: MessageFilter,
  part: Part,
): AsyncGenerator<readonly KeyedLine[]> {
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

async function* linesOfBlocks(
  session: ExportSession,
  filter: MessageFilter,
  { after }: Part,
): AsyncGenerator<readonly KeyedLine[]> {
  const [at = '', id] = after ?? []
  const from = after === null ? null : { atMs: parseInstant(at), id: Number(id) }
  for await (const records of blockLines(session.db, filter, from))
    yield records.map((record) => ({ record, key: keyOfLine(record) }))
}

/** As PostgreSQL writes it. */
function keyOfLine({ atMs, id }: MessageLogRecord): Key {
  return [isoTime(atMs).replace('T', ' ').replace('Z', '+00'), String(id)]
}

/** The lines of both in one order. Each of them has its lines in order. */
async function* merged(
  one: AsyncGenerator<readonly KeyedLine[]>,
  other: AsyncGenerator<readonly KeyedLine[]>,
): AsyncGenerator<readonly KeyedLine[]> {
  const sides = [one, other].map((pieces) => ({ pieces, lines: [] as readonly KeyedLine[], isOver: false }))
  const [a, b] = sides
  if (a === undefined || b === undefined) return
  try {
    for (;;) {
      for (const side of sides) {
        while (side.lines.length === 0 && !side.isOver) {
          const next = await side.pieces.next()
          if (next.done === true) side.isOver = true
          else side.lines = next.value
        }
      }
      if (a.lines.length === 0 && b.lines.length === 0) return
      // What one of them has up to the last line of the other's piece.
      const piece: KeyedLine[] = []
      let [ofA, ofB] = [0, 0]
      for (;;) {
        const [x, y] = [a.lines[ofA], b.lines[ofB]]
        if ((x === undefined && !a.isOver) || (y === undefined && !b.isOver)) break
        if (x !== undefined && (y === undefined || isBefore(x, y))) {
          piece.push(x)
          ofA++
        } else if (y !== undefined) {
          piece.push(y)
          ofB++
        } else break
      }
      a.lines = a.lines.slice(ofA)
      b.lines = b.lines.slice(ofB)
      yield piece
    }
  } finally {
    await Promise.all(sides.map(({ pieces }) => pieces.return(undefined)))
  }
}

function isBefore({ record: one }: KeyedLine, { record: other }: KeyedLine): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.id < other.id)
}
