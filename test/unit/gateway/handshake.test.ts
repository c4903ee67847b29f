// Who a URL names, which version is agreed on, and who is let in: every quirk of a handshake, met leniently and strictly.

import { FailedAttempts } from '../../../src/auth/failed-attempts.ts'
import { noQuirks } from '../../support/known.ts'
import { describe, expect, test } from 'bun:test'
import { handshakeQuirkTable } from '../../../src/auth/handshake-quirks.ts'
import { Counters } from '../../../src/base/counters.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { createLogger, silentLogger } from '../../../src/base/log.ts'
import { Admission } from '../../../src/gateway/admission.ts'
import type { HandshakeRefusal } from '../../../src/blocks/records.ts'
import type { SocketData } from '../../../src/station/station.ts'
import { negotiate, handshake, identityOf, isOcppPath, type HandshakeDeps } from '../../../src/gateway/handshake.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { MemoryCredentialStore, basic, testAuthDeps } from '../../support/credential-store.ts'

describe('the OCPP endpoint', () => {
  test.each(['/ocpp', '/ocpp/', '/ocpp/CP001', '/ocpp/tenant/CP001', '//ocpp/CP001', '////ocpp', '//ocpp//CP001'])(
    'is at %s',
    (path) => {
      expect(isOcppPath(path)).toBe(true)
    },
  )

  test.each(['/', '/ocppx/CP001', '/OCPP/CP001', '/api/ocpp/CP001', '//', '//ocppx/CP001', '//api/ocpp/CP001'])(
    'is not at %s',
    (path) => {
      expect(isOcppPath(path)).toBe(false)
    },
  )
})

describe('the identity', () => {
  test.each([
    ['plain', '/ocpp/CP001', 'CP001'],
    ['in the letter case it has', '/ocpp/cp001', 'cp001'],
    ['percent-encoded without need', '/ocpp/CP%30%30%31', 'CP001'],
    ['with letters, blanks and slashes that need encoding', '/ocpp/L%C3%B6we%20%2F%20Ost', 'Löwe / Ost'],
    ['after an extra slash', '/ocpp//CP001', 'CP001'],
    ['after an extra slash at the beginning', '//ocpp/CP001', 'CP001'],
    ['after any number of them', '/////ocpp/CP001', 'CP001'],
    ['before an extra slash', '/ocpp/CP001/', 'CP001'],
    ['after an extra segment', '/ocpp/tenant/CP001', 'CP001'],
    ['given twice', '/ocpp/CP001/CP001', 'CP001'],
    ['of 48 characters', `/ocpp/${'x'.repeat(48)}`, 'x'.repeat(48)],
    ['of 48 characters that take more bytes', `/ocpp/${'%C3%B6'.repeat(48)}`, 'ö'.repeat(48)],
  ])('is read %s', (_how, path, identity) => {
    expect(identityOf(path)).toBe(identity)
  })

  test.each([
    ['is left out', '/ocpp'],
    ['is empty', '/ocpp/'],
    ['is nothing but slashes', '/ocpp///'],
    ['is left out after an extra slash', '//ocpp'],
    ['has 49 characters', `/ocpp/${'x'.repeat(49)}`],
    ['has a colon', '/ocpp/CP:001'],
    ['has an encoded colon', '/ocpp/CP%3A001'],
    ['has a control character', '/ocpp/CP%0A001'],
    ['is cut in the middle of a character', '/ocpp/CP%E0%A4%A'],
    ['ends in a bare percent sign', '/ocpp/CP001%'],
  ])('is none when it %s', (_how, path) => {
    expect(identityOf(path)).toBeNull()
  })
})

describe('the version', () => {
  const none = { subprotocol: null, version: null, quirk: null }

  test.each([
    ['ocpp1.6', 'ocpp1.6', '1.6'],
    ['ocpp2.0.1', 'ocpp2.0.1', '2.0.1'],
    ['ocpp2.1', 'ocpp2.1', '2.1'],
    ['ocpp1.6, ocpp2.0.1', 'ocpp1.6', '1.6'],
    ['ocpp2.1,ocpp2.0.1,ocpp1.6', 'ocpp2.1', '2.1'],
    ['ocpp2.0.1,ocpp1.6', 'ocpp2.0.1', '2.0.1'],
    ['ocpp2.0.1, ocpp2.1', 'ocpp2.0.1', '2.0.1'],
    [' ocpp2.2 ,, ocpp1.6 ', 'ocpp1.6', '1.6'],
    ['ocpp2.0.1.1, ocpp2.0.1', 'ocpp2.0.1', '2.0.1'],
  ] as const)('offered as %p is agreed on as %p, leniently and strictly', (offered, subprotocol, version) => {
    const negotiated = { subprotocol, version, quirk: null }
    expect(negotiate(offered, null, 'lenient')).toEqual(negotiated)
    expect(negotiate(offered, '1.6', 'strict')).toEqual(negotiated)
  })

  test.each([
    ['ocpp2.0.1.1', '2.0.1'],
    ['OCPP1.6', '1.6'],
    ['ocpp2.1.0', '2.1'],
    ['ocpp1.6.0', '1.6'],
  ] as const)('spelt %p is a quirk, echoed as it was offered', (offered, version) => {
    expect(negotiate(offered, null, 'lenient')).toEqual({ subprotocol: offered, version, quirk: 'subprotocolSpelling' })
    expect(negotiate(offered, '1.6', 'strict')).toEqual(none)
  })

  test('in an odd spelling is passed over in strict mode for an older one that is spelt well', () => {
    expect(negotiate('ocpp2.0.1.1, ocpp1.6', null, 'lenient').version).toBe('2.0.1')
    expect(negotiate('ocpp2.0.1.1, ocpp1.6', null, 'strict').version).toBe('1.6')
  })

  test.each(['ocpp1.5', 'ocpp1.60', 'ocpp2.0', 'ocpp2.0.10', 'ocpp2.10', 'mqtt, soap'])(
    'offered as %p is none of ours, whatever is assumed of those that offer nothing',
    (offered) => {
      expect(negotiate(offered, '1.6', 'lenient')).toEqual(none)
    },
  )

  test.each([null, '', ' , '])('offered as %p is assumed in lenient mode, if the settings say which', (offered) => {
    const assumed = { subprotocol: null, version: '1.6', quirk: 'subprotocolMissing' } as const
    expect(negotiate(offered, '1.6', 'lenient')).toEqual(assumed)
    expect(negotiate(offered, null, 'lenient')).toEqual(none)
    expect(negotiate(offered, '1.6', 'strict')).toEqual(none)
  })
})

/** A handshake of LENIENT or STRICT, whose password is `secret`, on a server that upgrades whatever it is given. */
async function knock(
  path: string,
  headers: Record<string, string>,
  overrides: Partial<HandshakeDeps> & { readonly canUpgrade?: boolean } = {},
) {
  const lines: Record<string, unknown>[] = []
  const upgrades: { data: SocketData; headers?: unknown }[] = []
  const refusals: HandshakeRefusal[] = []
  const counters = new Counters()
  const store = new MemoryCredentialStore()
  store.put('LENIENT', { password: 'secret' })
  store.put('STRICT', { password: 'secret', strictness: 'strict' })
  store.put('NAMED', { password: 'secret', mayUseOtherName: true })
  const { canUpgrade = true, ...deps } = overrides
  const request = new Request(`http://localhost${path}`, { headers: { Upgrade: 'websocket', ...headers } })
  const answer = await handshake(
    request,
    new URL(request.url).pathname,
    { remoteAddress: '192.0.2.1', isEncrypted: false, hasCertificate: false, certificate: null },
    {
      upgrade: (_request, options) => {
        if (canUpgrade && options !== undefined) upgrades.push(options)
        return canUpgrade
      },
      timeout: () => {},
    },
    {
      auth: testAuthDeps({}, store),
      quirks: noQuirks,
      assumedVersion: '1.6',
      closedBecause: () => null,
      admission: new Admission({ clock: new HandClock(), counters, log: silentLogger, waitingMax: 100 }),
      attempts: new FailedAttempts({ clock: new HandClock(), counters, freeAttempts: 10 }),
      addresses: { isFull: () => false },
      noteRefusal: (refusal) => refusals.push(refusal),
      noteSecurityEvent: () => {},
      clock: new HandClock(),
      counters,
      log: createLogger({ Default: 'Information' }, { write: (line) => void lines.push(JSON.parse(line)) }),
      ...deps,
    },
  )
  const quirks = lines.flatMap((line) => (line['quirk'] === undefined ? [] : [line['quirk']]))
  return { answer, upgrade: upgrades[0], quirks, lines, counters, refusals }
}

const ocpp16 = { 'Sec-WebSocket-Protocol': 'ocpp1.6' }

describe('a charge point that follows OCPP', () => {
  test.each(['LENIENT', 'STRICT'])('is upgraded without a quirk (%s)', async (identity) => {
    const headers = { ...basic(identity, 'secret'), ...ocpp16 }
    const { answer, upgrade, quirks, counters } = await knock(`/ocpp/${identity}`, headers)
    expect(answer).toBeUndefined()
    expect(upgrade).toEqual({
      data: {
        identity,
        chargePointKey: identity === 'LENIENT' ? 1 : 2,
        authentication: { credential: expect.any(Uint8Array), renewed: null, profile: 1, certificate: null },
        version: '1.6',
        remoteAddress: '192.0.2.1',
        releaseSlot: expect.any(Function),
      },
      headers: { 'Sec-WebSocket-Protocol': 'ocpp1.6' },
    })
    expect(quirks).toEqual([])
    expect(counters.handshakesRefused.total).toBe(0)
  })
})

describe('a quirk', () => {
  const hex = Buffer.from('secret').toString('hex')
  const plain = (name: string) => name
  const cases = [
    [
      'identityCase',
      (name: string) => name.toLowerCase(),
      (name: string) => ({ ...basic(name.toLowerCase(), 'secret'), ...ocpp16 }),
      401,
    ],
    ['authorizationKeyHex', plain, (name: string) => ({ ...basic(name, hex), ...ocpp16 }), 401],
    ['pathNotPlain', (name: string) => `${name}/`, (name: string) => ({ ...basic(name, 'secret'), ...ocpp16 }), 404],
    [
      'subprotocolSpelling',
      plain,
      (name: string) => ({ ...basic(name, 'secret'), 'Sec-WebSocket-Protocol': 'ocpp2.0.1.1' }),
      'closed',
    ],
    ['subprotocolMissing', plain, (name: string) => basic(name, 'secret'), 'closed'],
  ] as const

  test('has a case here, whichever it is', () => {
    expect(['userNameDiffers', ...cases.map(([quirk]): string => quirk)].toSorted()).toEqual(
      Object.keys(handshakeQuirkTable).toSorted(),
    )
  })

  test('userNameDiffers is noted for a charge point whose operator allows it; others are refused', async () => {
    const headers = { ...basic('somebody', 'secret'), ...ocpp16 }
    expect((await knock('/ocpp/NAMED', headers)).quirks).toEqual(['userNameDiffers'])
    const { answer, upgrade } = await knock('/ocpp/LENIENT', headers)
    expect([answer?.status, upgrade]).toEqual([401, undefined])
  })

  test.each(cases)('%s is noted for a lenient charge point, which is accepted', async (quirk, path, headers) => {
    const { upgrade, quirks } = await knock(`/ocpp/${path('LENIENT')}`, headers('LENIENT'))
    expect(upgrade?.data.version).toBe(quirk === 'subprotocolSpelling' ? '2.0.1' : '1.6')
    expect(quirks).toEqual([quirk])
  })

  test.each(cases)('%s refuses a strict charge point', async (_quirk, path, headers, outcome) => {
    const { answer, upgrade, quirks, counters } = await knock(`/ocpp/${path('STRICT')}`, headers('STRICT'))
    if (outcome === 'closed') expect(upgrade?.data.version).toBeNull()
    else expect(answer?.status).toBe(outcome)
    expect(quirks).toEqual([])
    expect(counters.handshakesRefused.total).toBe(1)
  })
})

describe('a URL with empty segments before the endpoint', () => {
  test.each(['//ocpp', '////ocpp'])(
    '(%s) lets a lenient charge point in with a quirk, and no strict one',
    async (at) => {
      const headers = (name: string) => ({ ...basic(name, 'secret'), ...ocpp16 })
      const lenient = await knock(`${at}/LENIENT`, headers('LENIENT'))
      expect(lenient.upgrade?.data.identity).toBe('LENIENT')
      expect(lenient.quirks).toEqual(['pathNotPlain'])
      const strict = await knock(`${at}/STRICT`, headers('STRICT'))
      expect([strict.upgrade, strict.answer?.status]).toEqual([undefined, 404])
    },
  )
})

describe('a handshake that is refused', () => {
  test('with 401 logs the reason and the identity, and shows neither to the client', async () => {
    const { answer, lines } = await knock('/ocpp/LENIENT', { ...basic('LENIENT', 'wrong'), ...ocpp16 })
    expect(answer?.status).toBe(401)
    expect(answer?.headers.get('WWW-Authenticate')).toBe('Basic realm="OCPP"')
    expect(await answer?.json()).toEqual({
      error: 'Unauthorized',
      code: 'UNAUTHORIZED',
      message: 'Invalid authentication credentials',
    })
    expect(lines).toMatchObject([
      {
        identity: 'LENIENT',
        path: '/ocpp/LENIENT',
        status: 401,
        reason: 'wrong password',
        remoteAddress: '192.0.2.1',
      },
    ])
  })

  test('with 401 in strict mode logs the quirk', async () => {
    const { lines } = await knock('/ocpp/STRICT', { ...basic('strict', 'secret'), ...ocpp16 })
    const reason = `the charge point is strict: ${handshakeQuirkTable.identityCase}`
    expect(lines).toMatchObject([{ identity: 'STRICT', status: 401, reason }])
  })

  test('without a common subprotocol logs what was offered', async () => {
    const headers = { ...basic('LENIENT', 'secret'), 'Sec-WebSocket-Protocol': 'ocpp1.5' }
    const { answer, upgrade, lines } = await knock('/ocpp/LENIENT', headers)
    expect(answer).toBeUndefined()
    expect(upgrade).toMatchObject({ data: { version: null }, headers: {} })
    expect(lines).toMatchObject([{ identity: 'LENIENT', reason: 'offered: ocpp1.5', remoteAddress: '192.0.2.1' }])
  })

  test('is noted under the stored identity, with the reason of the log and the address', async () => {
    const noted = { identity: 'LENIENT', isKnown: true, atMs: new HandClock().nowMs(), remoteAddress: '192.0.2.1' }
    const wrong = await knock('/ocpp/lenient', { ...basic('LENIENT', 'wrong'), ...ocpp16 })
    expect(wrong.refusals).toEqual([{ ...noted, status: 401, reason: 'wrong password' }])
    const headers = { ...basic('LENIENT', 'secret'), 'Sec-WebSocket-Protocol': 'ocpp1.5' }
    const reason = 'There is no common subprotocol; offered: ocpp1.5'
    expect((await knock('/ocpp/LENIENT', headers)).refusals).toEqual([{ ...noted, status: 101, reason }])
  })

  test('is noted as unproven before its charge point is looked up, and not at all if there is none', async () => {
    const { refusals } = await knock('/ocpp/LENIENT', ocpp16)
    expect(refusals).toMatchObject([{ identity: 'LENIENT', isKnown: false, status: 401 }])
    expect((await knock('/ocpp/NOBODY', { ...basic('NOBODY', 'secret'), ...ocpp16 })).refusals).toEqual([])
    expect((await knock('/ocpp/', basic('NOBODY', 'secret'))).refusals).toEqual([])
  })

  test('with 426 did not ask for a WebSocket', async () => {
    const { answer } = await knock('/ocpp/LENIENT', { Upgrade: 'h2c' })
    expect(answer?.status).toBe(426)
    expect(await answer?.json()).toMatchObject({ error: 'UpgradeRequired', code: 'UPGRADE_REQUIRED' })
  })

  test.each(['STORE_UNAVAILABLE', 'SHUTTING_DOWN'] as const)(
    'with 503 and Retry-After comes while no charge point is accepted, and says why (%s)',
    async (code) => {
      const { answer, lines } = await knock('/ocpp/NOBODY', {}, { closedBecause: () => code })
      expect(answer?.status).toBe(503)
      expect(Number(answer?.headers.get('Retry-After'))).toBeGreaterThan(0)
      expect(await answer?.json()).toEqual({ error: 'ServiceUnavailable', code, message: expect.any(String) })
      expect(lines).toMatchObject([{ identity: 'NOBODY', code, status: 503 }])
    },
  )

  test('with 503 comes while the database is unavailable, and the log has its code', async () => {
    const store = new MemoryCredentialStore()
    store.lookup = () => Promise.reject(new StatorError('STORE_UNAVAILABLE', 'It is away.'))
    const auth = testAuthDeps({}, store)
    const { answer, lines } = await knock('/ocpp/LENIENT', basic('LENIENT', 'secret'), { auth })
    expect(answer?.status).toBe(503)
    expect(lines).toMatchObject([{ identity: 'LENIENT', code: 'STORE_UNAVAILABLE' }])
  })

  test('with 400 cannot be upgraded', async () => {
    const headers = { ...basic('LENIENT', 'secret'), ...ocpp16 }
    const { answer } = await knock('/ocpp/LENIENT', headers, { canUpgrade: false })
    expect(answer?.status).toBe(400)
  })
})
