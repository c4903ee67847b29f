import { describe, expect, test } from 'bun:test'
import { Meter, powerTaken, type Car } from '../../../src/simulator/meter.ts'

const hourMs = 3_600_000

function car(socPercent: number, more: Partial<Car> = {}): Car {
  return { batteryWh: 60_000, powerWMax: 11_000, socPercent, ...more }
}

describe('the meter of a connector', () => {
  test('an hour at 11 kW adds 11 kWh', () => {
    const meter = new Meter(1_000, 0)
    const reading = meter.read(hourMs, car(20), 22_000)
    expect(reading.energyWh).toBeWithin(11_999, 12_002)
    expect(reading.powerW).toBe(11_000)
    expect(reading.socPercent).toBe(38)
  })

  test('the battery gains what the meter counts', () => {
    const meter = new Meter(0, 0)
    const taker = car(30)
    const { energyWh } = meter.read(hourMs / 2, taker, 7_000)
    expect((taker.socPercent - 30) * 600).toBeCloseTo(energyWh, -1)
  })

  test('the register never falls, whichever cars come and go', () => {
    const meter = new Meter(500, 0)
    const readings = [
      meter.read(10_000, null, 22_000),
      meter.read(60_000, car(50), 22_000),
      meter.read(60_000, null, 0),
      meter.read(600_000, car(99), 22_000),
      meter.read(6_000_000, car(99), 22_000),
    ].map(({ energyWh }) => energyWh)
    expect(readings).toEqual(readings.toSorted((a, b) => a - b))
  })

  test('a full battery takes nothing, and the energy stops at what it has room for', () => {
    const meter = new Meter(0, 0)
    const reading = meter.read(48 * hourMs, car(90), 22_000)
    expect(reading.powerW).toBe(0)
    expect(reading.socPercent).toBeGreaterThanOrEqual(99)
    expect(reading.energyWh).toBeLessThanOrEqual(6_000)
  })

  test('power falls once the battery is four fifths full', () => {
    expect(powerTaken(car(79), 22_000)).toBe(11_000)
    expect(powerTaken(car(90), 22_000)).toBeLessThan(7_000)
  })

  test('power, current and voltage fit together on three phases', () => {
    const reading = new Meter(0, 0).read(60_000, car(20), 22_000)
    expect(reading.currentA * reading.voltageV * 3).toBeCloseTo(reading.powerW, -2)
  })

  test('no car: no power, no state of charge', () => {
    expect(new Meter(7, 0).read(hourMs, null, 22_000)).toMatchObject({ energyWh: 7, powerW: 0, socPercent: null })
  })
})
