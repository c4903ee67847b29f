import { expect, test } from 'bun:test'
import { reservation201, reservation21 } from '../../../../src/blocks/reservation/messages.ts'
import { decide } from '../../../support/known.ts'

test.each([
  ['Expired', 'expired'],
  ['Removed', 'lost'],
] as const)('ReservationStatusUpdate %s is stored as an event, and ends the reservation: %s', (said, ended) => {
  const sent = { reservationId: 7, reservationUpdateStatus: said }
  const action = 'ReservationStatusUpdate'
  for (const { handler } of [reservation201[action], reservation21[action]]) {
    expect(decide(handler, sent, { action })).toEqual({
      answer: {},
      changes: [
        { table: 'chargePointEvents', row: { action, occurredAtMs: null, payload: sent } },
        { table: 'reservationEnds', row: { reservationId: 7, ended, usedBy: null } },
      ],
      anomalies: [],
    })
  }
})

test('NoTransaction of 2.1 says that it was used', () => {
  const sent = { reservationId: 7, reservationUpdateStatus: 'NoTransaction' as const }
  const { changes } = decide(reservation21.ReservationStatusUpdate.handler, sent)
  expect(changes).toContainEqual({
    table: 'reservationEnds',
    row: { reservationId: 7, ended: 'used', usedBy: null },
  })
})

test.each(['Used', 'constructor', ''])(
  'a word that OCPP does not have, %p, is stored as an event and ends nothing',
  (said) => {
    const { changes } = decide(reservation201.ReservationStatusUpdate.handler, {
      reservationId: 7,
      reservationUpdateStatus: said as 'Expired',
    })
    expect(changes.map(({ table }) => table)).toEqual(['chargePointEvents'])
  },
)
