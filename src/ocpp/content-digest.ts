// The digest of a message's content: part of the idempotency key by which a retransmission is recognised. Two messages
// with the same content have the same digest, whatever the order and spacing of their members.

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
  const parts: string[] = messageId === undefined ? [] : [JSON.stringify(messageId)]
  writeObject(sent, parts, ofDelivery)
  return BigInt.asIntN(64, Bun.hash.xxHash64(parts.join(''))).toString()
}

const nothing: ReadonlySet<string> = new Set()

function writeObject(value: Json, parts: string[], leftOut: ReadonlySet<string>): void {
  parts.push('{')
  for (const key of Object.keys(value).sort()) {
    if (leftOut.has(key)) continue
    parts.push(JSON.stringify(key), ':')
    writeValue(value[key], parts)
  }
  parts.push('}')
}

function writeValue(value: unknown, parts: string[]): void {
  if (Array.isArray(value)) {
    parts.push('[')
    for (const item of value) writeValue(item, parts)
    parts.push(']')
  } else if (typeof value === 'object' && value !== null) writeObject(value as Json, parts, nothing)
  else parts.push(JSON.stringify(value) ?? '', ',')
}
