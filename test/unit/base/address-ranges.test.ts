// Addresses and ranges of both versions of IP.

import { describe, expect, test } from 'bun:test'
import { AddressRanges, isAddressRange, networkOf, plainAddress } from '../../../src/base/address-ranges.ts'

test.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.0/8', '::ffff:10.0.0.1', true],
  ['10.0.0.0/8', '::ffff:a00:1', true],
  ['::ffff:10.0.0.0/104', '10.0.0.1', true],
  ['::ffff:10.0.0.0/104', '11.0.0.1', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.1/32', '192.0.2.1', true],
  ['2001:db8::/32', '2001:db8:1::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['2001:db8::/32', '10.0.0.1', false],
  ['fe80::1', 'fe80::1%eth0', true],
  ['10.0.0.0/8', '', false],
  ['10.0.0.0/8', 'hello', false],
])('%s has %s: %p', (range, address, expected) => {
  expect(isAddressRange(range)).toBeTrue()
  expect(new AddressRanges([range]).has(address)).toBe(expected)
})

test.each([
  '',
  'proxy.example',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0',
  '0.0.0.0/0',
  '::/0',
  '::ffff:0:0/96',
])('%p is no range', (text) => {
  expect(isAddressRange(text)).toBeFalse()
})

test('an address in the form of IPv6 is the same as IPv4', () => {
  expect(plainAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1')
  expect(plainAddress('2001:db8::1')).toBe('2001:db8::1')
})

describe('the clients of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%p count as those of %p', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
