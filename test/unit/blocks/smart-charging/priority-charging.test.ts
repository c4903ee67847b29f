import { expect, test } from 'bun:test'
import { notifyPriorityCharging } from '../../../../src/blocks/smart-charging/priority-charging.ts'
import { decide } from '../../../support/known.ts'

test('NotifyPriorityCharging is the last word about a transaction', () => {
  expect(decide(notifyPriorityCharging, { transactionId: 'tx-1', activated: false }).changes).toMatchObject([
    { table: 'chargePointEvents' },
    { table: 'priorityCharging', row: { stationTransactionId: 'tx-1', isActive: false } },
  ])
})
