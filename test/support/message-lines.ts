// Lines of the message log and blocks, for tests.

import type { Pool } from 'pg'
import type { MessageLogLine } from '../../src/blocks/records.ts'
import { type BlockRow, frameOf, packBlock, type StoredBlock, unpackBlock } from '../../src/store/messages/block.ts'
import { directionOf, LineBuffer } from '../../src/store/messages/lines.ts'
import { bind } from '../../src/store/statement.ts'
import { insertMessageBlocks } from '../../src/store/statements.ts'

/** A line as a block has it. */
export type BlockLine = MessageLogLine & { readonly id: number }

/** Lines of some charge points, about in the order of time. */
export function randomLines(count: number, fromMs = Date.UTC(2026, 10, 28, 8)): MessageLogLine[] {
  return Array.from({ length: count }, (_, line) => ({
    chargePointKey: 1 + Math.floor(Math.random() * 50),
    atMs: fromMs + line - Math.floor(Math.random() * 3),
    direction: Math.random() < 0.5 ? 'fromChargePoint' : 'toChargePoint',
    frame: `[2,"${line}","Heartbeat",{"x":"${'é'.repeat(Math.floor(Math.random() * 20))}"}]`,
  }))
}

/** The block that is logged of lines. */
export function blockOf(lines: readonly MessageLogLine[]): BlockRow {
  const buffer = new LineBuffer(Math.max(1, lines.length), 1_000_000)
  for (const line of lines) buffer.add(line, line.atMs)
  return packBlock(buffer.take(), true)
}

/** The lines of a block. */
export function linesIn(block: StoredBlock): BlockLine[] {
  const lines = unpackBlock(block)
  return Array.from({ length: lines.count }, (_, at) => ({
    id: lines.ids[at] ?? 0,
    chargePointKey: lines.keys[at] ?? 0,
    atMs: lines.times[at] ?? 0,
    direction: directionOf(lines, at),
    frame: frameOf(lines, at),
  }))
}

/** Stores a block of lines, as they are logged. */
export async function storeBlock(client: Pick<Pool, 'query'>, lines: readonly MessageLogLine[]): Promise<void> {
  await client.query(bind(insertMessageBlocks, [{ ...blockOf(lines), level: 0, run: 0 }]))
}

/** What can ask for blocks: a client or a pool. */
export interface Asking {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>
}

/** All lines of the blocks of a database, in the order of time and id. */
export async function storedLines(client: Asking): Promise<BlockLine[]> {
  const { rows } = await client.query('SELECT id, head, body, text_bytes AS "textBytes" FROM message_blocks')
  const lines = (rows as readonly StoredBlock[]).flatMap((block) => linesIn({ ...block, id: Number(block.id) }))
  return lines.toSorted((a, b) => a.atMs - b.atMs || a.id - b.id)
}
