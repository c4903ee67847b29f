// Packs the text of a meter value: each word of OCPP becomes one or two control characters, which JSON never contains
// as they are. A quarter of the text is left. A text with anything else than words of OCPP, numbers and times is not
// packed, so that ids and names of people are only ever in plain text.

import { meterPieceCharactersMax, meterPiecesMax } from '../base/limits.ts'
import { codeOf } from '../ocpp/meter-words.ts'

/** Numbers and times, where a text is cut: what is between them repeats. */
const partOf = /":"?(-?\d[-+.:\dTZ]*)/g
/** What may be a word in a text whose members all have a comma before them. */
const wordLike = /\},\{|,"(?:timestamp":"|sampledValue":\[|value":"?|unitOfMeasure":\{|multiplier":|[a-z]+":"[^"]*")/g
/** Codes, and what holds a JSON text together. */
const isCoded = /^(?:[\x01-\x1e]|\x1f[0-9A-Za-z]|[{}[\],:"])*$/

/** What is before, between or after the numbers and times of a text. */
interface Piece {
  readonly text: string
  /** Null if it cannot be coded. */
  readonly coded: string | null
  /** What came after it last time. Nearly always it comes again, and costs no search. */
  next: Piece | null
}

/**
 * Packs texts, and keeps the pieces that it has coded. One for each thread.
 *
 * What it makes is unpacked by `meter_value_of` in PostgreSQL: codes become words, and then `{,` becomes `{`.
 */
export class MeterPacker {
  readonly #pieces = new Map<string, Piece>()
  readonly #start: Piece = { text: '', coded: '', next: null }

  /** How many pieces are kept. */
  get pieces(): number {
    return this.#pieces.size
  }

  /** The packed text, which begins with a control character; null if `text` is to be stored as it is. */
  pack(text: string): string | null {
    let packed = ''
    let at = 0
    let before = this.#start
    while (true) {
      const piece = isNext(before.next, text, at) ? before.next : this.#search(text, at)
      if (piece === null || piece.coded === null) return null
      before.next = piece
      packed += piece.coded
      at += piece.text.length
      if (at === text.length) break
      const from = at
      while (isOfPart(text.charCodeAt(at))) at++
      packed += text.slice(from, at)
      before = piece
    }
    // The brace that every text begins with is left out.
    return packed.charCodeAt(0) === brace && packed.charCodeAt(1) < firstPrintable ? packed.slice(1) : null
  }

  /** The piece of `text` that begins at `at`; null if it is too long. */
  #search(text: string, at: number): Piece | null {
    partOf.lastIndex = at
    const part = partOf.exec(text)?.[1]
    const end = part === undefined ? text.length : partOf.lastIndex - part.length
    if (end - at > meterPieceCharactersMax) return null
    const piece = text.slice(at, end)
    const known = this.#pieces.get(piece)
    if (known !== undefined) return known
    // Charge points of one kind send the same few pieces: these are soon here again.
    if (this.#pieces.size >= meterPiecesMax) {
      this.#pieces.clear()
      this.#start.next = null
    }
    const found: Piece = { text: piece, coded: codedPiece(piece), next: null }
    this.#pieces.set(piece, found)
    return found
  }
}

/** Whether `piece` is the one at `at`: a number or a time follows, or the end. */
function isNext(piece: Piece | null, text: string, at: number): piece is Piece {
  if (piece === null || !text.startsWith(piece.text, at)) return false
  const end = at + piece.text.length
  return end === text.length || beginsPart(text.charCodeAt(end))
}

const brace = 0x7b
const firstPrintable = 0x20
const minus = 0x2d
const colon = 0x3a

function beginsPart(code: number): boolean {
  return code === minus || (code >= 0x30 && code <= 0x39)
}

/** As in `partOf`: `-`, `.`, digits, `:`, `+`, `T` and `Z`. */
function isOfPart(code: number): boolean {
  return (code >= minus && code <= colon && code !== 0x2f) || code === 0x2b || code === 0x54 || code === 0x5a
}

// Each member gets a comma, so that a word is the same wherever it stands. A text that has `{,` already could not be
// told from that.
function codedPiece(piece: string): string | null {
  if (piece.includes('{,')) return null
  const coded = piece.replaceAll('{"', '{,"').replace(wordLike, (word) => codeOf(word) ?? word)
  return isCoded.test(coded) ? coded : null
}
