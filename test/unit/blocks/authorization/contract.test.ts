// The answer of Authorize to a contract certificate (2.0.1 C07 with its errata, C07.FR.13 to FR.17).

import { expect, test } from 'bun:test'
import { authorize201 } from '../../../../src/blocks/authorization/authorization.ts'
import type { ContractAnswer } from '../../../../src/blocks/certificate-questions.ts'
import type { KnownIdToken } from '../../../../src/blocks/decision.ts'
import { acceptedToken, chargePoint, decide } from '../../../support/known.ts'

const hash = { hashAlgorithm: 'SHA256', issuerNameHash: 'aa', issuerKeyHash: 'bb', serialNumber: 'cc' } as const
const authorize = {
  idToken: { idToken: 'DE8AAC123456780', type: 'eMAID' as const },
  iso15118CertificateHashData: [{ ...hash, responderURL: 'http://ocsp.example' }],
}
const token: KnownIdToken = { ...acceptedToken, idToken: 'DE8AAC123456780', type: 'eMAID' }

function answerTo(status: ContractAnswer['status'], idTokens: readonly KnownIdToken[]) {
  const reason = status === 'valid' ? null : 'because'
  return decide(authorize201, authorize, { certificates: { kind: 'contract', status, reason }, idTokens })
}

test.each([
  ['valid', 'Accepted', 'Accepted', 'Accepted'],
  ['valid', 'Blocked', 'ContractCancelled', 'Blocked'],
  ['valid', 'Expired', 'ContractCancelled', 'Expired'],
  ['valid', 'Invalid', 'ContractCancelled', 'Invalid'],
  ['expired', 'Accepted', 'CertificateExpired', 'Expired'],
  ['revoked', 'Accepted', 'CertificateRevoked', 'Invalid'],
  ['unverified', 'Accepted', 'CertChainError', 'Invalid'],
] as const)('a certificate that is %s with an id token that is %s: %s, %s', (found, stored, certificate, idToken) => {
  const { answer, anomalies } = answerTo(found, [{ ...token, status: stored }])
  expect(answer).toEqual({ idTokenInfo: { status: idToken }, certificateStatus: certificate })
  expect(anomalies).toEqual(found === 'valid' ? [] : [{ kind: 'contractRefused', detail: { reason: 'because' } }])
})

test('a valid certificate whose eMAID is not stored is a cancelled contract', () => {
  expect(answerTo('valid', []).answer).toEqual({
    idTokenInfo: { status: 'Unknown' },
    certificateStatus: 'ContractCancelled',
  })
})

test('an Authorize with a certificate or hash data asks about it, and another one about nothing', () => {
  const needs = (payload: Parameters<typeof authorize201.decide>[0]) => authorize201.needs?.(payload, chargePoint)
  expect(needs(authorize)).toEqual({
    idTokens: ['DE8AAC123456780'],
    driverTariffs: true,
    certificates: {
      kind: 'contract',
      contractId: 'DE8AAC123456780',
      certificates: null,
      hashData: [{ source: 'OCSP', hashData: hash, urls: ['http://ocsp.example'] }],
    },
  })
  const { idToken } = authorize
  expect(needs({ idToken, certificate: 'PEM' })?.certificates).toMatchObject({ certificates: 'PEM', hashData: [] })
  expect(needs({ idToken })).toEqual({ idTokens: ['DE8AAC123456780'], driverTariffs: true })
  expect(decide(authorize201, { idToken }, { idTokens: [token] }).answer).toEqual({
    idTokenInfo: { status: 'Accepted' },
  })
})
