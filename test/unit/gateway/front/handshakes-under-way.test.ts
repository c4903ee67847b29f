// Which TLS handshake gives way when there are too many.

import { expect, test } from 'bun:test'
import { HandshakesUnderWay } from '../../../../src/gateway/front/handshakes-under-way.ts'

test('a network that has taken every place gives the oldest one away to another network', () => {
  const underWay = new HandshakesUnderWay<string>(3)
  for (const name of ['first', 'second', 'third']) expect(underWay.add('192.0.2.1', name)).toBeNull()
  expect(underWay.add('192.0.2.1', 'fourth')).toBe('fourth')
  underWay.delete('192.0.2.1', 'fourth')
  expect(underWay.add('198.51.100.1', 'of another network')).toBe('first')
  underWay.delete('192.0.2.1', 'first')
  expect(underWay.size).toBe(3)
})

test('addresses of one IPv6 network count together, also against one of IPv4', () => {
  const underWay = new HandshakesUnderWay<string>(3)
  for (const end of ['1', '2', '3']) underWay.add(`2001:db8:0:1::${end}`, end)
  expect(underWay.add('2001:db8:0:1::4', '4')).toBe('4')
  underWay.delete('2001:db8:0:1::4', '4')
  expect(underWay.add('::ffff:192.0.2.1', 'IPv4')).toBe('1')
})

test('what is over has left its place, once', () => {
  const underWay = new HandshakesUnderWay<string>(1)
  underWay.add('192.0.2.1', 'first')
  underWay.delete('192.0.2.1', 'first')
  underWay.delete('192.0.2.1', 'first')
  expect(underWay.size).toBe(0)
  expect(underWay.add('192.0.2.1', 'second')).toBeNull()
})
