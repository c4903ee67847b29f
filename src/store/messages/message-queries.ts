// The message log of a charge point, as the REST API lists it. The heads of blocks say which lines are of the charge
// point, and when; texts are read of the lines that are listed. What else a filter asks for stands in the frame only:
// a bounded number of messages is looked at.

import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { filteredMessagesMax } from '../../base/limits.ts'
import type { MessageFilter, MessageLogRecord, Page, PageOf } from '../../blocks/records.ts'
import { filteredTotalOf, type ListSource, requireInReach, rowsMaxOf, totalOf } from '../paging.ts'
import { frameOf } from './block.ts'
import { countEarlier, earlierLines, earlierRecords } from './earlier-lines.ts'
import { frameFilter } from './frame-filter.ts'
import { directionOf, type Lines } from './lines.ts'
import { type BlockInfo, blocksFor, bodiesOf, headsOf, untilAllThere } from './read-blocks.ts'

/** A line that was found: where it stands. */
interface Found {
  readonly atMs: number
  readonly id: number
  /** Null: a row of an earlier version. */
  readonly block: BlockInfo | null
  /** Its place in the block. */
  readonly place: number
  /** Of a row of an earlier version: whether it has what the filter asks for. */
  readonly matches: boolean
}

export function createMessageQueries(source: ListSource) {
  return {
    /** Newest first. */
    messageLog(filter: MessageFilter, page: Page): Promise<PageOf<MessageLogRecord>> {
      return untilAllThere(() => listed(source, filter, page))
    },
  }
}

async function listed(source: ListSource, filter: MessageFilter, page: Page): Promise<PageOf<MessageLogRecord>> {
  const { db } = source
  const isMatching = frameFilter(filter)
  requireInReach(source, page, isMatching === null ? undefined : filteredMessagesMax)
  const rowsMax = rowsMaxOf(source, isMatching === null ? {} : { rowsMax: filteredMessagesMax })
  const begin = (page.page - 1) * page.pageSize
  const end = begin + page.pageSize
  const reader = new LineReader(db, filter, await blocksFor(db, filter))
  // One more than are listed says that there are more.
  const newest = await reader.newest(rowsMax === null ? end : rowsMax + 1)
  if (isMatching === null) {
    const items = await reader.records(newest.slice(begin, end))
    const total = rowsMax === null ? await reader.count() : newest.length
    return { ...totalOf(total, rowsMax), items }
  }
  const looked = newest.slice(0, rowsMax ?? newest.length)
  const matching = await reader.matching(looked, isMatching)
  const items = await reader.records(matching.slice(begin, end))
  return { ...filteredTotalOf(matching.length, newest.length, rowsMax ?? newest.length), items }
}

/** Reads lines of one charge point, of blocks that were there when it began. */
class LineReader {
  readonly #db: NodePgDatabase
  readonly #filter: MessageFilter
  /** Newest first. */
  readonly #infos: readonly BlockInfo[]
  readonly #heads = new Map<BlockInfo, Lines>()
  /** How many lines were found in blocks whose heads are read. */
  #found = 0

  constructor(db: NodePgDatabase, filter: MessageFilter, infos: readonly BlockInfo[]) {
    this.#db = db
    this.#filter = filter
    this.#infos = infos
  }

  /** The newest lines, newest first. */
  async newest(linesMax: number): Promise<readonly Found[]> {
    const found: Found[] = []
    for (const { atMs, id, matches } of await earlierLines(this.#db, this.#filter, linesMax))
      found.push({ atMs, id, block: null, place: 0, matches })
    let read = 0
    for await (const heads of headsOf(this.#db, this.#infos)) {
      for (const [block, lines] of heads) this.#collect(block, lines, found)
      read += heads.length
      found.sort((a, b) => b.atMs - a.atMs || b.id - a.id)
      const last = found[linesMax - 1]
      const next = this.#infos[read]
      if (last !== undefined && next !== undefined && next.toMs < last.atMs) break
    }
    return found.slice(0, linesMax)
  }

  #collect(block: BlockInfo, lines: Lines, found: Found[]): void {
    const { times, ids } = lines
    this.#heads.set(block, lines)
    for (const place of placesIn(lines, this.#filter)) {
      this.#found++
      found.push({ atMs: times[place] ?? 0, id: ids[place] ?? 0, block, place, matches: true })
    }
  }

  /** How many lines there are. */
  async count(): Promise<number> {
    const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = this.#filter
    let count = this.#found + (await countEarlier(this.#db, this.#filter))
    const unread: BlockInfo[] = []
    for (const info of this.#infos) {
      if (this.#heads.has(info)) continue
      if (info.keyMin === info.keyMax && info.fromMs >= fromMs && info.toMs <= toMs) count += info.lines
      else unread.push(info)
    }
    for await (const heads of headsOf(this.#db, unread))
      for (const [, lines] of heads) count += placesIn(lines, this.#filter).length
    return count
  }

  /** Those of the lines that have what the filter asks for. */
  async matching(
    found: readonly Found[],
    isMatching: (lines: Lines, at: number) => boolean,
  ): Promise<readonly Found[]> {
    const matching = new Set(found.filter(({ block, matches }) => block === null && matches))
    await this.#withTexts(found, (lines, line) => {
      if (isMatching(lines, line.place)) matching.add(line)
    })
    return found.filter((line) => matching.has(line))
  }

  async records(found: readonly Found[]): Promise<readonly MessageLogRecord[]> {
    const { chargePointKey } = this.#filter
    const records = new Map<number, MessageLogRecord>()
    await this.#withTexts(found, (lines, { id, atMs, place }) => {
      const direction = directionOf(lines, place)
      records.set(id, { id, chargePointKey, atMs, direction, frame: frameOf(lines, place) })
    })
    const earlier = found.filter(({ block }) => block === null)
    for (const record of await earlierRecords(this.#db, this.#filter, earlier)) records.set(record.id, record)
    return found.flatMap(({ id }) => records.get(id) ?? [])
  }

  /** Calls `use` with each line that stands in a block, and the block with its text. */
  async #withTexts(found: readonly Found[], use: (lines: Lines, line: Found) => void): Promise<void> {
    const byBlock = Map.groupBy(found, ({ block }) => block)
    const blocks = [...byBlock.keys()].filter((block) => block !== null)
    for await (const bodies of bodiesOf(this.#db, blocks)) {
      for (const [block, text] of bodies) {
        const head = this.#heads.get(block)
        if (head === undefined) continue
        const lines = { ...head, text }
        for (const line of byBlock.get(block) ?? []) use(lines, line)
      }
    }
  }
}

/** The places of the lines that are of the charge point and in the period. */
export function placesIn({ count, keys, times }: Lines, { chargePointKey, fromMs, toMs }: MessageFilter): number[] {
  const places: number[] = []
  for (let at = keys.indexOf(chargePointKey); at !== -1 && at < count; at = keys.indexOf(chargePointKey, at + 1)) {
    const atMs = times[at] ?? 0
    if (fromMs !== undefined && atMs < fromMs) continue
    if (toMs !== undefined && atMs > toMs) continue
    places.push(at)
  }
  return places
}
