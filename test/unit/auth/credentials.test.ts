// Keyed hashes: the known answer, the secret that matters, and the cost that a reconnect storm pays.

import { expect, test } from 'bun:test'
import { Credentials } from '../../../src/auth/credentials.ts'
import { KeyRing } from '../../../src/auth/key-ring.ts'

test('the hash is HMAC-SHA-256, as in RFC 4231 case 2', () => {
  const hash = new Credentials(Buffer.from('Jefe')).hash('what do ya want for nothing?')
  expect(Buffer.from(hash).toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
})

test('text and its UTF-8 bytes have one hash', () => {
  const credentials = new Credentials(Buffer.from('secret'))
  expect(credentials.hash('grüße')).toEqual(credentials.hash(Buffer.from('grüße', 'utf8')))
})

test('a hash matches its own password only', () => {
  const credentials = new Credentials(Buffer.from('secret'))
  const hash = credentials.hash('secretpassword')
  expect(credentials.matches('secretpassword', hash)).toBe(true)
  expect(credentials.matches('secretpassword ', hash)).toBe(false)
  expect(credentials.matches('', hash)).toBe(false)
})

test('under another secret no hash matches', () => {
  const hash = new Credentials(Buffer.from('one')).hash('secretpassword')
  expect(new Credentials(Buffer.from('two')).matches('secretpassword', hash)).toBe(false)
})

test('a missing or cut hash matches nothing', () => {
  const credentials = new Credentials(Buffer.from('secret'))
  expect(credentials.matches('', null)).toBe(false)
  expect(credentials.matches('x', credentials.hash('x').subarray(0, 16))).toBe(false)
})

test('the key ring names the first of two equal keys', () => {
  const credentials = new Credentials(Buffer.from('secret'))
  const ring = new KeyRing(credentials, [
    ['admin', 'same-key'],
    ['second', 'same-key'],
  ])
  expect(ring.nameOf('same-key')).toBe('admin')
  expect(ring.nameOf('other-key')).toBeNull()
})
