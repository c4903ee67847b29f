// Whether the contract certificate of an EV is good, with a real responder.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { judgeContract } from '../../../../src/auth/certificate-answers/contract.ts'
import { CertificateStatuses } from '../../../../src/auth/certificate-answers/statuses.ts'
import { readCertificate } from '../../../../src/auth/certificates/certificate.ts'
import { RevocationLists } from '../../../../src/auth/certificates/revocation.ts'
import { systemClock } from '../../../../src/base/clock.ts'
import type { ContractAnswer, ContractQuestion } from '../../../../src/blocks/certificate-questions.ts'
import { contractId, hashDataFor, makeContract, makeContractAuthorities } from '../../../support/contract-chain.ts'
import { extensions, type Made, makeAuthority } from '../../../support/made-certificates.ts'
import { type Responder, startResponder } from '../../../support/ocsp-responder.ts'

const { root } = makeContractAuthorities()
const stranger = makeContractAuthorities('Other')
const signal = new AbortController().signal
const dayMs = 86_400_000
let responder: Responder
let ofRoot: Responder
let authority: Made
let contract: Made

beforeAll(() => {
  ofRoot = startResponder(root)
  authority = makeAuthority('MO sub-CA', {
    issuer: root,
    extensions: [extensions.authority(), extensions.keyUsage(0x06), extensions.ocspResponder(ofRoot.url)],
  })
  responder = startResponder(authority)
  contract = makeContract(authority, responder.url)
  responder.say(contract, { status: 'good' })
  ofRoot.say(authority, { status: 'good' })
})
afterAll(() => Promise.all([responder.stop(), ofRoot.stop()]))

const pem = (...certificates: readonly Made[]): string => certificates.map(({ certificate }) => certificate).join('')

function judge(question: Partial<ContractQuestion>, isOff = false, anchors: readonly Made[] = [root]) {
  const read = anchors.map(({ der }) => readCertificate(der))
  const trust = {
    setting: 'Security.Iso15118.Roots',
    anchors: read,
    own: null,
    revoked: new RevocationLists([]),
  }
  const settings = { responders: isOff ? [] : [responder.host, ofRoot.host], cacheMs: 0, cacheEntriesMax: 0 }
  const statuses = new CertificateStatuses({ settings, trust, clock: systemClock })
  const asked: ContractQuestion = { kind: 'contract', contractId, certificates: null, hashData: [], ...question }
  return judgeContract(asked, { trust, statuses, nowMs: Date.now(), signal })
}

test('a certificate is valid that leads to a root, names the contract, and is revoked nowhere', async () => {
  const [before, beforeRoot] = [responder.asked, ofRoot.asked]
  expect(await judge({ certificates: pem(contract, authority) })).toEqual({
    kind: 'contract',
    status: 'valid',
    reason: null,
  })
  expect([responder.asked - before, ofRoot.asked - beforeRoot]).toEqual([1, 1])
})

test('an eMAID may be written with hyphens, in small letters, and without its check digit', async () => {
  for (const written of [contractId, 'de8aac123456780', 'DE8AAC12345678']) {
    expect(await judge({ certificates: pem(contract, authority), contractId: written })).toMatchObject({ reason: null })
  }
  const { status, reason } = await judge({ certificates: pem(contract, authority), contractId: 'DE-8AA-C99999999-0' })
  expect([status, reason]).toEqual(['unverified', 'the certificate is refused: it is that of another contract'])
})

test('without responders a chain is verified by itself, and hash data not at all', async () => {
  expect(await judge({ certificates: pem(contract, authority) }, true)).toMatchObject({ status: 'valid' })
  const hashData = [{ source: 'OCSP' as const, hashData: hashDataFor(contract, authority), urls: [responder.url] }]
  expect(await judge({ hashData }, true)).toMatchObject({
    status: 'unverified',
    reason: 'Security.Iso15118.OcspResponders is empty, and only hash data was sent',
  })
})

test('whoever sends neither a certificate nor hash data proves nothing', async () => {
  for (const isOff of [false, true]) {
    expect(await judge({}, isOff)).toEqual({
      kind: 'contract',
      status: 'unverified',
      reason: 'neither a certificate nor hash data was sent',
    })
  }
})

const refused: readonly (readonly [what: string, certificates: () => string, status: ContractAnswer['status']])[] = [
  [
    'that has expired',
    () => pem(makeContract(authority, responder.url, { toMs: Date.now() - dayMs }), authority),
    'expired',
  ],
  ['whose issuer was not sent', () => pem(contract), 'unverified'],
  ['of another root', () => pem(makeContract(stranger.authority, responder.url), stranger.authority), 'unverified'],
  ['that is not signed by its issuer', () => pem({ ...contract, ...forged() }, authority), 'unverified'],
  ['that names no responder', () => pem(makeContract(authority, null), authority), 'unverified'],
  ['that the responder does not know', () => pem(makeContract(authority, responder.url), authority), 'unverified'],
  ['that is damaged', () => pem(contract).replace('MI', 'XX'), 'unverified'],
  ['whose key is on a curve that nobody knows', () => pem(withUnknownCurve(contract), authority), 'unverified'],
  ['below an authority with such a key', () => pem(contract, withUnknownCurve(authority)), 'unverified'],
  ['that is no PEM', () => 'MIIB', 'unverified'],
]
test.each(refused)('a certificate is refused %s', async (_, certificates, status) => {
  expect(await judge({ certificates: certificates() })).toEqual({
    kind: 'contract',
    status,
    reason: expect.any(String),
  })
})

function forged(): Made {
  return makeContract({ ...stranger.authority, name: authority.name }, responder.url)
}

test('certificates that were sent and are not on the way do not count', async () => {
  const old = makeAuthority('MO sub-CA', { issuer: root, keyOf: authority, toMs: Date.now() - dayMs })
  const revoked = makeContract(authority, responder.url)
  responder.say(revoked, { status: 'revoked' })
  const before = responder.asked
  expect(await judge({ certificates: pem(contract, old, revoked, authority, root) })).toMatchObject({ reason: null })
  expect(responder.asked - before).toBe(1)
})

test('a certificate has expired if one above it has, and there is no other way', async () => {
  const old = makeAuthority('MO old sub-CA', { issuer: root, toMs: Date.now() - dayMs })
  expect(await judge({ certificates: pem(makeContract(old, responder.url), old) })).toEqual({
    kind: 'contract',
    status: 'expired',
    reason: expect.stringMatching(/^a certificate has expired: its issuer cannot be trusted: it expired on /),
  })
})

function withUnknownCurve(made: Made): Made {
  const der = Buffer.from(made.der)
  // The identifier of prime256v1, whose last byte is 7.
  const at = der.indexOf(Buffer.from('06082a8648ce3d030107', 'hex'))
  der[at + 9] = 0x7f
  expect(() => readCertificate(der).x509.publicKey).toThrow()
  const base64 = der.toString('base64')
  return { ...made, der, certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n` }
}

test('a certificate is revoked if it, or one above it, is revoked', async () => {
  const revoked = makeContract(authority, responder.url)
  responder.say(revoked, { status: 'revoked' })
  expect(await judge({ certificates: pem(revoked, authority) })).toMatchObject({ status: 'revoked' })
  ofRoot.say(authority, { status: 'revoked' })
  expect(await judge({ certificates: pem(contract, authority) })).toMatchObject({ status: 'revoked' })
  ofRoot.say(authority, { status: 'good' })
})

test('certificates and hash data must both be good', async () => {
  const other = makeContract(authority, null)
  responder.say(other, { status: 'revoked', carries: [authority] })
  const hashData = [{ source: 'OCSP' as const, hashData: hashDataFor(other, authority), urls: [responder.url] }]
  expect(await judge({ certificates: pem(contract, authority), hashData })).toMatchObject({ status: 'revoked' })
})

test('an authority of the settings that is no root is trusted as it is', async () => {
  expect(await judge({ certificates: pem(contract) }, false, [authority])).toMatchObject({ status: 'valid' })
})
