// Reads blocks of the message log. A block never changes: what is merged or rewritten gets another id. So whoever has
// read which blocks there are can read them one after the other in statements of their own; if one is gone, what it
// had stands in another one now, and the reader begins again.

import { and, desc, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { dayMs } from '../../base/clock.ts'
import { blockReadTriesMax, blocksReadAtOnce } from '../../base/limits.ts'
import type { MessageFilter } from '../../blocks/records.ts'
import { messageBlocks } from './tables.ts'
import { unpackBody, unpackHead } from './block.ts'
import type { Lines } from './lines.ts'

/** What is known of a block without reading it. */
export interface BlockInfo {
  readonly id: number
  readonly fromMs: number
  readonly toMs: number
  readonly keyMin: number
  readonly keyMax: number
  readonly lines: number
}

const infoColumns = {
  id: messageBlocks.id,
  fromMs: messageBlocks.fromMs,
  toMs: messageBlocks.toMs,
  keyMin: messageBlocks.keyMin,
  keyMax: messageBlocks.keyMax,
  lines: messageBlocks.lines,
}

/** A block is gone that was there a moment ago. */
export class BlockGone extends Error {}

/** Runs `read` again while blocks are gone that it wanted to read. */
export async function untilAllThere<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof BlockGone) || attempt >= blockReadTriesMax) throw error
    }
  }
}

/** Whether a block may have lines of the charge point in the period. */
export function mayHave({ chargePointKey, fromMs, toMs }: MessageFilter): SQL | undefined {
  const { keyMin, keyMax } = messageBlocks
  return and(
    sql`int4range(${keyMin}, ${keyMax}, '[]') @> ${chargePointKey}::int4`,
    // The lines of a block are of one day, and so is its partition.
    fromMs === undefined
      ? undefined
      : and(gte(messageBlocks.toMs, fromMs), gte(messageBlocks.fromMs, Math.floor(fromMs / dayMs) * dayMs)),
    toMs === undefined ? undefined : lte(messageBlocks.fromMs, toMs),
  )
}

/** The blocks that may have lines of the charge point in the period, the newest first. */
export async function blocksFor(db: NodePgDatabase, filter: MessageFilter): Promise<readonly BlockInfo[]> {
  return db
    .select(infoColumns)
    .from(messageBlocks)
    .where(mayHave(filter))
    .orderBy(desc(messageBlocks.toMs), desc(messageBlocks.id))
}

/** The lines of blocks without their texts. @throws {BlockGone} */
export async function* headsOf(
  db: NodePgDatabase,
  infos: readonly BlockInfo[],
): AsyncGenerator<readonly (readonly [BlockInfo, Lines])[]> {
  for (let at = 0; at < infos.length; at += blocksReadAtOnce) {
    const some = infos.slice(at, at + blocksReadAtOnce)
    const { id, head } = messageBlocks
    const rows = await db.select({ id, head }).from(messageBlocks).where(areThese(some))
    yield inOrder(some, rows, (row) => unpackHead(row.head, row.id))
  }
}

/** The texts of blocks. @throws {BlockGone} */
export async function* bodiesOf(
  db: NodePgDatabase,
  infos: readonly BlockInfo[],
): AsyncGenerator<readonly (readonly [BlockInfo, Uint8Array])[]> {
  for (let at = 0; at < infos.length; at += blocksReadAtOnce) {
    const some = infos.slice(at, at + blocksReadAtOnce)
    const { id, body } = messageBlocks
    const rows = await db.select({ id, body }).from(messageBlocks).where(areThese(some))
    yield inOrder(some, rows, (row) => unpackBody(row.body))
  }
}

function areThese(infos: readonly BlockInfo[]): SQL | undefined {
  const times = infos.map(({ fromMs }) => fromMs)
  return and(
    inArray(
      messageBlocks.id,
      infos.map(({ id }) => id),
    ),
    gte(messageBlocks.fromMs, Math.min(...times)),
    lte(messageBlocks.fromMs, Math.max(...times)),
  )
}

function inOrder<Row extends { readonly id: number }, T>(
  infos: readonly BlockInfo[],
  rows: readonly Row[],
  unpack: (row: Row) => T,
): readonly (readonly [BlockInfo, T])[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return infos.map((info) => {
    const row = byId.get(info.id)
    if (row === undefined) throw new BlockGone(`Block ${info.id} of the message log is gone.`)
    return [info, unpack(row)]
  })
}
