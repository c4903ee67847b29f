// A small fleet with security profile 3 gets new certificates, and Stator is killed in the middle: none is lost.

import { expect, test } from 'bun:test'
import { rollOverProfileThree } from '../../support/profile-3-rollover.ts'

test('every charge point ends connected with its new certificate, though Stator is killed in the middle', async () => {
  const { renewedAtKill, ms: _, ...outcome } = await rollOverProfileThree(20)
  const five = (status: number): number[] => Array.from({ length: 5 }, () => status)
  expect(outcome).toEqual({ lost: [], refused: 0, replaced: five(101), revoked: five(401) })
  expect(renewedAtKill).toBeLessThan(20)
}, 120_000)
