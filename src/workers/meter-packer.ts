// Packs the text of a meter value: each word of OCPP becomes one or two control characters, which JSON never contains
// as they are. A third of the text is left. A text with anything else than words of OCPP, numbers and times is not
// packed, so that ids and names of people are only ever in plain text.

import { meterPieceCharactersMax, meterPiecesMax } from '../base/limits.ts'
import { codeOf } from '../ocpp/meter-words.ts'

/** Numbers and times, where a text is cut: everything between them repeats. */
const partOf = /":"?(-?\d[-+.:\dTZ]*)/g
/** What may be a word in a text whose members all have a comma before them. */
const wordLike = /\},\{|,"(?:timestamp":"|sampledValue":\[|value":"?|unitOfMeasure":\{|multiplier":|[a-z]+":"[^"]*")/g
/** Codes, and what holds a JSON text together. */
const isCoded = /^(?:[\x01-\x1e]|\x1f[0-9A-Za-z]|[{}[\],:"])*$/

/**
 * Packs texts, and keeps the pieces that it has coded. One for each thread.
 *
 * What it makes is unpacked by `meter_value_of` in PostgreSQL: codes become words, then `{,` becomes `{`, and `{` comes
 * before it all.
 */
export class MeterPacker {
  /** Null for a piece that cannot be coded. */
  readonly #pieces = new Map<string, string | null>()

  /** How many pieces are kept. */
  get pieces(): number {
    return this.#pieces.size
  }

  /** The packed text, which begins with a control character; null if `text` is to be stored as it is. */
  pack(text: string): string | null {
    let packed = ''
    let at = 0
    partOf.lastIndex = 0
    for (let found = partOf.exec(text); found !== null; found = partOf.exec(text)) {
      const part = found[1] ?? ''
      const end = partOf.lastIndex
      const coded = this.#coded(text.slice(at, end - part.length))
      if (coded === null) return null
      packed += coded + part
      at = end
    }
    const rest = this.#coded(text.slice(at))
    if (rest === null) return null
    packed += rest
    return packed.charCodeAt(0) === openingBrace && packed.charCodeAt(1) < firstPrintable ? packed.slice(1) : null
  }

  #coded(piece: string): string | null {
    const known = this.#pieces.get(piece)
    if (known !== undefined) return known
    if (piece.length > meterPieceCharactersMax) return null
    const coded = codedPiece(piece)
    // Charge points of one kind send the same few pieces: these are soon here again.
    if (this.#pieces.size >= meterPiecesMax) this.#pieces.clear()
    this.#pieces.set(piece, coded)
    return coded
  }
}

const openingBrace = 0x7b
const firstPrintable = 0x20

// Each member gets a comma, so that a word is the same wherever it stands. A text that has `{,` already could not be
// told from that.
function codedPiece(piece: string): string | null {
  if (piece.includes('{,')) return null
  const coded = piece.replaceAll('{"', '{,"').replace(wordLike, (word) => codeOf(word) ?? word)
  return isCoded.test(coded) ? coded : null
}
