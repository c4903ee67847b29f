// Meter values as charge points send them, and as nobody should: what is packed has to come back to the letter.

import { Random } from './random.ts'

const timestamp = '2026-11-28T20:15:30.250Z'
const register = { measurand: 'Energy.Active.Import.Register' }

/** Those that are packed, by what they are. */
export const ordinaryMeterValues = {
  '1.6, three samples': {
    timestamp,
    sampledValue: [
      { value: '1083', context: 'Sample.Periodic', format: 'Raw', ...register, unit: 'Wh' },
      { value: '14.1', measurand: 'Current.Import', unit: 'A', phase: 'L1' },
      { value: '230', measurand: 'Voltage', unit: 'V', phase: 'L1-N', location: 'Outlet' },
    ],
  },
  '1.6, words that are seldom': {
    timestamp: '2026-11-28T20:15:30+01:00',
    sampledValue: [
      { value: '-0.95', context: 'Interruption.Begin', measurand: 'Power.Factor', phase: 'L1-L2', location: 'Inlet' },
      { value: '41', measurand: 'Temperature', unit: 'Celcius', location: 'Body' },
    ],
  },
  '2.0.1, three samples': {
    timestamp,
    sampledValue: [
      { value: 1083.25, context: 'Transaction.Begin', ...register, unitOfMeasure: { unit: 'Wh' } },
      { value: 14.1, measurand: 'Current.Import', phase: 'L1', unitOfMeasure: { unit: 'A', multiplier: 0 } },
      { value: -7, measurand: 'Power.Reactive.Import', unitOfMeasure: { unit: 'kvar', multiplier: -3 } },
    ],
  },
  'members by name': {
    sampledValue: [
      { context: 'Sample.Periodic', ...register, unit: 'Wh', value: '5' },
      { measurand: 'Voltage', unit: 'V', value: '230' },
    ],
    timestamp,
  },
  'an empty value': { timestamp, sampledValue: [{ value: '', ...register, unit: 'kWh' }] },
} as const

const names = [
  'value',
  'timestamp',
  'sampledValue',
  'unit',
  'phase',
  'measurand',
  'unitOfMeasure',
  'multiplier',
  'id',
  '',
  '{',
]
const texts = [
  '1',
  '-2.5',
  '2026-01-01T00:00:00Z',
  'Wh',
  'L1',
  'Voltage',
  'TAG',
  '',
  '"',
  '\\',
  '{,',
  ',',
  '},{',
  '1"',
  '1,2',
  ':"1',
]
const odd = [
  '\u0001',
  '\u001f0',
  '\u0000',
  '\ud800',
  '\udfff',
  '\u2028',
  'ä€😀',
  '{,"value":"',
  ',"unit":"Wh"',
  '\u0001{',
  'e5',
  '1e5',
]

/** `count` of them, the same each time. */
export function hostileMeterValues(count: number): Record<string, unknown>[] {
  const random = new Random(47)
  const text = (): string => random.pick(random.chance(0.8) ? texts : odd)
  const value = (depth: number): unknown => {
    if (depth === 0 || random.chance(0.5)) {
      return random.chance(0.7) ? text() : random.pick<unknown>([0, -1.5, 1e21, 1e-7, true, null, [], {}])
    }
    return random.chance(0.3) ? [value(depth - 1), value(depth - 1)] : object(depth - 1)
  }
  const object = (depth: number): Record<string, unknown> =>
    Object.fromEntries(
      Array.from({ length: 1 + random.below(4) }, () => [
        random.chance(0.9) ? random.pick(names) : text(),
        random.chance(0.3) ? text() : value(depth),
      ]),
    )
  const ordinary = Object.values(ordinaryMeterValues)
  return Array.from({ length: count }, () => {
    if (random.chance(0.3)) return object(3)
    const base: Record<string, unknown> = structuredClone(random.pick<Record<string, unknown>>(ordinary))
    const samples = base['sampledValue'] as Record<string, unknown>[]
    const sample = random.pick(samples)
    sample[random.pick(names)] = value(1)
    return base
  })
}
