// The number of a sampled value of any version, in the unit of its column.

import { isObject, type JsonObject } from '../base/json.ts'
import { inSmallerUnit, numberOf, withoutSpaces } from './number-text.ts'

/** Factors from a unit to the unit of its column. */
interface Units {
  readonly asSpelt: ReadonlyMap<string, number>
  readonly inLowerCase: ReadonlyMap<string, number>
}

function unitsOf(factors: Readonly<Record<string, number>>): Units {
  const units = Object.entries(factors)
  return { asSpelt: new Map(units), inLowerCase: new Map(units.map(([unit, factor]) => [unit.toLowerCase(), factor])) }
}

// A unit of power or current is not accepted for energy, whatever the measurand.
const unitsOfEnergy = unitsOf({ Wh: 1, kWh: 1000 })
const otherUnits = unitsOf({ W: 1, kW: 1000, A: 1, V: 1, Percent: 1, '%': 1, Wh: 1, kWh: 1000 })
/** Longer than any unit, including added spaces. */
const unitCharactersMax = 255

function unitFactor(unit: string, { asSpelt, inLowerCase }: Units): number {
  const factor = asSpelt.get(unit)
  if (factor !== undefined || unit.length > unitCharactersMax) return factor ?? Number.NaN
  return inLowerCase.get(withoutSpaces(unit).toLowerCase()) ?? Number.NaN
}

/** The power of ten of a 2.x sample; NaN if it is unreadable. */
function exponentOf(multiplier: unknown): number {
  if (typeof multiplier === 'string') return numberOf(multiplier, false)
  return typeof multiplier === 'number' ? multiplier : 0
}

/**
 * Value of a sampled value in its column's unit (Wh, W, A, V or %); NaN unless it is a finite number in a known unit.
 */
export function figureOf(sample: JsonObject, unitDefault: string): number {
  if (sample.format === 'SignedData') return Number.NaN
  const { value } = sample
  const isEnergy = unitDefault === 'Wh'
  const number = typeof value === 'number' ? value : typeof value === 'string' ? numberOf(value, isEnergy) : Number.NaN
  if (Number.isNaN(number)) return Number.NaN
  const measure = isObject(sample.unitOfMeasure) ? sample.unitOfMeasure : sample
  const { unit } = measure
  const factor =
    typeof unit !== 'string' || unit === unitDefault ? 1 : unitFactor(unit, isEnergy ? unitsOfEnergy : otherUnits)
  const scale = measure === sample ? 1 : 10 ** exponentOf(measure.multiplier)
  const inUnit = inSmallerUnit(number, factor * scale)
  return Number.isFinite(inUnit) ? inUnit : Number.NaN
}
