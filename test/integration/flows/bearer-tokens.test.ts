// Bearer tokens of a real OpenID provider: charge points over WebSocket and operators over REST, keys that change, a
// provider that goes away, forged tokens, and that no token is written anywhere.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { CompactEncrypt, CompactSign, decodeJwt, decodeProtectedHeader, importJWK, exportSPKI } from 'jose'
import { isoTime, systemClock } from '../../../src/base/clock.ts'
import { tokenKeysCooldownMs } from '../../../src/base/limits.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { OidcIssuer, otherResource, statorResource } from '../../support/oidc-issuer.ts'
import { handshakeAnswer, httpStatusOf, RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { signed, signedWithSecret, type TestKey, testKey, unsigned } from '../../support/tokens.ts'

const boot16 = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
const scraperToken = 'token-of-the-scraper'

const { log, lines } = collectedLog('Trace')
/** Every token that was presented. */
const presented: string[] = []
/** How far the clock of Stator is ahead. */
let aheadMs = 0
let issuer: OidcIssuer
let central: TestStator

beforeAll(async () => {
  const nowSeconds = Math.floor(clock.nowMs() / 1_000)
  issuer = await OidcIssuer.start([
    { id: 'CP001' },
    { id: 'CP002' },
    { id: 'CP-NEW' },
    { id: 'SOON', claims: { nbf: nowSeconds + 40 } },
    { id: 'LATER', claims: { nbf: nowSeconds + 3_600 } },
    { id: 'ada', claims: { roles: ['stator-operator'] } },
    { id: 'bob', claims: { roles: ['reader'] } },
  ])
  // The malformed headers count as guesses, far more refused tokens do not.
  const settings = { Security: security(), Limits: { FailedAttempts: 20 } }
  central = await TestStator.start({ settings, hooks: { log, clock } })
  for (const chargePointId of ['CP001', 'CP002', 'SOON', 'LATER'])
    await central.json('/api/chargepoints', { body: { chargePointId } }, 201)
})

afterAll(async () => {
  await central.stop()
  await issuer.stop()
})

const clock = { nowMs: () => systemClock.nowMs() + aheadMs, after: systemClock.after.bind(systemClock) }

function security(more: Readonly<Record<string, unknown>> = {}) {
  const operators = { OperatorClaim: 'roles', OperatorValues: ['stator-operator'] }
  const Jwt = { Issuer: issuer.url, Audience: [statorResource], ...operators }
  return { Jwt, MetricsToken: scraperToken, ...more }
}

function bearer(token: string): { Authorization: string } {
  presented.push(token)
  return { Authorization: `Bearer ${token}` }
}

async function knock(identity: string, token: string): Promise<Response> {
  return handshakeAnswer({ url: central.ocppUrl, identity, headers: bearer(token) })
}

/** The HTTP status of a REST request with this token. */
async function statusOf(path: string, token: string): Promise<number> {
  return (await central.api(path, { key: null, headers: bearer(token) })).status
}

/** Fails unless the token opens neither a WebSocket nor REST; returns the reason in the log. */
async function refused(token: string, identity = 'CP001'): Promise<string> {
  const from = lines.length
  const answer = await knock(identity, token)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('WWW-Authenticate')).toBe('Basic realm="OCPP", Bearer realm="OCPP", error="invalid_token"')
  expect(await answer.json()).toMatchObject({ message: 'Invalid authentication credentials' })
  const rest = await central.api('/api/chargepoints', { key: null, headers: bearer(token) })
  expect(rest.status).toBe(401)
  expect(rest.headers.get('WWW-Authenticate')).toContain('Bearer realm="Stator", error="invalid_token"')
  const logged = lines.slice(from).map((line) => JSON.parse(line))
  return logged.findLast(({ msg }) => msg === 'A handshake was refused.')?.reason
}

describe('a token of the provider', () => {
  test('lets in the charge point that it is about, and no other', async () => {
    const token = await issuer.token('CP001')
    const raw = await RawChargePoint.connect({ url: central.ocppUrl, identity: 'CP001', headers: bearer(token) })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
    expect((await knock('CP002', token)).status).toBe(401)
    expect((await knock('CP404', await issuer.token('CP001'))).status).toBe(404)
  })

  test('shows a charge point what is its own over REST', async () => {
    const token = await issuer.token('CP001')
    expect(await statusOf('/api/chargepoints/CP001', token)).toBe(200)
    expect(await statusOf('/api/chargepoints/CP002', token)).toBe(404)
    expect(await statusOf('/api/chargepoints', token)).toBe(200)
    expect(await statusOf('/metrics', token)).toBe(403)
  })

  test('with the role is an operator’s: it opens REST, and no WebSocket of a charge point', async () => {
    const token = await issuer.token('ada')
    expect(await statusOf('/api/chargepoints', token)).toBe(200)
    expect(await statusOf('/metrics', token)).toBe(200)
    const body = { chargePointId: 'ada' }
    expect((await central.api('/api/chargepoints', { body, key: null, headers: bearer(token) })).status).toBe(201)
    expect((await knock('ada', token)).status).toBe(401)
    expect(lines.some((line) => JSON.parse(line).principal === 'jwt:ada')).toBe(true)
  })

  test('with another role is no operator’s', async () => {
    expect(await statusOf('/api/chargepoints', await issuer.token('bob'))).toBe(401)
  })

  test('is not the scraper’s, which opens /metrics and nothing else', async () => {
    expect(await statusOf('/metrics', scraperToken)).toBe(200)
    expect(await statusOf('/api/chargepoints', scraperToken)).toBe(401)
  })

  test('provisions an unknown charge point if the settings say so, without credentials of its own', async () => {
    const Security = security({ UnknownChargePoints: 'accept', AuthenticationMethod: 'Jwt' })
    const open = await TestStator.start({ settings: { Security } })
    try {
      const wrong = await issuer.token('CP001')
      const options = { url: open.ocppUrl, identity: 'CP-NEW' }
      const answer = await handshakeAnswer({ ...options, headers: bearer(wrong) })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="OCPP", error="invalid_token"')
      expect((await open.api('/api/chargepoints/CP-NEW')).status).toBe(404)
      const right = bearer(await issuer.token('CP-NEW'))
      await (await RawChargePoint.connect({ ...options, headers: right })).close()
      expect(await open.json('/api/chargepoints/CP-NEW')).toMatchObject({ chargePointId: 'CP-NEW' })
      expect((await handshakeAnswer({ ...options, password: 'anything' })).status).toBe(401)
    } finally {
      await open.stop()
    }
  })

  test('that expires does not close the connection that it opened, and opens no other', async () => {
    const token = await issuer.token('CP001')
    const raw = await RawChargePoint.connect({ url: central.ocppUrl, identity: 'CP001', headers: bearer(token) })
    await raw.call('BootNotification', boot16)
    const before = aheadMs
    try {
      aheadMs += 700_000
      expect(await refused(token)).toBe('the token has expired')
      expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
    } finally {
      aheadMs = before
    }
    await raw.close()
  })

  test('that is not valid yet is refused, unless that may be the difference of two clocks', async () => {
    expect((await knock('SOON', await issuer.token('SOON'))).status).toBe(101)
    expect(await refused(await issuer.token('LATER'), 'LATER')).toBe('the token is not valid yet')
  })
})

/** A key that is not the provider's, under the name of the provider's. */
async function keyOfSomebody(): Promise<TestKey> {
  return testKey('ES256', decodeProtectedHeader(await issuer.token('CP001')).kid ?? '')
}

describe('a token is refused', () => {
  const notAllowed = 'the algorithm of the token is not in Security.Jwt.Algorithms'

  test('if it is for another API', async () => {
    expect(await refused(await issuer.token('CP001', otherResource))).toBe(`the token is for "${otherResource}"`)
  })

  test('if it is of another provider', async () => {
    const other = await OidcIssuer.start([{ id: 'CP001' }])
    try {
      expect(await refused(await other.token('CP001'))).toBe('the issuer has no key of the name in the token')
    } finally {
      await other.stop()
    }
  })

  test('if it is unsigned, encrypted, or signed with the public key as a secret', async () => {
    const token = await issuer.token('CP001')
    const claims = { ...decodeJwt(token) }
    const { kid = '' } = decodeProtectedHeader(token)
    expect(await refused(unsigned(claims, { kid }))).toBe(notAllowed)
    const [jwk] = await issuer.publishedKeys()
    const publicKey = await importJWK({ ...jwk, ext: true }, 'ES256')
    if (publicKey instanceof Uint8Array) throw new Error('the key is no public key')
    expect(await refused(signedWithSecret(await exportSPKI(publicKey), claims, { kid }))).toBe(notAllowed)
    const encrypt = new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
    const encrypted = encrypt.setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid }).encrypt(new Uint8Array(32))
    expect(await refused(await encrypted)).toBe(notAllowed)
  })

  test('if it is signed by somebody else, whatever its header says', async () => {
    const key = await keyOfSomebody()
    const claims = decodeJwt(await issuer.token('CP001'))
    expect(await refused(await signed(key, claims))).toBe('the signature is wrong')
    expect(await refused(await signed(key, claims, { jwk: key.jwk, jku: `${issuer.url}/jwks` }))).toBe(
      'the signature is wrong',
    )
    for (const kid of ['../../../../dev/null', 'file:///etc/passwd', "x' OR '1'='1"]) {
      expect(await refused(await signed(key, claims, { kid }))).toBe('the issuer has no key of the name in the token')
    }
    const text = Buffer.from(JSON.stringify(claims))
    const notEncoded = new CompactSign(text).setProtectedHeader({
      alg: 'ES256',
      kid: key.jwk.kid ?? '',
      crit: ['b64'],
      b64: true,
    })
    expect(await refused(await notEncoded.sign(key.privateKey))).toBe('the signature is wrong')
  })

  test('if it is huge', async () => {
    const key = await keyOfSomebody()
    const padding = 'x'.repeat(9_000)
    expect(await refused(await signed(key, { padding }))).toBe('the token has more than 8192 characters')
    const header = `Authorization: Bearer ${'x'.repeat(200_000)}`
    expect(await rawStatus(header)).not.toBe(101)
  })

  test('if it is one of two, or beside a second Authorization header', async () => {
    const token = await issuer.token('CP001')
    presented.push(token)
    const right = `Authorization: Bearer ${token}`
    expect(await rawStatus(right)).toBe(101)
    for (const headers of [
      `${right}\r\n${right}`,
      `${right}\r\nAuthorization: Bearer x`,
      `Authorization: Bearer x\r\n${right}`,
      `Authorization: Basic eDp5\r\n${right}`,
      `${right}, Bearer x`,
      `Authorization: Bearer ${token} ${token}`,
      `Authorization: ${token}`,
      `Authorization: Token ${token}`,
      `Authorization: Bearer"${token}"`,
      `Authorization: Bearer "${token}"`,
      `Authorization: Bearer ${token}=`,
      `Authorization: Bearer ${token}\u00e9`,
      `X-API-Key: ${token}`,
      `Cookie: access_token=${token}`,
    ]) {
      expect({ headers, status: await rawStatus(headers) }).toEqual({ headers, status: 401 })
    }
    expect(
      (await handshakeAnswer({ url: central.ocppUrl, identity: 'CP001', path: `CP001?access_token=${token}` })).status,
    ).toBe(401)
  })
})

/** The HTTP status of a handshake of CP001 with these header lines, written to a bare TCP connection. */
function rawStatus(headers: string): Promise<number | null> {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6'
  return httpStatusOf(
    central.url,
    `GET /ocpp/CP001 HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n${key}\r\n${headers}\r\n\r\n`,
  )
}

describe('the provider', () => {
  test('may change its keys: the new one is fetched when it is first seen, and the old one is worthless then', async () => {
    const old = await issuer.token('CP001')
    expect((await knock('CP001', old)).status).toBe(101)
    await issuer.rotateKeys()
    aheadMs += tokenKeysCooldownMs
    const fresh = await issuer.token('CP001')
    const answers = await Promise.all(Array.from({ length: 20 }, () => knock('CP001', fresh)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 101))
    expect(await refused(old)).toBe('the issuer has no key of the name in the token')
  })

  test('may be away: who has a token goes on', async () => {
    const token = await issuer.token('CP001')
    const ada = await issuer.token('ada')
    await issuer.stop()
    aheadMs += tokenKeysCooldownMs
    expect(await refused(await signed(await testKey('ES256', 'unknown'), decodeJwt(token)))).toBeString()
    expect((await knock('CP001', token)).status).toBe(101)
    expect(await statusOf('/api/chargepoints', ada)).toBe(200)
  })

  test('may be away when Stator starts, which warns and answers tokens with 503', async () => {
    await issuer.stop()
    const collected = collectedLog('Warning')
    const started = await TestStator.start({ settings: { Security: security() }, hooks: { log: collected.log } })
    try {
      await started.provision('CP001')
      const token = await signed(await testKey(), { sub: 'CP001' })
      const answer = await handshakeAnswer({ url: started.ocppUrl, identity: 'CP001', headers: bearer(token) })
      expect(answer.status).toBe(503)
      expect(answer.headers.get('Retry-After')).toBe('10')
      expect(await answer.json()).toMatchObject({
        code: 'TOKEN_KEYS_UNAVAILABLE',
        message: 'The keys of bearer tokens cannot be read at the moment.',
      })
      const rest = await started.api('/api/chargepoints', { key: null, headers: bearer(token) })
      expect(rest).toMatchObject({ status: 503, body: { code: 'TOKEN_KEYS_UNAVAILABLE' } })
      expect(collected.lines.join('')).toContain('The keys of bearer tokens cannot be read')
      expect((await started.api('/metrics')).body['text']).toContain('stator_token_keys_available 0')
      await (await started.raw('CP001')).close()
    } finally {
      await started.stop()
      lines.push(...collected.lines)
    }
  })
})

test('a file of keys that cannot be read stops the start', async () => {
  const { Jwt } = security()
  const Security = { Jwt: { ...Jwt, KeyFile: '/nowhere/keys.pem' } }
  await expect(TestStator.start({ settings: { Security } })).rejects.toMatchObject({ code: 'SETTING_INVALID' })
})

test('no token stands in the log, in the message log or in the database', async () => {
  const client = await central.client()
  const { rows } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  )
  const stored: string[] = []
  for (const { name } of rows) {
    const { rows: content } = await client.query<{ text: string }>(`SELECT t::text AS text FROM "${name}" t`)
    stored.push(...content.map(({ text }) => text))
  }
  const written = [...lines, ...stored].join('\n')
  expect(written).toContain('the token has expired')
  expect(presented.length).toBeGreaterThan(40)
  for (const token of presented) {
    if (token === scraperToken) continue
    const [, payload = '', signature = ''] = token.split('.')
    for (const part of [token, payload, signature]) {
      if (part.length > 20 && written.includes(part))
        throw new Error(`A token is written down at ${isoTime(Date.now())}.`)
    }
  }
  expect(written).not.toContain(scraperToken)
})
