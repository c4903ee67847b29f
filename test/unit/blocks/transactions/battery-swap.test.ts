import { expect, test } from 'bun:test'
import { batterySwap, swapCommand, swapOutcome } from '../../../../src/blocks/transactions/battery-swap.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { decide } from '../../../support/known.ts'

test('BatterySwap is stored by its request and event', () => {
  const idToken = { idToken: 'USER123', type: 'ISO14443' }
  const sent = { batteryData: [], eventType: 'BatteryIn', idToken, requestId: 7 } as const
  expect(decide(batterySwap, sent as never).changes).toMatchObject([
    { table: 'chargePointEvents' },
    {
      table: 'batterySwaps',
      row: { requestId: 7, event: 'BatteryIn', idToken: 'USER123', idTokenType: 'ISO14443' },
    },
  ])
})

test('RequestBatterySwap keeps to its schema; older versions have none', () => {
  const request = { requestId: 7, idTag: 'USER123', idTokenType: null }
  const command = swapCommand('2.1', request)
  if (!('payload' in command)) throw new Error(command.reason)
  expect(checkRequest('2.1', 'RequestBatterySwap', command.payload)).toEqual([])
  expect(swapCommand('2.0.1', request)).toHaveProperty('reason')
  expect(swapOutcome('Rejected').message).toContain('Rejected')
})
