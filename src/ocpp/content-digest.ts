// The digest of a message's content: part of the idempotency key by which a retransmission is recognised. Two messages
// with the same content have the same digest, whatever the order and spacing of their members.
//
// The canonical text is written byte by byte into a buffer that all messages share, and hashed there. As a text of
// JavaScript it would consist of a hundred pieces, which have to be joined and encoded first: that takes three times as
// long (docs/decisions.md, "The canonical text of a fact is hashed as bytes"). Digests are stored, so this text must
// never change.

type Json = Readonly<Record<string, unknown>>

/** Members about the delivery of a message, not about its content. */
const ofDelivery: ReadonlySet<string> = new Set(['offline'])

/**
 * A 64-bit digest of a payload as it was sent, as a signed decimal text. The order of members, white space and
 * `offline` (2.x) are ignored; the order of elements matters.
 *
 * @param sent nests no deeper than `frameDepthMax`.
 * @param messageId if given, it is part of the digest: the same payload with another id has another digest.
 */
export function contentDigest(sent: Json, messageId?: string): string {
  length = 0
  if (messageId !== undefined) writeText(messageId)
  writeObject(sent, ofDelivery)
  const digest = Bun.hash.xxHash64(buffer.subarray(0, length))
  if (buffer.length > bytesKeptMax) buffer = Buffer.allocUnsafe(bytesAtFirst)
  return BigInt.asIntN(64, digest).toString()
}

// The buffer grows when needed, and is released if it has grown beyond `bytesKeptMax`.
const bytesAtFirst = 16_384
const bytesKeptMax = 1_048_576
let buffer = Buffer.allocUnsafe(bytesAtFirst)
let length = 0

const nothing: ReadonlySet<string> = new Set()

function writeObject(value: Json, leftOut: ReadonlySet<string>): void {
  writeByte(0x7b)
  for (const key of sorted(Object.keys(value))) {
    if (leftOut.has(key)) continue
    writeText(key)
    writeByte(0x3a)
    writeValue(value[key])
  }
  writeByte(0x7d)
}

function writeValue(value: unknown): void {
  if (typeof value === 'string') writeText(value)
  else if (Array.isArray(value)) {
    writeByte(0x5b)
    for (const item of value) writeValue(item)
    writeByte(0x5d)
    return
  } else if (typeof value === 'object' && value !== null) {
    writeObject(value as Json, nothing)
    return
  } else writeEncoded(JSON.stringify(value) ?? '')
  writeByte(0x2c)
}

/** A text as JSON. Nearly all are printable ASCII without a quote or a backslash, and are copied between quotes. */
function writeText(text: string): void {
  reserve(text.length + 2)
  const bytes = buffer
  let at = length
  bytes[at++] = 0x22
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) {
      writeEncoded(JSON.stringify(text))
      return
    }
    bytes[at++] = code
  }
  bytes[at++] = 0x22
  length = at
}

function writeEncoded(text: string): void {
  // A UTF-16 unit takes at most three bytes in UTF-8.
  reserve(text.length * 3)
  length += buffer.write(text, length)
}

function writeByte(byte: number): void {
  reserve(1)
  buffer[length++] = byte
}

function reserve(bytes: number): void {
  if (length + bytes <= buffer.length) return
  const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, length + bytes))
  larger.set(buffer.subarray(0, length))
  buffer = larger
}

/** So many names are sorted by insertion, which is faster for few and quadratic for many. */
const insertedNamesMax = 16

/** Sorts `names` by UTF-16 units, as `sort` does. */
function sorted(names: string[]): string[] {
  if (names.length > insertedNamesMax) return names.sort()
  for (let i = 1; i < names.length; i++) {
    const name = names[i] ?? ''
    let at = i
    for (let before = names[at - 1] ?? ''; at > 0 && before > name; before = names[at - 1] ?? '') names[at--] = before
    names[at] = name
  }
  return names
}
