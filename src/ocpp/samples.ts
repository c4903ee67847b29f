// Notes quirks of sampled values: numbers sent as text in a nonstandard spelling. The schemas of 1.6 allow any text as
// a value, so schema validation does not find them.

import { isObject, type JsonObject } from '../base/json.ts'
import { mayBeNonstandardNumber, numberQuirk, withoutSpaces } from './number-text.ts'
import type { QuirkCode } from './quirks.ts'

/** Fields that contain meter values. */
const meterFields = ['meterValue', 'transactionData'] as const

/** Whether a sample is about energy; a sample without a measurand is the energy register (1.6 §7.43, and 2.x). */
export function isEnergy({ measurand }: JsonObject): boolean {
  if (measurand === undefined) return true
  if (typeof measurand !== 'string' || measurand.length > measurandCharactersMax) return false
  return measurand.startsWith('Energy.') || withoutSpaces(measurand).toLowerCase().startsWith('energy.')
}

/** Longer than any measurand, including added spaces. */
const measurandCharactersMax = 255

/**
 * Whether a sample of a valid payload has a number in a nonstandard spelling. Fast, since it runs for every message.
 */
export function hasNonstandardNumber({ meterValue, transactionData }: JsonObject): boolean {
  return hasOddSample(meterValue) || hasOddSample(transactionData)
}

function hasOddSample(values: unknown): boolean {
  if (!Array.isArray(values)) return false
  for (const value of values) {
    const samples: unknown = value?.sampledValue
    if (!Array.isArray(samples)) continue
    for (const sample of samples) if (isObject(sample) && quirkOf(sample) !== null) return true
  }
  return false
}

function quirkOf(sample: JsonObject): QuirkCode | null {
  const { value } = sample
  if (typeof value !== 'string' || !mayBeNonstandardNumber(value) || sample.format === 'SignedData') return null
  return numberQuirk(value, isEnergy(sample))
}

/** Notes numbers sent as text in a nonstandard spelling. They are not changed. */
export function noteNumbers(
  payload: JsonObject,
  note: (code: QuirkCode, pointer: string, path: () => string, sent: unknown) => void,
): void {
  for (const field of meterFields) {
    const values = payload[field]
    if (!Array.isArray(values)) continue
    const pointer = `/${field}/*/sampledValue/*/value`
    for (const [valueAt, value] of values.entries()) {
      const samples: unknown = value?.sampledValue
      if (!Array.isArray(samples)) continue
      for (const [sampleAt, sample] of samples.entries()) {
        const code = isObject(sample) ? quirkOf(sample) : null
        if (code !== null)
          note(code, pointer, () => `/${field}/${valueAt}/sampledValue/${sampleAt}/value`, sample.value)
      }
    }
  }
}
