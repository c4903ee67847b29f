// Security profile 3 with certificates that Stator signs itself: requested, used, renewed, replaced and revoked, over real TLS.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { SimulatedChargePoint } from '../../../src/simulator/charge-point.ts'
import type { TlsIdentity } from '../../../src/simulator/connection.ts'
import type { SimulatorOptions } from '../../../src/simulator/options.ts'
import { make, makeAuthority, makeLocalhost } from '../../support/made-certificates.ts'
import type { Made } from '../../support/made-certificates.ts'
import { signingRequest } from '../../support/signing-requests.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

interface Issued {
  readonly state: string
  readonly serialNumber: string
  readonly inUse: boolean
  readonly revokedAt: string | null
}

const dayMs = 86_400_000
const serverRoot = makeAuthority('Server root')
const server = makeLocalhost(serverRoot)
const ca = serverRoot.certificate
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-own-authority-'))
  await Bun.write(file('server.pem'), server.certificate + server.key)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function file(name: string): string {
  return join(folder, name)
}

function tlsSettings() {
  return { EnableSSL: true, CertificatePath: file('server.pem') }
}

function station(at: TestStator, identity: string, options: Partial<SimulatorOptions> = {}): SimulatedChargePoint {
  const url = at.ocppUrl.replace('127.0.0.1', 'localhost')
  return new SimulatedChargePoint({ url, identity, version: '2.0.1', backOff: { msMin: 20, msMax: 200 }, ...options })
}

/** What a connection attempt comes to: the status of its refusal, or 101. */
async function knock(at: TestStator, identity: string, shown: Partial<TlsIdentity>): Promise<number> {
  const seen: number[] = []
  const one = station(at, identity, {
    tls: { ca, ...shown },
    observe: (observation) => {
      if (observation.kind === 'connected') seen.push(101)
      if (observation.kind === 'refused') seen.push(observation.status)
    },
  })
  void one.start()
  const status = await until('an answer to the handshake', () => seen[0])
  one.stop()
  return status
}

function shownBy({ certificate, key }: Made): TlsIdentity {
  return { cert: certificate, key }
}

async function issuedTo(at: TestStator, identity: string): Promise<readonly Issued[]> {
  const { issued } = await at.json(`/api/chargepoints/${identity}/certificates`)
  return issued as readonly Issued[]
}

/** The certificates of a charge point, once `holds`. */
function issuedOnce(
  at: TestStator,
  what: string,
  identity: string,
  holds: (issued: readonly Issued[]) => boolean,
): Promise<readonly Issued[]> {
  return until(what, async () => {
    const issued = await issuedTo(at, identity)
    return holds(issued) ? issued : null
  })
}

/** The serial number of the certificate that the open connection authenticated with. */
async function inUse(at: TestStator, identity: string): Promise<string> {
  const issued = await issuedOnce(at, 'a certificate in use', identity, (all) => all.some((one) => one.inUse))
  return issued.find((one) => one.inUse)?.serialNumber ?? ''
}

function renew(at: TestStator, identity: string): Promise<Record<string, unknown>> {
  return at.json(`/api/chargepoints/${identity}/certificates/renew`, { method: 'POST' })
}

function revoke(at: TestStator, identity: string, serialNumber: string): Promise<Record<string, unknown>> {
  return at.json(`/api/chargepoints/${identity}/certificates/${serialNumber}/revoke`, { method: 'POST' })
}

async function refusalReasons(at: TestStator): Promise<string> {
  const { securityEvents } = await at.json('/api/security-events?pageSize=100')
  return JSON.stringify(securityEvents)
}

/** From profile 2 (a password over TLS) to profile 3: with a certificate that was requested, and no file anywhere. */
async function enrolled(
  at: TestStator,
  identity: string,
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatedChargePoint> {
  await at.provision(identity)
  const one = station(at, identity, { password: passwordDefault, tls: { ca }, ...options })
  await one.start()
  await renew(at, identity)
  await issuedOnce(at, 'the first certificate', identity, (all) => all.some(({ state }) => state === 'accepted'))
  one.cut()
  await inUse(at, identity)
  return one
}

describe('with an authority that Stator makes at its first start', () => {
  let central: TestStator
  const stations: SimulatedChargePoint[] = []

  beforeAll(async () => {
    central = await TestStator.start({
      settings: {
        OCPP: tlsSettings(),
        Security: { CertificateAuthority: 'Local', AuthenticationMethod: ['Basic', 'ClientCertificate'] },
      },
    })
  })

  afterAll(async () => {
    for (const one of stations) one.stop()
    await central.stop()
  })

  async function enrol(identity: string, options: Partial<SimulatorOptions> = {}): Promise<SimulatedChargePoint> {
    const one = await enrolled(central, identity, options)
    stations.push(one)
    return one
  }

  describe.each(ocppVersions)('a charge point of OCPP %s', (version) => {
    test('renews its certificate and connects again with the new one (TC_A_11_CSMS)', async () => {
      const identity = `renews-${version}`
      await enrol(identity, { version })
      // Its password would not do any more. The change ends its connection.
      await central.json(`/api/chargepoints/${identity}`, { method: 'PATCH', body: { minSecurityProfile: 3 } })
      const first = await inUse(central, identity)
      expect(await renew(central, identity)).toMatchObject({ status: 'Accepted' })
      const [newest, older] = await issuedOnce(central, 'the new certificate in use', identity, ([one]) => {
        return one?.inUse === true && one.serialNumber !== first
      })
      expect([newest?.state, older?.state]).toEqual(['accepted', 'accepted'])
      expect(older).toMatchObject({ serialNumber: first, inUse: false })
    })

    test('that rejects its new certificate stays connected with the old one (TC_A_14_CSMS)', async () => {
      const identity = `rejects-${version}`
      let behindMs = 0
      const clock = { ...systemClock, nowMs: () => systemClock.nowMs() - behindMs }
      const one = await enrol(identity, { version, clock })
      const first = await inUse(central, identity)
      // By its clock the new certificate is not valid yet.
      behindMs = 2 * dayMs
      await renew(central, identity)
      const isRejected = (all: readonly Issued[]): boolean => all.some(({ state }) => state === 'rejected')
      await issuedOnce(central, 'the rejected certificate', identity, isRejected)
      expect(await inUse(central, identity)).toBe(first)
      one.cut()
      expect(await inUse(central, identity)).toBe(first)
    })
  })

  test('a revoked certificate ends its connection, is refused from then on, and that is a security event', async () => {
    const one = await enrol('stolen')
    const serialNumber = await inUse(central, 'stolen')
    const shown = one.ownCertificate.next() ?? {}
    await central.json('/api/chargepoints/stolen', { method: 'PATCH', body: { minSecurityProfile: 3 } })
    const ended: unknown[] = []
    one.stop()
    const thief = station(central, 'stolen', {
      tls: { ca, ...shown },
      backOff: { msMin: 60_000, msMax: 60_000 },
      observe: (observation) => {
        if (observation.kind === 'disconnected') ended.push({ code: observation.code, reason: observation.reason })
      },
    })
    stations.push(thief)
    await thief.start()
    const revoked = await revoke(central, 'stolen', serialNumber.toLowerCase())
    expect(revoked).toMatchObject({ serialNumber, state: 'revoked', inUse: false, revokedAt: expect.any(String) })
    await until('the end of its connection', () => ended.length > 0)
    expect(ended).toEqual([{ code: 1008, reason: 'Certificate revoked' }])
    expect(await knock(central, 'stolen', shown)).toBe(401)
    await until('the security event', async () =>
      (await refusalReasons(central)).includes('an operator has revoked it'),
    )
    const events = JSON.parse(await refusalReasons(central)) as readonly Record<string, unknown>[]
    expect(events).toContainEqual(expect.objectContaining({ type: 'HandshakeUnauthorized', chargePointId: 'stolen' }))
    // Once more changes nothing.
    expect(await revoke(central, 'stolen', serialNumber)).toEqual(revoked)
  })

  test('revoking a replaced certificate leaves the connection with the new one alone', async () => {
    const one = await enrol('replaced')
    const first = await inUse(central, 'replaced')
    const shown = one.ownCertificate.next() ?? {}
    await renew(central, 'replaced')
    await issuedOnce(central, 'the new one in use', 'replaced', (all) => all[0]?.inUse === true && all.length === 2)
    expect(await knock(central, 'replaced', shown)).toBe(101)
    const second = await issuedOnce(central, 'the new one in use again', 'replaced', (all) => all[0]?.inUse === true)
    await revoke(central, 'replaced', first)
    expect(await inUse(central, 'replaced')).toBe(second[0]?.serialNumber ?? '')
    expect(await knock(central, 'replaced', shown)).toBe(401)
  })

  test('a certificate that is revoked before its charge point has answered stays revoked', async () => {
    await central.provision('slow')
    const raw = await central.raw('slow', { trustsAll: true })
    await raw.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['slow'] }]) })
    const { messageId } = await raw.command('CertificateSigned')
    const [issued] = await issuedTo(central, 'slow')
    await revoke(central, 'slow', issued?.serialNumber ?? '')
    raw.answer(messageId, { status: 'Accepted' })
    // The next request shows that the answer was taken.
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['slow'] }]) })
    raw.answer((await raw.command('CertificateSigned')).messageId, { status: 'Accepted' })
    await issuedOnce(central, 'the second certificate', 'slow', (all) => all.some(({ state }) => state === 'accepted'))
    const states = (await issuedTo(central, 'slow')).map(({ state }) => state)
    expect(states.toSorted()).toEqual(['accepted', 'revoked'])
  })

  test('only a certificate of the charge point itself can be revoked', async () => {
    await central.provision('without')
    const serialNumber = await inUse(central, 'replaced')
    for (const other of [serialNumber, '00AB']) {
      const path = `/api/chargepoints/without/certificates/${other}/revoke`
      expect((await central.api(path, { method: 'POST' })).status).toBe(404)
    }
    expect(await inUse(central, 'replaced')).toBe(serialNumber)
  })
})

describe("with the operator's own authority, and certificates required", () => {
  const above = makeAuthority('Above')
  const authority = makeAuthority('Stations', { issuer: above })
  const next = makeAuthority('Stations of next year')

  async function keep(made: Made): Promise<void> {
    await Bun.write(file('stations.pem'), made.certificate + above.certificate)
    await Bun.write(file('stations.key'), made.key)
  }

  test('its certificates count without another file, those of the authority above it do not', async () => {
    await keep(authority)
    const Security = {
      RequireClientCertificate: true,
      CertificateAuthority: 'Local',
      CertificateAuthorityPath: file('stations.pem'),
      CertificateAuthorityKeyPath: file('stations.key'),
    }
    const central = await TestStator.start({ settings: { OCPP: tlsSettings(), Security } })
    try {
      await central.provision('CP001')
      expect(await knock(central, 'CP001', shownBy(make({ subject: 'CP001', issuer: authority })))).toBe(101)
      expect(await knock(central, 'CP001', shownBy(make({ subject: 'CP002', issuer: authority })))).toBe(401)
      expect(await knock(central, 'CP001', shownBy(make({ subject: 'CP001', issuer: above })))).toBe(401)
      expect(await knock(central, 'CP001', shownBy(make({ subject: 'CP001' })))).toBe(401)
      expect(await knock(central, 'CP001', {})).toBe(401)
    } finally {
      await central.stop()
    }
  })

  test('after it was replaced, those of the earlier one count if a file says so, and revoked ones never', async () => {
    await keep(authority)
    await Bun.write(file('others.pem'), makeAuthority('Others').certificate)
    const Security = {
      RequireClientCertificate: true,
      ClientCertificateAuthority: file('others.pem'),
      CertificateAuthority: 'Local',
      CertificateAuthorityPath: file('stations.pem'),
      CertificateAuthorityKeyPath: file('stations.key'),
    }
    const central = await TestStator.start({ settings: { OCPP: tlsSettings(), Security } })
    const delivered = shownBy(make({ subject: 'CP001', issuer: authority }))
    const one = station(central, 'CP001', { tls: { ca, ...delivered } })
    try {
      await central.provision('CP001')
      await one.start()
      await renew(central, 'CP001')
      const serialNumber = await inUse(central, 'CP001')
      const revoked = one.ownCertificate.next() ?? {}
      await renew(central, 'CP001')
      await issuedOnce(central, 'the second certificate', 'CP001', (all) => all[0]?.inUse === true && all.length === 2)
      const kept = one.ownCertificate.next() ?? {}
      one.stop()
      await revoke(central, 'CP001', serialNumber)
      await keep(next)
      await central.restart()
      expect(await knock(central, 'CP001', kept)).toBe(401)
      expect(await knock(central, 'CP001', shownBy(make({ subject: 'CP001', issuer: next })))).toBe(101)
      await Bun.write(file('others.pem'), authority.certificate)
      await central.stator.renewCertificates({ certificatePath: file('server.pem'), keyPath: null, password: null })
      expect(await knock(central, 'CP001', kept)).toBe(101)
      expect(await knock(central, 'CP001', revoked)).toBe(401)
    } finally {
      one.stop()
      await central.stop()
    }
  })
})

test('at two nodes each accepts what either has signed, and a revocation at one ends the connection at the other', async () => {
  const settings = {
    OCPP: tlsSettings(),
    Security: {
      CertificateAuthority: 'Local',
      AuthenticationMethod: ['Basic', 'ClientCertificate'],
      CredentialSecret: 'the same at both nodes, as it has to be',
      EncryptionKey: 'this one is the same at both nodes, too',
    },
  }
  const first = await TestStator.start({ settings })
  const Database = { ConnectionString: first.connectionString }
  const second = await TestStator.start({ settings: { ...settings, Database } })
  const ended: number[] = []
  let one: SimulatedChargePoint | null = null
  let moved: SimulatedChargePoint | null = null
  try {
    one = await enrolled(first, 'CP001')
    const serialNumber = await inUse(first, 'CP001')
    const shown = one.ownCertificate.next() ?? {}
    one.stop()
    moved = station(second, 'CP001', {
      tls: { ca, ...shown },
      observe: (observation) => {
        if (observation.kind === 'disconnected') ended.push(observation.code)
      },
    })
    await moved.start()
    await revoke(first, 'CP001', serialNumber)
    await until('the end of the connection at the other node', () => ended.length > 0)
    expect(ended[0]).toBe(1008)
    expect(await knock(first, 'CP001', shown)).toBe(401)
    expect(await knock(second, 'CP001', shown)).toBe(401)
  } finally {
    one?.stop()
    moved?.stop()
    await second.stop()
    await first.stop()
  }
})

test('is the same after the encryption key was changed at one node after the other, and the earlier key opens nothing', async () => {
  const [first, second] = ['the encryption key before the change', 'the encryption key after the change']
  const CredentialSecret = 'the same at all nodes, as it has to be'
  const security = (keys: Record<string, unknown>) => ({ CertificateAuthority: 'Local', CredentialSecret, ...keys })
  const earlier = await TestStator.start({ settings: { Security: security({ EncryptionKey: first }) } })
  try {
    const Database = { ConnectionString: earlier.connectionString }
    const authorityAt = async (keys: Record<string, unknown>) => {
      const stator = await TestStator.start({ settings: { Security: security(keys), Database } })
      const answer = await stator.json('/api/certificate-authority')
      await stator.stop()
      return answer
    }
    const made = await earlier.json('/api/certificate-authority')
    expect(await authorityAt({ EncryptionKey: first, OtherEncryptionKeys: [second] })).toEqual(made)
    expect(await authorityAt({ EncryptionKey: second, OtherEncryptionKeys: [first] })).toEqual(made)
    expect(await authorityAt({ EncryptionKey: second })).toEqual(made)
    expect(await authorityAt({ EncryptionKey: first }).catch((error: unknown) => error)).toMatchObject({
      code: 'ENCRYPTION_KEY_DIFFERS',
    })
  } finally {
    await earlier.stop()
  }
})
