import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { QuirkProfile } from '../../../src/blocks/quirks/route-profile-schema.ts'
import { shippedQuirkProfiles } from '../../../src/blocks/quirks/shipped.ts'
import { type BootPattern, type Profiled, QuirkProfiles, sendingSwitches } from '../../../src/ocpp/quirk-profile.ts'

const boot: Profiled = {
  strictness: 'lenient',
  vendor: 'Wall Box Chargers',
  model: 'Pulsar Pro',
  firmwareVersion: '5.17.67',
  quirkProfile: null,
}

function profileOf(chargePoint: Profiled, patterns: Readonly<Record<string, BootPattern>>): string {
  const profiles = new QuirkProfiles([])
  profiles.replaceImported(Object.entries(patterns).map(([name, pattern]) => ({ name, appliesTo: [pattern] })))
  return profiles.of(chargePoint).profile
}

test.each([
  [{ vendor: 'wall*box*' }, true],
  [{ vendor: 'Wall Box Chargers' }, true],
  [{ vendor: 'Wall Box' }, false],
  [{ vendor: '*box*', model: '*pro', firmware: '5.*.67' }, true],
  [{ vendor: '*box*', model: '*pro', firmware: '6.*' }, false],
  [{ model: 'Pulsar*Pulsar*' }, false],
  [{ model: 'Pulsar Pro*Pro' }, false],
  [{ firmware: '*' }, true],
])('the pattern %j applies: %p', (pattern, applies) => {
  expect(profileOf(boot, { one: pattern })).toBe(applies ? 'one' : '')
})

test('a charge point that has never said a firmware has no profile that asks for one', () => {
  const silent = { ...boot, firmwareVersion: null }
  expect(profileOf(silent, { one: { firmware: '5*' } })).toBe('')
  expect(profileOf(silent, { one: { firmware: '*' } })).toBe('one')
})

test('of several profiles the one with the most characters counts, of equals the first by name', () => {
  const patterns = { broad: { vendor: 'Wall*' }, b: { model: 'Pulsar*' }, a: { vendor: 'wall b*' }, c: { vendor: '*' } }
  expect(profileOf(boot, { ...patterns, close: { vendor: 'Wall*', model: 'Pulsar*' } })).toBe('close')
  expect(profileOf(boot, { ...patterns, b: { vendor: '*box*' } })).toBe('a')
  expect(profileOf(boot, { z: { vendor: 'wall*' }, y: { vendor: 'wall*' } })).toBe('y')
})

test('a profile that was imported counts instead of one with its name, until it is deleted', () => {
  const profiles = new QuirkProfiles([{ name: 'p', appliesTo: [{ vendor: '*' }], strictness: 'strict' }])
  expect(profiles.of(boot)).toMatchObject({ profile: 'p', strictness: 'strict' })
  profiles.replaceImported([
    { name: 'p', appliesTo: [{ vendor: 'W*' }], repairs: { enumCase: false, nullField: true } },
  ])
  expect(profiles.of(boot)).toMatchObject({ profile: 'p', strictness: 'lenient', repairsOff: ['enumCase'] })
  profiles.replaceImported([])
  expect(profiles.of(boot)).toMatchObject({ profile: 'p', strictness: 'strict', repairsOff: undefined })
})

test('profiles that are read again and have not changed leave what was decided', () => {
  const profiles = new QuirkProfiles([])
  profiles.replaceImported([{ name: 'p', appliesTo: [{ vendor: 'W*' }] }])
  const decided = profiles.of(boot)
  profiles.replaceImported([{ name: 'p', appliesTo: [{ vendor: 'W*' }] }])
  expect(profiles.of(boot)).toBe(decided)
  profiles.replaceImported([{ name: 'p', appliesTo: [{ vendor: 'W*' }], strictness: 'strict' }])
  expect(profiles.of(boot)).toMatchObject({ strictness: 'strict' })
})

test('a record that is read again costs no comparison with the patterns', () => {
  const profiles = new QuirkProfiles([])
  const timeFor = (patterns: number): number => {
    profiles.replaceImported([{ name: 'p', appliesTo: Array(patterns).fill({ vendor: '*x*y*z*' }) }])
    const startedAt = process.cpuUsage()
    for (let n = 0; n < 20_000; n++) profiles.of({ ...boot })
    const { user, system } = process.cpuUsage(startedAt)
    return user + system
  }
  timeFor(1)
  expect(timeFor(1_000)).toBeLessThan(20 * timeFor(1))
})

test('a profile that an operator has chosen and somebody deleted is no profile', () => {
  const profiles = new QuirkProfiles([{ name: 'p', appliesTo: [{ vendor: '*' }] }])
  expect(profiles.of({ ...boot, quirkProfile: 'gone' }).profile).toBe('')
})

test('every file in quirks/ comes with Stator, is valid, and sends nothing that nobody asked for', async () => {
  const folder = join(import.meta.dir, '../../../quirks')
  const files = await Promise.all(readdirSync(folder).map((file) => Bun.file(join(folder, file)).json()))
  for (const file of files) {
    const { commands = {}, name } = QuirkProfile.parse(file)
    expect(sendingSwitches.filter((each) => commands[each] === true)).toEqual([])
    expect(shippedQuirkProfiles).toContainEqual(file)
    expect(readdirSync(folder)).toContain(`${name}.json`)
  }
  expect(shippedQuirkProfiles).toHaveLength(files.length)
})

test.each([
  ['EN+ Technology', 'X', 'en-plus'],
  ['EN Plus Technologies', 'X', 'en-plus'],
  ['ENERGY PLUS GmbH', 'X', ''],
  ['Ensto Plus', 'X', ''],
  ['Enel X Way PLUS', 'X', ''],
  ['ABB', 'Terra AC W22-T-RD-M-0', 'abb-terra'],
  ['ABB', 'Terra 54 CJG', ''],
  ['ABB', 'Terra 184', ''],
])('of the profiles that come with Stator a charge point of %s, %s gets %p', (vendor, model, profile) => {
  expect(new QuirkProfiles(shippedQuirkProfiles).of({ ...boot, vendor, model }).profile).toBe(profile)
})
