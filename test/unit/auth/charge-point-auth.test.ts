// Who may connect as which charge point, and how others are refused.

import { describe, expect, test } from 'bun:test'
import { authenticateChargePoint } from '../../../src/auth/charge-point-auth.ts'
import type { Channel, PresentedCertificate } from '../../../src/auth/authenticator.ts'
import { readCertificate } from '../../../src/auth/certificates/certificate.ts'
import type { HandshakeVerdict } from '../../../src/auth/charge-point-auth.ts'
import { make, thumbprints } from '../../support/made-certificates.ts'
import type { Made } from '../../support/made-certificates.ts'
import { MemoryCredentialStore, basic, testAdminApiKey, testAuthDeps } from '../../support/credential-store.ts'

type Security = Readonly<Record<string, unknown>>

function storeWithCp001(): MemoryCredentialStore {
  const store = new MemoryCredentialStore()
  store.put('CP001', { password: 'secretpassword', apiKey: 'key-of-cp001' })
  store.put('CP002', { password: 'another password', apiKey: 'key-of-cp002' })
  return store
}

function verdict(
  identity: string,
  headers: Record<string, string>,
  security: Security = {},
  store = storeWithCp001(),
  channel = plain,
  ocpp = {},
): Promise<HandshakeVerdict> {
  const deps = testAuthDeps(security, store, null, ocpp)
  return authenticateChargePoint({ identity, headers: new Headers(headers), channel }, deps)
}

const made = make({ subject: 'CP001' })

const plain: Channel = { remoteAddress: '192.0.2.1', isEncrypted: false, hasCertificate: false, certificate: null }

const accepted = {
  kind: 'accepted',
  identity: 'CP001',
  key: 1,
  strictness: 'lenient',
  quirks: [],
  profile: 1,
  method: 'Basic',
  credential: expect.any(Uint8Array),
  renewed: null,
  certificate: null,
} as const

const byKey = { ...accepted, method: 'ApiKey' } as const

/** Let in by an operator's key. */
const trusted = { ...byKey, credential: null }

/** Let in because no credentials are required. */
const unasked = { ...accepted, profile: 0, method: null, credential: null } as const

describe('Basic', () => {
  test('the documented header lets CP001 in', async () => {
    const headers = { Authorization: 'Basic Q1AwMDE6c2VjcmV0cGFzc3dvcmQ=' }
    expect(await verdict('CP001', headers)).toEqual(accepted)
  })

  test('the scheme may be written in any letter case', async () => {
    expect(await verdict('CP001', { authorization: 'basic Q1AwMDE6c2VjcmV0cGFzc3dvcmQ=' })).toEqual(accepted)
  })

  test('a wrong password is unauthorized', async () => {
    expect(await verdict('CP001', basic('CP001', 'secretpasswore'))).toMatchObject({ kind: 'unauthorized' })
  })

  test('the right password of another charge point is unauthorized', async () => {
    expect(await verdict('CP001', basic('CP001', 'another password'))).toMatchObject({ kind: 'unauthorized' })
  })

  test('a password may hold colons and letters of any script', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: ':a:b:ß電' })
    expect(await verdict('CP001', basic('CP001', ':a:b:ß電'), {}, store)).toEqual(accepted)
  })

  test('a user name that is not the identity is refused, unless an operator allows it (A00.FR.204)', async () => {
    expect(await verdict('CP001', basic('operator', 'secretpassword'))).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringContaining('is not the identity of the URL'),
    })
    const kiosk = new MemoryCredentialStore()
    kiosk.put('KIOSK', { password: 'secretpassword' })
    expect(await verdict('KIOSK', basic('kiosk', 'secretpassword'), {}, kiosk)).toMatchObject({ kind: 'accepted' })
    // The Kelvin sign, which becomes a k in lower case.
    expect(await verdict('KIOSK', basic('\u212AIOSK', 'secretpassword'), {}, kiosk)).toMatchObject({
      kind: 'unauthorized',
    })
    for (const strictness of [{}, { strictness: 'strict' }] as const) {
      const store = new MemoryCredentialStore()
      store.put('CP001', { password: 'secretpassword', mayUseOtherName: true, ...strictness })
      expect(await verdict('CP001', basic('operator', 'secretpassword'), {}, store)).toEqual({
        ...accepted,
        strictness: 'lenient',
        ...strictness,
        quirks: ['userNameDiffers'],
      })
      expect(await verdict('CP001', basic('operator', 'wrong'), {}, store)).toMatchObject({ kind: 'unauthorized' })
    }
  })

  test.each([
    ['00ff10e2', 'the bytes of provisioned hex'],
    ['00FF10E2', 'the bytes of provisioned hex in capitals'],
  ])('an AuthorizationKey provisioned as %p is presented as %s, as OCPP 1.6 has it', async (stored) => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: stored })
    expect(await verdict('CP001', basic('CP001', Buffer.from('00ff10e2', 'hex')), {}, store)).toEqual(accepted)
  })

  test.each([
    ['the hex of the stored text', 'secretpassword', Buffer.from('secretpassword').toString('hex')],
    ['the hex of the stored text in capitals', 'kl', Buffer.from('kl').toString('hex').toUpperCase()],
  ])('%s is accepted as a quirk', async (_form, stored, sent) => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: stored })
    const verdictOfSent = await verdict('CP001', basic('CP001', sent), {}, store)
    expect(verdictOfSent).toEqual({ ...accepted, quirks: ['authorizationKeyHex'] })
  })

  test.each([
    ['0a1b2c3d', '0A1B2C3D'],
    ['0A1B2C3D', '0a1b2c3d'],
    ['0a1B2c3D', '0A1b2C3d'],
    ['0a1B2c3D', Buffer.from('0a1b2c3d', 'hex')],
    ['12345678', Buffer.from('12345678', 'hex')],
  ])('a key that was set as the hex %p is the same in any letter case and as bytes', async (set, presented) => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: set, strictness: 'strict' })
    expect(await verdict('CP001', basic('CP001', presented), {}, store)).toMatchObject({ kind: 'accepted', quirks: [] })
  })

  test('a text that only looks a little like hex counts letter by letter', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: 'aBc' })
    expect(await verdict('CP001', basic('CP001', 'abc'), {}, store)).toMatchObject({ kind: 'unauthorized' })
  })

  test('a password that was set as text may be presented in UTF-8 and in Latin-1', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: 'gr\u00fc\u00dfe-und-k\u00fcsse' })
    const latin1 = (text: string) => basic('CP001', Buffer.from(text, 'latin1'))
    expect(await verdict('CP001', latin1('gr\u00fc\u00dfe-und-k\u00fcsse'), {}, store)).toEqual(accepted)
    expect(await verdict('CP001', basic('CP001', 'gr\u00fc\u00dfe-und-k\u00fcsse'), {}, store)).toEqual(accepted)
    expect(await verdict('CP001', latin1('gr\u00fc\u00dfe-und-k\u00e4sse'), {}, store)).toMatchObject({
      kind: 'unauthorized',
    })
  })

  test('while a new password is pending, the old one and the new one both let in, each as itself', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: 'the old one', pending: '00ff10e2' })
    const { passwordHash, pendingPasswordHash } = store.records.get('CP001') ?? {}
    const asOld = await verdict('CP001', basic('CP001', 'the old one'), {}, store)
    expect(asOld).toMatchObject({ kind: 'accepted', credential: passwordHash })
    const asNew = await verdict('CP001', basic('CP001', Buffer.from('00ff10e2', 'hex')), {}, store)
    expect(asNew).toMatchObject({ kind: 'accepted', credential: pendingPasswordHash })
    expect(await verdict('CP001', basic('CP001', 'another one'), {}, store)).toMatchObject({ kind: 'unauthorized' })
  })

  test('a strict charge point gets in with the right name and password, and with nothing that is nearly that', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: 'secretpassword', apiKey: 'key-of-cp001', strictness: 'strict' })
    const strict = (headers: Record<string, string>) => verdict('CP001', headers, {}, store)
    expect(await strict(basic('CP001', 'secretpassword'))).toEqual({ ...accepted, strictness: 'strict' })
    const hex = Buffer.from('secretpassword').toString('hex')
    expect(await strict(basic('cp001', 'secretpassword'))).toMatchObject({ kind: 'unauthorized' })
    expect(await strict(basic('CP001', hex))).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringContaining('the charge point is strict: '),
    })
  })

  test('bytes that are no text match the password they were stored as', async () => {
    const store = new MemoryCredentialStore()
    const password = Uint8Array.of(0, 255, 16, 226, 58)
    store.put('CP001', { password })
    expect(await verdict('CP001', basic('CP001', password), {}, store)).toEqual(accepted)
  })

  test.each([
    ['no header at all', {}],
    ['an empty password', basic('CP001', '')],
    ['no colon', { Authorization: `Basic ${btoa('CP001')}` }],
    ['no base64', { Authorization: 'Basic ***' }],
    ['another scheme', { Authorization: 'Bearer abc.def.ghi' }],
  ])('%s is unauthorized, whether the charge point exists or not', async (_case, headers) => {
    const store = storeWithCp001()
    expect(await verdict('CP001', headers, {}, store)).toMatchObject({ kind: 'unauthorized' })
    expect(await verdict('CP999', headers, {}, store)).toMatchObject({ kind: 'unauthorized' })
    expect(store.lookups).toEqual([])
  })

  test('a charge point without a password lets no password in', async () => {
    const store = new MemoryCredentialStore()
    store.put('CP001', {})
    expect(await verdict('CP001', basic('CP001', 'x'), {}, store)).toMatchObject({ kind: 'unauthorized' })
  })
})

describe('X-API-Key', () => {
  const key = (apiKey: string, chargePointId?: string) => ({
    'X-API-Key': apiKey,
    ...(chargePointId === undefined ? {} : { 'X-Charge-Point-Id': chargePointId }),
  })

  test('its own key lets a charge point in, with or without its name beside it', async () => {
    expect(await verdict('CP001', key('key-of-cp001', 'CP001'))).toEqual(byKey)
    expect(await verdict('CP001', key('key-of-cp001'))).toEqual(byKey)
  })

  test('its own key under another name is refused, unless an operator allows it', async () => {
    expect(await verdict('CP001', key('key-of-cp001', 'CP-1'))).toMatchObject({ kind: 'unauthorized' })
    const store = new MemoryCredentialStore()
    store.put('CP001', { apiKey: 'key-of-cp001', mayUseOtherName: true })
    const named = await verdict('CP001', key('key-of-cp001', 'CP-1'), {}, store)
    expect(named).toEqual({ ...byKey, quirks: ['userNameDiffers'] })
  })

  test.each([
    ['the key of another charge point', key('key-of-cp002', 'CP001')],
    ['an unknown key', key('key-of-nobody', 'CP001')],
    ['an empty key', key('', 'CP001')],
  ])('%s is unauthorized', async (_case, headers) => {
    expect(await verdict('CP001', headers)).toMatchObject({ kind: 'unauthorized' })
  })

  test('a key of Security.ApiKeys lets in the charge point that stands beside it, and no other', async () => {
    const security = { ApiKeys: ['key-of-the-fleet'] }
    expect(await verdict('CP001', key('key-of-the-fleet', 'CP001'), security)).toEqual(trusted)
    expect(await verdict('CP001', key('key-of-the-fleet', 'CP002'), security)).toMatchObject({ kind: 'unauthorized' })
    expect(await verdict('CP001', key('key-of-the-fleet'), security)).toMatchObject({ kind: 'unauthorized' })
  })

  test('a wrong password beside a right key does not harm', async () => {
    expect(await verdict('CP001', { ...basic('CP001', 'wrong'), ...key('key-of-cp001') })).toEqual(byKey)
  })
})

describe('settings', () => {
  const ownKey = { 'X-API-Key': 'key-of-cp001', 'X-Charge-Point-Id': 'CP001' }

  test('AuthenticationMethod Basic takes no keys, ApiKey no passwords', async () => {
    const password = basic('CP001', 'secretpassword')
    expect(await verdict('CP001', ownKey, { AuthenticationMethod: 'Basic' })).toMatchObject({ kind: 'unauthorized' })
    expect(await verdict('CP001', password, { AuthenticationMethod: 'Basic' })).toEqual(accepted)
    expect(await verdict('CP001', password, { AuthenticationMethod: 'ApiKey' })).toMatchObject({ kind: 'unauthorized' })
    expect(await verdict('CP001', ownKey, { AuthenticationMethod: 'ApiKey' })).toEqual(byKey)
  })

  test('RequireAuthentication false lets known charge points in without credentials, or with wrong ones', async () => {
    const security = { RequireAuthentication: false }
    expect(await verdict('CP001', {}, security)).toEqual(unasked)
    expect(await verdict('CP001', basic('CP001', 'wrong'), security)).toEqual(unasked)
    expect(await verdict('CP999', {}, security)).toEqual({ kind: 'unknown' })
  })

  test('a charge point that AllowedChargePoints leaves out is not allowed, and not looked up', async () => {
    const store = storeWithCp001()
    const security = { AllowedChargePoints: ['CP002'] }
    expect(await verdict('CP001', basic('CP001', 'secretpassword'), security, store)).toEqual({ kind: 'notAllowed' })
    expect(store.lookups).toEqual([])
    expect(await verdict('CP002', basic('CP002', 'another password'), security)).toMatchObject({ kind: 'accepted' })
  })

  test('an unknown charge point is unknown', async () => {
    expect(await verdict('CP999', basic('CP999', 'x'))).toEqual({ kind: 'unknown' })
  })
})

describe('UnknownChargePoints accept', () => {
  const security = { UnknownChargePoints: 'accept', ApiKeys: ['key-of-the-fleet'] }

  test('the first password becomes the password', async () => {
    const store = new MemoryCredentialStore()
    expect(await verdict('CP001', basic('CP001', 'first'), security, store)).toEqual(accepted)
    expect(await verdict('CP001', basic('CP001', 'second'), security, store)).toMatchObject({ kind: 'unauthorized' })
    expect(await verdict('CP001', basic('CP001', 'first'), security, store)).toEqual(accepted)
  })

  test('the first key becomes the key', async () => {
    const store = new MemoryCredentialStore()
    const key = (apiKey: string) => ({ 'X-API-Key': apiKey, 'X-Charge-Point-Id': 'CP001' })
    expect(await verdict('CP001', key('first-key'), security, store)).toEqual(byKey)
    expect(await verdict('CP001', key('other-key'), security, store)).toMatchObject({ kind: 'unauthorized' })
  })

  test('an operator key provisions the charge point it names, and never becomes its key', async () => {
    const store = new MemoryCredentialStore()
    const key = (apiKey: string, name: string) => ({ 'X-API-Key': apiKey, 'X-Charge-Point-Id': name })
    expect(await verdict('CP001', key('key-of-the-fleet', 'CP001'), security, store)).toEqual(trusted)
    expect(store.records.get('CP001')?.apiKeyHash).toBeNull()
    expect(await verdict('CP002', key(testAdminApiKey, 'CP001'), security, store)).toMatchObject({
      kind: 'unauthorized',
    })
    expect(store.records.has('CP002')).toBe(false)
  })

  test('without credentials nothing is made, unless none are required', async () => {
    const store = new MemoryCredentialStore()
    expect(await verdict('CP001', {}, security, store)).toMatchObject({ kind: 'unauthorized' })
    expect(store.records.size).toBe(0)
    expect(await verdict('CP001', {}, { ...security, RequireAuthentication: false }, store)).toEqual(unasked)
  })

  test('of two that come at once under one identity, the one with other credentials stays out', async () => {
    const store = new MemoryCredentialStore()
    const [first, second] = await Promise.all([
      verdict('CP001', basic('CP001', 'first'), security, store),
      verdict('CP001', basic('CP001', 'second'), security, store),
    ])
    expect([first.kind, second.kind]).toEqual(['accepted', 'unauthorized'])
  })
})

describe('security profiles', () => {
  const tls: Channel = { ...plain, isEncrypted: true }
  const password = basic('CP001', 'secretpassword')
  const withMin = (profileMin: 0 | 1 | 2 | 3) => {
    const store = new MemoryCredentialStore()
    store.put('CP001', { password: 'secretpassword', profileMin })
    return store
  }

  test('a password is profile 1 without TLS, and 2 with it', async () => {
    expect(await verdict('CP001', password)).toMatchObject({ profile: 1 })
    expect(await verdict('CP001', password, {}, storeWithCp001(), tls)).toMatchObject({ profile: 2 })
  })

  test('a connection below the lowest profile of the charge point is refused (A00.FR.002, A05.FR.09)', async () => {
    expect(await verdict('CP001', password, {}, withMin(2))).toEqual({
      kind: 'profileTooLow',
      identity: 'CP001',
      profile: 1,
      profileMin: 2,
    })
    expect(await verdict('CP001', password, {}, withMin(2), tls)).toMatchObject({ kind: 'accepted' })
    expect(await verdict('CP001', password, {}, withMin(3), tls)).toMatchObject({ kind: 'profileTooLow' })
    const unasked = await verdict('CP001', {}, { RequireAuthentication: false }, withMin(1))
    expect(unasked).toMatchObject({ kind: 'profileTooLow', profile: 0 })
  })

  test('wrong credentials learn nothing of the lowest profile', async () => {
    expect(await verdict('CP001', basic('CP001', 'wrong'), {}, withMin(2))).toMatchObject({ kind: 'unauthorized' })
  })
})

describe('client certificates', () => {
  const asking = { AllowedCertificateThumbprints: [thumbprints(made).sha256], AuthenticationMethod: ['Any'] }
  const by = (subject: Made, more: Partial<PresentedCertificate> = {}): Channel => {
    const { x509: leaf, facts } = readCertificate(subject.der)
    return { ...plain, isEncrypted: true, certificate: { leaf, facts, chainProblem: null, ...more } }
  }
  const knock = (identity: string, channel: Channel, security: Security = {}, store = storeWithCp001(), headers = {}) =>
    verdict(identity, headers, { ...asking, ...security }, store, channel, { EnableSSL: true, CertificatePath: 'x' })
  const required = { RequireClientCertificate: true }

  test('a listed certificate under its own name is profile 3, and counts before a password', async () => {
    const certificate = made.serial.toString('hex').toUpperCase()
    const byCertificate = {
      ...accepted,
      profile: 3,
      method: 'ClientCertificate',
      credential: null,
      certificate,
    } as const
    expect(await knock('CP001', by(made))).toEqual(byCertificate)
    const both = basic('CP001', 'secretpassword')
    expect(await knock('CP001', by(made), required, storeWithCp001(), both)).toEqual(byCertificate)
  })

  test('one that an operator has revoked is refused, and does not stand in the way of a password', async () => {
    const store = storeWithCp001()
    store.revoked.add(made.serial.toString('hex').toUpperCase())
    expect(await knock('CP001', by(made), {}, store)).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringContaining('an operator has revoked it'),
    })
    const password = basic('CP001', 'secretpassword')
    expect(await knock('CP001', by(made), {}, store, password)).toMatchObject({ method: 'Basic', certificate: null })
    expect(await knock('CP001', by(made), required, store, password)).toMatchObject({ kind: 'unauthorized' })
  })

  test('its name may differ in letter case, which a strict charge point may not', async () => {
    const store = new MemoryCredentialStore()
    store.put('cp001', {})
    expect(await knock('cp001', by(made), {}, store)).toMatchObject({ kind: 'accepted', quirks: ['identityCase'] })
    expect(await knock('CP001', by(made), {}, store)).toMatchObject({ kind: 'accepted', quirks: ['identityCase'] })
    store.records.clear()
    store.put('cp001', { strictness: 'strict' })
    expect(await knock('cp001', by(made), {}, store)).toMatchObject({ kind: 'unauthorized' })
  })

  test('of another organization is refused where organizations are named (A00.FR.404)', async () => {
    const own = { ClientCertificateOrganizations: ['Somebody', 'Operator'] }
    expect(await knock('CP001', by(made), own)).toMatchObject({ kind: 'accepted', profile: 3 })
    expect(await knock('CP001', by(made), { ClientCertificateOrganizations: ['operator'] })).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringContaining('its organization is not in Security.ClientCertificateOrganizations'),
    })
  })

  test.each([
    ['of another charge point', 'CP002', by(made), 'is that of another charge point'],
    ['that is not listed', 'CP001', by(make({ subject: 'CP001' })), 'is not in Security.AllowedCertificateThumbprints'],
    [
      'that does not lead to an authority',
      'CP001',
      by(made, { chainProblem: 'it is self-signed' }),
      'it is self-signed',
    ],
    ['that cannot be read', 'CP001', { ...plain, certificate: 'it cannot be read' }, 'it cannot be read'],
    ['that is missing', 'CP001', plain, 'no right client certificate'],
  ])(
    'one %s is refused if one is required, and a password does instead if none is',
    async (_what, identity, channel, reason) => {
      const password = basic(identity, identity === 'CP001' ? 'secretpassword' : 'another password')
      expect(await knock(identity, channel, required, storeWithCp001(), password)).toMatchObject({
        kind: 'unauthorized',
        reason: expect.stringContaining(reason),
      })
      const instead = await knock(identity, channel, {}, storeWithCp001(), password)
      expect(instead).toMatchObject({ kind: 'accepted', method: 'Basic' })
    },
  )

  test('an unknown charge point is provisioned under the name in its certificate, and under no other', async () => {
    const unknown = { ...required, UnknownChargePoints: 'accept' }
    const store = new MemoryCredentialStore()
    expect(await knock('CP009', by(made), unknown, store, basic('CP009', 'password'))).toMatchObject({
      kind: 'unauthorized',
    })
    expect(await knock('CP001', plain, unknown, store, basic('CP001', 'password'))).toMatchObject({
      kind: 'unauthorized',
    })
    expect(store.records.size).toBe(0)
    expect(await knock('CP001', by(made), unknown, store)).toMatchObject({ kind: 'accepted', profile: 3 })
  })
})

test('a blocked charge point is told so only if its credentials are right', async () => {
  const store = new MemoryCredentialStore()
  store.put('CP001', { password: 'secretpassword', isBlocked: true })
  expect(await verdict('CP001', basic('CP001', 'secretpassword'), {}, store)).toMatchObject({ kind: 'blocked' })
  expect(await verdict('CP001', basic('CP001', 'wrong'), {}, store)).toMatchObject({ kind: 'unauthorized' })
})

describe('web pages', () => {
  const browser = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', Host: 'csms.example.com:8080' }
  const from = (origin: string, more: Record<string, string> = browser) => ({
    ...basic('CP001', 'secretpassword'),
    ...more,
    Origin: origin,
  })

  test('a page of another host is refused, although its browser remembers the password', async () => {
    expect(await verdict('CP001', from('https://evil.example'))).toEqual({ kind: 'foreignPage' })
    expect(await verdict('CP001', from('null'))).toEqual({ kind: 'foreignPage' })
    expect(await verdict('CP001', from('https://csms.example.com:8080'))).toMatchObject({ kind: 'accepted' })
  })

  test('Security.AllowedOrigins lets pages in', async () => {
    const security = { AllowedOrigins: ['https://Console.example/'] }
    expect(await verdict('CP001', from('https://console.example'), security)).toMatchObject({ kind: 'accepted' })
    expect(await verdict('CP001', from('https://evil.example'), security)).toEqual({ kind: 'foreignPage' })
    expect(await verdict('CP001', from('https://evil.example'), { AllowedOrigins: ['*'] })).toMatchObject({
      kind: 'accepted',
    })
  })

  test('the Origin that the library of a charge point sends counts only if no credentials are required', async () => {
    const station = from('http://localhost', { Host: 'csms.example.com', 'User-Agent': 'Go-http-client/1.1' })
    expect(await verdict('CP001', station)).toMatchObject({ kind: 'accepted' })
    expect(await verdict('CP001', station, { RequireAuthentication: false })).toEqual({ kind: 'foreignPage' })
  })
})

test('what the store throws reaches the handshake', async () => {
  const store = new MemoryCredentialStore()
  store.lookup = () => Promise.reject(new Error('away'))
  await expect(verdict('CP001', basic('CP001', 'x'), {}, store)).rejects.toThrow('away')
})
