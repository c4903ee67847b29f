// Keyed hashes: the known answer, the secret that matters, and the cost that a reconnect storm pays.

import { describe, expect, test } from 'bun:test'
import { Credentials } from '../../../src/auth/credentials.ts'
import { KeyRing } from '../../../src/auth/key-ring.ts'

test('the digest is HMAC-SHA-256, as in RFC 4231 case 2', () => {
  const digest = new Credentials(Buffer.from('Jefe')).digest('what do ya want for nothing?')
  expect(Buffer.from(digest).toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
})

test('text and its UTF-8 bytes match one hash', () => {
  const credentials = new Credentials(Buffer.from('secret'))
  const hash = credentials.hash('grüße')
  expect([credentials.matches('grüße', hash), credentials.matches(Buffer.from('grüße', 'utf8'), hash)]).toEqual([
    true,
    true,
  ])
})

test('equal passwords have different hashes', () => {
  const credentials = new Credentials(Buffer.from('secret'))
  expect(credentials.hash('secretpassword')).not.toEqual(credentials.hash('secretpassword'))
})

describe('while the secret is changed', () => {
  const [earlier, later] = [Buffer.from('earlier'), Buffer.from('later')]

  test('hashes of either secret match, whichever of the two is the current one', () => {
    const hashes = [new Credentials(earlier).hash('secretpassword'), new Credentials(later).hash('secretpassword')]
    for (const both of [new Credentials(later, [earlier]), new Credentials(earlier, [later])]) {
      for (const hash of hashes) {
        expect(both.matches('secretpassword', hash)).toBe(true)
        expect(both.matches('another', hash)).toBe(false)
      }
    }
    const renewed = hashes.map((hash) => new Credentials(later, [earlier]).renewed('secretpassword', hash))
    expect(renewed).toEqual([expect.any(Uint8Array), null])
    expect(new Credentials(later).matches('secretpassword', renewed[0] ?? null)).toBe(true)
  })

  test('a hash without a salt matches, and is salted without its password', () => {
    const unsalted = new Credentials(earlier).digest('secretpassword')
    const both = new Credentials(later, [earlier])
    expect([both.matches('secretpassword', unsalted), both.matches('another', unsalted)]).toEqual([true, false])
    const salted = both.saltEarlier(unsalted, new Credentials(earlier).fingerprint())
    expect(salted).not.toBeNull()
    expect(both.matches('secretpassword', salted)).toBe(true)
    expect(new Credentials(earlier).matches('secretpassword', salted)).toBe(true)
    expect(new Credentials(later).matches('secretpassword', salted)).toBe(false)
    expect(both.saltEarlier(unsalted, new Credentials(Buffer.from('foreign')).fingerprint())).toBeNull()
  })
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
    { id: 'admin', name: 'admin', text: 'same-key' },
    { id: 'settings-0', name: 'second', text: 'same-key' },
  ])
  expect(ring.find('same-key')).toMatchObject({ id: 'admin', name: 'admin' })
  expect(ring.find('other-key')).toBeNull()
  expect(ring.all).toEqual([
    { id: 'admin', name: 'admin' },
    { id: 'settings-0', name: 'second' },
  ])
})
