// What a transaction costs by a price. Pure; amounts are rounded once, to the smallest unit of the currency.

import type { Price } from './cost-records.ts'

/** What was used. */
export interface Usage {
  /** Null: not known. */
  readonly energyWh: number | null
  readonly seconds: number
}

/** The cost of `usage`; null if the energy has a price and is not known. */
export function costBy(
  { currency, perKwh, perMinute, perSession }: Price,
  { energyWh, seconds }: Usage,
): number | null {
  if (energyWh === null && perKwh !== 0) return null
  return rounded(perSession + (perKwh * (energyWh ?? 0)) / 1_000 + (perMinute * seconds) / 60, currency)
}

/** Digits of the smallest unit of currencies that do not have two (ISO 4217). */
const digitsOf: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    [
      'BIF',
      'CLP',
      'DJF',
      'GNF',
      'ISK',
      'JPY',
      'KMF',
      'KRW',
      'PYG',
      'RWF',
      'UGX',
      'VND',
      'VUV',
      'XAF',
      'XOF',
      'XPF',
    ].map((currency) => [currency, 0]),
  ),
  ...Object.fromEntries(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((currency) => [currency, 3])),
}

/** Fifteen digits are exact in a double: the error of the sum is cut off before halves are rounded up. */
function rounded(amount: number, currency: string): number {
  const unit = 10 ** (Object.hasOwn(digitsOf, currency) ? (digitsOf[currency] ?? 2) : 2)
  return Math.round(Number((amount * unit).toPrecision(15))) / unit
}

/** Energy between two registers; null if one is missing, or if the meter fell by more than 1 Wh. */
export function energyBetween(startWh: number | null, endWh: number | null): number | null {
  if (startWh === null || endWh === null || endWh < startWh - 1) return null
  return Math.max(0, endWh - startWh)
}
