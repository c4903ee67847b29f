// The lines of one charge point from blocks, oldest first and in pieces, for exports. Each step is one statement that
// reads a bounded number of blocks, and a step begins where the last one has ended: it does not matter whether blocks
// are merged in between.

import { and, asc, gte } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { dayMs } from '../../base/clock.ts'
import { exportBlocksAtOnce, exportPieceCharactersMax, exportPieceRows } from '../../base/limits.ts'
import type { MessageFilter, MessageLogRecord } from '../../blocks/records.ts'
import { messageBlocks } from './tables.ts'
import { frameOf, unpackBlock } from './block.ts'
import { frameFilter } from './frame-filter.ts'
import { directionOf, type Lines, startOf } from './lines.ts'
import { placesIn } from './message-queries.ts'
import { mayHave } from './read-blocks.ts'

/** The place of a line in the order of lines. */
interface Place {
  readonly atMs: number
  readonly id: number
}

/** The lines after a place, or all of them. */
export async function* blockLines(
  db: NodePgDatabase,
  filter: MessageFilter,
  from: Place | null,
): AsyncGenerator<readonly MessageLogRecord[]> {
  let after = from
  let width = exportBlocksAtOnce
  for (;;) {
    const { lines, untilMs } = await step(db, filter, after, width)
    yield* piecesOf(lines, filter)
    if (untilMs === null) return
    // More blocks begin at one time than a step reads.
    if (after !== null && untilMs <= after.atMs) width *= 2
    else width = exportBlocksAtOnce
    after = lastOf(after, { atMs: untilMs, id: -1 })
  }
}

function lastOf(one: Place | null, other: Place): Place {
  return one !== null && (one.atMs > other.atMs || (one.atMs === other.atMs && one.id > other.id)) ? one : other
}

/** A line, and the block that it stands in. */
interface Line extends Place {
  readonly lines: Lines
  readonly place: number
}

interface Step {
  readonly lines: readonly Line[]
  /** Lines from this time on are not among them; null: there are no more. */
  readonly untilMs: number | null
}

async function step(db: NodePgDatabase, filter: MessageFilter, after: Place | null, width: number): Promise<Step> {
  const { id, fromMs, textBytes, head, body } = messageBlocks
  const isAfter =
    after === null
      ? undefined
      : and(gte(messageBlocks.toMs, after.atMs), gte(fromMs, Math.floor(after.atMs / dayMs) * dayMs))
  // One more, which says where the next step begins.
  const found = await db
    .select({ id, fromMs, textBytes, head, body })
    .from(messageBlocks)
    .where(and(mayHave(filter), isAfter))
    .orderBy(asc(fromMs), asc(id))
    .limit(width + 1)
  const untilMs = found[width]?.fromMs ?? null
  const lines: Line[] = []
  for (const block of found.slice(0, width)) {
    const unpacked = unpackBlock(block)
    for (const place of placesIn(unpacked, filter)) {
      const line = { atMs: unpacked.times[place] ?? 0, id: unpacked.ids[place] ?? 0, lines: unpacked, place }
      const isDue = untilMs === null || line.atMs < untilMs
      if (isDue && (after === null || line.atMs > after.atMs || (line.atMs === after.atMs && line.id > after.id)))
        lines.push(line)
    }
  }
  lines.sort((a, b) => a.atMs - b.atMs || a.id - b.id)
  return { lines, untilMs }
}

function* piecesOf(lines: readonly Line[], filter: MessageFilter): Generator<readonly MessageLogRecord[]> {
  const { chargePointKey } = filter
  const isMatching = frameFilter(filter)
  let piece: MessageLogRecord[] = []
  let bytes = 0
  for (const { atMs, id, lines: block, place } of lines) {
    if (isMatching !== null && !isMatching(block, place)) continue
    piece.push({ id, chargePointKey, atMs, direction: directionOf(block, place), frame: frameOf(block, place) })
    bytes += (block.ends[place] ?? 0) - startOf(block, place)
    if (piece.length < exportPieceRows && bytes < exportPieceCharactersMax) continue
    yield piece
    piece = []
    bytes = 0
  }
  yield piece
}
