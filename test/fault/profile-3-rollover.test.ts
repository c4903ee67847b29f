// The certificates of a large fleet with security profile 3 are renewed while Stator is killed in the middle. Each charge
// point connects again with its new certificate. `STATOR_ROLLOVER_STATIONS` sets the size of the fleet.

import { expect, test } from 'bun:test'
import { isFullSize } from '../support/fault-results.ts'
import { rollOverProfileThree } from '../support/profile-3-rollover.ts'

const stations = Number(process.env['STATOR_ROLLOVER_STATIONS'] ?? (isFullSize ? 1_000 : 150))

test('killed in the middle of a renewal, Stator refuses no certificate and loses no charge point', async () => {
  const { renewedAtKill, ms: _, replaced, revoked, ...outcome } = await rollOverProfileThree(stations)
  expect(outcome).toEqual({ lost: [], refused: 0 })
  expect(new Set(replaced)).toEqual(new Set([101]))
  expect(new Set(revoked)).toEqual(new Set([401]))
  expect(renewedAtKill).toBeLessThan(stations)
}, 600_000)
