// Parses numbers that were sent as text, as charge points write them: with a decimal comma, thousands separators or
// spaces. Linear in the text. An ambiguous figure of energy is not parsed.

import type { QuirkCode } from './quirks.ts'

/** Longer than any spelling of a number. */
const numberCharactersMax = 1_000

/** `12,345`: in an energy register the comma may be a decimal comma or a thousands separator. */
const thousandsOrDecimals = /^[+-]?\d*,\d{3}$/
const decimalComma = /^[+-]?\d*,\d+$/
const commasBetweenThousands = /^[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})$/
const pointsBetweenThousands = /^[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})$/
const commaOrSpace = /,|\S\s+\S/
const comma = 44
const space = 32
const ascii = 127

/**
 * The number in `text`; NaN if there is none.
 *
 * @param isEnergy whether it is a figure of energy: then `12,345` is NaN.
 */
export function numberOf(text: string, isEnergy: boolean): number {
  const plain = Number(text)
  if (!Number.isNaN(plain)) return Number.isFinite(plain) && (plain !== 0 || text.trim() !== '') ? plain : Number.NaN
  if (text.length > numberCharactersMax) return Number.NaN
  const squeezed = withoutSpaces(text)
  if (squeezed === '') return Number.NaN
  if (isEnergy && thousandsOrDecimals.test(squeezed)) return Number.NaN
  const number = Number(pointed(squeezed))
  return Number.isFinite(number) ? number : Number.NaN
}

/**
 * `number` in a unit that is `factor` times smaller, with decimal rounding: 2081.892 kWh are 2081892 Wh, not
 * 2081891.9999999998 as in binary arithmetic. Rounded to 15 digits, which every decimal number keeps.
 */
export function inSmallerUnit(number: number, factor: number): number {
  return factor === 1 ? number : Number((number * factor).toPrecision(15))
}

/** The quirk in the spelling of a number; null if there is none, or `text` is not a number. */
export function numberQuirk(text: string, isEnergy: boolean): QuirkCode | null {
  if (text.length > numberCharactersMax || !commaOrSpace.test(text)) return null
  if (isEnergy && thousandsOrDecimals.test(withoutSpaces(text))) return 'numberAmbiguous'
  if (Number.isNaN(numberOf(text, isEnergy))) return null
  return text.includes(',') ? 'decimalComma' : 'straySpace'
}

/**
 * Whether `numberQuirk` must be called: the text contains a comma, a space or a non-ASCII character. Every sample is
 * checked here, and a loop over a few digits is cheaper than a regular expression.
 */
export function mayBeNonstandardNumber(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === comma || code <= space || code > ascii) return true
  }
  return false
}

/** `text` without any space, non-breaking and thin ones included. */
export function withoutSpaces(text: string): string {
  return text.replaceAll(/\s+/g, '')
}

function pointed(text: string): string {
  if (decimalComma.test(text)) return text.replace(',', '.')
  if (commasBetweenThousands.test(text)) return text.replaceAll(',', '')
  return pointsBetweenThousands.test(text) ? text.replaceAll('.', '').replace(',', '.') : text
}
