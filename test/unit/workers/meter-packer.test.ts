import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { meterPiecesMax } from '../../../src/base/limits.ts'
import { tables } from '../../../src/blocks/messages.ts'
import { codeOf, frequentWords, seldomWords } from '../../../src/ocpp/meter-words.ts'
import { unpackedText } from '../../../src/store/meter-text.ts'
import { MeterPacker } from '../../../src/workers/meter-packer.ts'
import { hostileMeterValues, ordinaryMeterValues } from '../../support/odd-meter-values.ts'
import { meterValueFunction } from '../../support/meter-value-function.ts'

describe('packed meter values', () => {
  test.each(Object.entries(ordinaryMeterValues))('%s is packed, and comes back as it was', (_, value) => {
    const text = JSON.stringify(value)
    const packed = new MeterPacker().pack(text) ?? ''
    expect(unpackedText(packed)).toBe(text)
    expect(packed.length).toBeLessThan(text.length / 2)
    // That is how a packed text is told from JSON.
    expect(packed < ' ').toBe(true)
  })

  test('what is not packed stays as it is, and what is packed comes back: hostile meter values', () => {
    const packer = new MeterPacker()
    for (const value of hostileMeterValues(5_000)) {
      const text = JSON.stringify(value)
      const packed = packer.pack(text)
      if (packed !== null) expect(unpackedText(packed)).toBe(text)
    }
  })

  test.each([
    ['an id token in place of a unit', { unit: '04A1B2C3' }],
    ['an id token of digits in place of a unit', { unit: '12345678' }],
    ['an id token in place of a value', { value: '04A1B2C3' }],
    ['a member of a vendor', { vendorIdTag: '12345678' }],
    ['a number in a member of a vendor', { vendorIdTag: 12_345_678 }],
    ['a signature', { format: 'SignedData', value: 'AP;0;3;ALCV3ABBBISHMA2RYEGAZE3HV5YQBQRAEHAR2MN' }],
  ])('%s is not packed', (_, more) => {
    const value = { timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: '1', ...more }] }
    expect(new MeterPacker().pack(JSON.stringify(value))).toBeNull()
  })

  test('all but words of OCPP, numbers and times is plain text', () => {
    const packer = new MeterPacker()
    for (const value of hostileMeterValues(5_000)) {
      const packed = packer.pack(JSON.stringify(value))
      if (packed !== null) expect(packed).toMatch(/^(?:[\x01-\x1e]|\x1f[0-9A-Za-z]|[-+.:\dTZ{}[\],"])*$/)
    }
  })

  test('a charge point that sends other pieces each time fills no memory, and pushes nobody out', () => {
    const packer = new MeterPacker()
    const odd = (n: number) =>
      JSON.stringify({ timestamp: '2026-01-01T00:00:00Z', ['x'.repeat(1 + (n % 400))]: `${n}x` })
    const text = JSON.stringify(ordinaryMeterValues['1.6, three samples'])
    for (let n = 0; n < 3 * meterPiecesMax; n++) {
      expect(packer.pack(odd(n))).toBeNull()
      expect(packer.pieces).toBeLessThanOrEqual(meterPiecesMax)
    }
    expect(packer.pack(text)).not.toBeNull()
  })
})

describe('the words of meter values', () => {
  test('each has a code of its own', () => {
    const all = [...frequentWords, ...seldomWords]
    expect(new Set(all.map(({ word }) => word)).size).toBe(all.length)
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length)
    for (const { code } of frequentWords) expect(code).toMatch(/^[\x01-\x1e]$/)
    for (const { code } of seldomWords) expect(code).toMatch(/^\x1f[0-9A-Za-z]$/)
  })

  test.each(['1.6', '2.0.1'] as const)('every word of the enumerations of a SampledValue in %s has one', (version) => {
    const words = wordsOf(tables[version]['MeterValues']?.request)
    expect(words.length).toBeGreaterThan(40)
    expect(words.filter((word) => codeOf(word) === undefined)).toEqual([])
  })

  test('PostgreSQL has the same', () => {
    const migration = readFileSync(new URL('../../../drizzle/0045_packed_meter_values.sql', import.meta.url), 'utf8')
    expect(migration).toContain(meterValueFunction)
  })
})

/** By the name of a member, or of its type. */
const members: Readonly<Record<string, string>> = {
  ...{ context: 'context', measurand: 'measurand', phase: 'phase', location: 'location', unit: 'unit' },
  ...{ ReadingContextEnumType: 'context', MeasurandEnumType: 'measurand' },
  ...{ PhaseEnumType: 'phase', LocationEnumType: 'location' },
}

/** The members with an enumeration anywhere in a schema, each with its words. */
function wordsOf(schema: unknown, name = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, part]) => {
    const member = members[name]
    if (key !== 'enum' || !Array.isArray(part)) return wordsOf(part, key)
    return member === undefined ? [] : part.map((word) => `,"${member}":"${word}"`)
  })
}
