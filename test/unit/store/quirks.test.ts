// Counting quirks costs little: alike ones are one row, they wait in a bounded map, and a database that is away loses
// them without holding anything up.

import { expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import { quirkHitsFlushMs, quirkHitsWaitingMax, quirkProfilesCheckMs } from '../../../src/base/limits.ts'
import type { QuirkProfile } from '../../../src/ocpp/quirk-profile.ts'
import { StoredQuirks } from '../../../src/store/quirks.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { until } from '../../support/until.ts'

function counting(fails = false) {
  const clock = new HandClock()
  const counters = new Counters()
  const statements: number[] = []
  const imported: QuirkProfile[] = []
  const query = async ({ values }: { readonly values: readonly Buffer[] }) => {
    if (fails) throw new Error('The database is away.')
    // The number of elements stands in the header of the array.
    statements.push(values[0]?.readInt32BE(12) ?? 0)
    return { rows: [] }
  }
  const quirks = new StoredQuirks({
    database: { upkeepPool: { query } as never },
    queries: { importedQuirkProfiles: async () => [...imported] },
    clock,
    counters,
    log: { warn: () => {} },
  })
  return { clock, counters, statements, imported, quirks }
}

test('alike quirks are one row, stored by one statement a minute', async () => {
  const { clock, counters, statements, quirks } = counting()
  for (let n = 0; n < 1_000; n++) quirks.note(n % 2, 'p', 'enumCase')
  quirks.note(1, '', 'enumCase')
  clock.pass(quirkHitsFlushMs)
  await until('the counts are stored', () => statements.length > 0)
  expect(statements).toEqual([3])
  expect(counters.quirks.of('enumCase')).toBe(1_001)
  expect(counters.quirkProfiles.of('p')).toBe(1_000)
  expect(clock.alarms).toBe(0)
})

test('what waits is bounded; the metrics count all of it', async () => {
  const { counters, statements, quirks } = counting()
  for (let key = 0; key < quirkHitsWaitingMax + 10; key++) quirks.note(key, '', 'enumCase')
  await quirks.flush()
  expect(statements.reduce((sum, count) => sum + count, 0)).toBe(quirkHitsWaitingMax)
  expect(counters.quirks.of('enumCase')).toBe(quirkHitsWaitingMax + 10)
})

test('counts that cannot be stored are lost, and nothing fails', async () => {
  const { quirks } = counting(true)
  quirks.note(1, '', 'enumCase')
  await quirks.flush()
  await quirks.stop()
})

test('a profile that was changed at another node counts after the next check', async () => {
  const { clock, imported, quirks } = counting()
  await quirks.begin()
  imported.push({ name: 'new' })
  expect(quirks.profiles.has('new')).toBe(false)
  clock.pass(quirkProfilesCheckMs)
  await until('it is known', () => quirks.profiles.has('new'))
  await quirks.stop()
})
