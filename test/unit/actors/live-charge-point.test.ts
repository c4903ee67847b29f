import { expect, test } from 'bun:test'
import { LiveChargePoint } from '../../../actors/live-charge-point.ts'
import { startRoot } from '../../../actors/root.ts'
import { openTransactionsMax } from '../../../src/base/limits.ts'
import { begunAs, transactionStopped } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { openTransaction } from '../../support/known.ts'

test('the last register of each open transaction is remembered until it ends or newer ones replace it', () => {
  const clock = new HandClock()
  const noCalls = { transmit: () => {}, settle: () => {} }
  const root = startRoot(clock, (_, error) => reportError(error))
  const live = new LiveChargePoint(hydration(), noCalls, { nowMs: () => clock.nowMs(), root })
  const start = (transactionId: number): void => live.apply([begunAs({ ...openTransaction, transactionId })])
  start(1)
  start(2)
  expect(live.lastRegister(1)).toMatchObject({ wh: openTransaction.meterStartWh, atMs: openTransaction.startedAtMs })
  live.apply([], [{ type: 'register', transactionId: 1, reading: { wh: 5_000, atMs: 7 } }])
  live.apply([], [{ type: 'register', transactionId: 3, reading: { wh: 5_000, atMs: 7 } }])
  expect(live.lastRegister(1)).toMatchObject({ wh: 5_000, atMs: 7 })
  expect(live.lastRegister(2)).toMatchObject({ wh: openTransaction.meterStartWh })
  expect(live.lastRegister(3)).toBeUndefined()
  live.apply([transactionStopped(2)])
  expect(live.lastRegister(2)).toBeUndefined()
  for (let id = 4; id < 4 + openTransactionsMax; id++) start(id)
  expect(live.lastRegister(1)).toBeUndefined()
})
