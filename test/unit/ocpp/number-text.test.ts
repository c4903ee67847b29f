import { describe, expect, test } from 'bun:test'
import { numberOf, numberQuirk } from '../../../src/ocpp/number-text.ts'

describe('a number that came as text', () => {
  test.each([
    ['5000', 5000, null],
    [' 5000 ', 5000, null],
    ['-1.5e3', -1500, null],
    ['16,5', 16.5, 'decimalComma'],
    ['-16,55', -16.55, 'decimalComma'],
    ['12,3456', 12.3456, 'decimalComma'],
    ['1,234,567', 1_234_567, 'decimalComma'],
    ['1,234.5', 1234.5, 'decimalComma'],
    ['1.234,5', 1234.5, 'decimalComma'],
    ['230. 5', 230.5, 'straySpace'],
    ['12 345', 12_345, 'straySpace'],
    ['12\u00A0345', 12_345, 'straySpace'],
    ['12 345,5', 12_345.5, 'decimalComma'],
  ] as const)('%p is read, whatever it is a figure of', (text, number, quirk) => {
    for (const isEnergy of [true, false]) {
      expect(numberOf(text, isEnergy)).toBe(number)
      expect(numberQuirk(text, isEnergy)).toBe(quirk)
    }
  })

  test.each(['12,345', '-1,000', '120,500', '12, 345', '0,345', '1234,567', '12 345,500'])(
    '%p is not read as energy: the comma may be either',
    (text) => {
      expect(numberOf(text, true)).toBeNaN()
      expect(numberQuirk(text, true)).toBe('numberAmbiguous')
    },
  )

  test('is read with three decimals where it is not energy', () => {
    expect(numberOf('12,345', false)).toBe(12.345)
    expect(numberQuirk('12,345', false)).toBe('decimalComma')
  })

  test.each(['', ' ', ',', '16,', '1,2,3', '12,345,67', '5 kWh', 'n/a', '1e400', 'OCMF|{"a": 1, "b": 2}'])(
    '%p says none, and nothing is odd about that',
    (text) => {
      expect(numberOf(text, false)).toBeNaN()
      expect(numberQuirk(text, false)).toBeNull()
    },
  )

  test('is read in time that grows with the text alone', () => {
    for (const text of ['1,'.repeat(500_000), '1 '.repeat(500_000), `1${' '.repeat(1_000_000)}x`]) {
      expect(numberOf(text, true)).toBeNaN()
      expect(numberQuirk(text, true)).toBeNull()
    }
  })
})
