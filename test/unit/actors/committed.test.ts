import { describe, expect, test } from 'bun:test'
import { after, stateOf } from '../../../actors/committed.ts'
import { openTransactionsMax } from '../../../src/base/limits.ts'
import type { Change } from '../../../src/blocks/decision.ts'
import type { TransactionPatch } from '../../../src/blocks/stored-rows.ts'
import {
  begunAs,
  boot,
  chargePointPatch,
  connectorStatus,
  transactionStopped,
  transactionUpdated,
  variable,
} from '../../support/changes.ts'
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
const update = (patch: TransactionPatch) => transactionUpdated(42, patch)

describe('the committed state of a charge point', () => {
  test('has the newest stored transaction last', () => {
    const [newest, older] = [7, 3].map((transactionId) => ({ ...openTransaction, transactionId, chargingState: null }))
    const { transactions } = stateOf(hydration({ openTransactions: [newest, older] as never }))
    expect(transactions.map(({ transactionId }) => transactionId)).toEqual([3, 7])
  })

  test('follows each connector, and adds a new one', () => {
    const moved = after(stored, connectorStatus(2, 'Preparing'))
    const added = after(moved, connectorStatus(0, 'Available', { connectorId: 0 }))
    expect(added.connectors).toEqual([
      { ...first, status: 'Charging' },
      { ...second, status: 'Preparing' },
      { evseId: 0, connectorId: 0, status: 'Available' },
    ])
  })

  test('follows a boot', () => {
    const said = { bootStatus: 'Rejected', lastBootAtMs: 1, vendor: 'V', model: 'M', firmwareVersion: '1' } as const
    expect(after(stored, boot(said)).chargePoint).toEqual({ ...chargePoint, ...said })
  })

  test('applies later changes of a transaction, and keeps its other fields', () => {
    const event = update({ ...second, idToken: 'LATE', startedAtMs: 5, meterStartWh: 7, idTokenType: 'Central' })
    const known = { ...openTransaction, ...second, idToken: 'LATE', startedAtMs: 5, meterStartWh: 7 }
    expect(after(stored, event).transactions).toEqual([{ ...known, chargingState: 'Charging' }])
    const idle = after(stored, update({ chargingState: 'Idle' }))
    expect(idle.transactions).toEqual([{ ...openTransaction, chargingState: 'Idle' }])
  })

  test('drops a transaction that is over', () => {
    expect(after(stored, transactionStopped(42)).transactions).toEqual([])
  })

  test('replaces an open transaction by a new one with the same id', () => {
    const price = { currency: 'EUR', perKwh: 0.5, perMinute: 0, perSession: 1 }
    const transaction = { ...openTransaction, idToken: 'OTHER', chargingState: 'Idle', price }
    const again = after(stored, begunAs(transaction))
    expect(again.transactions).toEqual([transaction])
  })

  test('keeps only the newest open transactions', () => {
    let state = stored
    for (let transactionId = 1; transactionId <= openTransactionsMax + 5; transactionId++) {
      const transaction = { ...openTransaction, transactionId }
      state = after(state, begunAs(transaction))
    }
    const held = state.transactions.map(({ transactionId }) => transactionId)
    expect(held).toEqual(Array.from({ length: openTransactionsMax }, (_, index) => index + 6))
  })

  const idle: readonly Change[] = [
    connectorStatus(1, 'Charging'),
    update({}),
    update({ chargingState: 'Charging', ...first, idToken: 'USER123', meterStartWh: 1_000, lastSeqNo: 3 }),
    transactionUpdated(7, { chargingState: 'Idle' }),
    transactionStopped(7),
    variable('Any', '1'),
    chargePointPatch({ status: 'Faulted' }),
  ]
  test.each(idle)('is the same object after a change without news: %p', (event) => {
    expect(after(stored, event)).toBe(stored)
  })
})
