// Reads numbers that came as text, the way charge points write them: with a decimal comma, with marks between
// thousands, with spaces inside. Linear in the text. What can be read in two ways is not read where it is about energy.

import type { QuirkCode } from './quirks.ts'

/** No number is written as long. */
const numberCharactersMax = 1_000

/** `12,345`: in an energy register the comma may be a decimal comma or stand between thousands. */
const thousandsOrDecimals = /^[+-]?\d*,\d{3}$/
const decimalComma = /^[+-]?\d*,\d+$/
const commasBetweenThousands = /^[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})$/
const pointsBetweenThousands = /^[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})$/
const commaOrSpace = /,|\S\s+\S/
const comma = 44
const space = 32
const ascii = 127

/**
 * The number that `text` says; NaN when it says none.
 *
 * @param isEnergy whether it is a figure of energy: then `12,345` says none.
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
 * `number` in a unit that is `factor` times smaller, as a decimal calculation has it: 2081.892 kWh are 2081892 Wh, where binary
 * fractions have 2081891.9999999998. Of 15 digits, as many as every decimal number keeps.
 */
export function inSmallerUnit(number: number, factor: number): number {
  return factor === 1 ? number : Number((number * factor).toPrecision(15))
}

/** What is odd about the spelling of a number; null when nothing is, and for a text that is no number. */
export function numberQuirk(text: string, isEnergy: boolean): QuirkCode | null {
  if (text.length > numberCharactersMax || !commaOrSpace.test(text)) return null
  if (isEnergy && thousandsOrDecimals.test(withoutSpaces(text))) return 'numberAmbiguous'
  if (Number.isNaN(numberOf(text, isEnergy))) return null
  return text.includes(',') ? 'decimalComma' : 'straySpace'
}

/**
 * Whether `numberQuirk` is worth asking: the text has a comma, a space, or what is not ASCII. Every sample passes here,
 * and a loop over a few digits is cheaper than an expression.
 */
export function mayBeOddNumber(text: string): boolean {
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
