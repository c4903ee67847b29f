import { expect, test } from 'bun:test'
import {
  notifySettlement,
  webPaymentCommand,
  webPaymentStarted,
} from '../../../../src/blocks/authorization/payments.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { decide } from '../../../support/known.ts'

test('NotifySettlement is stored by reference, time and status, with the transaction that it names', () => {
  const settlementTime = '2026-01-01T00:00:00Z'
  const sent = { pspRef: 'P', status: 'Settled', settlementAmount: 1.5, settlementTime } as const
  const row = { pspRef: 'P', settledAtMs: Date.parse(settlementTime), status: 'Settled', amount: 1.5 }
  expect(decide(notifySettlement, sent).changes.at(-1)).toMatchObject({ row: { ...row, stationTransactionId: null } })
  expect(decide(notifySettlement, { ...sent, transactionId: 'tx-1' }).changes.at(-1)).toMatchObject({
    row: { ...row, stationTransactionId: 'tx-1' },
  })
})

test('NotifyWebPaymentStarted keeps to its schema, and its answer says that the charge point knows', () => {
  const command = webPaymentCommand('2.1', { evseId: 1, timeoutSeconds: 60 })
  if (!('payload' in command)) throw new Error(command.reason)
  expect(checkRequest('2.1', 'NotifyWebPaymentStarted', command.payload)).toEqual([])
  expect(webPaymentStarted(command.payload, {})).toEqual([
    { table: 'webPayments', row: { evseId: 1, timeoutSeconds: 60 } },
  ])
  expect(webPaymentStarted({ evseId: 1e12, timeout: 60 }, {})).toEqual([])
  expect(webPaymentCommand('1.6', { evseId: 1, timeoutSeconds: 60 })).toHaveProperty('reason')
})
