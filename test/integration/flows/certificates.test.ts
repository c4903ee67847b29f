// Certificates of charge points: requested, signed, sent and renewed, over real sockets and a real database.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import type { SimulatedChargePoint } from '../../../src/simulator/charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

interface Issued {
  readonly state: string
  readonly serialNumber: string
  readonly certificate: string
  readonly validTo: string
  readonly reason: string | null
}

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start({ settings: { Security: { CertificateAuthority: 'Local' } } })
})

afterAll(() => stator.stop())

async function issuedTo(identity: string): Promise<readonly Issued[]> {
  const { issued } = await stator.json(`/api/chargepoints/${identity}/certificates`)
  return issued as readonly Issued[]
}

async function settled(identity: string, count = 1): Promise<readonly Issued[]> {
  return until(`${count} settled certificates of ${identity}`, async () => {
    const issued = await issuedTo(identity)
    const done = issued.filter(({ state }) => state === 'accepted' || state === 'rejected' || state === 'failed')
    return done.length >= count ? done : null
  })
}

async function authority(): Promise<X509Certificate> {
  const response = await fetch(`${stator.url}/api/certificate-authority`, {
    headers: { 'X-API-Key': 'test-admin-key' },
  })
  expect(response.status).toBe(200)
  return new X509Certificate(await response.text())
}

async function renewed(station: SimulatedChargePoint): Promise<readonly Issued[]> {
  const outcome = await stator.json(`/api/chargepoints/${station.identity}/certificates/renew`, { method: 'POST' })
  expect(outcome['status']).toBe('Accepted')
  return settled(station.identity)
}

describe.each(['1.6', '2.0.1'] as const)('a charge point of OCPP %s', (version) => {
  const name = (what: string) => `${what}-${version}`

  test('gets a certificate for its new key when an operator asks it to renew (TC_A_11_CSMS)', async () => {
    const station = await stator.station(name('renewed'), { version })
    const [issued] = await renewed(station)
    expect(issued).toMatchObject({ state: 'accepted', reason: null })
    const certificate = new X509Certificate(issued?.certificate ?? '')
    const root = await authority()
    expect(certificate.verify(root.publicKey)).toBe(true)
    expect(certificate.subject.split('\n')).toEqual([`CN=${name('renewed')}`, 'O=Stator'])
    expect(certificate.serialNumber).toBe(issued?.serialNumber ?? '')
    expect(station.ownCertificate.kept?.serialNumber).toBe(certificate.serialNumber)
    expect(station.ownCertificate.kept?.chain.map(({ fingerprint256 }) => fingerprint256)).toEqual([
      certificate.fingerprint256,
      root.fingerprint256,
    ])
  })
})
