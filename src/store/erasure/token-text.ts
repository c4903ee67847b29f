// Finds an id token in stored text: payloads, frames, and texts that are neither. It compares whole values, never parts
// of them, and changes nothing else of the text. It reads the string literals of a text and not its grammar, so it
// finds them in what is malformed or cut, and in JSON within a string, however often it is escaped.

import { idTokenMembers } from '../../blocks/authorization/erasure.ts'
import { erasedRef } from '../fact-row.ts'
import { idKeyOf } from '../live-queries.ts'
import { isNumberMember } from './protocol-words.ts'

/** What is erased. */
export interface ErasedToken {
  /** As `idKeyOf` makes it. */
  readonly key: string
  readonly pseudonym: string
  /**
   * Whether it is a word of OCPP as well, such as `Available`. Such a value is erased only where an id token stands by
   * its name.
   */
  readonly isWord: boolean
  /** Whether this key, which is that of the token with a suffix, is another id token that is stored. */
  readonly isOther: (suffixed: string) => boolean
}

/**
 * What a text is. Of a `frame`, the message id and the action before the payload are left alone. A `path` has the
 * method and path of a request, a `code` is one of a vendor, a `ref` is the key of a fact in the ledger of the previous
 * version.
 */
export type TextKind = 'json' | 'frame' | 'value' | 'code' | 'idToken' | 'path' | 'ref'

/** A part of a text, and what takes its place. */
interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** `text` with the pseudonym in the place of the id token. The same text if it does not have it. */
export function eraseIn(text: string, kind: TextKind, token: ErasedToken): string {
  if (kind === 'path') return eraseInPath(text, token)
  if (kind === 'ref') return isRefOf(text, token) ? erasedRef(text) : text
  const member = memberOf[kind]
  const whole = member === undefined ? null : editIn(text, member, token)
  const edits = whole === null ? new Scan(text, kind === 'frame', token, 0).edits() : [whole]
  return edited(text, edits)
}

/** Columns that are one value: the member of OCPP that they are read like. */
const memberOf: Readonly<Partial<Record<TextKind, string>>> = { value: '', code: 'vendorerrorcode', idToken: 'idtoken' }

const idTagPath = /(\/api\/id-tags\/)([^\s/:]+)/g

/** Paths of requests, such as `GET /api/id-tags/USER123`. */
function eraseInPath(text: string, token: ErasedToken): string {
  return text.replace(idTagPath, (whole, path: string, name: string) =>
    idKeyOf(decodedPath(name)) === token.key ? `${path}${token.pseudonym}` : whole,
  )
}

/** Whether it is the start of a transaction with the token, which stands at its end, or before a digest. */
function isRefOf(ref: string, { key }: ErasedToken): boolean {
  if (!ref.startsWith('start:')) return false
  const lower = idKeyOf(ref)
  return lower.endsWith(`:${key}`) || lower.replace(/#-?\d+$/, '').endsWith(`:${key}`)
}

function decodedPath(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function edited(text: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return text
  let made = ''
  let at = 0
  for (const edit of edits) {
    made += text.slice(at, edit.from) + edit.text
    at = edit.to
  }
  return made + text.slice(at)
}

/** The edit of a value that is the token, or the token with a suffix where an id token stands; else null. */
function editIn(value: string, member: string, token: ErasedToken): Edit | null {
  const { key, pseudonym } = token
  // No letter is shorter in lower case.
  const isIdToken = idTokenMembers.has(member)
  if (!isIdToken && value.length > key.length) return null
  const valueKey = idKeyOf(value)
  if (valueKey === key) {
    return isIdToken || mayStandIn(member, token) ? { from: 0, to: value.length, text: pseudonym } : null
  }
  if (!isIdToken) return null
  // As `idTokenCandidates` reads it: the token, and a suffix that a charge point appends.
  const end = value.indexOf('_')
  if (end <= 0 || idKeyOf(value.slice(0, end)) !== key || token.isOther(valueKey)) return null
  return { from: 0, to: end, text: pseudonym }
}

/** Members of OCPP that hold names of other things: an equal text is no id token there. */
const ofOtherThings: ReadonlySet<string> = new Set([
  'transactionid',
  'chargepointserialnumber',
  'chargeboxserialnumber',
  'meterserialnumber',
  'serialnumber',
  'iccid',
  'imsi',
  'timestamp',
])

/** Members that hold the value of a setting, of a variable, or of any member (of a quirk): it may be any number. */
const ofSettings: ReadonlySet<string> = new Set(['value', 'attributevalue', 'actualvalue', 'sent'])

/** Codes of vendors, which are often numbers. */
const ofCodes: ReadonlySet<string> = new Set(['vendorerrorcode', 'techcode', 'statuscode'])

const number = /^[-+.\d]+$/

function mayStandIn(member: string, { isWord, key }: ErasedToken): boolean {
  if (isWord || ofOtherThings.has(member)) return false
  // Some charge points send numbers as text.
  return !number.test(key) || !(ofSettings.has(member) || ofCodes.has(member) || isNumberMember(member))
}

/** Settings and variables that hold an id token, such as `FreevendIdTag`. */
const idTokenSetting = /id_?-?(?:tag|token)|^masterpassgroupid$/i

/** JSON in a string in a string: as deep as it is searched. */
const nestingMax = 4

const quote = 34
const backslash = 92
const scalarEnd = /[\s,:[\]{}"]/g
const space = /\s*/y

/** One reading of a text. */
class Scan {
  readonly #text: string
  readonly #isFrame: boolean
  readonly #token: ErasedToken
  readonly #nesting: number
  readonly #edits: Edit[] = []
  /** The members that hold the objects and arrays around the position. */
  readonly #around: string[] = []
  /** The last member name before the position, in lower case. */
  #member = ''
  /** In the detail of a quirk: the last part of `path`, which says what `sent` is, in lower case. */
  #quirkOf = ''
  /** In a frame: how many elements have ended. */
  #element = 0
  /** If the last setting holds an id token: how many objects and arrays are around it. Else infinite. */
  #settingDepth = Number.POSITIVE_INFINITY

  constructor(text: string, isFrame: boolean, token: ErasedToken, nesting: number) {
    this.#text = text
    this.#isFrame = isFrame && /^\s*\[/.test(text)
    this.#token = token
    this.#nesting = nesting
  }

  /** In their order. */
  edits(): readonly Edit[] {
    const text = this.#text
    for (let at = 0; at < text.length;) {
      const code = text.charCodeAt(at)
      if (code === quote) at = this.#literal(at)
      else at = this.#other(at, code)
    }
    return this.#edits
  }

  /** What is no string: returns where it ends. */
  #other(at: number, code: number): number {
    switch (code) {
      case 91: // [
      case 123: // {
        this.#around.push(this.#member)
        return at + 1
      case 93: // ]
      case 125: // }
        this.#member = this.#around.pop() ?? ''
        if (this.#around.length < this.#settingDepth) this.#settingDepth = Number.POSITIVE_INFINITY
        return at + 1
      case 44: // ,
        if (this.#around.length === 1) this.#element++
        return at + 1
      case 32:
      case 10:
      case 13:
      case 9:
      case 58: // :
        return at + 1
      default:
        return this.#scalar(at)
    }
  }

  /** A number or word without quotes. Some charge points send id tokens of digits as numbers. */
  #scalar(at: number): number {
    scalarEnd.lastIndex = at
    const end = scalarEnd.exec(this.#text)?.index ?? this.#text.length
    const member = this.#meaning
    if (idTokenMembers.has(member)) {
      const edit = editIn(this.#text.slice(at, end), member, this.#token)
      if (edit !== null && edit.to === end - at) this.#edits.push({ from: at, to: end, text: `"${edit.text}"` })
    }
    // A character that ends nothing, such as one between two values.
    return Math.max(end, at + 1)
  }

  /** The string that begins at `at`; one that is cut ends with the text. Returns where it ends. */
  #literal(at: number): number {
    const { end, isEscaped } = endOfLiteral(this.#text, at + 1)
    const raw = this.#text.slice(at + 1, end)
    const after = Math.min(end + 1, this.#text.length)
    space.lastIndex = after
    space.test(this.#text)
    const isName = this.#text.charCodeAt(space.lastIndex) === 58
    const { value, places } = isEscaped ? decoded(raw) : { value: raw, places: null }
    if (isName) this.#member = idKeyOf(value)
    for (const edit of this.#editsIn(value, isName)) {
      const from = places?.[edit.from] ?? edit.from
      const to = places?.[edit.to] ?? edit.to
      // A quote of JSON in a string is escaped, like the others around it.
      this.#edits.push({ from: at + 1 + from, to: at + 1 + to, text: JSON.stringify(edit.text).slice(1, -1) })
    }
    return after
  }

  #editsIn(value: string, isName: boolean): readonly Edit[] {
    if (this.#isBeforePayload && !isName) return []
    if (this.#member === 'path') this.#quirkOf = idKeyOf(value.slice(value.lastIndexOf('/') + 1))
    if (!isName) this.#noteSetting(value)
    if (this.#isMeasured) return this.#nested(value)
    const edit = editIn(value, isName ? '' : this.#meaning, this.#token)
    return edit === null ? this.#nested(value) : [edit]
  }

  /** Whether this is the message id or the action of a frame. */
  get #isBeforePayload(): boolean {
    const isElement = this.#isFrame && this.#around.length === 1 && this.#member === ''
    return isElement && (this.#element === 1 || this.#element === 2)
  }

  /** The member that the value at the position is the value of. */
  get #meaning(): string {
    if (this.#settingDepth < Number.POSITIVE_INFINITY && ofSettings.has(this.#member)) return 'idtoken'
    return this.#member === 'sent' && idTokenMembers.has(this.#quirkOf) ? this.#quirkOf : this.#member
  }

  /** A setting of 1.6 is named beside its value, a variable of 2.x in an object beside it. */
  #noteSetting(value: string): void {
    if (this.#member !== 'key' && this.#member !== 'name') return
    const depth = this.#around.length - (this.#member === 'name' ? 1 : 0)
    this.#settingDepth = idTokenSetting.test(value) ? depth : Number.POSITIVE_INFINITY
  }

  /** Whether this is the value of a sample: a number as text. */
  get #isMeasured(): boolean {
    return this.#member === 'value' && this.#around.at(-1) === 'sampledvalue'
  }

  #nested(value: string): readonly Edit[] {
    if (this.#nesting >= nestingMax || !value.includes('"')) return []
    return new Scan(value, false, this.#token, this.#nesting + 1).edits()
  }
}

/** Where the string ends whose content begins at `from`, and whether it has escapes. */
function endOfLiteral(text: string, from: number): { readonly end: number; readonly isEscaped: boolean } {
  let isEscaped = false
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return { end: at, isEscaped }
    if (code === backslash) {
      isEscaped = true
      at++
    }
  }
  return { end: text.length, isEscaped }
}

const shortEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** The value of a string, and where each of its UTF-16 units begins in `raw`; one more says where the last one ends. */
function decoded(raw: string): { readonly value: string; readonly places: readonly number[] } {
  const places: number[] = []
  let value = ''
  for (let at = 0; at < raw.length;) {
    places.push(at)
    if (raw.charCodeAt(at) !== backslash) {
      value += raw[at]
      at++
      continue
    }
    const next = raw[at + 1] ?? ''
    const unit = next === 'u' ? /^[\da-f]{4}/i.exec(raw.slice(at + 2, at + 6)) : null
    value += unit === null ? (shortEscapes[next] ?? next) : String.fromCharCode(Number.parseInt(unit[0], 16))
    // A backslash at the end of a text that was cut stands for nothing.
    if (next === '') value += ' '
    at += unit === null ? 2 : 6
  }
  places.push(raw.length)
  return { value, places }
}
