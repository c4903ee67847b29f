// A block of the message log: its lines as two compressed pieces. The head has everything but the text, a few bytes a
// line, so that a list finds and counts lines without the text. The body is the text.
//
// A head is a header and columns of 32 bits: of the key, the time, the number of the block and the place in it the
// difference to the line before, of the text its length and the direction. Each column stands as four planes, the
// lowest bytes of all lines first: most bytes of the others are 0, and compress to nothing.

import { type Lines, startOf } from './lines.ts'

/** What of a block stands in the columns of its row. */
export interface BlockRow {
  readonly fromMs: number
  readonly toMs: number
  readonly keyMin: number
  readonly keyMax: number
  readonly lines: number
  readonly textBytes: number
  readonly head: Uint8Array
  readonly body: Uint8Array
}

/** A block that is stored. */
export interface StoredBlock extends Pick<BlockRow, 'head' | 'body' | 'textBytes'> {
  readonly id: number
}

/** Lines that a block has at most when it is logged: an id is `number * placesMax + place`. */
export const placesMax = 4_096

/** The number in a head whose lines have ids by the number of the block itself. */
const ownNumber = -1

const versionOfHead = 1
const headerBytes = 32
const columnCount = 5

/** The level of zstd: more of it makes the text of frames no smaller. */
const level = 1

/** @param isFresh the ids are places, to which the number of the row that holds it will be added. */
export function packBlock(lines: Lines, isFresh: boolean): BlockRow {
  const { count, keys, times, text } = lines
  let keyMin = keys[0] ?? 0
  let keyMax = keyMin
  let fromMs = times[0] ?? 0
  let toMs = fromMs
  for (let at = 1; at < count; at++) {
    const key = keys[at] ?? 0
    const ms = times[at] ?? 0
    if (key < keyMin) keyMin = key
    if (key > keyMax) keyMax = key
    if (ms < fromMs) fromMs = ms
    if (ms > toMs) toMs = ms
  }
  return {
    fromMs,
    toMs,
    keyMin,
    keyMax,
    lines: count,
    textBytes: text.length,
    head: packHead(lines, fromMs, isFresh),
    body: Bun.zstdCompressSync(text, { level }),
  }
}

function packHead({ count, keys, times, ids, inbound, ends }: Lines, fromMs: number, isFresh: boolean): Uint8Array {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < count; at++) least = Math.min(least, ids[at] ?? 0)
  const base = isFresh ? 0 : Math.floor(least / placesMax)
  const bytes = new Uint8Array(headerBytes + columnCount * 4 * count)
  const header = new DataView(bytes.buffer)
  header.setUint32(0, versionOfHead, true)
  header.setUint32(4, count, true)
  header.setFloat64(8, isFresh ? ownNumber : base, true)
  header.setFloat64(16, fromMs, true)
  let [key, time, number, place, start] = [0, 0, 0, 0, 0]
  for (let at = 0; at < count; at++) {
    const id = ids[at] ?? 0
    const idNumber = Math.floor(id / placesMax)
    const nextKey = keys[at] ?? 0
    const nextTime = (times[at] ?? 0) - fromMs
    const nextNumber = idNumber - base
    const nextPlace = id - idNumber * placesMax
    const end = ends[at] ?? 0
    put(bytes, count, 0, at, zigzag(nextKey - key))
    put(bytes, count, 1, at, zigzag(nextTime - time))
    put(bytes, count, 2, at, zigzag(nextNumber - number))
    put(bytes, count, 3, at, zigzag(nextPlace - place))
    put(bytes, count, 4, at, (end - start) * 2 + (inbound[at] ?? 0))
    key = nextKey
    time = nextTime
    number = nextNumber
    place = nextPlace
    start = end
  }
  return Bun.zstdCompressSync(bytes, { level })
}

/** What a head says of the lines; `text` is empty. */
export function unpackHead(packed: Uint8Array, blockId: number): Lines {
  const bytes = new Uint8Array(Bun.zstdDecompressSync(packed))
  const header = new DataView(bytes.buffer, bytes.byteOffset)
  const version = header.getUint32(0, true)
  if (version !== versionOfHead)
    throw new RangeError(`Block ${blockId} has version ${version}: it is of a later Stator.`)
  const count = header.getUint32(4, true)
  const given = header.getFloat64(8, true)
  const base = given === ownNumber ? blockId : given
  const fromMs = header.getFloat64(16, true)
  const keys = new Int32Array(count)
  const times = new Float64Array(count)
  const ids = new Float64Array(count)
  const inbound = new Uint8Array(count)
  const ends = new Uint32Array(count)
  let [key, time, number, place, end] = [0, 0, 0, 0, 0]
  for (let at = 0; at < count; at++) {
    key += unzigzag(got(bytes, count, 0, at))
    time += unzigzag(got(bytes, count, 1, at))
    number += unzigzag(got(bytes, count, 2, at))
    place += unzigzag(got(bytes, count, 3, at))
    const sized = got(bytes, count, 4, at)
    end += sized >>> 1
    keys[at] = key
    times[at] = fromMs + time
    ids[at] = (base + number) * placesMax + place
    inbound[at] = sized & 1
    ends[at] = end
  }
  return { count, keys, times, ids, inbound, ends, text: nothing }
}

const nothing = new Uint8Array(0)

/** The text of the lines of a block. */
export function unpackBody(packed: Uint8Array): Uint8Array {
  return Bun.zstdDecompressSync(packed)
}

/** All of a block. */
export function unpackBlock({ id, head, body }: StoredBlock): Lines {
  return { ...unpackHead(head, id), text: unpackBody(body) }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The frame of a line of `unpackBlock`; the first `bytesMax` bytes of it. */
export function frameOf(lines: Lines, at: number, bytesMax = Number.POSITIVE_INFINITY): string {
  const start = startOf(lines, at)
  const end = Math.min(lines.ends[at] ?? 0, start + bytesMax)
  return decoder.decode(lines.text.subarray(start, end))
}

// Small differences of either sign become small numbers without one.
function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

function put(bytes: Uint8Array, count: number, column: number, at: number, value: number): void {
  let place = headerBytes + column * 4 * count + at
  bytes[place] = value
  bytes[(place += count)] = value >>> 8
  bytes[(place += count)] = value >>> 16
  bytes[place + count] = value >>> 24
}

function got(bytes: Uint8Array, count: number, column: number, at: number): number {
  const place = headerBytes + column * 4 * count + at
  const low = (bytes[place] ?? 0) | ((bytes[place + count] ?? 0) << 8)
  return (low | ((bytes[place + 2 * count] ?? 0) << 16) | ((bytes[place + 3 * count] ?? 0) << 24)) >>> 0
}
