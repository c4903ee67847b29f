// WebSocket frames from the client's side (RFC 6455 §5), with as few instructions as possible: a load generator that
// costs more than its server measures itself.

/** Longest text that `writeTextFrame` takes, in characters. */
export const frameCharactersMax = 65_535

/** Bytes of the largest header that is written here: length in two bytes, mask key included. */
export const headerBytesMax = 8

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/**
 * Writes an ASCII text as one masked frame to the start of `into` and returns the bytes used. The mask key is zero, so
 * that masking costs nothing. The server does not notice, and unmasks as usual.
 */
export function writeTextFrame(into: Buffer, text: string): number {
  const at = writeHeader(into, opcodes.text, text.length)
  return at + into.write(text, at, 'latin1')
}

/** As `writeTextFrame`, for a text whose first part is already bytes. */
export function writeTextFrameOf(into: Buffer, head: Buffer, tail: string): number {
  const at = writeHeader(into, opcodes.text, head.length + tail.length)
  into.set(head, at)
  return at + head.length + into.write(tail, at + head.length, 'latin1')
}

/** As `writeTextFrame`, a pong with the payload of the ping. */
export function writePongFrame(into: Buffer, payload: string): number {
  const at = writeHeader(into, opcodes.pong, payload.length)
  return at + into.write(payload, at, 'latin1')
}

/** The index where the payload begins. */
function writeHeader(into: Buffer, opcode: number, length: number): number {
  into[0] = 0x80 | opcode
  let at = 2
  if (length < 126) {
    into[1] = 0x80 | length
  } else {
    if (length > frameCharactersMax)
      throw new RangeError(`A frame of ${length} characters is longer than ${frameCharactersMax}.`)
    into[1] = 0x80 | 126
    into[2] = length >> 8
    into[3] = length & 0xff
    at = 4
  }
  into[at] = into[at + 1] = into[at + 2] = into[at + 3] = 0
  return at + 4
}

/** Receives what a `FrameReader` has read. The bytes are valid only during the call. */
export interface FrameSink {
  text(bytes: Buffer, from: number, to: number): void
  ping(payload: string): void
  close(code: number): void
}

/** Splits the bytes of a server into frames, however TCP has split them. One per connection. */
export class FrameReader {
  #rest: Buffer | null = null
  #fragments: Buffer[] = []

  /** Whether it is between two messages. */
  get isBetween(): boolean {
    return this.#rest === null && this.#fragments.length === 0
  }

  /** Reads these bytes of `chunk`, which are valid only during the call. */
  read(chunk: Buffer, sink: FrameSink, from = 0, to = chunk.length): void {
    const isWhole = this.#rest === null
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk.subarray(from, to)])
    const available = isWhole ? to : bytes.length
    this.#rest = null
    let at = isWhole ? from : 0
    while (at < available) {
      const end = this.#frame(bytes, at, available, sink)
      if (end < 0) {
        this.#rest = Buffer.from(bytes.subarray(at, available))
        return
      }
      at = end
    }
  }

  /** Passes the frame at `at` to the sink, and returns its end; -1 if the frame is incomplete. */
  #frame(bytes: Buffer, at: number, available: number, sink: FrameSink): number {
    if (available < at + 2) return -1
    const first = bytes.readUInt8(at)
    let length = bytes.readUInt8(at + 1) & 0x7f
    let from = at + 2
    if (length === 126) {
      if (available < at + 4) return -1
      length = bytes.readUInt16BE(at + 2)
      from = at + 4
    } else if (length === 127) {
      if (available < at + 10) return -1
      length = Number(bytes.readBigUInt64BE(at + 2))
      from = at + 10
    }
    const to = from + length
    if (available < to) return -1
    const isLast = (first & 0x80) !== 0
    switch (first & 0x0f) {
      case opcodes.text:
        if (isLast) sink.text(bytes, from, to)
        else this.#fragments = [Buffer.from(bytes.subarray(from, to))]
        break
      case opcodes.continuation:
        this.#fragments.push(Buffer.from(bytes.subarray(from, to)))
        if (isLast) {
          const whole = Buffer.concat(this.#fragments)
          this.#fragments = []
          sink.text(whole, 0, whole.length)
        }
        break
      case opcodes.ping:
        sink.ping(bytes.toString('latin1', from, to))
        break
      case opcodes.close:
        sink.close(length >= 2 ? bytes.readUInt16BE(from) : 1005)
        break
    }
    return to
  }
}
