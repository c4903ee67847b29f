// Which bearer tokens are worth something, whose they are, and why others are worthless.

import { beforeAll, describe, expect, test } from 'bun:test'
import { CompactEncrypt, CompactSign, exportSPKI, importJWK } from 'jose'
import type { TokenVerifier } from '../../../../src/auth/tokens/token-verifier.ts'
import { tokenCharactersMax, tokenGroupsMax } from '../../../../src/base/limits.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { Random } from '../../../support/random.ts'
import {
  rightClaims,
  signed,
  signedWithSecret,
  type TestKey,
  testAudience,
  testIssuer,
  testKey,
  testOperatorRole,
  testVerifier,
  unsigned,
} from '../../../support/tokens.ts'

const clock = new HandClock()
const nowSeconds = Math.floor(clock.nowMs() / 1_000)
const claims = rightClaims('CP001', clock.nowMs())
const cp001 = { kind: 'chargePoint', identity: 'CP001' } as const

let key: TestKey
let foreign: TestKey
let verifier: TokenVerifier

beforeAll(async () => {
  key = await testKey()
  foreign = await testKey('ES256', key.jwk.kid)
  verifier = await testVerifier([key])
})

/** Whose a token with these claims and header is, signed with the key of the issuer. */
async function owner(change: Readonly<Record<string, unknown>> = {}, header = {}, by = verifier) {
  return by.ownerOf(await signed(key, { ...claims, ...change }, header))
}

describe('a right token', () => {
  test.each(['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const)(
    'may be signed with %s',
    async (alg) => {
      const other = await testKey(alg)
      const both = await testVerifier([key, other], { Algorithms: ['ES256', alg] })
      expect(await both.ownerOf(await signed(other, claims))).toEqual(cp001)
      expect(await both.ownerOf(await signed(key, claims))).toEqual(cp001)
    },
  )

  test.each([undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('may have the type %p', async (typ) => {
    expect(await owner({}, { typ })).toEqual(cp001)
  })

  test('may be for several APIs', async () => {
    expect(await owner({ aud: ['another', testAudience] })).toEqual(cp001)
  })

  test('need not name its key, if there are several', async () => {
    const several = await testVerifier([await testKey('ES256', 'other'), key, await testKey('RS256')])
    expect(await owner({}, { kid: undefined }, several)).toEqual(cp001)
  })

  test('may name a key that is known without a name, as in a PEM file', async () => {
    const { kid: _kid, alg: _alg, ...jwk } = key.jwk
    expect(await owner({}, {}, await testVerifier([{ ...key, jwk }]))).toEqual(cp001)
  })

  test.each([
    ['charge_point', { charge_point: 'CP001' }],
    ['ocpp.identity', { ocpp: { identity: 'CP001' } }],
    ['https://example.com/identity', { 'https://example.com/identity': 'CP001' }],
  ])('may have the identity in the claim %s', async (claim, more) => {
    const by = await testVerifier([key], { IdentityClaim: claim })
    expect(await owner({ ...more, sub: 'f81d4fae' }, {}, by)).toEqual(cp001)
    expect(await owner({ sub: 'CP001' }, {}, by)).toBe(`the claim ${claim} of the token is not an identity`)
  })
})

const admin = { kind: 'operator', roles: ['admin'], groups: null } as const

describe('a token is an operator’s', () => {
  test('if its claim has one of the values, and then it is no charge point’s', async () => {
    expect(await owner({ roles: ['reader', testOperatorRole] })).toEqual({ ...admin, name: 'jwt:CP001' })
  })

  test.each([
    ['realm_access.roles', { realm_access: { roles: ['op'] } }],
    ['scope', { scope: 'openid op' }],
    ['scp', { scp: 'op read' }],
    ['group', { group: 'op' }],
  ])('by the claim %s', async (claim, more) => {
    const by = await testVerifier([key], { OperatorClaim: claim, OperatorValues: ['op', 'admin'] })
    expect(await owner({ ...more, sub: 'ada' }, {}, by)).toEqual({ ...admin, name: 'jwt:ada' })
    expect(await owner({ sub: 'ada' }, {}, by)).toEqual({ kind: 'chargePoint', identity: 'ada' })
  })

  test.each([
    ['a part of the value', { roles: ['stator'] }],
    ['the value in a longer text', { roles: `${testOperatorRole}s` }],
    ['the value among words that are no scope', { roles: `x ${testOperatorRole}` }],
    ['an object with the value', { roles: { [testOperatorRole]: true } }],
    ['a nested list', { roles: [[testOperatorRole]] }],
    ['another letter case', { roles: [testOperatorRole.toUpperCase()] }],
    ['the value in another claim', { scope: testOperatorRole }],
    ['what objects inherit', { roles: undefined, __proto__: { roles: [testOperatorRole] } }],
  ])('not by %s', async (_what, more) => {
    expect(await owner(more)).toEqual(cp001)
  })

  test('only if the settings say by which claim', async () => {
    const by = await testVerifier([key], { OperatorClaim: '', OperatorValues: [] })
    expect(await owner({ roles: [testOperatorRole], admin: true }, {}, by)).toEqual(cp001)
  })

  test('under a name that is short and has no control characters', async () => {
    const sub = `ada\n\u001b[31m\u202e${'x'.repeat(5_00)}`
    const found = await owner({ sub, roles: [testOperatorRole] })
    expect(found).toEqual({ ...admin, name: `jwt:ada??[31m?${'x'.repeat(90)}` })
    expect(await owner({ sub: undefined, roles: [testOperatorRole] })).toBe('the token of an operator has no sub')
  })
})

describe('the roles of an operator', () => {
  const values = { OperatorValues: ['chiefs', 'cn=ops,dc=example=operator', 'see=viewer', 'look=viewer'] }

  test('are those of all values that the claim has, each once', async () => {
    const by = await testVerifier([key], values)
    const roles = ['look', 'chiefs', 'cn=ops,dc=example', 'see', 'another']
    expect(await owner({ roles }, {}, by)).toMatchObject({ kind: 'operator', roles: ['admin', 'operator', 'viewer'] })
    expect(await owner({ roles: ['see'] }, {}, by)).toMatchObject({ kind: 'operator', roles: ['viewer'] })
    expect(await owner({ roles: ['see=viewer', 'viewer'] }, {}, by)).toEqual(cp001)
  })

  test.each([
    [
      [7, 'tenant/site', '7', 1.5, null, { id: 9 }],
      ['7', 'tenant/site'],
    ],
    ['/tenant', ['/tenant']],
    [12, ['12']],
    [undefined, []],
    [
      Array.from({ length: 500 }, (_, index) => index),
      Array.from({ length: tokenGroupsMax }, (_, index) => `${index}`),
    ],
  ])('are for the groups in the claim %p', async (sites, words) => {
    const by = await testVerifier([key], { GroupClaim: 'sites' })
    const found = await owner({ roles: [testOperatorRole], ...(sites === undefined ? {} : { sites }) }, {}, by)
    expect(found).toMatchObject({ groups: { claim: 'sites', words } })
  })
})

describe('the time', () => {
  test.each([
    ['has expired within the skew', { exp: nowSeconds - 59 }, cp001],
    ['has expired by the skew', { exp: nowSeconds - 60 }, 'the token has expired'],
    ['is not valid yet within the skew', { nbf: nowSeconds + 60 }, cp001],
    ['is not valid yet', { nbf: nowSeconds + 61 }, 'the token is not valid yet'],
    ['never expires', { exp: undefined }, 'the token has no exp'],
    ['expires at a text', { exp: '9999999999' }, 'the exp of the token is wrong'],
    ['begins at a text', { nbf: 'now' }, 'the nbf of the token is wrong'],
  ])('of a token that %s', async (_what, change, expected) => {
    expect(await owner(change)).toEqual(expected)
  })

  test('has no tolerance if the skew is 0', async () => {
    const exact = await testVerifier([key], { ClockSkew: 0 })
    expect(await owner({ exp: nowSeconds + 1 }, {}, exact)).toEqual(cp001)
    expect(await owner({ exp: nowSeconds }, {}, exact)).toBe('the token has expired')
    expect(await owner({ nbf: nowSeconds + 1 }, {}, exact)).toBe('the token is not valid yet')
  })
})

describe('a token is worthless', () => {
  test.each([
    ['of another issuer', { iss: `${testIssuer}/` }, `the issuer of the token is "${testIssuer}/"`],
    ['of no issuer', { iss: undefined }, 'the token has no iss'],
    ['for another API', { aud: ['a', 'b'] }, 'the token is for "a, b"'],
    ['for no API', { aud: undefined }, 'the token has no aud'],
    ['with a part of the audience', { aud: testAudience.slice(1) }, `the token is for "${testAudience.slice(1)}"`],
    ['without a subject', { sub: undefined }, 'the claim sub of the token is not an identity'],
    ['whose subject is a number', { sub: 1 }, 'the claim sub of the token is not an identity'],
    ['whose subject is empty', { sub: '' }, 'the claim sub of the token is not an identity'],
    ['whose subject is too long', { sub: 'x'.repeat(49) }, 'the claim sub of the token is not an identity'],
    ['that is bound to a key', { cnf: { jkt: 'x' } }, 'the token is bound to a key (cnf), so it is no bearer token'],
  ])('%s', async (_what, change, reason) => {
    expect(await owner(change)).toBe(reason)
  })

  test.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JOSE', ''])('of the type %p', async (typ) => {
    expect(await owner({}, { typ })).toBe('the type of the token is not that of an access token')
  })

  const notAllowed = 'the algorithm of the token is not in Security.Jwt.Algorithms'

  test('that is unsigned, however it says so', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined, ['ES256'], {}]) {
      expect(await verifier.ownerOf(unsigned(claims, { alg, kid: key.jwk.kid }))).toBe(notAllowed)
    }
    expect(await verifier.ownerOf(unsigned(claims, { alg: 'ES256', kid: key.jwk.kid }))).toBe('the signature is wrong')
  })

  test('that is signed with the public key as a shared secret', async () => {
    const rsa = await testKey('RS256')
    const by = await testVerifier([rsa])
    const publicKey = await importJWK({ ...rsa.jwk, ext: true }, 'RS256')
    if (publicKey instanceof Uint8Array) throw new Error('an RSA key is no secret')
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(rsa.jwk), rsa.jwk.n ?? '', '']) {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        expect(await by.ownerOf(signedWithSecret(secret, claims, { alg, kid: rsa.jwk.kid }))).toBe(notAllowed)
      }
      expect(await by.ownerOf(signedWithSecret(secret, claims, { alg: 'RS256', kid: rsa.jwk.kid }))).toBe(
        'the signature is wrong',
      )
    }
  })

  test('that is signed with a key of somebody else under the name of the issuer’s', async () => {
    expect(await verifier.ownerOf(await signed(foreign, claims))).toBe('the signature is wrong')
    const unnamed = await verifier.ownerOf(await signed(foreign, claims, { kid: undefined }))
    expect(unnamed).toBe('the signature is wrong')
  })

  test('that brings its key along, or says where to fetch it', async () => {
    for (const header of [
      { jwk: foreign.jwk },
      { jku: 'http://127.0.0.1:1/keys' },
      { x5u: 'http://127.0.0.1:1/certificate' },
      { x5c: ['MIIB'] },
    ]) {
      expect(await verifier.ownerOf(await signed(foreign, claims, header))).toBe('the signature is wrong')
    }
  })

  test.each(['../../../etc/passwd', '/dev/null', 'http://127.0.0.1/', "' OR 1=1 --", '__proto__', '\u0000', ''])(
    'that names the key %p',
    async (kid) => {
      expect(await owner({}, { kid })).toBe('the issuer has no key of the name in the token')
    },
  )

  test('that was changed after it was signed', async () => {
    const [header = '', , signature = ''] = (await signed(key, claims)).split('.')
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'CP002' })).toString('base64url')
    expect(await verifier.ownerOf(`${header}.${changed}.${signature}`)).toBe('the signature is wrong')
  })

  test('that is longer than the limit', async () => {
    const padded = await owner({ padding: 'x'.repeat(tokenCharactersMax) })
    expect(padded).toBe(`the token has more than ${tokenCharactersMax} characters`)
  })

  test('that is encrypted', async () => {
    const secret = crypto.getRandomValues(new Uint8Array(32))
    const encrypted = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'JWT' })
      .encrypt(secret)
    expect(await verifier.ownerOf(encrypted)).toBe(notAllowed)
  })

  test('whose payload is not encoded, or that asks for what is not known (crit)', async () => {
    const payload = Buffer.from(JSON.stringify(claims))
    const compact = new CompactSign(payload).setProtectedHeader({
      alg: 'ES256',
      kid: key.jwk.kid ?? '',
      b64: true,
      crit: ['b64'],
    })
    expect(await verifier.ownerOf(await compact.sign(key.privateKey))).toEqual(cp001)
    const [, body = '', signature = ''] = (await signed(key, claims)).split('.')
    for (const header of [
      { b64: false, crit: ['b64'] },
      { crit: ['exp'] },
      { crit: [] },
      { crit: 'b64' },
      { 'x-new': 1, crit: ['x-new'] },
    ]) {
      const text = Buffer.from(JSON.stringify({ alg: 'ES256', kid: key.jwk.kid, ...header })).toString('base64url')
      expect(await verifier.ownerOf(`${text}.${body}.${signature}`)).toBeString()
    }
  })
})

describe('whatever is presented', () => {
  test('is answered with a reason, in bounded time, if no issuer has signed it', async () => {
    const random = new Random(Number(process.env['STATOR_FUZZ_SEED'] ?? 20_261_128))
    const right = await signed(key, claims)
    const begun = performance.now()
    for (let round = 0; round < 3_000; round++) {
      const token = forged(right, random)
      if (isSame(token, right)) continue
      const found = await verifier.ownerOf(token)
      if (typeof found !== 'string') throw new Error(`a forged token is that of ${JSON.stringify(found)}: ${token}`)
      expect(found).not.toContain(token.length > 3 ? token : '\u0000')
    }
    expect(performance.now() - begun).toBeLessThan(30_000)
  })
})

/** Whether two tokens have the same signature on the same content: the last character of 86 has spare bits. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((token) => {
    const end = token.lastIndexOf('.')
    return `${token.slice(0, end)}.${Buffer.from(token.slice(end), 'base64url').toString('hex')}`
  })
  return a === b && /^[\w.-]+$/.test(one)
}

/** A token that is near a right one, or not at all. */
function forged(right: string, random: Random): string {
  const parts = right.split('.')
  const at = random.below(right.length)
  switch (random.below(8)) {
    case 0:
      return right.slice(0, at)
    case 1:
      return `${right.slice(0, at)}${random.pick([...'Ab0-_.= %\u0000é'])}${right.slice(at + 1 + random.below(3))}x`
    case 2:
      return parts.toSorted(() => random.below(3) - 1).join('.')
    case 3:
      return `${right}${random.pick(['.', '..', '=', '.a.b', ' ', '\n'])}`
    case 4:
      return Array.from({ length: random.below(9) }, () => random.pick([...parts, '', 'e30', 'bnVsbA', 'W10'])).join(
        '.',
      )
    case 5:
      return random.pick(['.', '', 'a', '.'.repeat(8_000), 'A'.repeat(8_192), `${'W10'.repeat(2_000)}..`])
    case 6: {
      const header = {
        alg: random.pick(['ES256', 'none', 'HS256', 1, null]),
        kid: random.pick(['key-of-ES256', 7, {}]),
      }
      return [Buffer.from(JSON.stringify(header)).toString('base64url'), parts[1], parts[2]].join('.')
    }
    default: {
      const deep = '['.repeat(random.below(3_000))
      return [Buffer.from(`{"alg":"ES256","kid":${deep}`).toString('base64url'), parts[1], parts[2]].join('.')
    }
  }
}
