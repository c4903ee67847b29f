import { describe, expect, test } from 'bun:test'
import {
  energyOf,
  hasReadingFallen,
  intervalsWh,
  needsEvidence,
  needsIntervals,
  noEvidence,
  registerFall,
} from '../../../../src/blocks/metering/energy.ts'

const stopped = {
  meterStartWh: 1_000,
  meterStopWh: 9_000,
  open: false,
  closedBy: 'station' as const,
  registerFellFromWh: null,
}
const open = { meterStartWh: 1_000, meterStopWh: null, open: true, closedBy: null, registerFellFromWh: null }

describe('the energy of a transaction', () => {
  test('is what its registers at start and stop say, whatever else was told', () => {
    const evidence = { ...noEvidence, firstRegisterWh: 0, lastRegisterWh: 50_000, intervalsWh: 7 }
    expect(energyOf(stopped, evidence)).toEqual({ consumedWh: 8_000, source: 'register', soFarWh: null })
    expect(needsEvidence(stopped)).toBe(false)
  })

  test('is what the last register of its meter values says when the stop has none', () => {
    const evidence = { ...noEvidence, lastRegisterWh: 8_500 }
    expect(energyOf({ ...stopped, meterStopWh: null }, evidence)).toMatchObject({
      consumedWh: 7_500,
      source: 'lastRegister',
    })
    expect(energyOf({ ...stopped, meterStartWh: null }, { ...evidence, firstRegisterWh: 2_000 })).toMatchObject({
      consumedWh: 7_000,
      source: 'lastRegister',
    })
  })

  test('is the sum of its intervals when there is no register at all', () => {
    const none = { ...stopped, meterStartWh: null, meterStopWh: null }
    expect(energyOf(none, { ...noEvidence, intervalsWh: 4_500 })).toMatchObject({
      consumedWh: 4_500,
      source: 'intervals',
    })
    expect(energyOf(none, noEvidence)).toEqual({ consumedWh: null, source: null, soFarWh: null })
  })

  test('is not told by one reading that would be both its start and its end, unless the start is known', () => {
    const one = { ...noEvidence, firstRegisterWh: 9_000, lastRegisterWh: 9_000, isOneReading: true }
    for (const meterStopWh of [9_000, null]) {
      const ended = { ...stopped, meterStartWh: null, meterStopWh }
      expect(energyOf(ended, one)).toEqual({ consumedWh: null, source: null, soFarWh: null })
      expect(energyOf(ended, { ...one, intervalsWh: 4_500 })).toMatchObject({ consumedWh: 4_500, source: 'intervals' })
      expect(needsIntervals(ended, one)).toBe(true)
    }
    expect(energyOf({ ...stopped, meterStopWh: null }, one)).toMatchObject({ consumedWh: 8_000 })
    expect(needsIntervals({ ...stopped, meterStopWh: null }, one)).toBe(false)
    const two = { ...one, isOneReading: false }
    expect(energyOf({ ...stopped, meterStartWh: null }, two)).toMatchObject({ consumedWh: 0, source: 'lastRegister' })
    expect(energyOf({ ...open, meterStartWh: 9_000 }, one).soFarWh).toBe(0)
    expect(energyOf({ ...open, meterStartWh: 9_000 }, { ...one, intervalsWh: 300 }).soFarWh).toBe(300)
    expect(needsIntervals({ ...open, meterStartWh: 9_000 }, one)).toBe(true)
    expect(energyOf({ ...open, meterStartWh: null }, one).soFarWh).toBeNull()
  })

  test('is not told where a register fell in the middle, unless it was a single odd reading', () => {
    const fallen = { ...stopped, registerFellFromWh: 8_000 }
    expect(needsEvidence(fallen)).toBe(true)
    const nothing = { consumedWh: null, source: null, soFarWh: null }
    expect(energyOf({ ...fallen, meterStopWh: 7_000 }, noEvidence)).toEqual(nothing)
    expect(energyOf(fallen, { ...noEvidence, fell: true })).toEqual(nothing)
    expect(energyOf(fallen, { ...noEvidence, highestRegisterWh: 9_500 })).toEqual(nothing)
    expect(energyOf(fallen, noEvidence)).toMatchObject({ consumedWh: 8_000, source: 'register' })
    const operator = { ...fallen, closedBy: 'operator' as const }
    expect(energyOf(operator, { ...noEvidence, fell: true })).toMatchObject({ consumedWh: 8_000 })
    const going = { ...open, registerFellFromWh: 8_000 }
    expect(energyOf(going, { ...noEvidence, lastRegisterWh: 7_000 }).soFarWh).toBeNull()
    expect(energyOf(going, { ...noEvidence, lastRegisterWh: 9_000 }).soFarWh).toBe(8_000)
  })

  test('is told across readings in steps of different size, which may seem to fall', () => {
    // 6.01 kWh before 6,005 Wh; 6.1 kWh before 6.01 kWh; a start of 1,005 Wh before 1.00 kWh.
    for (const [before, after] of [
      [6_010, 6_005],
      [6_100, 6_010],
      [1_005, 1_000],
    ] as const) {
      expect(hasReadingFallen(before, after)).toBe(false)
    }
    for (const [before, after] of [
      [6_005, 6_003],
      [6_010, 5_990],
      [6_100, 5_990],
      [6_000, 5_000],
    ] as const) {
      expect(hasReadingFallen(before, after)).toBe(true)
    }
    expect(hasReadingFallen(6_005, 6_004)).toBe(false)
  })

  test('is an operator’s when the operator entered the register', () => {
    expect(energyOf({ ...stopped, closedBy: 'operator' }, noEvidence)).toMatchObject({ source: 'operator' })
  })

  test('is zero when the register fell by the rounding of the station, and unknown when it fell by more', () => {
    expect(energyOf({ ...stopped, meterStopWh: 999 }, noEvidence)).toMatchObject({ consumedWh: 0, source: 'register' })
    expect(energyOf({ ...stopped, meterStopWh: 998 }, noEvidence)).toMatchObject({ consumedWh: null, source: null })
  })

  test('is told so far while it is open, and as consumed only once it has stopped', () => {
    expect(energyOf(open, { ...noEvidence, lastRegisterWh: 6_000 })).toEqual({
      consumedWh: null,
      source: null,
      soFarWh: 5_000,
    })
    expect(energyOf(open, noEvidence).soFarWh).toBeNull()
  })
})

describe('intervals', () => {
  const interval = (value: unknown, fields: object = {}) => ({
    value,
    measurand: 'Energy.Active.Import.Interval',
    ...fields,
  })
  const at = (minute: number, ...sampledValue: object[]) => ({
    sampledAt: minute,
    meterValue: { sampledValue },
  })

  test('are summed up, in their units', () => {
    const kilo = interval('1.5', { unit: 'kWh' })
    const scaled = interval(15, { unitOfMeasure: { unit: 'Wh', multiplier: 2 } })
    expect(intervalsWh([at(15, interval('1500', { unit: 'Wh' })), at(30, kilo), at(45, scaled)])).toBe(4_500)
  })

  test('are read as charge points spell them', () => {
    const spelt = interval('15', {
      measurand: 'energy. active.import.interval ',
      location: 'outlet ',
      context: 'sample.Periodic',
      phase: ' ',
      unitOfMeasure: { unit: ' WH', multiplier: '2' },
    })
    expect(intervalsWh([at(15, spelt), at(30, interval(500))])).toBe(2_000)
  })

  test('of two contexts tell the same energy twice, and count once: those that tell more', () => {
    const clock = (value: number) => interval(value, { context: 'Sample.Clock' })
    const periodic = (value: number) => interval(value, { context: 'Sample.Periodic' })
    expect(intervalsWh([at(15, clock(1_500), periodic(1_400)), at(30, clock(1_500))])).toBe(3_000)
    expect(intervalsWh([at(15, interval(5, { context: 'Trigger' })), at(30, periodic(100))])).toBe(100)
  })

  test('that were told twice count once', () => {
    expect(intervalsWh([at(15, interval(100)), at(15, interval(100)), at(30, interval(100))])).toBe(200)
  })

  test('of phases are summed up where there is no total', () => {
    const phases = [interval(10, { phase: 'L1' }), interval(20, { phase: 'L2' })]
    expect(intervalsWh([at(15, ...phases)])).toBe(30)
    expect(intervalsWh([at(15, interval(35), ...phases)])).toBe(35)
  })

  test('in a unit that is none of energy are no figure, and neither is signed data', () => {
    for (const fields of [{ unit: 'W' }, { unit: 'A' }, { unitOfMeasure: { unit: 'kW' } }, { format: 'SignedData' }]) {
      expect(intervalsWh([at(15, interval('1500', fields))])).toBeNull()
    }
    expect(intervalsWh([at(15, interval(15, { unitOfMeasure: { multiplier: 'x' } }))])).toBeNull()
  })

  test('that cannot be read, or were taken elsewhere, do not count', () => {
    expect(
      intervalsWh([at(15, interval('n/a'), interval(5, { location: 'Body' }), interval(7, { unit: 'varh' }))]),
    ).toBeNull()
    expect(intervalsWh([at(15, { value: '7', measurand: 'SoC' }), { sampledAt: 0, meterValue: {} }])).toBeNull()
  })
})

test('a fall of 1 Wh is one in kilowatt-hours, too', () => {
  expect(registerFall(1.001 * 1_000, 1 * 1_000)).toBe('rounding')
  expect(1.002 * 1_000 - 1.001 * 1_000).toBeGreaterThan(1)
  expect(registerFall(1.002 * 1_000, 1.001 * 1_000)).toBe('rounding')
  expect(registerFall(269.457 * 1_000, 269.456 * 1_000)).toBe('rounding')
  expect(registerFall(269.458 * 1_000, 269.456 * 1_000)).toBe('backwards')
})
