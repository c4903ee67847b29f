// The lenient mode for malformed JSON. It repairs errors with an obvious meaning (a missing value, an extra comma, a
// bare NaN, a list that is closed but never opened). It never completes a truncated frame: half a number looks like a
// whole one. It reads the text once, from left to right, and gives up after `textRepairsMax` repairs.

import { textRepairsMax } from '../base/limits.ts'

const bareWords: Readonly<Record<string, string>> = {
  NaN: 'null',
  nan: 'null',
  Infinity: 'null',
  undefined: 'null',
  None: 'null',
  True: 'true',
  False: 'false',
}

/** `text` repaired to JSON; null if it needs no repair or cannot be repaired. Linear in the text. */
export function repairText(text: string): string | null {
  const repaired = new TextRepair(text).frame()
  if (repaired === null || repaired === text) return null
  try {
    JSON.parse(repaired)
    return repaired
  } catch {
    return null
  }
}

/** Repairs one text, token by token. A string is one token. */
class TextRepair {
  readonly #text: string
  readonly #repaired: string[] = []
  #repairs = 0

  constructor(text: string) {
    this.#text = text
  }

  /**
   * The frame at the beginning of the text; null if a string does not end, or too many repairs are needed.
   */
  frame(): string | null {
    let depth = 0
    for (let at = 0; at < this.#text.length;) {
      const end = tokenEnd(this.#text, at)
      if (end === null) return null
      const token = this.#text.slice(at, end)
      at = end
      if (isBlank(token)) continue
      if (token === ']' && this.#repaired.at(-1) === ':') {
        // The end of a list cannot be the value of a field: it is an empty list without its beginning.
        this.#push('[]', token)
        continue
      }
      this.#add(token)
      if (this.#repairs > textRepairsMax) return null
      if (token === '[' || token === '{') depth++
      else if (token === ']' || token === '}') {
        depth--
        // Text after the end of the frame is ignored.
        if (depth === 0) break
      }
    }
    return this.#repaired.join('')
  }

  #add(token: string): void {
    const repaired = this.#repaired
    const previous = repaired.at(-1)
    const isEnd = token === ',' || token === '}' || token === ']'
    if (isEnd && previous === ':') this.#push('null', '')
    else if (isEnd && previous === ',') {
      repaired.pop()
      this.#repairs++
    } else if (token === ',' && (previous === '[' || previous === '{')) {
      this.#repairs++
      return
    }
    this.#push(token.startsWith('"') ? this.#string(token) : repairWord(token), token)
  }

  #push(repaired: string, token: string): void {
    if (repaired !== token) this.#repairs++
    this.#repaired.push(repaired)
  }

  #string(token: string): string {
    return token.replaceAll(/[\u0000-\u001F]/g, (character) => {
      this.#repairs++
      return this.#repairs > textRepairsMax ? character : escapeControl(character)
    })
  }
}

/** The end of the token that begins at `from`; null for a string that does not end. White space is a token too. */
function tokenEnd(text: string, from: number): number | null {
  if (text[from] === '"') return stringEnd(text, from)
  const isBlankToken = isBlank(text[from] ?? '')
  if (!isBlankToken && isMark(text[from] ?? '')) return from + 1
  let at = from + 1
  for (let next = text[at]; next !== undefined; next = text[++at]) {
    if (next === '"' || isMark(next) || isBlank(next) !== isBlankToken) break
  }
  return at
}

function stringEnd(text: string, from: number): number | null {
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '"') return at + 1
    if (character === '\\') at++
  }
  return null
}

function isMark(character: string): boolean {
  return (
    character === '[' ||
    character === ']' ||
    character === '{' ||
    character === '}' ||
    character === ',' ||
    character === ':'
  )
}

/** White space, and what some firmware puts around a frame: a byte order mark, or a NUL. */
function isBlank(token: string): boolean {
  const code = token.charCodeAt(0)
  return code === 0 || code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0xfeff
}

// Some firmware prints numbers with plus signs, leading zeros or a bare point.
const printedNumber = /^([+-]?)(\d*)(\.\d*)?$/

function repairWord(token: string): string {
  const number = printedNumber.exec(token)
  if (number !== null && /\d/.test(token)) {
    const [, sign, digits = '', fraction = ''] = number
    const whole = withoutLeadingZeros(digits)
    return `${sign === '-' ? '-' : ''}${whole}${fraction === '.' ? '' : fraction}`
  }
  return Object.hasOwn(bareWords, token) ? (bareWords[token] ?? token) : token
}

function withoutLeadingZeros(digits: string): string {
  let at = 0
  while (at < digits.length - 1 && digits[at] === '0') at++
  return digits === '' ? '0' : digits.slice(at)
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
