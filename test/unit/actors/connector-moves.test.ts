import { describe, expect, test } from 'bun:test'
import { connectorMoves } from '../../../actors/connector-moves.ts'
import { connectorMove } from '../../../actors/connector.ts'
import type { ConnectorStatus } from '../../../src/blocks/values.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'

function nameOf(version: OcppVersion, from: ConnectorStatus, to: ConnectorStatus, evseId = 1): string | null {
  return connectorMove(version, from, to, evseId).name
}

// The column heads of the table in OCPP 1.6 §4.9, in its order.
const statuses = [
  'Available',
  'Preparing',
  'Charging',
  'SuspendedEV',
  'SuspendedEVSE',
  'Finishing',
  'Reserved',
  'Unavailable',
  'Faulted',
] as const

// The table itself, one row per line: the columns that are filled.
const filledColumns = ['2345789', '134569', '145689', '135689', '134689', '1289', '1289', '123459', '12345678']

describe('moves of a 1.6 connector', () => {
  test('the rows and columns are those of the specification', () => {
    expect(Object.keys(connectorMoves)).toEqual([...statuses])
  })

  for (const [row, from] of statuses.entries()) {
    const letter = 'ABCDEFGHI'.charAt(row)
    test(`from ${from}, row ${letter} says which moves have a name`, () => {
      const names = statuses.map((to) => nameOf('1.6', from, to, 1))
      const expected = statuses.map((to, column) => {
        if (to === from) return 'same'
        return filledColumns[row]?.includes(String(column + 1)) ? `${letter}${column + 1}` : null
      })
      expect(names).toEqual(expected)
    })
  }

  test('the first status may be any', () => {
    for (const to of statuses) expect(nameOf('1.6', 'Unknown', to, 1)).toBe('first')
  })

  test('connector 0 has three statuses, and each may follow each', () => {
    expect(nameOf('1.6', 'Available', 'Faulted', 0)).toBe('Available-Faulted')
    expect(nameOf('1.6', 'Faulted', 'Unavailable', 0)).toBe('Faulted-Unavailable')
    expect(nameOf('1.6', 'Available', 'Charging', 0)).toBeNull()
    expect(nameOf('1.6', 'Unknown', 'Preparing', 0)).toBeNull()
  })

  test('a status of 2.x is not allowed', () => {
    expect(nameOf('1.6', 'Available', 'Occupied', 1)).toBeNull()
    expect(nameOf('1.6', 'Occupied', 'Available', 1)).toBeNull()
  })
})

describe('moves of a 2.x connector', () => {
  const statuses2x = ['Available', 'Occupied', 'Reserved', 'Unavailable', 'Faulted'] as const

  test('each of the five statuses may follow each', () => {
    for (const from of statuses2x) {
      for (const to of statuses2x) {
        expect(nameOf('2.0.1', from, to)).toBe(from === to ? 'same' : `${from}-${to}`)
      }
    }
  })

  test('a status from a charging state may follow a reported status, and the other way round', () => {
    expect(nameOf('2.0.1', 'Available', 'Charging')).toBe('Available-Charging')
    expect(nameOf('2.0.1', 'Unknown', 'Finishing')).toBe('first')
    expect(nameOf('2.1', 'Finishing', 'Available')).toBe('Finishing-Available')
  })
})
