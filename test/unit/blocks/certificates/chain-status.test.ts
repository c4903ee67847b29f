import { expect, test } from 'bun:test'
import type { OCPP21 } from 'typed-ocpp'
import { certificateChainStatus } from '../../../../src/blocks/certificates/chain-status.ts'
import { chargePoint, decide } from '../../../support/known.ts'

test('GetCertificateChainStatus says of each certificate that its status is not known, and is stored', () => {
  const certificateHashData = {
    hashAlgorithm: 'SHA256',
    issuerNameHash: 'a',
    issuerKeyHash: 'b',
    serialNumber: 'c',
  } as const
  const certificateStatusRequests: OCPP21.GetCertificateChainStatusRequest['certificateStatusRequests'] = [
    { certificateHashData, source: 'OCSP', urls: ['http://ocsp.example'] },
    { certificateHashData, source: 'CRL', urls: ['http://crl.example'] },
  ]
  const { answer, changes } = decide(certificateChainStatus, { certificateStatusRequests })
  const failed = { certificateHashData, status: 'Failed', nextUpdate: '2026-01-01T00:00:00.005Z' }
  expect(answer).toEqual({
    certificateStatus: [
      { ...failed, source: 'OCSP' },
      { ...failed, source: 'CRL' },
    ],
  })
  expect(changes).toMatchObject([{ table: 'chargePointEvents' }])
})

test('GetCertificateChainStatus of a lenient charge point that names no certificate gets one status, of none', () => {
  const { answer } = decide(certificateChainStatus, JSON.parse('{"certificateStatusRequests":[]}'))
  const certificateHashData = { hashAlgorithm: 'SHA256', issuerNameHash: '', issuerKeyHash: '', serialNumber: '' }
  expect(answer).toEqual({
    certificateStatus: [{ certificateHashData, source: 'OCSP', status: 'Failed', nextUpdate: expect.any(String) }],
  })
})

test('GetCertificateChainStatus asks for each certificate, and repeats what is known of it', () => {
  const certificateHashData = {
    hashAlgorithm: 'SHA256',
    issuerNameHash: 'a',
    issuerKeyHash: 'b',
    serialNumber: 'c',
  } as const
  const urls = ['http://ocsp.example', 'http://other.example']
  const payload: OCPP21.GetCertificateChainStatusRequest = {
    certificateStatusRequests: [
      { certificateHashData, source: 'OCSP', urls: ['http://ocsp.example', 'http://other.example'] },
    ],
  }
  expect(certificateChainStatus.needs?.(payload, chargePoint)).toEqual({
    certificates: { kind: 'status', about: [{ source: 'OCSP', hashData: certificateHashData, urls }] },
  })
  const found = { status: 'Revoked', nextUpdateMs: Date.UTC(2026, 5, 1), ocspResult: 'MII=' } as const
  const { answer } = decide(certificateChainStatus, payload, { certificates: { kind: 'status', about: [found] } })
  const nextUpdate = '2026-06-01T00:00:00.000Z'
  expect(answer).toEqual({
    certificateStatus: [{ certificateHashData, source: 'OCSP', status: 'Revoked', nextUpdate }],
  })
})
