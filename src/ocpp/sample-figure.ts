// The figure of a sampled value of any version: its number in the unit in which figures of its kind are kept.

import { inSmallerUnit, numberOf, withoutSpaces } from './number-text.ts'

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Factors by which a unit becomes the unit of its column. */
const unitFactors: ReadonlyMap<string, number> = new Map([
  ['Wh', 1],
  ['kWh', 1000],
  ['W', 1],
  ['kW', 1000],
  ['A', 1],
  ['V', 1],
  ['Percent', 1],
  ['%', 1],
])
const unitFactorsInLowerCase: ReadonlyMap<string, number> = new Map(
  [...unitFactors].map(([unit, factor]) => [unit.toLowerCase(), factor]),
)
/** No unit is as long, however many spaces a charge point puts into it. */
const unitCharactersMax = 255

function unitFactor(unit: string): number {
  const factor = unitFactors.get(unit)
  if (factor !== undefined || unit.length > unitCharactersMax) return factor ?? Number.NaN
  return unitFactorsInLowerCase.get(withoutSpaces(unit).toLowerCase()) ?? Number.NaN
}

/** Value of a sampled value in its column's unit (Wh, W, A, V or %); NaN when it is not a finite number in a known unit. */
export function figureOf(sample: Json, unitDefault: string): number {
  if (sample.format === 'SignedData') return Number.NaN
  const { value } = sample
  const isEnergy = unitDefault === 'Wh'
  const number = typeof value === 'number' ? value : typeof value === 'string' ? numberOf(value, isEnergy) : Number.NaN
  if (Number.isNaN(number)) return Number.NaN
  const measure = isObject(sample.unitOfMeasure) ? sample.unitOfMeasure : sample
  const { unit } = measure
  const factor = typeof unit !== 'string' || unit === unitDefault ? 1 : unitFactor(unit)
  const exponent = measure !== sample && typeof measure.multiplier === 'number' ? 10 ** measure.multiplier : 1
  const inUnit = inSmallerUnit(number, factor * exponent)
  return Number.isFinite(inUnit) ? inUnit : Number.NaN
}
