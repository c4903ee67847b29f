// A strict reader of DER (ITU-T X.690): definite lengths, written as short as possible, inside their parent. It reads
// certificates and revocation lists. The libraries at hand hide how a name is encoded, or refuse long lists.

/** One element: its tag, its content, and all its bytes. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly bytes: Buffer
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** Bytes that are not DER, or not the element that was expected. */
export class DerError extends Error {}

/** The elements that follow each other in `bytes`, to its end. */
export function* elementsOf(bytes: Buffer): Generator<DerElement> {
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at)
    yield element
    at += element.bytes.length
  }
}

/** The only element in `bytes`, which must have this tag. */
export function onlyElement(bytes: Buffer, tag: number): DerElement {
  const element = elementAt(bytes, 0)
  if (element.bytes.length !== bytes.length) throw new DerError('bytes after the element')
  return expectTag(element, tag)
}

/** `element`, which must be there and have this tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element === undefined || element.tag !== tag) throw new DerError(`no element with the tag ${tag}`)
  return element
}

/** The children of a SEQUENCE or SET. */
export function childrenOf(element: DerElement): DerElement[] {
  return [...elementsOf(element.content)]
}

/** An object identifier, as `2.5.4.3`. */
export function identifierText(element: DerElement | undefined): string {
  const { content } = expectTag(element, tags.objectIdentifier)
  const arcs: number[] = []
  let arc = 0
  let isOpen = false
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER) throw new DerError('an arc of an object identifier is too large')
    isOpen = byte >= 128
    if (isOpen) continue
    if (arcs.length === 0) {
      const top = Math.min(2, Math.floor(arc / 40))
      arcs.push(top, arc - 40 * top)
    } else arcs.push(arc)
    arc = 0
  }
  if (isOpen || arcs.length === 0) throw new DerError('an object identifier is cut')
  return arcs.join('.')
}

/** A time, in milliseconds since 1970 (RFC 5280 §4.1.2.5: with seconds, in UTC). */
export function timeMs(element: DerElement): number {
  const text = element.content.toString('latin1')
  const match =
    element.tag === tags.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(expectTag(element, tags.generalizedTime).content.toString())
  if (match === null) throw new DerError('a time that is not in UTC with seconds')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const century = year >= 100 ? 0 : year >= 50 ? 1900 : 2000
  return Date.UTC(century + year, month - 1, day, hour, minute, second)
}

function elementAt(bytes: Buffer, start: number): DerElement {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined) throw new DerError('an element is cut')
  // No certificate needs tags above 30, which take more than one byte.
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of several bytes')
  let length = first
  let at = start + 2
  if (first >= 128) {
    const size = first - 128
    if (size === 0 || size > 4 || at + size > bytes.length) throw new DerError('a length that is not definite')
    length = bytes.readUIntBE(at, size)
    at += size
    if (length < 128 || length < 256 ** (size - 1)) throw new DerError('a length that is longer than needed')
  }
  if (at + length > bytes.length) throw new DerError('an element is longer than its parent')
  return { tag, content: bytes.subarray(at, at + length), bytes: bytes.subarray(start, at + length) }
}
