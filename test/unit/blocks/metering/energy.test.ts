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
  test('is the difference of its registers at start and stop, if both are known', () => {
    const evidence = { ...noEvidence, firstRegisterWh: 0, lastRegisterWh: 50_000, intervalsWh: 7 }
    expect(energyOf(stopped, evidence)).toEqual({ consumedWh: 8_000, source: 'register', soFarWh: null })
    expect(needsEvidence(stopped)).toBe(false)
  })

  test('uses the registers of its meter values where the start or the stop has none', () => {
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

  test('is the sum of its intervals if there is no register', () => {
    const none = { ...stopped, meterStartWh: null, meterStopWh: null }
    expect(energyOf(none, { ...noEvidence, intervalsWh: 4_500 })).toMatchObject({
      consumedWh: 4_500,
      source: 'intervals',
    })
    expect(energyOf(none, noEvidence)).toEqual({ consumedWh: null, source: null, soFarWh: null })
  })

  test('is unknown if the same reading would be start and end, unless the start is known', () => {
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

  test('is unknown if a register fell in the middle, unless it was a single low reading', () => {
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

  test('is known if a reading only seems to fall because it is rounded to another step', () => {
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

  test('has the source operator if an operator entered the register', () => {
    expect(energyOf({ ...stopped, closedBy: 'operator' }, noEvidence)).toMatchObject({ source: 'operator' })
  })

  test('is zero if the register fell by rounding, and unknown if it fell by more', () => {
    expect(energyOf({ ...stopped, meterStopWh: 999 }, noEvidence)).toMatchObject({ consumedWh: 0, source: 'register' })
    expect(energyOf({ ...stopped, meterStopWh: 998 }, noEvidence)).toMatchObject({ consumedWh: null, source: null })
  })

  test('is the energy so far while it is open, and the energy consumed only once it has stopped', () => {
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

  test('are added up after conversion to Wh', () => {
    const kilo = interval('1.5', { unit: 'kWh' })
    const scaled = interval(15, { unitOfMeasure: { unit: 'Wh', multiplier: 2 } })
    expect(intervalsWh([at(15, interval('1500', { unit: 'Wh' })), at(30, kilo), at(45, scaled)])).toBe(4_500)
  })

  test('are read in any letter case and with stray spaces', () => {
    const spelt = interval('15', {
      measurand: 'energy. active.import.interval ',
      location: 'outlet ',
      context: 'sample.Periodic',
      phase: ' ',
      unitOfMeasure: { unit: ' WH', multiplier: '2' },
    })
    expect(intervalsWh([at(15, spelt), at(30, interval(500))])).toBe(2_000)
  })

  test('of two contexts contain the same energy: the context with the greater sum counts', () => {
    const clock = (value: number) => interval(value, { context: 'Sample.Clock' })
    const periodic = (value: number) => interval(value, { context: 'Sample.Periodic' })
    expect(intervalsWh([at(15, clock(1_500), periodic(1_400)), at(30, clock(1_500))])).toBe(3_000)
    expect(intervalsWh([at(15, interval(5, { context: 'Trigger' })), at(30, periodic(100))])).toBe(100)
  })

  test('that were sent twice count once', () => {
    expect(intervalsWh([at(15, interval(100)), at(15, interval(100)), at(30, interval(100))])).toBe(200)
  })

  test('of phases are added up if there is no total', () => {
    const phases = [interval(10, { phase: 'L1' }), interval(20, { phase: 'L2' })]
    expect(intervalsWh([at(15, ...phases)])).toBe(30)
    expect(intervalsWh([at(15, interval(35), ...phases)])).toBe(35)
  })

  test('with a unit that is not energy, or as signed data, do not count', () => {
    for (const fields of [{ unit: 'W' }, { unit: 'A' }, { unitOfMeasure: { unit: 'kW' } }, { format: 'SignedData' }]) {
      expect(intervalsWh([at(15, interval('1500', fields))])).toBeNull()
    }
    expect(intervalsWh([at(15, interval(15, { unitOfMeasure: { multiplier: 'x' } }))])).toBeNull()
  })

  test('that cannot be read, or have another location, do not count', () => {
    expect(
      intervalsWh([at(15, interval('n/a'), interval(5, { location: 'Body' }), interval(7, { unit: 'varh' }))]),
    ).toBeNull()
    expect(intervalsWh([at(15, { value: '7', measurand: 'SoC' }), { sampledAt: 0, meterValue: {} }])).toBeNull()
  })
})

test('a fall of 1 Wh counts as rounding for registers in kilowatt-hours, too', () => {
  expect(registerFall(1.001 * 1_000, 1 * 1_000)).toBe('rounding')
  expect(1.002 * 1_000 - 1.001 * 1_000).toBeGreaterThan(1)
  expect(registerFall(1.002 * 1_000, 1.001 * 1_000)).toBe('rounding')
  expect(registerFall(269.457 * 1_000, 269.456 * 1_000)).toBe('rounding')
  expect(registerFall(269.458 * 1_000, 269.456 * 1_000)).toBe('backwards')
})
