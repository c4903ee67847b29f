// What the answers to commands about certificates tell, as rows.

import { expect, test } from 'bun:test'
import { certificateDeleted, certificatesReported } from '../../../../src/blocks/certificates/learned.ts'
import { installedCertificatesMax } from '../../../../src/base/limits.ts'

const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'n', issuerKeyHash: 'k', serialNumber: 'A1' }
const nothing = { hashAlgorithm: '', issuerNameHash: '', issuerKeyHash: '', serialNumber: '' }
const table = 'installedCertificates' as const
const csms = 'CSMSRootCertificate'

test('a report takes the place of those of before, of its types', () => {
  const chain = [{ certificateType: csms, certificateHashData: hashData }]
  const answer = { status: 'Accepted', certificateHashDataChain: chain }
  const found = { table, row: { certificateType: csms, ...hashData } }
  const before = (certificateType: string) => ({
    table,
    row: { certificateType, ...nothing },
    gone: 'reported' as const,
  })
  expect(certificatesReported['2.0.1']({}, answer)).toEqual([before(''), found])
  expect(certificatesReported['2.1']({ certificateType: [csms, 'MORootCertificate'] }, answer)).toEqual([
    before(csms),
    before('MORootCertificate'),
    found,
  ])
  const of16 = { status: 'Accepted', certificateHashData: [hashData] }
  expect(certificatesReported['1.6']({ certificateType: 'CentralSystemRootCertificate' }, of16)).toEqual([
    before(csms),
    found,
  ])
  expect(certificatesReported['2.0.1']({}, { status: 'NotFound' })).toEqual([before('')])
})

test('an answer that cannot be read tells nothing, and a long one no more than a limit', () => {
  expect(certificatesReported['2.0.1']({}, { certificateHashDataChain: [] })).toEqual([])
  const certificateHashData = Array.from({ length: installedCertificatesMax + 9 }, (_, n) => ({
    ...hashData,
    serialNumber: String(n),
  }))
  const rows = certificatesReported['1.6']({ certificateType: 'X' }, { status: 'Accepted', certificateHashData })
  expect(rows).toHaveLength(1 + installedCertificatesMax)
})

test('a certificate that is deleted, or not there, is gone', () => {
  const request = { certificateHashData: hashData }
  const gone = [{ table, row: { certificateType: '', ...hashData }, gone: 'deleted' as const }]
  expect(certificateDeleted(request, { status: 'Accepted' })).toEqual(gone)
  expect(certificateDeleted(request, { status: 'NotFound' })).toEqual(gone)
  expect(certificateDeleted(request, { status: 'Failed' })).toEqual([])
  expect(certificateDeleted({}, { status: 'Accepted' })).toEqual([])
})
