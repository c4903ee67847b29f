// The certificates of a large fleet are renewed while Stator is killed in the middle.

import { expect, test } from 'bun:test'
import { isFullSize } from '../support/fault-results.ts'
import { rollOver } from '../support/certificate-rollover.ts'

const stations = isFullSize ? 1_000 : 100

test('killed in the middle of a renewal of all certificates, Stator loses none and signs none twice', async () => {
  const { renewedAtKill, ...outcome } = await rollOver(stations)
  expect(outcome).toEqual({ lost: [], different: [], signedTwice: 0, underWay: 0 })
  expect(renewedAtKill).toBeLessThan(stations)
}, 600_000)
