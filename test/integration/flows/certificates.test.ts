// Certificates of charge points: requested, signed, sent and renewed, over real sockets and a real database.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import type { Client } from 'pg'
import type { Clock } from '../../../src/base/clock.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { certificateSweepMs, renewalCheckMs } from '../../../src/base/limits.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { hostileRequests, signingRequest } from '../../support/signing-requests.ts'
import { adminApiKey, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'
import { type OcppVersion, ocppVersions, since2 } from '../../../src/ocpp/version.ts'

interface Issued {
  readonly state: string
  readonly serialNumber: string
  readonly certificate: string
  readonly reason: string | null
  readonly renewalAskedAt: string | null
}

/** Looks for work often, so that tests need not wait. */
const quickClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) =>
    systemClock.after([certificateSweepMs, renewalCheckMs].includes(delayMs) ? 50 : delayMs, callback),
}

let stator: TestStator
let database: Client

beforeAll(async () => {
  stator = await TestStator.start({
    settings: { Security: { CertificateAuthority: 'Local' } },
    hooks: { clock: quickClock },
  })
  database = await stator.client()
})

afterAll(() => stator.stop())

async function issuedTo(identity: string): Promise<readonly Issued[]> {
  const { issued } = await stator.json(`/api/chargepoints/${identity}/certificates`)
  return issued as readonly Issued[]
}

/** The certificates of a charge point, once `count` of them are in a state. */
function inState(identity: string, state: string, count = 1): Promise<readonly Issued[]> {
  return until(`${count} ${state} certificates of ${identity}`, async () => {
    const issued = await issuedTo(identity)
    return issued.filter((one) => one.state === state).length >= count ? issued : null
  })
}

async function reasonsOf(identity: string): Promise<readonly string[]> {
  const { anomalies } = await stator.json(
    `/api/anomalies?chargePointId=${identity}&kind=certificateRefused&pageSize=100`,
  )
  return (anomalies as readonly { readonly detail: { readonly reason: string } }[]).map(({ detail }) => detail.reason)
}

async function rootOf(system: TestStator): Promise<X509Certificate> {
  const response = await fetch(`${system.url}/api/certificate-authority`, { headers: { 'X-API-Key': adminApiKey } })
  expect(response.headers.get('Content-Type')).toBe('application/x-pem-file')
  return new X509Certificate(await response.text())
}

const boots = since2<object>(
  { chargePointVendor: 'V', chargePointModel: 'M', chargePointSerialNumber: 'SN-1' },
  { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M', serialNumber: 'SN-1' } },
)

async function booted(identity: string, version: OcppVersion): Promise<RawChargePoint> {
  const raw = await stator.raw(identity, { subprotocols: [`ocpp${version}`] })
  await raw.call('BootNotification', boots[version])
  return raw
}

async function requestsWaiting(): Promise<number> {
  const { rows } = await database.query('SELECT FROM certificate_requests')
  return rows.length
}

/** Makes a certificate in the database one that ends in ten days. */
async function makeOld(issued: Issued | undefined): Promise<void> {
  const text = `UPDATE certificates SET valid_from = now() - interval '355 days', valid_to = now() + interval '10 days'
    WHERE serial_number = $1`
  await database.query(text, [issued?.serialNumber])
}

function firstOf(chain: unknown): X509Certificate {
  return new X509Certificate(String(chain))
}

describe.each(ocppVersions)('a charge point of OCPP %s', (version) => {
  const named = (what: string): string => `${what}-${version}`

  test('gets a certificate for its new key when an operator asks it to renew (TC_A_11_CSMS)', async () => {
    const identity = named('renewed')
    const station = await stator.station(identity, { version })
    const outcome = await stator.json(`/api/chargepoints/${identity}/certificates/renew`, { method: 'POST' })
    expect(outcome).toMatchObject({ status: 'Accepted' })
    const [issued] = await inState(identity, 'accepted')
    expect(issued?.reason).toBeNull()
    const certificate = firstOf(issued?.certificate)
    const root = await rootOf(stator)
    expect(certificate.verify(root.publicKey)).toBe(true)
    expect(certificate.subject.split('\n')).toEqual([`CN=${identity}`, 'O=Stator'])
    expect(certificate.serialNumber).toBe(issued?.serialNumber ?? '')
    expect(station.ownCertificate.kept?.chain.map(({ fingerprint256 }) => fingerprint256)).toEqual([
      certificate.fingerprint256,
      root.fingerprint256,
    ])
  })

  test('gets one of its own accord (A03.FR.11), on the answer Accepted that came before', async () => {
    const identity = named('own-accord')
    await stator.provision(identity)
    const raw = await booted(identity, version)
    raw.sendCall('SignCertificate', { csr: await signingRequest([{ CN: [identity] }]) }, 'sign')
    expect(await raw.next()).toEqual([3, 'sign', { status: 'Accepted' }])
    const { messageId, payload } = await raw.command('CertificateSigned')
    raw.answer(messageId, { status: 'Accepted' })
    expect(firstOf(payload['certificateChain']).subject).toContain(`CN=${identity}`)
    await inState(identity, 'accepted')
  })

  test('that rejects its certificate is shown with it (TC_A_14_CSMS)', async () => {
    const identity = named('rejects')
    await stator.provision(identity)
    const raw = await booted(identity, version)
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: [identity] }]) })
    raw.answer((await raw.command('CertificateSigned')).messageId, { status: 'Rejected' })
    const [issued] = await inState(identity, 'rejected')
    expect(issued?.reason).toBe('The charge point answered with Rejected.')
  })

  test('that answers with a CALLERROR is shown with it', async () => {
    const identity = named('fails')
    await stator.provision(identity)
    const raw = await booted(identity, version)
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: [identity] }]) })
    const { messageId } = await raw.command('CertificateSigned')
    raw.send(JSON.stringify([4, messageId, 'NotSupported', 'no certificates here', {}]))
    const [issued] = await inState(identity, 'failed')
    expect(issued?.reason).toBe('The charge point answered with NotSupported: no certificates here')
  })

  test('that asks for its serial number gets a certificate of its identity', async () => {
    const identity = named('serial')
    await stator.provision(identity)
    const raw = await booted(identity, version)
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['SN-1'] }]) })
    const { payload } = await raw.command('CertificateSigned')
    expect(firstOf(payload['certificateChain']).subject.split('\n')[0]).toBe(`CN=${identity}`)
  })

  test('is answered with Rejected to every request that is wrong, and the anomaly says why', async () => {
    const identity = named('CP-hostile')
    await stator.provision(identity)
    const raw = await booted(identity, version)
    const requests = await hostileRequests(identity)
    for (const [what, csr] of requests) {
      const answer = await raw.answerTo(raw.sendCall('SignCertificate', { csr }, what))
      expect(answer).toEqual([3, what, { status: 'Rejected' }])
    }
    expect(await reasonsOf(identity)).toHaveLength(requests.length)
    expect(await issuedTo(identity)).toEqual([])
    // What came before changes nothing for a good one.
    const csr = await signingRequest([{ CN: [identity] }])
    expect(await raw.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
  })
})

describe('a certificate', () => {
  test('that was not answered is sent again on the next connection, and is the same', async () => {
    await stator.provision('again')
    const first = await booted('again', '1.6')
    await first.call('SignCertificate', { csr: await signingRequest([{ CN: ['again'] }]) })
    const { payload } = await first.command('CertificateSigned')
    await first.close()
    const second = await booted('again', '1.6')
    const again = await second.command('CertificateSigned')
    expect(again.payload).toEqual(payload)
    second.answer(again.messageId, { status: 'Accepted' })
    expect(await inState('again', 'accepted')).toHaveLength(1)
  })

  test('that was requested by a charge point which is gone is sent when it comes back', async () => {
    await stator.provision('gone')
    const first = await booted('gone', '2.0.1')
    await first.call('SignCertificate', { csr: await signingRequest([{ CN: ['gone'] }]) })
    first.socket.terminate()
    const second = await booted('gone', '2.0.1')
    second.answer((await second.command('CertificateSigned')).messageId, { status: 'Accepted' })
    await inState('gone', 'accepted')
  })

  test('repeats the id of a request of 2.1', async () => {
    await stator.provision('named')
    const raw = await booted('named', '2.1')
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['named'] }]), requestId: 4711 })
    const { messageId, payload } = await raw.command('CertificateSigned')
    expect(payload).toMatchObject({ certificateType: 'ChargingStationCertificate', requestId: 4711 })
    raw.answer(messageId, { status: 'Accepted' })
    await inState('named', 'accepted')
  })

  test('is one for a request that is repeated while it is under way, and after', async () => {
    await stator.provision('repeats')
    const raw = await booted('repeats', '1.6')
    const csr = await signingRequest([{ CN: ['repeats'] }])
    for (let times = 0; times < 3; times++) {
      expect(await raw.call('SignCertificate', { csr })).toEqual({ status: 'Accepted' })
    }
    const { messageId, payload } = await raw.command('CertificateSigned')
    raw.answer(messageId, { status: 'Accepted' })
    await inState('repeats', 'accepted')
    await until('the repeated requests to be done', async () => (await requestsWaiting()) === 0)
    expect(raw.inbox).toEqual([])
    await raw.call('SignCertificate', { csr })
    const again = await raw.command('CertificateSigned')
    expect(again.payload).toEqual(payload)
    raw.answer(again.messageId, { status: 'Accepted' })
    expect(await inState('repeats', 'accepted')).toHaveLength(1)
  })

  test('comes without the authority for a charge point that has little room (MaxCertificateChainSize)', async () => {
    await stator.provision('little')
    const raw = await booted('little', '2.0.1')
    const variable = { component: { name: 'SecurityCtrlr' }, variable: { name: 'MaxCertificateChainSize' } }
    const reportData = [{ ...variable, variableAttribute: [{ type: 'Actual', value: '1000' }] }]
    await raw.call('NotifyReport', { requestId: 1, generatedAt: new Date().toISOString(), seqNo: 0, reportData })
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['little'] }]) })
    const { payload } = await raw.command('CertificateSigned')
    const certificates = String(payload['certificateChain']).match(/BEGIN CERTIFICATE/g)
    expect(certificates).toHaveLength(1)
  })

  test('that ends soon is renewed', async () => {
    const station = await stator.station('ends-soon', { version: '2.0.1' })
    station.ownCertificate.request()
    const [first] = await inState('ends-soon', 'accepted')
    await makeOld(first)
    const renewed = await inState('ends-soon', 'accepted', 2)
    expect(station.ownCertificate.kept?.serialNumber).toBe(renewed[0]?.serialNumber ?? '')
    expect(renewed.map(({ renewalAskedAt }) => renewalAskedAt === null)).toEqual([true, false])
  })

  test('that ends soon is asked for once a day, also if the charge point does nothing', async () => {
    await stator.provision('does-nothing')
    const raw = await booted('does-nothing', '1.6')
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['does-nothing'] }]) })
    raw.answer((await raw.command('CertificateSigned')).messageId, { status: 'Accepted' })
    await makeOld((await inState('does-nothing', 'accepted'))[0])
    const { messageId, payload } = await raw.command('ExtendedTriggerMessage')
    expect(payload).toEqual({ requestedMessage: 'SignChargePointCertificate' })
    raw.answer(messageId, { status: 'Accepted' })
    // Another one, which is due later, shows that there were more turns.
    const other = await stator.station('in-time')
    other.ownCertificate.request()
    await makeOld((await inState('in-time', 'accepted'))[0])
    await inState('in-time', 'accepted', 2)
    expect(raw.inbox).toEqual([])
  })

  test('is found by its expiry', async () => {
    const station = await stator.station('expiry')
    station.ownCertificate.request()
    const [issued] = await inState('expiry', 'accepted')
    const list = (before: number) =>
      stator.json(`/api/certificates?pageSize=100&expiresBefore=${new Date(before).toISOString()}`)
    const dayMs = 86_400_000
    const found = await list(Date.now() + 366 * dayMs)
    expect(found['certificates']).toContainEqual(
      expect.objectContaining({ chargePointId: 'expiry', serialNumber: issued?.serialNumber, state: 'accepted' }),
    )
    expect(JSON.stringify((await list(Date.now() + 300 * dayMs))['certificates'])).not.toContain('"expiry"')
  })
})

describe('a command about certificates is a job', () => {
  type Json = Record<string, unknown>
  const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '0A1B' }
  const jobOf = (id: unknown): Promise<Json> => stator.json(`/api/jobs/${id}`)
  const historyOf = async (id: unknown): Promise<unknown[]> =>
    ((await jobOf(id))['history'] as Json[]).map(({ state, status }) => [state, status])
  const once = (id: unknown, state: string): Promise<true> =>
    until(`job ${id} to be ${state}`, async () => (await jobOf(id))['state'] === state)
  const installed = async (identity: string): Promise<unknown> =>
    (await stator.json(`/api/chargepoints/${identity}/certificates`))['installed']

  /** Begins a job, and answers its CALL. */
  async function began(
    raw: RawChargePoint,
    path: string,
    action: string,
    answer: Json,
    body: Json = {},
  ): Promise<Json> {
    const asking = stator.api(`/api/chargepoints/${path}`, { body })
    raw.answer((await raw.command(action)).messageId, answer)
    const given = await asking
    return { ...given.body, jobId: Number(given.headers.get('Location')?.split('/').at(-1)) }
  }

  test.each(ocppVersions)('of %s, and a renewal ends when CertificateSigned is answered', async (version) => {
    const identity = `renewal-${version}`
    await stator.provision(identity)
    const raw = await booted(identity, version)
    const trigger = since2('ExtendedTriggerMessage', 'TriggerMessage')[version]
    const path = `${identity}/certificates/renew`
    const first = await began(raw, path, trigger, { status: 'Accepted' })
    const { jobId } = await began(raw, path, trigger, { status: 'Accepted' })
    expect(await jobOf(first['jobId'])).toMatchObject({ state: 'cancelled' })
    const step = async (status: string): Promise<void> => {
      await raw.call('SignCertificate', { csr: await signingRequest([{ CN: [identity] }]) })
      raw.answer((await raw.command('CertificateSigned')).messageId, { status })
    }
    await step('Accepted')
    await once(jobId, 'succeeded')
    expect(await historyOf(jobId)).toEqual([
      ['sending', null],
      ['running', 'Accepted'],
      ['running', 'CertificateRequested'],
      ['succeeded', 'CertificateAccepted'],
    ])
    const third = await began(raw, path, trigger, { status: 'Accepted' })
    await step('Rejected')
    await once(third['jobId'], 'failed')
    expect(await jobOf(third['jobId'])).toMatchObject({ status: 'CertificateRejected' })
  })

  test('and a request that is refused ends a renewal', async () => {
    await stator.provision('renewal-refused')
    const raw = await booted('renewal-refused', '2.0.1')
    const path = 'renewal-refused/certificates/renew'
    const { jobId } = await began(raw, path, 'TriggerMessage', { status: 'Accepted' })
    await raw.call('SignCertificate', { csr: await signingRequest([{ CN: ['another'] }]) })
    expect(await jobOf(jobId)).toMatchObject({ state: 'failed', status: 'CertificateRefused' })
  })

  test('and waits for a charge point that is not connected', async () => {
    const identity = 'queued'
    await stator.provision(identity)
    const certificate = (await rootOf(stator)).toString()
    const type = 'CSMSRootCertificate'
    const post = (what: string, body: Json, status: number): Promise<Json> =>
      stator.json(`/api/chargepoints/${identity}/certificates/${what}`, { body }, status)
    await post('installed', {}, 409)
    const install = await post('install', { type, certificate, queue: true }, 202)
    const report = await post(`installed?type=${type}`, { queue: true }, 202)
    const remove = await post('delete', { ...hashData, queue: true, expiresInSeconds: 600 }, 202)
    expect([install['status'], typeof install['expiresAt']]).toEqual(['Queued', 'string'])
    const raw = await booted(identity, '2.0.1')
    const sent = await raw.command('InstallCertificate')
    expect(sent.payload).toEqual({ certificateType: type, certificate })
    raw.answer(sent.messageId, { status: 'Accepted' })
    const chain = [{ certificateType: type, certificateHashData: hashData }]
    const asked = await raw.command('GetInstalledCertificateIds')
    expect(asked.payload).toEqual({ certificateType: [type] })
    raw.answer(asked.messageId, { status: 'Accepted', certificateHashDataChain: chain })
    await once(report['jobId'], 'succeeded')
    expect(await installed(identity)).toMatchObject([{ certificateType: type, ...hashData }])
    raw.answer((await raw.command('DeleteCertificate')).messageId, { status: 'Accepted' })
    await once(remove['jobId'], 'succeeded')
    expect(await jobOf(install['jobId'])).toMatchObject({ kind: 'certificateInstallation', state: 'succeeded' })
    expect(await installed(identity)).toEqual([])
  })

  test('and what is reported is stored whatever request asked for it, in place of what was', async () => {
    await stator.provision('reports')
    const raw = await booted('reports', '1.6')
    const other = { ...hashData, serialNumber: '0C' }
    const ask = async (certificateType: string, answer: Json): Promise<void> => {
      const body = { action: 'GetInstalledCertificateIds', payload: { certificateType } }
      const asking = stator.json('/api/chargepoints/reports/calls', { body })
      raw.answer((await raw.command('GetInstalledCertificateIds')).messageId, answer)
      await asking
    }
    await ask('ManufacturerRootCertificate', { status: 'Accepted', certificateHashData: [other] })
    await ask('CentralSystemRootCertificate', { status: 'Accepted', certificateHashData: [hashData, other] })
    await ask('CentralSystemRootCertificate', { status: 'Accepted', certificateHashData: [hashData] })
    expect(await installed('reports')).toMatchObject([
      { certificateType: 'CSMSRootCertificate', ...hashData },
      { certificateType: 'ManufacturerRootCertificate', ...other },
    ])
    const asking = stator.json('/api/chargepoints/reports/certificates/installed', { method: 'POST' })
    for (const certificateHashData of [[hashData], null]) {
      const { messageId } = await raw.command('GetInstalledCertificateIds')
      raw.answer(
        messageId,
        certificateHashData === null ? { status: 'NotFound' } : { status: 'Accepted', certificateHashData },
      )
    }
    expect(await asking).toMatchObject({ installed: [{ certificateType: 'CSMSRootCertificate', ...hashData }] })
    await ask('CentralSystemRootCertificate', { status: 'NotFound' })
    expect(await installed('reports')).toEqual([])
  })
})

test('the authority is the same after a restart', async () => {
  const before = await rootOf(stator)
  await stator.restart()
  expect((await rootOf(stator)).fingerprint256).toBe(before.fingerprint256)
})

test('without an authority every request is rejected (A02.FR.12), and nothing is noted about it', async () => {
  const system = await TestStator.start()
  try {
    await system.provision('CP001')
    const raw = await system.raw('CP001')
    await raw.call('BootNotification', boots['1.6'])
    for (const csr of ['csr', await signingRequest([{ CN: ['CP001'] }])]) {
      expect(await raw.call('SignCertificate', { csr })).toEqual({ status: 'Rejected' })
    }
    expect(await system.json('/api/anomalies')).toMatchObject({ totalCount: 0 })
    expect((await system.api('/api/certificate-authority')).status).toBe(404)
  } finally {
    await system.stop()
  }
})
