import { expect, test } from 'bun:test'
import { certificateStatus } from '../../../../src/blocks/certificates/certificate-status.ts'
import type { StatusAnswer } from '../../../../src/blocks/certificate-questions.ts'
import { chargePoint, decide } from '../../../support/known.ts'

const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'a', issuerKeyHash: 'b', serialNumber: 'c' } as const
const payload = { ocspRequestData: { ...hashData, responderURL: 'http://ocsp.example' } }
const handler = certificateStatus(5_500)

test('GetCertificateStatus asks the responder that it names', () => {
  expect(handler.needs?.(payload, chargePoint)).toEqual({
    certificates: { kind: 'status', about: [{ source: 'OCSP', hashData, urls: ['http://ocsp.example'] }] },
  })
})

test('GetCertificateStatus passes on what a responder says, revoked or not, if there is room for it', () => {
  const answerTo = (found: StatusAnswer) =>
    decide(handler, payload, { certificates: { kind: 'status', about: [found] } })
  for (const status of ['Good', 'Revoked', 'Unknown'] as const) {
    const { answer, changes } = answerTo({ status, nextUpdateMs: null, ocspResult: 'MII=' })
    expect(answer).toEqual({ status: 'Accepted', ocspResult: 'MII=' })
    expect(changes).toMatchObject([{ table: 'chargePointEvents' }])
  }
  expect(answerTo({ status: 'Failed', reason: 'it is away' }).answer).toEqual({ status: 'Failed' })
  expect(answerTo({ status: 'Good', nextUpdateMs: null, ocspResult: 'x'.repeat(5_501) }).answer).toEqual({
    status: 'Failed',
    statusInfo: { reasonCode: 'TooLargeElement', additionalInfo: 'The answer of the responder has 5501 characters.' },
  })
})
