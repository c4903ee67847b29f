// Runs cases as tests: each against a real Stator; then each again from its record, with one thing changed, which it
// must notice.

import { afterAll, describe, expect, test } from 'bun:test'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import { casesOf } from '../../../src/simulator/cases/all.ts'
import { RealPlay, type Seen } from '../../../src/simulator/cases/play.ts'
import { siteOf, stopCentrals } from './central.ts'
import { mutationsOf, replayed } from './mutations.ts'
import { strictly } from './options.ts'

/** `changes`: of which cases the record is changed; those of another version have been tried with that one. */
export function testCases(version: OcppVersion, changes: (id: string) => boolean = () => true): void {
  const cases = casesOf([version])
  const changed = cases.filter(({ id }) => changes(id))
  const options = strictly(version)
  const records = new Map<string, readonly Seen[]>()

  afterAll(stopCentrals)

  describe(`a station of OCPP ${version}`, () => {
    for (const { id, title, play } of cases) {
      test(`${id} ${title}`.trim(), async () => {
        const real = new RealPlay(id, options, siteOf)
        await real.run(play)
        records.set(id, real.seen)
      })
    }
  })

  describe('the cases themselves', () => {
    test('pass again from their records', async () => {
      for (const { id, play } of cases) {
        const seen = records.get(id)
        if (seen !== undefined) expect(`${id}: ${await replayed(id, play, options, seen)}`).toBe(`${id}: passed`)
      }
    })

    test('notice every member of an answer or CALL that is changed, missing or too many', async () => {
      const unnoticed: string[] = []
      let count = 0
      for (const { id, play } of changed) {
        for (const { what, seen } of mutationsOf(records.get(id) ?? [], version)) {
          count += 1
          const outcome = await replayed(id, play, options, seen)
          if (!outcome.startsWith('deviation')) unnoticed.push(`${id}: ${what}: ${outcome}`)
        }
      }
      expect(unnoticed).toEqual([])
      expect(count).toBeGreaterThan(changed.length * 10)
    })
  })
}
