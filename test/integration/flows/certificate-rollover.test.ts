// Two hundred charge points get new certificates, and Stator is killed in the middle: none is lost.

import { expect, test } from 'bun:test'
import { rollOver } from '../../support/certificate-rollover.ts'

test('every charge point of a fleet ends with a new certificate, though Stator is killed in the middle', async () => {
  const { renewedAtKill, ...outcome } = await rollOver(200)
  expect(outcome).toEqual({ lost: [], different: [], signedTwice: 0, underWay: 0 })
  expect(renewedAtKill).toBeLessThan(200)
}, 300_000)
