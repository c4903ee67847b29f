// Erases an id token from the blocks of the message log, in the order of their ids. What a merge or another erasure has
// written meanwhile has a greater id, so it comes later. A block that is rewritten gets another id, like every change.

import type { ClientBase } from 'pg'
import { erasureBlocksAtOnce } from '../../base/limits.ts'
import { unpackBlock, frameOf, packBlock, type StoredBlock } from './block.ts'
import type { Lines } from './lines.ts'

/** What a step did. */
export interface ErasedBlocks {
  /** The last block that was searched; null: there are no more. */
  readonly lastId: number | null
  /** Lines that were changed. */
  readonly lines: number
}

export interface BlockSearch {
  /** The id token in lower case. */
  readonly key: string
  /** Blocks that were written before this are left out; null: none. */
  readonly sinceMs: number | null
  /** Of frames that may have the token: what makes of each the frame without it. */
  readonly eraserFor: (frames: readonly string[]) => Promise<(frame: string) => string>
}

/** Bytes of text that count as one page. */
const bytesOfPage = 65_536

const readNext = `
  SELECT id, head, body, text_bytes AS "textBytes" FROM message_blocks
  WHERE id > $1 AND ($2::timestamptz IS NULL OR written_at >= $2::timestamptz) ORDER BY id LIMIT ${erasureBlocksAtOnce}`

// A merge that replaces it just now, or another erasure, is not waited for.
const hold = 'SELECT FROM message_blocks WHERE id = $1 FOR UPDATE SKIP LOCKED'

const rewrite = `
  UPDATE message_blocks SET id = nextval('message_block_ids'), head = $2, body = $3, text_bytes = $4, written_at = now()
  WHERE id = $1`

/** Searches blocks after `afterId`, about as many as `pagesMax` pages of text. */
export async function eraseInBlocks(
  client: ClientBase,
  afterId: number,
  pagesMax: number,
  { key, sinceMs, eraserFor }: BlockSearch,
): Promise<ErasedBlocks> {
  const since = sinceMs === null ? null : new Date(sinceMs).toISOString()
  let lastId = afterId
  let lines = 0
  for (let bytes = 0; bytes < pagesMax * bytesOfPage;) {
    const { rows } = await client.query<StoredBlock>(readNext, [lastId, since])
    if (rows.length === 0) return { lastId: null, lines }
    for (const block of rows) {
      bytes += Math.max(block.textBytes, 1)
      const changed = await eraseInBlock(client, block, key, eraserFor)
      // The next step comes back to it.
      if (changed === null) return { lastId, lines }
      lines += changed
      lastId = block.id
    }
  }
  return { lastId, lines }
}

/** How many lines were changed; null if somebody else changes the block. */
async function eraseInBlock(
  client: ClientBase,
  block: StoredBlock,
  key: string,
  eraserFor: BlockSearch['eraserFor'],
): Promise<number | null> {
  const unpacked = unpackBlock(block)
  const places = placesThatMayHave(unpacked, key)
  const erased = places.length === 0 ? null : await eraseInLines(unpacked, places, eraserFor)
  if (erased === null) return 0
  const held = await client.query(hold, [block.id])
  if (held.rowCount === 0) return null
  const { head, body, textBytes } = packBlock(erased.lines, false)
  await client.query(rewrite, [block.id, Buffer.from(head), Buffer.from(body), textBytes])
  return erased.changed
}

const backslash = 92

// Letter case of ASCII does not count here. Other letters, and escapes, make a line one that may have the token.
function placesThatMayHave(lines: Lines, key: string): readonly number[] {
  const { text, ends, count } = lines
  const lower = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1').toLowerCase()
  const places: number[] = []
  let start = 0
  let found = lower.indexOf(key)
  for (let at = 0; at < count; at++) {
    const end = ends[at] ?? 0
    while (found !== -1 && found < start) found = lower.indexOf(key, start)
    const hasKey = found !== -1 && found + key.length <= end
    if (hasKey || needsReading(text, start, end)) places.push(at)
    start = end
  }
  return places
}

function needsReading(text: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = text[at] ?? 0
    if (byte === backslash || byte > 127) return true
  }
  return false
}

/** The lines without the token, and how many have changed; null if none has. */
async function eraseInLines(
  lines: Lines,
  places: readonly number[],
  eraserFor: BlockSearch['eraserFor'],
): Promise<{ readonly lines: Lines; readonly changed: number } | null> {
  const frames = places.map((place) => frameOf(lines, place))
  const erase = await eraserFor(frames)
  const changed = new Map<number, Buffer>()
  for (const [i, place] of places.entries()) {
    const frame = frames[i] ?? ''
    const after = erase(frame)
    if (after !== frame) changed.set(place, Buffer.from(after))
  }
  if (changed.size === 0) return null
  const ends = new Uint32Array(lines.count)
  const parts: Uint8Array[] = []
  let start = 0
  let end = 0
  for (let at = 0; at < lines.count; at++) {
    const before = lines.ends[at] ?? 0
    const part = changed.get(at) ?? lines.text.subarray(start, before)
    parts.push(part)
    end += part.length
    ends[at] = end
    start = before
  }
  return { lines: { ...lines, ends, text: new Uint8Array(Buffer.concat(parts)) }, changed: changed.size }
}
