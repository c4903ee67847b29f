import { describe, expect, test } from 'bun:test'
import { initialTransition, transition } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import {
  chargingStateNamed,
  chargingStateOf,
  transactionMachine,
  transactionOf,
  type LiveTransaction,
  type TransactionEvent,
} from '../../../actors/transaction.ts'
import { openTransaction } from '../../support/known.ts'

const states = ['Charging', 'EVConnected', 'SuspendedEV', 'SuspendedEVSE', 'Idle'] as const
const fresh: LiveTransaction = { ...openTransaction, chargingState: null }

function after(input: LiveTransaction, ...events: readonly TransactionEvent[]) {
  const [start] = initialTransition(transactionMachine, input)
  return events.reduce((snapshot, event) => transition(transactionMachine, snapshot, event)[0], start)
}

describe('a transaction', () => {
  for (const chargingState of states) {
    test(`goes on in ${chargingState} when that is what was stored`, () => {
      expect(transactionOf(after({ ...fresh, chargingState }))).toEqual({ ...fresh, chargingState })
    })
  }

  test('has no charging state until something tells it', () => {
    expect(transactionOf(after(fresh)).chargingState).toBeNull()
    expect(transactionOf(after({ ...fresh, chargingState: 'Discharging' })).chargingState).toBeNull()
  })

  test('goes from any charging state to any other, and from all of them to its end', () => {
    const events: TransactionEvent[] = [...states.map((type) => ({ type })), { type: 'ended' }]
    for (const chargingState of [...states, null]) {
      const paths = getShortestPaths(transactionMachine, {
        input: { ...fresh, chargingState },
        events,
        serializeState: (state) => JSON.stringify(state.value),
      })
      const reached = new Map(paths.map(({ state, steps }) => [JSON.stringify(state.value), steps.length]))
      for (const to of states) {
        expect(reached.get(JSON.stringify({ open: to }))).toBe(to === chargingState ? 1 : 2)
      }
      expect(reached.get('"ended"')).toBe(2)
    }
  })

  test('takes over what becomes known of it later, and keeps the rest', () => {
    const details = { connector: { evseId: 2, connectorId: 1 }, idToken: 'LATE', startedAtMs: 5, meterStartWh: 7 }
    const snapshot = after({ ...fresh, chargingState: 'Charging' }, { type: 'details', details })
    expect(transactionOf(snapshot)).toEqual({
      ...fresh,
      chargingState: 'Charging',
      evseId: 2,
      connectorId: 1,
      idToken: 'LATE',
      startedAtMs: 5,
      meterStartWh: 7,
    })
    const unchanged = after(fresh, { type: 'details', details: { startedAtMs: 9 } })
    expect(transactionOf(unchanged)).toEqual({ ...fresh, startedAtMs: 9 })
  })

  test('is not open any more once it has ended', () => {
    const snapshot = after({ ...fresh, chargingState: 'Charging' }, { type: 'ended' })
    expect(snapshot.status).toBe('done')
    expect(transactionOf(snapshot)).toMatchObject({ open: false, chargingState: null })
  })
})

describe('the charging state', () => {
  test('of a 1.6 transaction is told by the status of its connector', () => {
    expect(chargingStateOf('Charging')).toBe('Charging')
    expect(chargingStateOf('SuspendedEV')).toBe('SuspendedEV')
    expect(chargingStateOf('SuspendedEVSE')).toBe('SuspendedEVSE')
    expect(chargingStateOf('Preparing')).toBe('EVConnected')
    expect(chargingStateOf('Finishing')).toBe('EVConnected')
    expect(chargingStateOf('Available')).toBe('Idle')
  })

  test('is left alone by a status that says nothing about it', () => {
    for (const status of ['Reserved', 'Unavailable', 'Faulted', 'Occupied', 'Unknown'] as const) {
      expect(chargingStateOf(status)).toBeNull()
    }
  })

  test('of another name than the five is none', () => {
    expect(chargingStateNamed('Charging')).toBe('Charging')
    expect(chargingStateNamed('Unknown')).toBeNull()
    expect(chargingStateNamed('charging')).toBeNull()
    expect(chargingStateNamed(null)).toBeNull()
  })
})
