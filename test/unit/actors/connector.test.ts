import { describe, expect, test } from 'bun:test'
import { initialTransition, transition } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import {
  connectorMachine,
  connectorOf,
  connectorStatuses,
  type ConnectorEvent,
  type ConnectorInput,
} from '../../../actors/connector.ts'
import { connectorMove } from '../../../src/blocks/availability/connector-moves.ts'
import type { ConnectorStatus } from '../../../src/blocks/decision.ts'

const one: ConnectorInput = { version: '1.6', evseId: 1, connectorId: 1, status: 'Unknown' }
const events: ConnectorEvent[] = connectorStatuses.map((type) => ({ type }))

function start(input: ConnectorInput) {
  return initialTransition(connectorMachine, input)[0]
}

function after(input: ConnectorInput, ...statuses: readonly ConnectorStatus[]) {
  return statuses.reduce((snapshot, type) => transition(connectorMachine, snapshot, { type })[0], start(input))
}

describe('a connector', () => {
  for (const status of connectorStatuses) {
    test(`starts as ${status} when that is what was stored`, () => {
      expect(connectorOf(start({ ...one, status }))).toEqual({ evseId: 1, connectorId: 1, status })
    })

    test(`reaches every other status from ${status} in one move, named as the specification names it`, () => {
      const paths = getShortestPaths(connectorMachine, {
        input: { ...one, status },
        events,
        serializeState: (state) => String(state.value),
      })
      const reached = new Map(paths.map(({ state, steps }) => [state.value, steps.slice(1)]))
      for (const to of connectorStatuses) {
        const moves = reached.get(to)?.map(({ event }) => event)
        expect(moves).toEqual(to === status ? [] : [{ type: to }])
        if (to === status) continue
        const [moved] = transition(connectorMachine, start({ ...one, status }), { type: to })
        expect(moved.context.lastMove).toBe(connectorMove('1.6', status, to, 1))
      }
    })
  }

  test('goes where the charge point says even when the specification does not provide for it, and counts that', () => {
    const snapshot = after({ ...one, status: 'Finishing' }, 'Charging')
    expect(connectorOf(snapshot).status).toBe('Charging')
    expect(snapshot.context).toMatchObject({ lastMove: null, irregularMoves: 1 })
  })

  test('keeps the count over the regular moves that follow', () => {
    const snapshot = after({ ...one, status: 'Finishing' }, 'Charging', 'SuspendedEV', 'Reserved', 'Available')
    expect(snapshot.context).toMatchObject({ lastMove: 'G1', irregularMoves: 2 })
  })

  test('does not move when the charge point repeats its status', () => {
    const before = after({ ...one, status: 'Available' }, 'Preparing')
    const [snapshot, actions] = transition(connectorMachine, before, { type: 'Preparing' })
    expect(snapshot.context).toEqual(before.context)
    expect(actions).toEqual([])
  })

  test('moves by the rules of its version', () => {
    expect(after({ ...one, version: '2.0.1', status: 'Available' }, 'Occupied').context.lastMove).toBe(
      'Available-Occupied',
    )
    expect(after({ ...one, status: 'Available' }, 'Occupied').context.lastMove).toBeNull()
  })

  test('is the charge point itself as connector 0, with the three statuses of that', () => {
    const zero = { ...one, evseId: 0, connectorId: 0 }
    expect(after(zero, 'Available', 'Faulted').context.irregularMoves).toBe(0)
    expect(after(zero, 'Available', 'Charging').context.irregularMoves).toBe(1)
  })
})
