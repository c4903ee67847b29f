// What a message says, as one number: two messages that say the same have the same, however their members are ordered and spaced.

type Json = Readonly<Record<string, unknown>>

/** Members that say how a message was delivered, not what happened. */
const ofDelivery: ReadonlySet<string> = new Set(['offline'])

/**
 * A 64-bit digest of a payload as it was sent, as a signed decimal text. The order of members, white space and `offline` (2.x) do
 * not count; the order of elements does.
 *
 * @param sent nests no deeper than `frameDepthMax`.
 * @param messageId given when it counts as well: the same payload under another one has another digest.
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
