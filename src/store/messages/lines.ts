// Lines of the message log as columns, so that many of them cost a few arrays: no object and no text of their own.

import type { MessageLogLine } from '../../blocks/records.ts'

/** Lines of the message log. Line `i` has the bytes of `text` from `ends[i - 1]` to `ends[i]`. */
export interface Lines {
  readonly count: number
  /** The charge point of each. */
  readonly keys: Int32Array
  /** Milliseconds since the Unix epoch. */
  readonly times: Float64Array
  readonly ids: Float64Array
  /** 1 from the charge point, 0 to it. */
  readonly inbound: Uint8Array
  readonly ends: Uint32Array
  /** The frames in UTF-8, one after the other. */
  readonly text: Uint8Array
}

/** Where the text of a line begins. */
export function startOf(lines: Pick<Lines, 'ends'>, at: number): number {
  return at === 0 ? 0 : (lines.ends[at - 1] ?? 0)
}

/** The direction of a line. */
export function directionOf(lines: Pick<Lines, 'inbound'>, at: number): MessageLogLine['direction'] {
  return lines.inbound[at] === 1 ? 'fromChargePoint' : 'toChargePoint'
}

/** Bytes of UTF-8 that a UTF-16 unit becomes at most. */
const unitBytesMax = 3

/** Collects lines, of which `take` makes `Lines`. The same memory is filled again after that. */
export class LineBuffer {
  readonly #keys: Int32Array
  readonly #times: Float64Array
  readonly #inbound: Uint8Array
  readonly #ends: Uint32Array
  /** An id is the place of the line, until the block has its number. */
  readonly #places: Float64Array
  #text: Buffer
  readonly #bytesMax: number
  #count = 0
  #bytes = 0

  constructor(linesMax: number, bytesMax: number) {
    this.#keys = new Int32Array(linesMax)
    this.#times = new Float64Array(linesMax)
    this.#inbound = new Uint8Array(linesMax)
    this.#ends = new Uint32Array(linesMax)
    this.#places = Float64Array.from({ length: linesMax }, (_, place) => place)
    this.#bytesMax = bytesMax
    this.#text = Buffer.allocUnsafeSlow(bytesMax)
  }

  get count(): number {
    return this.#count
  }

  /** The time of the last line; undefined if there is none. */
  get lastMs(): number | undefined {
    return this.#times[this.#count - 1]
  }

  /** Whether a frame fits. A longer one than all of the memory fits into an empty one. */
  hasRoomFor(frame: string): boolean {
    if (this.#count === this.#keys.length) return false
    return this.#count === 0 || this.#bytes + frame.length * unitBytesMax <= this.#bytesMax
  }

  /** Only what `hasRoomFor` says. */
  add(line: MessageLogLine, atMs: number): void {
    const at = this.#count++
    this.#keys[at] = line.chargePointKey
    this.#times[at] = atMs
    this.#inbound[at] = line.direction === 'fromChargePoint' ? 1 : 0
    const { frame } = line
    if (this.#bytes + frame.length * unitBytesMax > this.#text.length)
      this.#text = Buffer.allocUnsafeSlow(frame.length * unitBytesMax)
    this.#bytes += this.#text.write(frame, this.#bytes)
    this.#ends[at] = this.#bytes
  }

  /** All lines, without ids; the buffer is empty then. */
  take(): Lines {
    const count = this.#count
    const lines: Lines = {
      count,
      keys: this.#keys.slice(0, count),
      times: this.#times.slice(0, count),
      ids: this.#places.slice(0, count),
      inbound: this.#inbound.slice(0, count),
      ends: this.#ends.slice(0, count),
      text: new Uint8Array(this.#text.subarray(0, this.#bytes)),
    }
    this.#count = 0
    this.#bytes = 0
    if (this.#text.length > this.#bytesMax) this.#text = Buffer.allocUnsafeSlow(this.#bytesMax)
    return lines
  }
}
