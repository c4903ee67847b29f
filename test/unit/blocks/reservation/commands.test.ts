import { expect, test } from 'bun:test'
import { cancelCommand, reserveCommand } from '../../../../src/blocks/reservation/commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { ocppVersions } from '../../../../src/ocpp/version.ts'

const request = {
  reservationId: 7,
  evseId: 2,
  idTag: 'USER123',
  parentIdTag: 'GROUP',
  expiresAtMs: Date.parse('2026-01-01T00:00:00Z'),
}

test('a reservation is a valid CALL in every version', () => {
  const sent = ocppVersions.map((version) => {
    const command = reserveCommand(version, request)
    if ('reason' in command) throw new Error(command.reason)
    expect(checkRequest(version, command.action, command.payload)).toEqual([])
    return command.payload
  })
  const in2x = {
    id: 7,
    expiryDateTime: '2026-01-01T00:00:00.000Z',
    idToken: { idToken: 'USER123', type: 'ISO14443' },
    evseId: 2,
    groupIdToken: { idToken: 'GROUP', type: 'Central' },
  }
  expect(sent).toEqual([
    {
      connectorId: 2,
      expiryDate: '2026-01-01T00:00:00.000Z',
      idTag: 'USER123',
      parentIdTag: 'GROUP',
      reservationId: 7,
    },
    in2x,
    in2x,
  ])
})

test('1.6 reserves any connector as connector 0, and none by its type', () => {
  const { evseId: _, ...anywhere } = request
  expect(reserveCommand('1.6', anywhere)).toMatchObject({ payload: { connectorId: 0 } })
  const byType = { ...anywhere, connectorType: 'cCCS2' }
  expect(reserveCommand('1.6', byType)).toEqual({ reason: 'OCPP 1.6 cannot reserve by connector type' })
  expect(reserveCommand('2.0.1', byType)).toMatchObject({ payload: { connectorType: 'cCCS2' } })
})

test('a cancellation is a valid CALL in every version', () => {
  for (const version of ocppVersions) {
    const { action, payload } = cancelCommand(7)
    expect(checkRequest(version, action, payload)).toEqual([])
  }
})
