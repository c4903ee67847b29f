// The REST resources about certificates of charge points, with simulated charge points and with bare sockets.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { x509 } from '../../../src/auth/x509.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { p256 } from '../../support/signing-requests.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { type OcppVersion, ocppVersions } from '../../../src/ocpp/version.ts'

let stator: TestStator
let certificate: string
let expired: string

const dayMs = 86_400_000

async function caCertificate(notAfterMs: number, serialNumber: string): Promise<string> {
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Root, O=Operator',
    keys: await crypto.subtle.generateKey(p256, true, ['sign', 'verify']),
    signingAlgorithm: p256,
    serialNumber,
    notBefore: new Date(Date.now() - 100 * dayMs),
    notAfter: new Date(notAfterMs),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  return made.toString('pem')
}

beforeAll(async () => {
  stator = await TestStator.start({ settings: { Security: { CertificateAuthority: 'Local' } } })
  certificate = await caCertificate(Date.now() + 100 * dayMs, '00AB12')
  expired = await caCertificate(Date.now() - dayMs, '01')
})

afterAll(() => stator.stop())

function path(identity: string, command = ''): string {
  return `/api/chargepoints/${identity}/certificates${command}`
}

async function answering(identity: string, version: OcppVersion): Promise<RawChargePoint> {
  await stator.provision(identity)
  const raw = await stator.raw(identity, { subprotocols: [`ocpp${version}`] })
  await raw.call(
    'BootNotification',
    version === '1.6'
      ? { chargePointVendor: 'V', chargePointModel: 'M' }
      : { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } },
  )
  return raw
}

describe.each(ocppVersions)('a charge point of OCPP %s', (version) => {
  const named = (what: string): string => `${what}-${version}`

  test('installs, reports and deletes a CA certificate (TC_M_01_CSMS, TC_M_18_CSMS, TC_M_20_CSMS)', async () => {
    const identity = named('installs')
    await stator.station(identity, { version })
    const body = { type: 'CSMSRootCertificate', certificate }
    expect(await stator.json(path(identity, '/install'), { body })).toEqual({
      jobId: expect.any(Number),
      status: 'Accepted',
      message: 'Certificate installed',
    })
    const { installed } = await stator.json(path(identity, '/installed'), { method: 'POST' })
    expect(installed).toEqual([
      expect.objectContaining({ certificateType: 'CSMSRootCertificate', hashAlgorithm: 'SHA256' }),
    ])
    expect(await stator.json(path(identity))).toEqual({ issued: [], installed })
    const [one] = installed as readonly Record<string, unknown>[]
    const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } = one ?? {}
    const hashData = { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }
    expect(await stator.json(path(identity, '/delete'), { body: hashData })).toMatchObject({ status: 'Accepted' })
    expect(await stator.json(path(identity))).toEqual({ issued: [], installed: [] })
    expect(await stator.json(path(identity, '/delete'), { body: hashData })).toEqual({
      jobId: expect.any(Number),
      status: 'NotFound',
      message: 'The charge point answered the deletion of the certificate with NotFound',
    })
  })

  test('is sent the type in the words of its version (TC_M_02_CSMS), and may refuse (TC_M_05_CSMS)', async () => {
    const identity = named('refuses')
    const raw = await answering(identity, version)
    const sent: unknown[] = []
    for (const type of ['CSMSRootCertificate', 'ManufacturerRootCertificate']) {
      const request = stator.json(path(identity, '/install'), { body: { type, certificate } })
      const { messageId, payload } = await raw.command('InstallCertificate')
      sent.push(payload['certificateType'])
      expect(payload['certificate']).toBe(certificate)
      raw.answer(messageId, { status: 'Failed' })
      expect(await request).toEqual({
        jobId: expect.any(Number),
        status: 'Failed',
        message: 'The charge point answered the installation of the certificate with Failed',
      })
    }
    const inItsWords = version === '1.6' ? 'CentralSystemRootCertificate' : 'CSMSRootCertificate'
    expect(sent).toEqual([inItsWords, 'ManufacturerRootCertificate'])
  })

  test('reports one type (TC_M_13_CSMS), which replaces only that type, and may have none (TC_M_19_CSMS)', async () => {
    const identity = named('reports')
    const raw = await answering(identity, version)
    const hashData = { hashAlgorithm: 'SHA512', issuerNameHash: 'n', issuerKeyHash: 'k', serialNumber: 'ab12' }
    const report = async (type: string, some: boolean) => {
      const request = stator.json(path(identity, `/installed?type=${type}`), { method: 'POST' })
      const { messageId, payload } = await raw.command('GetInstalledCertificateIds')
      const list =
        version === '1.6'
          ? { certificateHashData: [hashData] }
          : { certificateHashDataChain: [{ certificateType: type, certificateHashData: hashData }] }
      raw.answer(messageId, some ? { status: 'Accepted', ...list } : { status: 'NotFound' })
      const { installed } = await request
      const types = (installed as readonly { certificateType: string }[]).map(({ certificateType }) => certificateType)
      return { asked: payload['certificateType'], types }
    }
    const wire = (type: string): unknown => (version === '1.6' ? type : [type])
    expect(await report('ManufacturerRootCertificate', true)).toEqual({
      asked: wire('ManufacturerRootCertificate'),
      types: ['ManufacturerRootCertificate'],
    })
    expect((await report('CSMSRootCertificate', true)).types).toEqual([
      'CSMSRootCertificate',
      'ManufacturerRootCertificate',
    ])
    expect((await report('ManufacturerRootCertificate', false)).types).toEqual(['CSMSRootCertificate'])
  })

  test('that has installed a certificate through Stator is shown with its expiry', async () => {
    const identity = named('expiry')
    const raw = await answering(identity, version)
    const type = 'CSMSRootCertificate'
    const install = stator.json(path(identity, '/install'), { body: { type, certificate } })
    raw.answer((await raw.command('InstallCertificate')).messageId, { status: 'Accepted' })
    await install
    const report = stator.json(path(identity, `/installed?type=${type}`), { method: 'POST' })
    const { messageId } = await raw.command('GetInstalledCertificateIds')
    const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'n', issuerKeyHash: 'k', serialNumber: '00ab12' }
    const list =
      version === '1.6'
        ? { certificateHashData: [hashData] }
        : { certificateHashDataChain: [{ certificateType: type, certificateHashData: hashData }] }
    raw.answer(messageId, { status: 'Accepted', ...list })
    const validTo = new x509.X509Certificate(certificate).notAfter.toISOString()
    expect(await report).toEqual({
      installed: [expect.objectContaining({ subject: 'CN=Root, O=Operator', validTo, serialNumber: '00ab12' })],
    })
  })

  test('that fails to delete a certificate keeps it in the report (TC_M_21_CSMS)', async () => {
    const identity = named('keeps')
    const raw = await answering(identity, version)
    const body = { hashAlgorithm: 'SHA384', issuerNameHash: 'n', issuerKeyHash: 'k', serialNumber: '01' }
    const request = stator.json(path(identity, '/delete'), { body })
    const { messageId, payload } = await raw.command('DeleteCertificate')
    expect(payload).toEqual({ certificateHashData: body })
    raw.answer(messageId, { status: 'Failed' })
    expect(await request).toMatchObject({ status: 'Failed' })
  })
})

describe('a request', () => {
  test('for a certificate that cannot be read, or has expired, is 400, and nothing is sent', async () => {
    const raw = await answering('nothing-sent', '1.6')
    for (const [wrong, issue] of [
      ['nothing', 'Certificate must be one certificate in PEM'],
      [`${certificate}\n${certificate}`, 'Certificate must be one certificate in PEM'],
      [
        '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
        'Certificate cannot be read: it is PEM, but no X.509 certificate',
      ],
      [expired, expect.stringMatching(/^Certificate expired on \d{4}-/)],
    ]) {
      const body = { type: 'CSMSRootCertificate', certificate: wrong }
      const answer = await stator.json(path('nothing-sent', '/install'), { body }, 400)
      expect(answer['details']).toEqual({ field: 'certificate', issue })
    }
    expect(raw.inbox).toEqual([])
  })

  test('for a type that the version does not have is 400', async () => {
    await answering('type-1.6', '1.6')
    const body = { type: 'V2GRootCertificate', certificate }
    const answer = await stator.json(path('type-1.6', '/install'), { body }, 400)
    expect(answer['details']).toMatchObject({ field: 'type' })
  })

  test('to a charge point that is not connected is 409', async () => {
    await stator.provision('offline')
    for (const command of ['/renew', '/installed']) {
      const answer = await stator.json(path('offline', command), { method: 'POST' }, 409)
      expect(answer['code']).toBe('NOT_CONNECTED')
    }
  })

  test('of a charge point sees its own certificates, and not those of others', async () => {
    await stator.provision('own')
    const basic = ['own', passwordDefault] as const
    expect((await stator.api(path('own'), { basic })).status).toBe(200)
    expect((await stator.api(path('offline'), { basic })).status).toBe(404)
    expect(await stator.json('/api/certificates', { basic })).toMatchObject({ totalCount: 0, certificates: [] })
  })
})
