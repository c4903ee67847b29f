// Text that fills the room of a hostile frame: repeated patterns, lists, objects.

/** Makes a text of at most `room` characters; `number` makes it differ from that of another frame. */
export type Filler = (room: number, number: number) => string

/** `pattern` as often as it fits, at least once. */
export function repeated(pattern: string): Filler {
  return (room) => pattern.repeat(Math.max(1, Math.floor(room / pattern.length)))
}

/** `open`, then `pattern` as often as it fits, then `close`. */
export function wrapped(open: string, pattern: string, close: string): Filler {
  const fill = repeated(pattern)
  return (room, number) => open + fill(room - open.length - close.length, number) + close
}

/** A JSON string of `pattern`, which is written as it is. */
export function quoted(pattern: string): Filler {
  return wrapped('"', pattern, '"')
}

/** A JSON list of as many elements as fit, at least one. */
export function listOf(element: (index: number, number: number) => string): Filler {
  return (room, number) => `[${joined(element, room - 2, number)}]`
}

/** A JSON object of as many members as fit, at least one. */
export function objectOf(member: (index: number, number: number) => string): Filler {
  return (room, number) => `{${joined(member, room - 2, number)}}`
}

function joined(part: (index: number, number: number) => string, room: number, number: number): string {
  const parts: string[] = []
  let length = 0
  for (let index = 0; ; index++) {
    const next = part(index, number)
    length += next.length + 1
    if (length > room + 1 && index > 0) return parts.join(',')
    parts.push(next)
  }
}

/** `[[[…]]]` or `{"a":{"a":…}}`. */
export function nested(open: string, inner: string, close: string): Filler {
  return (room) => {
    const levels = Math.max(1, Math.floor((room - inner.length) / (open.length + close.length)))
    return open.repeat(levels) + inner + close.repeat(levels)
  }
}

/** A text with a hole, and what fills it. */
export function inHole(head: string, fill: Filler, tail: string): Filler {
  return (room, number) => head + fill(room - head.length - tail.length, number) + tail
}

/**
 * Texts that need care somewhere: escapes, halves of surrogate pairs, characters of several bytes, raw control
 * characters.
 */
export const specialTexts: Readonly<Record<string, string>> = {
  'escaped backslashes': '\\\\',
  'escaped quotes': '\\"',
  'escaped line ends': '\\n',
  'escaped NULs': '\\u0000',
  'escaped half surrogates': '\\ud800',
  slashes: '/',
  'escaped slashes': '\\/',
  tildes: '~',
  'letters of two bytes': 'é',
  emoji: '🔌',
  'half surrogates': '\ud800',
  'raw tabs': '\t',
  'raw NULs': '\u0000',
  'raw line ends': '\n',
  'line separators': '\u2028',
  'no-break spaces': '\u00a0',
  spaces: ' ',
  digits: '7',
  'digits and commas': '1,',
  'digits and dots': '1.',
  'digits and minus signs': '1-',
  'zeros and colons': '00:',
  'plus signs': '+',
  'letters T': 'T',
}
