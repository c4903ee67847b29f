// Merges blocks of the message log: their lines by charge point, time and id, in blocks of about `blockBytes`. It works
// on bytes: no line becomes an object or a text.

import { mergedBlockBytes } from '../../base/limits.ts'
import { type BlockRow, packBlock, type StoredBlock, unpackBlock } from './block.ts'
import { type Lines, startOf } from './lines.ts'

export interface MergeTask {
  readonly blocks: readonly StoredBlock[]
  /** Lines of charge points with a key from this one on are the rest: more of them will come. Null: none will. */
  readonly belowKey: number | null
}

export interface Merged {
  readonly blocks: readonly BlockRow[]
  /** Blocks of the rest, to be merged again. */
  readonly rest: readonly BlockRow[]
}

export function merge({ blocks, belowKey }: MergeTask): Merged {
  const sources = blocks.map(unpackBlock)
  const all = ordered(sources)
  const { count, keys } = all
  let due = count
  if (belowKey !== null) while (due > 0 && (keys[due - 1] ?? 0) >= belowKey) due--
  const packed = (from: number, to: number): BlockRow[] =>
    pieces(all, from, to).map(([first, end]) => packBlock(gathered(sources, all, first, end), false))
  return { blocks: packed(0, due), rest: packed(due, count) }
}

/** Lines of several sources in their order: of each the key, the source and the place in it. */
interface Order {
  readonly count: number
  readonly keys: Int32Array
  readonly sources: Uint32Array
  readonly places: Uint32Array
  readonly bytes: Uint32Array
}

function ordered(sources: readonly Lines[]): Order {
  const count = sources.reduce((sum, lines) => sum + lines.count, 0)
  // The order of arrival, which is nearly the order of time: then only keys are to be sorted.
  const ofSource = new Uint32Array(count)
  const ofPlace = new Uint32Array(count)
  // The key and the number of the line, in one number: numbers are sorted without a function.
  const marks = new Float64Array(count)
  const shift = 2 ** Math.ceil(Math.log2(count + 1))
  let line = 0
  for (const [source, { keys, count: lines }] of sources.entries()) {
    for (let place = 0; place < lines; place++) {
      ofSource[line] = source
      ofPlace[line] = place
      marks[line] = (keys[place] ?? 0) * shift + line
      line++
    }
  }
  marks.sort()
  const order = {
    count,
    keys: new Int32Array(count),
    sources: new Uint32Array(count),
    places: new Uint32Array(count),
    bytes: new Uint32Array(count),
  }
  for (let at = 0; at < count; at++) {
    const mark = marks[at] ?? 0
    const key = Math.floor(mark / shift)
    line = mark - key * shift
    order.keys[at] = key
    order.sources[at] = ofSource[line] ?? 0
    order.places[at] = ofPlace[line] ?? 0
  }
  sortTimes(sources, order)
  for (let at = 0; at < count; at++) {
    const lines = sources[order.sources[at] ?? 0]
    const place = order.places[at] ?? 0
    if (lines !== undefined) order.bytes[at] = (lines.ends[place] ?? 0) - startOf(lines, place)
  }
  return order
}

/** Sorts the lines of each charge point whose lines are not in the order of time and id. */
function sortTimes(sources: readonly Lines[], { count, keys, sources: ofSource, places }: Order): void {
  const timeAt = (at: number): number => sources[ofSource[at] ?? 0]?.times[places[at] ?? 0] ?? 0
  const idAt = (at: number): number => sources[ofSource[at] ?? 0]?.ids[places[at] ?? 0] ?? 0
  for (let from = 0; from < count;) {
    let to = from + 1
    let isSorted = true
    for (; to < count && keys[to] === keys[from]; to++) {
      const step = timeAt(to) - timeAt(to - 1)
      if (step < 0 || (step === 0 && idAt(to) < idAt(to - 1))) isSorted = false
    }
    if (!isSorted) {
      const lines = Array.from({ length: to - from }, (_, i) => ({
        time: timeAt(from + i),
        id: idAt(from + i),
        source: ofSource[from + i] ?? 0,
        place: places[from + i] ?? 0,
      }))
      lines.sort((a, b) => a.time - b.time || a.id - b.id)
      for (const [i, { source, place }] of lines.entries()) {
        ofSource[from + i] = source
        places[from + i] = place
      }
    }
    from = to
  }
}

/**
 * Cuts lines into blocks: the first line of each, and the one after it. Blocks end between the same charge points where
 * they can, so that those of several merges can be merged without a rest.
 */
function pieces({ bytes, keys }: Order, begin: number, end: number): readonly (readonly [number, number])[] {
  const cuts: (readonly [number, number])[] = []
  let from = begin
  let size = 0
  for (let at = begin; at < end; at++) {
    size += bytes[at] ?? 0
    const isBetween = size >= mergedBlockBytes / 4 && at + 1 < end && stripeOf(keys[at + 1]) !== stripeOf(keys[at])
    if (size < mergedBlockBytes && !isBetween) continue
    cuts.push([from, at + 1])
    from = at + 1
    size = 0
  }
  return from === end ? cuts : [...cuts, [from, end]]
}

/** Charge points whose keys are next to each other. */
function stripeOf(key = 0): number {
  return key >>> 8
}

/** The lines from one to another, with their text. */
function gathered(sources: readonly Lines[], order: Order, from: number, to: number): Lines {
  const count = to - from
  let size = 0
  for (let at = from; at < to; at++) size += order.bytes[at] ?? 0
  const text = new Uint8Array(size)
  const made = {
    count,
    keys: order.keys.slice(from, to),
    times: new Float64Array(count),
    ids: new Float64Array(count),
    inbound: new Uint8Array(count),
    ends: new Uint32Array(count),
    text,
  }
  const texts = sources.map((lines) => Buffer.from(lines.text.buffer, lines.text.byteOffset, lines.text.length))
  let end = 0
  for (let i = 0; i < count; i++) {
    const source = order.sources[from + i] ?? 0
    const place = order.places[from + i] ?? 0
    const lines = sources[source]
    if (lines === undefined) continue
    made.times[i] = lines.times[place] ?? 0
    made.ids[i] = lines.ids[place] ?? 0
    made.inbound[i] = lines.inbound[place] ?? 0
    const start = startOf(lines, place)
    texts[source]?.copy(text, end, start, lines.ends[place] ?? 0)
    end += order.bytes[from + i] ?? 0
    made.ends[i] = end
  }
  return made
}
