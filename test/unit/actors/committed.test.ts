import { describe, expect, test } from 'bun:test'
import { after, stateOf } from '../../../actors/committed.ts'
import { openTransactionsMax } from '../../../src/base/limits.ts'
import type { ActorEvent } from '../../../src/blocks/decision.ts'
import type { TransactionPatch } from '../../../src/blocks/stored-rows.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint, openTransaction } from '../../support/known.ts'

const first = { evseId: 1, connectorId: 1 }
const second = { evseId: 2, connectorId: 1 }
const stored = stateOf(
  hydration({
    connectors: [
      { ...first, status: 'Charging' },
      { ...second, status: 'Available' },
    ],
    openTransactions: [{ ...openTransaction, chargingState: 'Charging' }],
  }),
)
const update = (patch: TransactionPatch): ActorEvent => ({ type: 'transactionUpdated', transactionId: 42, patch })

describe('what is known of a charge point', () => {
  test('of stored transactions, the newest is the last', () => {
    const [newest, older] = [7, 3].map((transactionId) => ({ ...openTransaction, transactionId, chargingState: null }))
    const { transactions } = stateOf(hydration({ openTransactions: [newest, older] as never }))
    expect(transactions.map(({ transactionId }) => transactionId)).toEqual([3, 7])
  })

  test('follows each connector, and adds one that was never heard of', () => {
    const moved = after(stored, { type: 'connectorStatus', ...second, status: 'Preparing' })
    const added = after(moved, { type: 'connectorStatus', evseId: 0, connectorId: 0, status: 'Available' })
    expect(added.connectors).toEqual([
      { ...first, status: 'Charging' },
      { ...second, status: 'Preparing' },
      { evseId: 0, connectorId: 0, status: 'Available' },
    ])
  })

  test('follows a boot', () => {
    const booted = after(stored, { type: 'booted', status: 'Rejected', atMs: 1 })
    expect(booted.chargePoint).toEqual({ ...chargePoint, bootStatus: 'Rejected', lastBootAtMs: 1 })
  })

  test('takes over what becomes known of a transaction later, and keeps the rest', () => {
    const event = update({ ...second, idToken: 'LATE', startedAtMs: 5, meterStartWh: 7, idTokenType: 'Central' })
    const known = { ...openTransaction, ...second, idToken: 'LATE', startedAtMs: 5, meterStartWh: 7 }
    expect(after(stored, event).transactions).toEqual([{ ...known, chargingState: 'Charging' }])
    const idle = after(stored, update({ chargingState: 'Idle' }))
    expect(idle.transactions).toEqual([{ ...openTransaction, chargingState: 'Idle' }])
  })

  test('forgets a transaction that is over', () => {
    expect(after(stored, { type: 'transactionStopped', transactionId: 42 }).transactions).toEqual([])
  })

  test('a transaction of the same number takes the place of the one that is open', () => {
    const transaction = { ...openTransaction, idToken: 'OTHER', chargingState: 'Idle' }
    const again = after(stored, { type: 'transactionStarted', transaction })
    expect(again.transactions).toEqual([transaction])
  })

  test('of transactions without end only the newest are held', () => {
    let state = stored
    for (let transactionId = 1; transactionId <= openTransactionsMax + 5; transactionId++) {
      const transaction = { ...openTransaction, transactionId }
      state = after(state, { type: 'transactionStarted', transaction })
    }
    const held = state.transactions.map(({ transactionId }) => transactionId)
    expect(held).toEqual(Array.from({ length: openTransactionsMax }, (_, index) => index + 6))
  })

  const idle: readonly ActorEvent[] = [
    { type: 'connectorStatus', ...first, status: 'Charging' },
    update({}),
    update({ chargingState: 'Charging', ...first, idToken: 'USER123', meterStartWh: 1_000, lastSeqNo: 3 }),
    { type: 'transactionUpdated', transactionId: 7, patch: { chargingState: 'Idle' } },
    { type: 'transactionStopped', transactionId: 7 },
    { type: 'register', transactionId: 42, reading: { wh: 1, atMs: 1 } },
  ]
  test.each(idle)('is the same object after what says nothing new: %p', (event) => {
    expect(after(stored, event)).toBe(stored)
  })
})
