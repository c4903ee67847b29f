// Log lines about unknown clients: one for each address and hour.

import { expect, test } from 'bun:test'
import { loggedAddressesMax, loggedAddressMs } from '../../../src/base/limits.ts'
import { OncePerAddress } from '../../../src/base/once-per-address.ts'
import { HandClock } from '../../support/hand-clock.ts'

test('a line about an address is due once an hour', () => {
  const clock = new HandClock()
  const once = new OncePerAddress(clock)
  expect([once.isDue('192.0.2.1'), once.isDue('192.0.2.1'), once.isDue('192.0.2.2')]).toEqual([true, false, true])
  clock.pass(loggedAddressMs - 1)
  expect(once.isDue('192.0.2.1')).toBeFalse()
  clock.pass(1)
  expect(once.isDue('192.0.2.1')).toBeTrue()
})

test('of many addresses the oldest is forgotten', () => {
  const once = new OncePerAddress(new HandClock())
  for (let at = 0; at <= loggedAddressesMax; at++) once.isDue(`address ${at}`)
  expect(once.isDue('address 1')).toBeFalse()
  expect(once.isDue('address 0')).toBeTrue()
})
