// The message log of a database that is filled: lines in blocks as Stator stores them, and merged as it merges them.

import { type Client, Pool } from 'pg'
import { systemClock } from '../src/base/clock.ts'
import { messageLogBatchBytesMax, messageLogBatchMax } from '../src/base/limits.ts'
import type { MessageLogLine } from '../src/blocks/records.ts'
import { frameOf, packBlock, type StoredBlock, unpackBlock } from '../src/store/messages/block.ts'
import { directionOf, LineBuffer } from '../src/store/messages/lines.ts'
import { Merger } from '../src/store/messages/merger.ts'
import { Packer } from '../src/store/messages/packer.ts'
import { placesIn } from '../src/store/messages/message-queries.ts'
import { storeTypes } from '../src/store/pg-types.ts'
import { bind } from '../src/store/statement.ts'
import { insertMessageBlocks } from '../src/store/statements.ts'

const dayMs = 86_400_000

/** Stores lines, which are in the order of time. */
export async function storeLines(client: Client, lines: Iterable<MessageLogLine>): Promise<void> {
  const buffer = new LineBuffer(messageLogBatchMax, messageLogBatchBytesMax)
  const store = async (): Promise<void> => {
    if (buffer.count === 0) return
    await client.query(bind(insertMessageBlocks, [{ ...packBlock(buffer.take(), true), level: 0, run: 0 }]))
  }
  for (const line of lines) {
    const { lastMs } = buffer
    const isOfOtherDay = lastMs !== undefined && Math.floor(lastMs / dayMs) !== Math.floor(line.atMs / dayMs)
    if (isOfOtherDay || !buffer.hasRoomFor(line.frame)) await store()
    buffer.add(line, line.atMs)
  }
  await store()
}

/** Merges what a running Stator would have merged by now. */
export async function mergeLines(databaseUrl: string): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, types: storeTypes })
  pool.on('error', () => {})
  const packer = new Packer()
  const database = { upkeepPool: pool, isSingleConnection: false }
  try {
    await new Merger({ database, clock: systemClock, packer }).run()
  } finally {
    await packer.close()
    await pool.end()
  }
}

/** The lines of a charge point, in the order of time. */
export async function storedLinesOf(client: Client, chargePointKey: number): Promise<MessageLogLine[]> {
  const { rows } = await client.query<StoredBlock>(
    `SELECT id, head, body, text_bytes AS "textBytes" FROM message_blocks
     WHERE int4range(charge_point_min, charge_point_max, '[]') @> $1::int4`,
    [chargePointKey],
  )
  const lines = rows.flatMap((block) => {
    const unpacked = unpackBlock({ ...block, id: Number(block.id) })
    return placesIn(unpacked, { chargePointKey }).map((place) => ({
      chargePointKey,
      atMs: unpacked.times[place] ?? 0,
      id: unpacked.ids[place] ?? 0,
      direction: directionOf(unpacked, place),
      frame: frameOf(unpacked, place),
    }))
  })
  return lines.toSorted((a, b) => a.atMs - b.atMs || a.id - b.id)
}
