import { describe, expect, test } from 'bun:test'
import { isFenced, withoutState } from '../../../src/blocks/overtaken.ts'
import {
  boot,
  chargePointEvent,
  connectorStatus,
  transactionStarted,
  transactionStopped,
  variable,
} from '../../support/changes.ts'

describe('through a connection that is not the newest', () => {
  test('what a charge point is like now is left out, and what it told stays', () => {
    const told = [transactionStarted(1), transactionStopped(1), chargePointEvent('X', 1), variable('A', '1')]
    expect(withoutState([boot(), connectorStatus(1, 'Charging'), ...told])).toEqual(told)
  })

  test('a notification without a time takes no place among those of the newest connection', () => {
    const placed = chargePointEvent('StatusNotification', 1, {}, { place: 3 })
    expect(withoutState([placed])).toEqual([chargePointEvent('StatusNotification', 1)])
  })

  test('what depends on nothing that a newer one may have changed needs no newest connection', () => {
    expect([chargePointEvent('X', 1), variable('A', '1')].some(isFenced)).toBe(false)
    expect([boot(), transactionStopped(1)].every(isFenced)).toBe(true)
  })
})
