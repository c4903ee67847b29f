import { describe, expect, test } from 'bun:test'
import { getShortestPaths } from 'xstate/graph'
import {
  chargePointChart16,
  connectorChart16,
  connectorChart2x,
  connectorMove,
  connectorStatuses,
} from '../../../actors/connector.ts'

const events = connectorStatuses.map((type) => ({ type }))

describe.each([
  ['of 1.6', connectorChart16],
  ['0 of 1.6', chargePointChart16],
  ['of 2.x', connectorChart2x],
])('the chart of a connector %s', (_, chart) => {
  test('reaches every status from every other in one move', () => {
    for (const from of connectorStatuses) {
      const paths = getShortestPaths(chart, {
        fromState: chart.resolveState({ value: from, context: { move: null } }),
        events,
        serializeState: (state) => String(state.value),
      })
      const steps = new Map(paths.map(({ state, steps: { length } }) => [state.value, length - 1]))
      for (const to of connectorStatuses) expect(steps.get(to)).toBe(to === from ? 0 : 1)
    }
  })
})

describe('a connector', () => {
  test('takes a status that the specification does not allow, by a move without a name', () => {
    expect(connectorMove('1.6', 'Finishing', 'Charging', 1)).toEqual({ status: 'Charging', name: null })
    expect(connectorMove('1.6', 'Finishing', 'Available', 1)).toEqual({ status: 'Available', name: 'F1' })
  })

  test('does not change when the charge point repeats its status, in any version', () => {
    for (const version of ['1.6', '2.0.1', '2.1'] as const) {
      for (const status of connectorStatuses) {
        expect(connectorMove(version, status, status, 1)).toEqual({ status, name: 'same' })
      }
    }
  })

  test('moves by the rules of its version', () => {
    expect(connectorMove('2.0.1', 'Available', 'Occupied', 1).name).toBe('Available-Occupied')
    expect(connectorMove('1.6', 'Available', 'Occupied', 1).name).toBeNull()
  })

  test('with number 0 is the charge point itself, which has only three statuses in 1.6', () => {
    expect(connectorMove('1.6', 'Available', 'Faulted', 0).name).toBe('Available-Faulted')
    expect(connectorMove('1.6', 'Available', 'Charging', 0)).toEqual({ status: 'Charging', name: null })
    expect(connectorMove('2.0.1', 'Available', 'Occupied', 0).name).toBe('Available-Occupied')
  })

  test('gives the same answer to the same question', () => {
    const ask = () => connectorMove('1.6', 'Charging', 'Finishing', 1)
    expect([ask(), ask(), ask()]).toEqual(Array(3).fill({ status: 'Finishing', name: 'C6' }))
  })
})
