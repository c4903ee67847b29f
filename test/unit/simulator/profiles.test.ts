import { describe, expect, test } from 'bun:test'
import { Profiles, type Profile } from '../../../src/simulator/profiles.ts'

const hardwareW = 22_000
const startMs = Date.parse('2025-12-26T12:00:00Z')

function profile(more: Partial<Profile>): Profile {
  return {
    id: 1,
    connectorId: 1,
    stackLevel: 0,
    purpose: 'TxDefaultProfile',
    startMs: null,
    durationSeconds: null,
    recurrencySeconds: null,
    unit: 'W',
    periods: [{ startPeriod: 0, limit: 7_000 }],
    sent: {},
    ...more,
  }
}

function limit(profiles: Profiles, atSeconds = 0): number {
  return profiles.limitW(1, startMs + atSeconds * 1000, startMs, hardwareW)
}

describe('the limit of a connector', () => {
  test('without profiles is what the hardware can do', () => {
    expect(limit(new Profiles())).toBe(hardwareW)
  })

  test('is that of the profile with the highest stack level', () => {
    const profiles = new Profiles()
    profiles.set(profile({ id: 1, stackLevel: 2, periods: [{ startPeriod: 0, limit: 4_000 }] }))
    profiles.set(profile({ id: 2, stackLevel: 1, periods: [{ startPeriod: 0, limit: 9_000 }] }))
    expect(limit(profiles)).toBe(4_000)
  })

  test('comes from the transaction profile when there is one, and from the default one when not', () => {
    const profiles = new Profiles()
    profiles.set(profile({ id: 1 }))
    profiles.set(profile({ id: 2, purpose: 'TxProfile', periods: [{ startPeriod: 0, limit: 11_000 }] }))
    expect(limit(profiles)).toBe(11_000)
    profiles.endTransaction(1)
    expect(limit(profiles)).toBe(7_000)
  })

  test('is never more than the whole charge point may take, in either version of that purpose', () => {
    for (const purpose of ['ChargePointMaxProfile', 'ChargingStationMaxProfile']) {
      const profiles = new Profiles()
      profiles.set(profile({ id: 1 }))
      profiles.set(profile({ id: 2, connectorId: 0, purpose, periods: [{ startPeriod: 0, limit: 3_000 }] }))
      expect(limit(profiles)).toBe(3_000)
    }
  })

  test('follows the periods of the schedule and ends with it', () => {
    const profiles = new Profiles()
    const periods = [
      { startPeriod: 0, limit: 7_000 },
      { startPeriod: 600, limit: 3_000 },
    ]
    profiles.set(profile({ durationSeconds: 1_200, periods }))
    expect([0, 599, 600, 1_199, 1_200].map((at) => limit(profiles, at))).toEqual([
      7_000,
      7_000,
      3_000,
      3_000,
      hardwareW,
    ])
  })

  test('counts amperes on three phases', () => {
    const profiles = new Profiles()
    profiles.set(profile({ unit: 'A', periods: [{ startPeriod: 0, limit: 10 }] }))
    expect(limit(profiles)).toBe(6_900)
  })

  test('of a daily profile is the same a day later', () => {
    const profiles = new Profiles()
    const periods = [
      { startPeriod: 0, limit: 7_000 },
      { startPeriod: 3_600, limit: 1_000 },
    ]
    profiles.set(profile({ startMs, recurrencySeconds: 86_400, periods }))
    expect(limit(profiles, 86_400 + 3_700)).toBe(limit(profiles, 3_700))
    expect(limit(profiles, 3_700)).toBe(1_000)
  })
})

test('a composite schedule has one period for every stretch of equal limit', () => {
  const profiles = new Profiles()
  const periods = [
    { startPeriod: 0, limit: 7_000 },
    { startPeriod: 600, limit: 3_000 },
  ]
  profiles.set(profile({ durationSeconds: 1_200, periods }))
  expect(profiles.composite(1, startMs, 3_600, startMs, hardwareW)).toEqual([
    { startPeriod: 0, limit: 7_000 },
    { startPeriod: 600, limit: 3_000 },
    { startPeriod: 1_200, limit: hardwareW },
  ])
})

test('a profile takes the place of the one with its id, or its stack level and purpose', () => {
  const profiles = new Profiles()
  profiles.set(profile({ id: 1, stackLevel: 1 }))
  profiles.set(profile({ id: 1, stackLevel: 2 }))
  profiles.set(profile({ id: 2, stackLevel: 2 }))
  expect(profiles.matching({}).map(({ id }) => id)).toEqual([2])
})

test('clearing removes the matching profiles and returns how many', () => {
  const profiles = new Profiles()
  profiles.set(profile({ id: 1 }))
  profiles.set(profile({ id: 2, purpose: 'TxProfile' }))
  expect(profiles.clear({ purpose: 'TxProfile' })).toBe(1)
  expect(profiles.clear({ id: 9 })).toBe(0)
  expect(profiles.clear({})).toBe(1)
})
