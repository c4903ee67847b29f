// What the database holds encrypted: readable with its key and for its purpose only.

import { expect, test } from 'bun:test'
import { Encryption } from '../../../src/auth/encryption.ts'
import { StatorError } from '../../../src/base/errors.ts'

const encryption = new Encryption(Buffer.from('a key of the tests, 32 characters or more'))

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StatorError) return error.code
  }
  return 'nothing was thrown'
}

test('a text is decrypted as it was, whatever is in it', () => {
  for (const text of ['', 'secret', 'a\0b', 'ä€😀', 'x'.repeat(100_000)]) {
    expect(encryption.decrypt('test', encryption.encrypt('test', text))).toBe(text)
  }
})

test('the stored text shows neither the text nor the key, and is never the same', () => {
  const [one, two] = [encryption.encrypt('test', 'secret'), encryption.encrypt('test', 'secret')]
  expect(one).not.toBe(two)
  expect(one).toMatch(new RegExp(`^v1\\.${encryption.keyId}\\.[\\w-]+$`))
  expect(one).not.toContain(Buffer.from('secret').toString('base64url'))
})

test('the same secret makes the same key in another process', () => {
  const again = new Encryption(Buffer.from('a key of the tests, 32 characters or more'))
  expect(again.keyId).toBe(encryption.keyId)
  expect(again.decrypt('test', encryption.encrypt('test', 'secret'))).toBe('secret')
})

test('another key is named, and does not read it', () => {
  const other = new Encryption(Buffer.from('another key of the tests, 32 or more'))
  expect(other.keyId).not.toBe(encryption.keyId)
  expect(codeOf(() => other.decrypt('test', encryption.encrypt('test', 'secret')))).toBe('ENCRYPTION_KEY_DIFFERS')
})

test('while the key is changed, texts of the earlier and of the next one are read, and new ones have the present one', () => {
  const earlier = Buffer.from('the key of the tests before this one')
  const changing = new Encryption(Buffer.from('a key of the tests, 32 characters or more'), [earlier])
  const stored = new Encryption(earlier).encrypt('test', 'secret')
  expect(changing.decrypt('test', stored)).toBe('secret')
  expect(changing.isOfPresentKey(stored)).toBe(false)
  const again = changing.encrypt('test', 'secret')
  expect(changing.isOfPresentKey(again)).toBe(true)
  expect(encryption.decrypt('test', again)).toBe('secret')
  expect(codeOf(() => encryption.decrypt('test', stored))).toBe('ENCRYPTION_KEY_DIFFERS')
  expect(codeOf(() => changing.decrypt('other', stored))).toBe('ENCRYPTION_KEY_DIFFERS')
})

test('a text that was changed, cut or moved to another purpose is not read', () => {
  const stored = encryption.encrypt('test', 'secret')
  const middle = stored.length - 10
  const changed = `${stored.slice(0, middle)}${stored[middle] === 'A' ? 'B' : 'A'}${stored.slice(middle + 1)}`
  const wrong = [stored.slice(0, -8), `${stored.slice(0, 20)}`, 'v1', '', changed]
  for (const text of wrong) expect(codeOf(() => encryption.decrypt('test', text))).toBe('ENCRYPTION_KEY_DIFFERS')
  expect(codeOf(() => encryption.decrypt('other', stored))).toBe('ENCRYPTION_KEY_DIFFERS')
})

test('for one purpose: another key reads nothing, and says so or gives null', () => {
  const jobs = encryption.for('jobs')
  const sealed = jobs.seal('secret')
  expect([jobs.open(sealed), jobs.openOrNull(sealed)]).toEqual(['secret', 'secret'])
  const others = new Encryption(Buffer.from('another key of the tests, 32 or more')).for('jobs')
  expect(others.openOrNull(sealed)).toBeNull()
  expect(codeOf(() => others.open(sealed))).toBe('ENCRYPTION_KEY_DIFFERS')
})
