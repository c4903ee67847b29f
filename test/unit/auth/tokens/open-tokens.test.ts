// Where the keys of tokens come from: an issuer on a real socket, or a file; and what is done when they cannot be had.

import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JWK } from 'jose'
import { type OpenTokens, openTokens } from '../../../../src/auth/tokens/open-tokens.ts'
import { StatorError } from '../../../../src/base/errors.ts'
import {
  tokenKeysBytesMax,
  tokenKeysCooldownMs,
  tokenKeysMax,
  tokenKeysRefreshMs,
  tokenKeysRetryMs,
  tokenKeysWaitMsMax,
} from '../../../../src/base/limits.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { collectedLog } from '../../../support/log-lines.ts'
import { TestIssuer } from '../../../support/test-issuer.ts'
import { rightClaims, signed, type TestKey, testJwtSettings, testKey } from '../../../support/tokens.ts'
import { until } from '../../../support/until.ts'

let first: TestKey
let second: TestKey
let issuer: TestIssuer
let clock: HandClock
let folder: string
let log: ReturnType<typeof collectedLog>
const opened: OpenTokens[] = []

beforeAll(async () => {
  first = await testKey('ES256', 'first')
  second = await testKey('ES256', 'second')
})

beforeEach(async () => {
  issuer = new TestIssuer([first.jwk])
  clock = new HandClock()
  log = collectedLog('Trace')
  folder = await mkdtemp(join(tmpdir(), 'stator-keys-'))
})

afterEach(async () => {
  for (const tokens of opened.splice(0)) await tokens.stop()
  await issuer.stop()
  await rm(folder, { recursive: true, force: true })
})

async function open(section: Readonly<Record<string, unknown>> = {}): Promise<OpenTokens> {
  const tokens = await openTokens(testJwtSettings({ Issuer: issuer.url, ...section }), { clock, log: log.log })
  opened.push(tokens)
  return tokens
}

const cp001 = { kind: 'chargePoint', identity: 'CP001' } as const
const unknownKey = 'the issuer has no key of the name in the token'

async function token(key: TestKey): Promise<string> {
  return signed(key, { ...rightClaims('CP001', clock.nowMs()), iss: issuer.url, exp: clock.nowMs() })
}

/** Whose a token is that is signed with `key`. */
async function owner(tokens: OpenTokens, key: TestKey) {
  return tokens.verifier.ownerOf(await token(key))
}

/** What a token is answered with while its keys are not known: a code. */
async function codeFor(tokens: OpenTokens, key: TestKey): Promise<string> {
  try {
    return JSON.stringify(await owner(tokens, key))
  } catch (error) {
    if (error instanceof StatorError) return error.code
    throw error
  }
}

/** An RSA key of 1,024 bits. */
function shortKey(): JWK {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  return { ...publicKey.export({ format: 'jwk' }), kty: 'RSA', kid: 'short' }
}

const reasonsLogged = () => log.lines.map((line) => String(JSON.parse(line).reason ?? JSON.parse(line).msg))

describe('keys of an issuer', () => {
  test('are found by its configuration, without a wait at the start', async () => {
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    expect(await owner(tokens, second)).toBe(unknownKey)
    expect(issuer.keyRequests).toBe(1)
    expect(log.lines).toEqual([])
  })

  test('may be at a URL of their own', async () => {
    const tokens = await open({ JwksUrl: issuer.keysUrl })
    expect(await owner(tokens, first)).toEqual(cp001)
  })

  test('are read once, however many tokens come at once', async () => {
    const tokens = await open()
    const many = await Promise.all(Array.from({ length: 50 }, () => owner(tokens, first)))
    expect(many).toEqual(many.map(() => cp001))
    expect(issuer.keyRequests).toBe(1)
  })

  test('are read again for a token with an unknown key, and at most once in a while', async () => {
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    issuer.keys = [first.jwk, second.jwk]
    expect(await owner(tokens, second)).toBe(unknownKey)
    clock.pass(tokenKeysCooldownMs)
    const many = await Promise.all(Array.from({ length: 50 }, () => owner(tokens, second)))
    expect(many).toEqual(many.map(() => cp001))
    expect(issuer.keyRequests).toBe(2)
    for (let each = 0; each < 100; each++) {
      const stranger = { ...first, jwk: { ...first.jwk, kid: `stranger ${each}` } }
      expect(await owner(tokens, stranger)).toBe(unknownKey)
    }
    expect(issuer.keyRequests).toBe(2)
  })

  test('are read in the background: a key that was withdrawn is not accepted after that', async () => {
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    issuer.keys = [second.jwk]
    expect(await owner(tokens, first)).toEqual(cp001)
    clock.pass(tokenKeysRefreshMs)
    await until('the keys to be read', async () => (await owner(tokens, first)) === unknownKey)
    expect(await owner(tokens, second)).toEqual(cp001)
    expect(issuer.keyRequests).toBe(2)
  })

  test('stay in use for as long as the issuer is away, and are tried again', async () => {
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    issuer.answer = () => new Response('', { status: 503 })
    const day = 86_400_000
    for (let passed = 0; passed < day; passed += tokenKeysRefreshMs) {
      const before = issuer.keyRequests
      clock.pass(tokenKeysRefreshMs)
      await until('another try to end', () => issuer.keyRequests > before && clock.alarms === 1)
    }
    expect(await owner(tokens, first)).toEqual(cp001)
    expect(await owner(tokens, second)).toBe(unknownKey)
    expect(reasonsLogged()).toEqual([`${issuer.keysUrl} answers with status 503`])
    expect(tokens.areKeysAvailable()).toBe(false)
    issuer.answer = null
    issuer.keys = [second.jwk]
    clock.pass(tokenKeysRetryMs)
    await until('the keys to be read', async () => (await owner(tokens, second)) !== unknownKey)
    expect(reasonsLogged()[1]).toBe('The keys of bearer tokens can be read again.')
    expect(tokens.areKeysAvailable()).toBe(true)
  })

  test('that nobody has read yet make a token wait shortly, then 503; they are read when the issuer is back', async () => {
    issuer.answer = () => new Response('', { status: 500 })
    const tokens = await open()
    expect(tokens.areKeysAvailable()).toBe(false)
    expect(await codeFor(tokens, first)).toBe('TOKEN_KEYS_UNAVAILABLE')
    issuer.answer = null
    clock.pass(tokenKeysRetryMs)
    expect(await owner(tokens, first)).toEqual(cp001)
  })

  test('that the issuer does not send are not waited for, and stopping does not wait either', async () => {
    issuer.answer = () => new Promise(() => {})
    const tokens = await open()
    const waiting = codeFor(tokens, first)
    await until('the request', () => issuer.keyRequests === 1)
    clock.pass(tokenKeysWaitMsMax)
    expect(await waiting).toBe('TOKEN_KEYS_UNAVAILABLE')
    expect(await codeFor(tokens, first)).toBe('TOKEN_KEYS_UNAVAILABLE')
    await tokens.stop()
    expect(clock.alarms).toBe(0)
    expect(log.lines).toEqual([])
  })

  test('that come slowly hold up no token whose key is known', async () => {
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    issuer.answer = () => new Promise(() => {})
    clock.pass(tokenKeysRefreshMs)
    await until('the request', () => issuer.keyRequests === 2)
    expect(await owner(tokens, first)).toEqual(cp001)
    const stranger = owner(tokens, second)
    clock.pass(tokenKeysWaitMsMax)
    expect(await stranger).toBe(unknownKey)
    expect(await owner(tokens, second)).toBe(unknownKey)
  })

  test('are not waited for either if the issuer was away before, and a token does not cause another try', async () => {
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    issuer.answer = () => new Response('', { status: 503 })
    clock.pass(tokenKeysRefreshMs)
    await until('a warning', () => log.lines.length === 1 && clock.alarms === 1)
    issuer.answer = () => new Promise(() => {})
    clock.pass(tokenKeysRetryMs)
    await until('the request', () => issuer.keyRequests === 3)
    expect(await owner(tokens, second)).toBe(unknownKey)
  })

  const large = 'x'.repeat(tokenKeysBytesMax)
  test.each<[string, string, (of: TestIssuer) => void]>([
    ['no JSON', 'is not JSON', (of) => (of.answer = () => new Response('<html>'))],
    ['JSON without keys', 'it is no JSON Web Key Set', (of) => (of.answer = () => Response.json({ keys: 'none' }))],
    ['no keys', 'it has no public key that Security.Jwt.Algorithms can be used with', (of) => (of.keys = [])],
    ['shared secrets', 'it has no public key', (of) => (of.keys = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'first' }])],
    ['too many keys', `more than ${tokenKeysMax} keys`, (of) => (of.keys = Array(tokenKeysMax + 1).fill(first.jwk))],
    ['too many bytes', 'bytes', (of) => (of.answer = () => Response.json({ keys: [], large }))],
    ['an error', 'answers with status 404', (of) => (of.keysUrlSaid = `${of.url}/nowhere`)],
    ['a redirect', 'answers with status 302', (of) => (of.keysUrlSaid = of.movedUrl)],
    ['no address of keys', 'has no jwks_uri', (of) => (of.keysUrlSaid = 7)],
    ['an address in the clear', 'expected an https URL', (of) => (of.keysUrlSaid = 'http://192.0.2.1/keys')],
    ['a local file', 'expected an https URL', (of) => (of.keysUrlSaid = 'file:///etc/passwd')],
    ['another issuer', 'is about another issuer', (of) => (of.issuerSaid = 'https://other.example.com')],
    ['a spelling of itself', 'is about another issuer', (of) => (of.issuerSaid = `${of.url}/`)],
  ])('are not taken over if the issuer answers with %s', async (_what, reason, spoil) => {
    spoil(issuer)
    const tokens = await open()
    expect(await codeFor(tokens, first)).toBe('TOKEN_KEYS_UNAVAILABLE')
    expect(reasonsLogged()).toEqual([expect.stringContaining(reason)])
  })

  test('that are too short to be safe are as good as none', async () => {
    issuer.keys = [shortKey()]
    expect(await codeFor(await open(), first)).toBe('TOKEN_KEYS_UNAVAILABLE')
    expect(reasonsLogged()).toEqual(['it has no public key that Security.Jwt.Algorithms can be used with'])
  })

  test('for encryption, and short ones, are passed over', async () => {
    const forEncryption: JWK = { ...second.jwk, use: 'enc' }
    issuer.keys = [shortKey(), forEncryption, { kty: 'AKP', kid: 'x' }, first.jwk]
    const tokens = await open()
    expect(await owner(tokens, first)).toEqual(cp001)
    expect(await owner(tokens, second)).toBe(unknownKey)
  })
})

describe('keys in a file', () => {
  const pem = (key: TestKey): string =>
    String(createPublicKey({ key: { ...key.jwk, kty: 'EC' }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))

  async function fileOf(content: string): Promise<string> {
    const path = join(folder, 'keys')
    await writeFile(path, content)
    return path
  }

  test('may be a JWKS, or PEM with several keys, and need no issuer that answers', async () => {
    for (const content of [JSON.stringify({ keys: [first.jwk, second.jwk] }), `${pem(first)}\n${pem(second)}`]) {
      const tokens = await open({ KeyFile: await fileOf(content) })
      expect(await owner(tokens, first)).toEqual(cp001)
      expect(await owner(tokens, second)).toEqual(cp001)
      expect(await owner(tokens, await testKey('ES256', 'third'))).toBeString()
    }
    expect(issuer.keyRequests).toBe(0)
  })

  test('are read again, without a restart; a file that is gone changes nothing', async () => {
    const KeyFile = await fileOf(pem(first))
    const tokens = await open({ KeyFile })
    await rm(KeyFile)
    clock.pass(tokenKeysRefreshMs)
    await until('a warning', () => log.lines.length === 1)
    expect(await owner(tokens, first)).toEqual(cp001)
    await fileOf(pem(second))
    clock.pass(tokenKeysRetryMs)
    await until('the keys to be read', async () => (await owner(tokens, second)) === cp001 || log.lines.length === 2)
    expect(await owner(tokens, second)).toEqual(cp001)
    expect(await owner(tokens, first)).toBe('the signature is wrong')
  })

  const privatePem = String(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )

  test.each([
    ['is not there', null, 'no such file'],
    ['is no key', 'hello', 'it is neither JSON nor PEM'],
    ['has a private key', privatePem, 'it holds a PRIVATE KEY, which only the issuer should have'],
    ['has a damaged key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', ''],
    [
      'is cut',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n',
      'it has no public key that Security.Jwt.Algorithms can be used with',
    ],
    [
      'has a private JWK',
      JSON.stringify({ keys: [createPrivateKey(privatePem).export({ format: 'jwk' })] }),
      'no public',
    ],
    ['has a shared secret', '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'it has no public key'],
    ['is too large', 'x'.repeat(tokenKeysBytesMax + 1), `it has more than ${tokenKeysBytesMax} bytes`],
  ])('stop the start if the file %s', async (_what, content, reason) => {
    const path = content === null ? join(folder, 'none') : await fileOf(content)
    const refusal = await open({ KeyFile: path }).catch((error: unknown) => error)
    if (!(refusal instanceof StatorError)) throw new Error('the file was accepted')
    expect(refusal.code).toBe('SETTING_INVALID')
    const expected = 'expected the path of a file with public keys, a JWKS or PEM ('
    expect(refusal.message).toStartWith(`Security.Jwt.KeyFile is "${path}": ${expected}`)
    expect(refusal.message).toContain(reason)
  })
})
