// Bearer tokens at the handshake: who may connect with one, and what the client is told.

import { beforeAll, describe, expect, test } from 'bun:test'
import { authenticateChargePoint } from '../../../../src/auth/charge-point-auth.ts'
import { handshakeChallenge, restChallenge } from '../../../../src/auth/challenge.ts'
import { aChargePoint, anOperator } from '../../../support/principals.ts'
import { authenticateRequest } from '../../../../src/auth/operator-auth.ts'
import { TokenVerifier } from '../../../../src/auth/tokens/token-verifier.ts'
import { StatorError } from '../../../../src/base/errors.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { Random } from '../../../support/random.ts'
import { MemoryCredentialStore, basic, testAdminApiKey, testAuthDeps } from '../../../support/credential-store.ts'
import {
  rightClaims,
  signed,
  type TestKey,
  testJwtSection,
  testJwtSettings,
  testKey,
  testOperatorRole,
  testVerifier,
} from '../../../support/tokens.ts'

const clock = new HandClock()
let key: TestKey
let tokens: TokenVerifier

beforeAll(async () => {
  key = await testKey()
  tokens = await testVerifier([key], {}, clock)
})

type Json = Readonly<Record<string, unknown>>

async function bearer(sub: string, more: Json = {}): Promise<Record<string, string>> {
  return { Authorization: `Bearer ${await signed(key, { ...rightClaims(sub, clock.nowMs()), ...more })}` }
}

const operators = { roles: [testOperatorRole] }

function storeWithCp001(): MemoryCredentialStore {
  const store = new MemoryCredentialStore()
  store.put('CP001', { password: 'secretpassword', apiKey: 'key-of-cp001' })
  store.put('CP002', {})
  return store
}

/** The dependencies, as with `Security.Jwt` set. */
function deps(security: Json = {}, store = storeWithCp001(), by: TokenVerifier | null = tokens) {
  return testAuthDeps({ Jwt: testJwtSection, ...security }, store, by)
}

function verdict(identity: string, headers: Record<string, string>, by = deps()) {
  const channel = { remoteAddress: '192.0.2.1', isEncrypted: true, hasCertificate: false, certificate: null }
  return authenticateChargePoint({ identity, headers: new Headers(headers), channel }, by)
}

function principal(headers: Record<string, string>, by = deps()) {
  return authenticateRequest(new Headers(headers), { isEncrypted: true, remoteAddress: '192.0.2.1' }, by)
}

const accepted = { kind: 'accepted', identity: 'CP001', method: 'Jwt', profile: 2, credential: null } as const

/** A verifier whose issuer nobody has reached. */
const unknowing = new TokenVerifier(
  testJwtSettings(),
  {
    matching: async () => {
      throw new StatorError('TOKEN_KEYS_UNAVAILABLE', 'No keys.')
    },
  },
  clock,
)

describe('at the handshake', () => {
  test('the token of a charge point lets it in, and no other', async () => {
    expect(await verdict('CP001', await bearer('CP001'))).toMatchObject({ ...accepted, quirks: [] })
    expect(await verdict('CP002', await bearer('CP001'))).toMatchObject({
      kind: 'unauthorized',
      reason: 'the token is that of another charge point',
    })
  })

  test('an operator who allows other user names does not let in tokens of other charge points', async () => {
    const store = storeWithCp001()
    store.put('CP003', { mayUseOtherName: true })
    expect(await verdict('CP003', await bearer('CP001'), deps({}, store))).toMatchObject({ kind: 'unauthorized' })
    expect(await verdict('CP003', await bearer('CP003'), deps({}, store))).toMatchObject({ kind: 'accepted' })
  })

  test('the URL may be in another letter case if the charge point is lenient, the token may not', async () => {
    expect(await verdict('cp001', await bearer('CP001'))).toMatchObject({ ...accepted, quirks: ['identityCase'] })
    for (const identity of ['CP001', 'cp001']) {
      expect(await verdict(identity, await bearer('cp001'))).toMatchObject({ kind: 'unauthorized' })
    }
    const store = new MemoryCredentialStore()
    store.put('CP001', { strictness: 'strict' })
    expect(await verdict('cp001', await bearer('CP001'), deps({}, store))).toMatchObject({ kind: 'unauthorized' })
  })

  test('the token of an operator lets in nobody', async () => {
    expect(await verdict('CP001', await bearer('CP001', operators))).toMatchObject({
      kind: 'unauthorized',
      reason: "the token is an operator's",
    })
  })

  test('a reason is given for the log', async () => {
    const now = Math.floor(clock.nowMs() / 1_000)
    expect(await verdict('CP001', await bearer('CP001', { exp: now - 61 }))).toMatchObject({
      reason: 'the token has expired',
    })
  })

  test('a blocked charge point, or one of a higher security profile, stays outside', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { isBlocked: true })
    store.put('CP003', { profileMin: 3 })
    expect(await verdict('CP001', await bearer('CP001'), deps({}, store))).toMatchObject({ kind: 'blocked' })
    expect(await verdict('CP003', await bearer('CP003'), deps({}, store))).toMatchObject({ kind: 'profileTooLow' })
    const only = deps({ AllowedChargePoints: ['CP002'] })
    expect(await verdict('CP001', await bearer('CP001'), only)).toMatchObject({ kind: 'notAllowed' })
  })

  test('a right token provisions an unknown charge point, if the settings say so, without credentials', async () => {
    const store = storeWithCp001()
    const accepting = deps({ UnknownChargePoints: 'accept' }, store)
    expect(await verdict('NEW', await bearer('NEW'))).toMatchObject({ kind: 'unknown' })
    expect(await verdict('NEW', await bearer('OTHER'), accepting)).toMatchObject({ kind: 'unauthorized' })
    expect(store.records.has('NEW')).toBe(false)
    expect(await verdict('NEW', await bearer('NEW'), accepting)).toMatchObject({ kind: 'accepted', identity: 'NEW' })
    expect(store.records.get('NEW')).toMatchObject({ passwordHash: null, apiKeyHash: null })
    expect(await verdict('NEW', basic('NEW', 'x'), accepting)).toMatchObject({ kind: 'unauthorized' })
  })

  test('tokens are not read if the settings ask for something else, or name no issuer', async () => {
    for (const other of [deps({ AuthenticationMethod: ['Basic', 'ApiKey'] }), deps({}, storeWithCp001(), null)]) {
      expect(await verdict('CP001', await bearer('CP001'), other)).toMatchObject({
        kind: 'unauthorized',
        reason: 'no credentials of the kind that Security.AuthenticationMethod asks for',
      })
    }
  })

  test('while no keys are known, a token is answered with 503, and other credentials are as good as ever', async () => {
    const by = deps({}, storeWithCp001(), unknowing)
    await expect(verdict('CP001', await bearer('CP001'), by)).rejects.toMatchObject({ code: 'TOKEN_KEYS_UNAVAILABLE' })
    expect(await verdict('CP001', basic('CP001', 'secretpassword'), by)).toMatchObject({ kind: 'accepted' })
    const key = { ...(await bearer('CP001')), 'X-API-Key': 'key-of-cp001' }
    expect(await verdict('CP001', key, by)).toMatchObject({ kind: 'accepted', method: 'ApiKey' })
  })
})

test('a header that is not `Bearer` and one right token lets in nobody, whatever is in it', async () => {
  const random = new Random(Number(process.env['STATOR_FUZZ_SEED'] ?? 20_261_128))
  const { Authorization: right = '' } = await bearer('CP001')
  const token = right.slice('Bearer '.length)
  const pieces = [
    'Bearer',
    'bearer',
    'Basic',
    ' ',
    '  ',
    '\t',
    ',',
    ', ',
    ';',
    '=',
    '"',
    'x',
    '.',
    ':',
    token,
    token,
    right,
  ]
  const counts = { accepted: 0, refused: 0 }
  for (let round = 0; round < 2_000; round++) {
    const value = Array.from({ length: 1 + random.below(6) }, () => random.pick(pieces)).join('')
    const isRight = /^\s*bearer\s+(\S+)\s*$/i.exec(value)?.[1] === token
    const { kind } = await verdict('CP001', { Authorization: value })
    expect({ value, kind }).toEqual({ value, kind: isRight ? 'accepted' : 'unauthorized' })
    if (isRight) counts.accepted++
    else counts.refused++
  }
  expect(counts.accepted).toBeGreaterThan(10)
  expect(counts.refused).toBeGreaterThan(1_000)
})

describe('over REST', () => {
  test('a token is an operator or a charge point, as its claims say', async () => {
    expect(await principal(await bearer('ada', operators))).toMatchObject(anOperator('jwt:ada'))
    expect(await principal(await bearer('CP001'))).toEqual(aChargePoint('CP001', 1))
  })

  test('a wrong token is nobody, and neither is that of a charge point that is unknown or may not connect', async () => {
    expect(await principal(await bearer('CP001', { aud: 'another' }))).toBe('the token is for "another"')
    const unknown = 'the token is that of an unknown charge point'
    expect(await principal(await bearer('CP999'))).toBe(unknown)
    expect(await principal(await bearer('cp001'))).toBe(unknown)
    expect(await principal({ Authorization: 'Bearer x' })).toBe('the token cannot be read')
    expect(await principal(await bearer('CP001'), deps({ AuthenticationMethod: 'Basic' }))).toBeNull()
    expect(await principal(await bearer('CP001'), deps({ AllowedChargePoints: ['CP002'] }))).toBeNull()
    expect(await principal(await bearer('ada', operators), deps({}, storeWithCp001(), null))).toBeNull()
  })

  test('operators need no setting about charge points', async () => {
    expect(await principal(await bearer('ada', operators), deps({ AuthenticationMethod: 'Basic' }))).toMatchObject({
      name: 'jwt:ada',
    })
  })

  test('while no keys are known, a token is answered with 503, and API keys are as good as ever', async () => {
    const by = deps({}, storeWithCp001(), unknowing)
    await expect(principal(await bearer('ada', operators), by)).rejects.toMatchObject({
      code: 'TOKEN_KEYS_UNAVAILABLE',
    })
    expect(await principal({ 'X-API-Key': testAdminApiKey }, by)).toMatchObject(anOperator())
  })
})

describe('who is refused is told of the schemes that are enabled', () => {
  test.each([
    [{}, tokenless, 'Basic realm="OCPP"'],
    [{ AuthenticationMethod: 'ApiKey' }, tokenless, 'ApiKey realm="OCPP"'],
    [{}, withTokens, 'Basic realm="OCPP", Bearer realm="OCPP"'],
    [{ AuthenticationMethod: 'Jwt' }, withTokens, 'Bearer realm="OCPP"'],
    [{ AuthenticationMethod: 'Basic' }, withTokens, 'Basic realm="OCPP"'],
  ] as const)('with %o', (security, of, expected) => {
    expect(handshakeChallenge(new Headers(), of(security))).toBe(expected)
  })

  test('and that its token is invalid, if it presented one', async () => {
    for (const Authorization of [(await bearer('CP001'))['Authorization'] ?? '', 'Bearer a, Bearer b', 'bearer']) {
      const headers = new Headers({ Authorization })
      const invalid = 'error="invalid_token"'
      expect(handshakeChallenge(headers, deps())).toBe(`Basic realm="OCPP", Bearer realm="OCPP", ${invalid}`)
      expect(restChallenge(headers, deps())).toBe(
        `Basic realm="Stator", charset="UTF-8", Bearer realm="Stator", ${invalid}`,
      )
    }
    expect(restChallenge(new Headers(basic('CP001', 'x')), deps())).not.toContain('error')
    expect(restChallenge(new Headers(), tokenless({}))).toBe('Basic realm="Stator", charset="UTF-8"')
  })
})

function withTokens(security: Json) {
  return deps(security)
}

function tokenless(security: Json) {
  return testAuthDeps(security, new MemoryCredentialStore())
}
