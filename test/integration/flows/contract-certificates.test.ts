// Plug & Charge over real sockets: contract certificates (2.0.1 C07), certificates of EVs (M01, M02) and the status of
// certificates (M06), with an OCSP responder and a provider over HTTP.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contractId, hashDataFor, makeContract, makeContractAuthorities } from '../../support/contract-chain.ts'
import { type Made, makeRevocationList } from '../../support/made-certificates.ts'
import { type Responder, startResponder } from '../../support/ocsp-responder.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const { root, authority } = makeContractAuthorities()
const stranger = makeContractAuthorities('Other')
const idToken = { idToken: contractId, type: 'eMAID' }
const folder = mkdtempSync(join(tmpdir(), 'stator-contracts-'))

/** A provider of contract certificates. */
const provider = {
  seen: [] as { readonly authorization: string | null; readonly body: unknown }[],
  answer: (): Response => Response.json({ status: 'Accepted', exiResponse: 'gJM=', remainingContracts: 1 }),
}

let responder: Responder
let server: ReturnType<typeof Bun.serve>
let stator: TestStator
let raw: RawChargePoint
let contract: Made

beforeAll(async () => {
  responder = startResponder(authority, [authority])
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      provider.seen.push({ authorization: request.headers.get('Authorization'), body: await request.json() })
      return provider.answer()
    },
  })
  const roots = join(folder, 'roots.pem')
  writeFileSync(roots, root.certificate)
  stator = await TestStator.start({
    settings: {
      Security: {
        Iso15118: {
          Roots: roots,
          OcspResponders: [responder.host],
          Timeout: 1,
          Provider: `http://127.0.0.1:${server.port}/contracts`,
          ProviderToken: 'token of the provider',
        },
      },
    },
  })
  await stator.addIdTag(contractId, { type: 'eMAID' })
  raw = await stator.bootedRaw('CP201', '2.0.1')
})

afterAll(async () => {
  await stator.stop()
  await responder.stop()
  await server.stop(true)
  rmSync(folder, { recursive: true })
})

beforeEach(() => {
  contract = makeContract(authority, responder.url)
})
afterEach(() => responder.hold(false))

const hashData = (certificate: Made = contract) => [
  { ...hashDataFor(certificate, authority), responderURL: responder.url },
]

const authorize = (more: object) => raw.call('Authorize', { idToken, ...more })

async function lastReason(identity = 'CP201'): Promise<string> {
  const { anomalies } = await stator.json(`/api/anomalies?chargePointId=${identity}&kind=contractRefused`)
  const [last] = anomalies as readonly { readonly detail: { readonly reason: string } }[]
  return last?.detail.reason ?? 'none'
}

describe('an Authorize with a contract certificate', () => {
  test('is accepted if the responder says good, and the eMAID is accepted', async () => {
    responder.say(contract, { status: 'good' })
    const accepted = { idTokenInfo: { status: 'Accepted' }, certificateStatus: 'Accepted' }
    expect(await authorize({ iso15118CertificateHashData: hashData() })).toEqual(accepted)
    expect(await authorize({ certificate: contract.certificate + authority.certificate })).toEqual({
      idTokenInfo: { status: 'Invalid' },
      certificateStatus: 'CertChainError',
    })
    // The authority below the root names no responder.
    await until('the anomaly', async () => (await lastReason()) === 'there is no URL to ask')
  })

  test('is refused if the eMAID is not', async () => {
    const other = makeContract(authority, responder.url)
    responder.say(other, { status: 'good' })
    const stranger21 = await stator.bootedRaw('CP21', '2.1')
    expect(
      await stranger21.call('Authorize', {
        idToken: { idToken: 'DE8AAC999999990', type: 'eMAID' },
        iso15118CertificateHashData: hashData(other),
      }),
    ).toEqual({ idTokenInfo: { status: 'Unknown' }, certificateStatus: 'ContractCancelled' })
  })

  test('is refused if the responder says revoked', async () => {
    responder.say(contract, { status: 'revoked' })
    expect(await authorize({ iso15118CertificateHashData: hashData() })).toEqual({
      idTokenInfo: { status: 'Invalid' },
      certificateStatus: 'CertificateRevoked',
    })
  })

  test('is refused if its hash data says nothing', async () => {
    for (const iso15118CertificateHashData of [[], [null]]) {
      expect(await authorize({ iso15118CertificateHashData })).toEqual({
        idTokenInfo: { status: 'Invalid' },
        certificateStatus: 'CertChainError',
      })
    }
  })

  test('is refused if the certificate has expired', async () => {
    const expired = makeContract(authority, responder.url, { toMs: Date.now() - 1_000 })
    expect(await authorize({ certificate: expired.certificate + authority.certificate })).toEqual({
      idTokenInfo: { status: 'Expired' },
      certificateStatus: 'CertificateExpired',
    })
  })

  test('is refused if the responder lies, or does not know it, and the anomaly says why', async () => {
    const refused = { idTokenInfo: { status: 'Invalid' }, certificateStatus: 'CertChainError' }
    for (const [word, reason] of [
      [{ status: 'good', signedBy: stranger.authority }, 'the signature of the answer is wrong'],
      [{ status: 'good', nextUpdateMs: Date.now() - 3_600_000 }, 'the answer is stale'],
      [{ status: 'unknown' }, 'the responder does not know a certificate'],
    ] as const) {
      responder.say(contract, word)
      expect(await authorize({ iso15118CertificateHashData: hashData() })).toEqual(refused)
      await until(`the anomaly: ${reason}`, async () => (await lastReason()).includes(reason))
    }
  })

  test('is refused after the time-out if the responder hangs, and other charge points do not wait', async () => {
    responder.hold(true)
    const before = responder.asked
    // A URL of its own: it is not asked again for some seconds.
    const hanging = hashData().map((one) => ({ ...one, responderURL: `${responder.url}/hanging` }))
    const messageId = raw.sendCall('Authorize', { idToken, iso15118CertificateHashData: hanging })
    await until('the responder is asked', () => responder.asked > before)
    const other = await stator.bootedRaw('CP-OTHER', '2.0.1')
    expect(await other.call('Heartbeat', {})).toEqual({ currentTime: expect.any(String) })
    expect((await raw.answerTo(messageId))[2]).toEqual({
      idTokenInfo: { status: 'Invalid' },
      certificateStatus: 'CertChainError',
    })
    await until('the anomaly', async () => (await lastReason()).includes('no answer within 1000 ms'))
  })

  test('never makes Stator ask a host that the settings do not name', async () => {
    const seen = provider.seen.length
    const url = `http://127.0.0.1:${server.port}/contracts`
    const [one] = hashData()
    expect(await authorize({ iso15118CertificateHashData: [{ ...one, responderURL: url }] })).toMatchObject({
      certificateStatus: 'CertChainError',
    })
    expect(provider.seen).toHaveLength(seen)
  })
})

describe('the status of a certificate', () => {
  test('is what the responder answered, word for word', async () => {
    responder.say(contract, { status: 'good' })
    const [ocspRequestData] = hashData()
    expect(await raw.call('GetCertificateStatus', { ocspRequestData })).toEqual({
      status: 'Accepted',
      ocspResult: expect.stringMatching(/^MI[\w+/]+=*$/),
    })
    const unanswered = { ...ocspRequestData, responderURL: 'http://127.0.0.1:1' }
    const other = makeContract(authority, null)
    expect(
      await raw.call('GetCertificateStatus', { ocspRequestData: { ...unanswered, ...hashDataFor(other, authority) } }),
    ).toEqual({ status: 'Failed' })
  })

  test('of a chain comes from responders and revocation lists', async () => {
    responder.say(contract, { status: 'revoked' })
    responder.serve('root.crl', makeRevocationList(root, []))
    const station = await stator.bootedRaw('CP21-CHAIN', '2.1')
    const ofContract = hashDataFor(contract, authority)
    const ofAuthority = hashDataFor(authority, root)
    const { certificateStatus } = await station.call('GetCertificateChainStatus', {
      certificateStatusRequests: [
        { certificateHashData: ofContract, source: 'OCSP', urls: ['http://127.0.0.1:1', responder.url] },
        { certificateHashData: ofAuthority, source: 'CRL', urls: [`${responder.url}/root.crl`] },
        { certificateHashData: ofAuthority, source: 'OCSP', urls: ['http://127.0.0.1:1'] },
      ],
    })
    const nextUpdate = expect.any(String)
    expect(certificateStatus).toEqual([
      { certificateHashData: ofContract, source: 'OCSP', status: 'Revoked', nextUpdate },
      { certificateHashData: ofAuthority, source: 'CRL', status: 'Good', nextUpdate },
      { certificateHashData: ofAuthority, source: 'OCSP', status: 'Failed', nextUpdate },
    ])
  })
})

describe('the certificate of an EV', () => {
  const request = { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'gJI=' }

  test('is what the provider answers', async () => {
    const station = await stator.bootedRaw('CP21-EV', '2.1')
    const answer = { status: 'Accepted', exiResponse: 'gJM=', remainingContracts: 1 }
    expect(await station.call('Get15118EVCertificate', { ...request, maximumContractCertificateChains: 3 })).toEqual(
      answer,
    )
    expect(provider.seen.at(-1)).toEqual({
      authorization: 'Bearer token of the provider',
      body: {
        chargePointId: 'CP21-EV',
        messageId: expect.any(String),
        ...request,
        maximumContractCertificateChains: 3,
      },
    })
  })

  test('is asked for with the id of the message, by which the provider recognises one that is sent again', async () => {
    provider.answer = () => Response.json({ status: 'Accepted', exiResponse: 'gJM=' })
    for (const _ of [1, 2]) {
      raw.sendCall('Get15118EVCertificate', request, 'resent')
      expect(await raw.answerTo('resent')).toMatchObject([3, 'resent', { exiResponse: 'gJM=' }])
    }
    const ids = provider.seen.map(({ body }) => (body as { readonly messageId?: string }).messageId)
    expect(ids.slice(-2)).toEqual(['resent', 'resent'])
  })

  test.each([
    ['is an error', () => new Response('{}', { status: 500 })],
    ['is no JSON', () => new Response('<html>')],
    ['lacks the response', () => Response.json({ status: 'Accepted' })],
    ['has another status', () => Response.json({ status: 'Perhaps', exiResponse: 'gJM=' })],
    ['is too long', () => Response.json({ status: 'Accepted', exiResponse: 'x'.repeat(6_000) })],
    ['redirects', () => Response.redirect(responder.url)],
  ] as const)('is refused if the answer of the provider %s', async (_, answer) => {
    provider.answer = answer
    expect(await raw.call('Get15118EVCertificate', request)).toEqual({ status: 'Failed', exiResponse: '' })
  })
})
