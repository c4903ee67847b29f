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
  test('changes of the current state are left out, and facts stay', () => {
    const facts = [transactionStarted(1), transactionStopped(1), chargePointEvent('X', 1), variable('A', '1')]
    expect(withoutState([boot(), connectorStatus(1, 'Charging'), ...facts])).toEqual(facts)
  })

  test('a notification without a time gets no place: the newest connection gives them away', () => {
    const placed = chargePointEvent('StatusNotification', 1, {}, { place: 3 })
    expect(withoutState([placed])).toEqual([chargePointEvent('StatusNotification', 1)])
  })

  test('changes that do not depend on the state of the charge point need not be decided again', () => {
    expect([chargePointEvent('X', 1), variable('A', '1')].some(isFenced)).toBe(false)
    expect([boot(), transactionStopped(1)].every(isFenced)).toBe(true)
  })
})
