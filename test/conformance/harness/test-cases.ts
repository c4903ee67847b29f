// Runs cases as tests: each against a real Stator; then each again from its record, with one thing changed, which it
// must notice.

import { afterAll, describe, expect, test } from 'bun:test'
import { stopCentrals } from './central.ts'
import { mutationsOf, replayed } from './mutations.ts'
import { type Case, RealPlay, type Seen } from './play.ts'
import type { OcppVersion } from './station.ts'

/** Cases by the file that has them. */
export type CaseFiles = Readonly<Record<string, Readonly<Record<string, Case>>>>

export function testCases(version: OcppVersion, files: CaseFiles, titleOf: (id: string) => string = () => ''): void {
  const cases = Object.values(files).flatMap((file) => Object.entries(file))
  const records = new Map<string, readonly Seen[]>()

  afterAll(stopCentrals)

  describe(`a station of OCPP ${version}`, () => {
    for (const [id, play] of cases) {
      test(`${id} ${titleOf(id)}`.trim(), async () => {
        const real = new RealPlay(id)
        await real.run(play)
        records.set(id, real.seen)
      })
    }
  })

  describe('the cases themselves', () => {
    test('pass again from their records', async () => {
      for (const [id, play] of cases) {
        const seen = records.get(id)
        if (seen !== undefined) expect(`${id}: ${await replayed(id, play, seen)}`).toBe(`${id}: passed`)
      }
    })

    test('notice every member of an answer or CALL that is changed, missing or too many', async () => {
      const unnoticed: string[] = []
      let count = 0
      for (const [id, play] of cases) {
        for (const { what, seen } of mutationsOf(records.get(id) ?? [], version)) {
          count += 1
          const outcome = await replayed(id, play, seen)
          if (!outcome.startsWith('deviation')) unnoticed.push(`${id}: ${what}: ${outcome}`)
        }
      }
      expect(unnoticed).toEqual([])
      expect(count).toBeGreaterThan(cases.length * 10)
    })
  })
}
