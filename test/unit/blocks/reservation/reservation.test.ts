import { expect, test } from 'bun:test'
import { reservationState } from '../../../../src/blocks/reservation/reservation.ts'

const nowMs = 1_000
const active = { status: 'Accepted', cancelledAtMs: null, ended: null, failedAtMs: null, expiresAtMs: 2_000 } as const

test.each([
  ['active', {}],
  ['requested', { status: null }],
  ['rejected', { status: 'Occupied' }],
  ['expired', { expiresAtMs: 1_000 }],
  ['expired', { ended: 'expired' as const }],
  ['lost', { ended: 'lost' as const }],
  ['lost', { failedAtMs: 500 }],
  ['cancelled', { cancelledAtMs: 500 }],
  // A charge point that reports the end of a cancelled reservation says nothing new.
  ['cancelled', { cancelledAtMs: 500, ended: 'lost' as const }],
  // The transaction is a fact, whatever was answered before.
  ['used', { ended: 'used' as const, cancelledAtMs: 500 }],
  ['used', { ended: 'used' as const, status: null }],
] as const)('a reservation is %s', (state, changed) => {
  expect(reservationState({ ...active, ...changed }, nowMs)).toBe(state)
})
