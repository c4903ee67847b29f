import { expect, test } from 'bun:test'
import type { OCPP21 } from 'typed-ocpp'
import { certificateChainStatus } from '../../../../src/blocks/certificates/chain-status.ts'
import { decide } from '../../../support/known.ts'

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
