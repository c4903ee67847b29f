// What holds of every way in, whatever kind of credentials it reads. A new authenticator gets a row in `ways`.

import { describe, expect, test } from 'bun:test'
import type { Channel } from '../../../../src/auth/authenticator.ts'
import { readCertificate } from '../../../../src/auth/certificates/certificate.ts'
import { authenticateChargePoint, type HandshakeVerdict } from '../../../../src/auth/charge-point-auth.ts'
import { authenticationMethods } from '../../../../src/base/settings-schema.ts'
import { basic, MemoryCredentialStore, testAuthDeps } from '../../../support/credential-store.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { make } from '../../../support/made-certificates.ts'
import { Random } from '../../../support/random.ts'
import { rightClaims, signed, testJwtSection, testKey, testVerifier, unsigned } from '../../../support/tokens.ts'

type Json = Readonly<Record<string, unknown>>

/** What a charge point sends beside its identity. */
interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly channel?: Partial<Channel>
}

interface Way {
  readonly method: (typeof authenticationMethods)[number]
  /** Right credentials of a charge point. */
  readonly of: (identity: 'CP001' | 'CP002') => Sent
  /** Credentials of this kind that are nobody's. */
  readonly wrong: Readonly<Record<string, Sent>>
  /** What no reason may quote. */
  readonly secrets: readonly string[]
}

const tls = { isEncrypted: true } as const
const key = await testKey()
const clock = new HandClock()
const tokens = await testVerifier([key], {}, clock)
const tokenOf = (sub: string): Promise<string> => signed(key, rightClaims(sub, clock.nowMs()))
const bearer = (token: string): Sent => ({ headers: { Authorization: `Bearer ${token}` } })
const jwts = { CP001: await tokenOf('CP001'), CP002: await tokenOf('CP002'), nobody: await tokenOf('NOBODY') }
const expired = await signed(key, {
  ...rightClaims('CP001', clock.nowMs()),
  exp: Math.floor(clock.nowMs() / 1_000) - 3_600,
})

function shown(subject: string, chainProblem: string | null = null): Sent {
  const { x509: leaf, facts } = readCertificate(make({ subject }).der)
  return { channel: { ...tls, certificate: { leaf, facts, chainProblem } } }
}

const ways: readonly Way[] = [
  {
    method: 'Basic',
    of: (identity) => ({ headers: basic(identity, `password of ${identity}`) }),
    wrong: {
      'a wrong password': { headers: basic('CP001', 'a wrong password') },
      'another user name': { headers: basic('SOMEBODY', 'password of CP001') },
      'nothing that can be read': { headers: { Authorization: 'Basic %%%' } },
    },
    secrets: ['password of CP001', 'a wrong password', btoa('CP001:a wrong password')],
  },
  {
    method: 'ApiKey',
    of: (identity) => ({ headers: { 'X-API-Key': `key-of-${identity}`, 'X-Charge-Point-Id': identity } }),
    wrong: {
      'a wrong key': { headers: { 'X-API-Key': 'a-wrong-key', 'X-Charge-Point-Id': 'CP001' } },
      'another name': { headers: { 'X-API-Key': 'key-of-CP001', 'X-Charge-Point-Id': 'SOMEBODY' } },
      'an empty key': { headers: { 'X-API-Key': '', 'X-Charge-Point-Id': 'CP001' } },
    },
    secrets: ['key-of-CP001', 'a-wrong-key'],
  },
  {
    method: 'ClientCertificate',
    of: (identity) => shown(identity),
    wrong: {
      'another name': shown('SOMEBODY'),
      'no authority': shown('CP001', 'it does not lead to an authority'),
      'nothing that can be read': { channel: { ...tls, certificate: 'it cannot be read' } },
    },
    secrets: ['PRIVATE KEY'],
  },
  {
    method: 'Jwt',
    of: (identity) => bearer(jwts[identity]),
    wrong: {
      'a token of nobody': bearer(jwts.nobody),
      'an expired token': bearer(expired),
      'an unsigned token': bearer(unsigned(rightClaims('CP001', clock.nowMs()))),
      'nothing that can be read': bearer('a.b.c'),
    },
    secrets: [jwts.nobody, expired],
  },
]

const plain: Channel = { remoteAddress: '192.0.2.1', isEncrypted: false, hasCertificate: false, certificate: null }

function fleet(): MemoryCredentialStore {
  const store = new MemoryCredentialStore()
  for (const identity of ['CP001', 'CP002']) {
    store.put(identity, { password: `password of ${identity}`, apiKey: `key-of-${identity}` })
  }
  return store
}

function knock(identity: string, sent: Sent, security: Json = {}, store = fleet()): Promise<HandshakeVerdict> {
  const methods: unknown = security['AuthenticationMethod'] ?? authenticationMethods
  const isEnabled = (method: string): boolean =>
    methods === method || (Array.isArray(methods) && methods.includes(method))
  const settings = {
    ...(isEnabled('ClientCertificate') ? { ClientCertificateAuthority: 'any.pem' } : {}),
    ...(isEnabled('Jwt') ? { Jwt: testJwtSection } : {}),
    ...security,
  }
  const deps = testAuthDeps(settings, store, tokens, { EnableSSL: true, CertificatePath: 'any.pem' })
  const channel = { ...plain, ...sent.channel }
  return authenticateChargePoint({ identity, headers: new Headers(sent.headers), channel }, deps)
}

test('every method has its row here', () => {
  expect(ways.map(({ method }) => method)).toEqual([...authenticationMethods])
})

describe.each(ways)('by $method', ({ method, of, wrong, secrets }) => {
  const only = { AuthenticationMethod: method }
  const cases = Object.entries(wrong)

  test('right credentials let their charge point in, whether others are enabled or not', async () => {
    const accepted = { kind: 'accepted', identity: 'CP001', key: 1, method, quirks: [] }
    expect(await knock('CP001', of('CP001'), only)).toMatchObject(accepted)
    expect(await knock('CP001', of('CP001'))).toMatchObject(accepted)
  })

  test('right credentials of another charge point do not', async () => {
    expect(await knock('CP001', of('CP002'), only)).toMatchObject({ kind: 'unauthorized' })
    expect(await knock('CP002', of('CP001'), only)).toMatchObject({ kind: 'unauthorized' })
  })

  test.each(cases)('%s is unauthorized, with a reason that quotes no secret', async (_what, sent) => {
    const verdict = await knock('CP001', sent, only)
    if (verdict.kind !== 'unauthorized') throw new Error(`It was ${verdict.kind}.`)
    expect(verdict.reason).not.toBe('')
    for (const secret of secrets) expect(verdict.reason).not.toContain(secret)
  })

  test('none is unauthorized, and asks the store for nothing, whether the charge point exists or not', async () => {
    const store = fleet()
    for (const identity of ['CP001', 'NOBODY']) {
      expect(await knock(identity, {}, only, store)).toMatchObject({ kind: 'unauthorized' })
    }
    expect(store.lookups).toEqual([])
  })

  test('credentials of this kind are nothing if only others are enabled', async () => {
    const others = authenticationMethods.filter((other) => other !== method)
    expect(await knock('CP001', of('CP001'), { AuthenticationMethod: others })).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringContaining('no credentials of the kind'),
    })
  })

  test('wrong credentials beside right ones of another kind harm nobody', async () => {
    for (const other of ways.filter((each) => each.method !== method)) {
      for (const [, sent] of cases) {
        const both = {
          headers: { ...sent.headers, ...other.of('CP001').headers },
          channel: { ...sent.channel, ...other.of('CP001').channel },
        }
        expect(await knock('CP001', both)).toMatchObject({ kind: 'accepted' })
      }
    }
  })

  test('a blocked charge point and one below its profile hear so only with right credentials', async () => {
    const store = fleet()
    store.put('CP001', { password: 'password of CP001', apiKey: 'key-of-CP001', isBlocked: true })
    expect(await knock('CP001', of('CP001'), only, store)).toMatchObject({ kind: 'blocked' })
    store.put('CP001', { password: 'password of CP001', apiKey: 'key-of-CP001', profileMin: 3 })
    const low =
      method === 'ClientCertificate' ? { kind: 'accepted', profile: 3 } : { kind: 'profileTooLow', profile: 1 }
    expect(await knock('CP001', of('CP001'), only, store)).toMatchObject(low)
    for (const [, sent] of cases) {
      expect(await knock('CP001', sent, only, store)).toMatchObject({ kind: 'unauthorized' })
    }
  })

  test('an unknown charge point is unknown, or provisioned, by right credentials; by none it is unauthorized', async () => {
    const empty = new MemoryCredentialStore()
    expect(await knock('CP001', of('CP001'), only, empty)).toEqual({ kind: 'unknown' })
    const accept = { ...only, UnknownChargePoints: 'accept' }
    expect(await knock('CP001', of('CP001'), accept, empty)).toMatchObject({ kind: 'accepted', identity: 'CP001' })
    expect(await knock('CP001', of('CP001'), only, empty)).toMatchObject({ kind: 'accepted' })
    expect(await knock('CP002', {}, accept, empty)).toMatchObject({ kind: 'unauthorized' })
    expect(empty.records.size).toBe(1)
  })

  test('the identity of the URL in other letter case is a quirk, which a strict charge point may not have', async () => {
    const store = fleet()
    expect(await knock('cp001', of('CP001'), only, store)).toMatchObject({ kind: 'accepted', quirks: ['identityCase'] })
    store.put('CP001', { password: 'password of CP001', apiKey: 'key-of-CP001', strictness: 'strict' })
    expect(await knock('cp001', of('CP001'), only, store)).toMatchObject({ kind: 'unauthorized' })
    expect(await knock('CP001', of('CP001'), only, store)).toMatchObject({ kind: 'accepted', quirks: [] })
  })

  test('what the store throws reaches the caller', async () => {
    const store = fleet()
    store.lookup = () => Promise.reject(new Error('away'))
    expect(knock('CP001', of('CP001'), only, store)).rejects.toThrow('away')
  })

  test('right credentials with any byte changed let nobody in, and never throw', async () => {
    const random = new Random(1)
    for (let round = 0; round < 300; round++) {
      const { headers = {}, channel } = of('CP001')
      const changed = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => {
          const at = random.between(name === 'Authorization' ? value.indexOf(' ') + 1 : 0, value.length - 1)
          return [name, name === 'X-Charge-Point-Id' ? value : value.slice(0, at) + '~' + value.slice(at + 1)]
        }),
      )
      if (Object.keys(changed).length === 0) continue
      expect(await knock('CP001', { headers: changed, ...(channel ? { channel } : {}) }, only)).toMatchObject({
        kind: 'unauthorized',
      })
    }
  })
})
