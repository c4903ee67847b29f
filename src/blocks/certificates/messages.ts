// Functional blocks A and M: certificates of charge points.

import { rowsOf } from '../rows.ts'
import { certificateChainStatus } from './chain-status.ts'
import { signCertificate16, signCertificate201 } from './sign-certificate.ts'

const { served, stored, toChargePoint } = rowsOf('certificates')

export const certificates16 = {
  CertificateSigned: toChargePoint('1.6 security whitepaper §5.1', ['SecurityEventNotification']),
  DeleteCertificate: toChargePoint('1.6 security whitepaper §5.3'),
  GetInstalledCertificateIds: toChargePoint('1.6 security whitepaper §5.7'),
  InstallCertificate: toChargePoint('1.6 security whitepaper §5.11'),
  SignCertificate: served('1.6 security whitepaper §5.17', 'committed', signCertificate16),
}

export const certificates201 = {
  CertificateSigned: toChargePoint('2.0.1 A02-A03', ['SecurityEventNotification']),
  SignCertificate: served('2.0.1 A02-A03', 'committed', signCertificate201),

  // Stator has no certificate provider and no OCSP responder. It answers Failed, and the station decides what to do.
  Get15118EVCertificate: stored('2.0.1 M01-M02', { status: 'Failed', exiResponse: '' }),
  GetInstalledCertificateIds: toChargePoint('2.0.1 M03'),
  DeleteCertificate: toChargePoint('2.0.1 M04'),
  InstallCertificate: toChargePoint('2.0.1 M05'),
  GetCertificateStatus: stored('2.0.1 M06', { status: 'Failed' }),
}

export const certificates21 = {
  CertificateSigned: toChargePoint('2.1 A02-A03', ['SecurityEventNotification']),
  SignCertificate: served('2.1 A02-A03', 'committed', signCertificate201),
  // As in 2.0.1.
  Get15118EVCertificate: stored('2.1 M01-M02', { status: 'Failed', exiResponse: '' }),
  GetInstalledCertificateIds: toChargePoint('2.1 M03'),
  DeleteCertificate: toChargePoint('2.1 M04'),
  InstallCertificate: toChargePoint('2.1 M05'),
  GetCertificateStatus: stored('2.1 M06', { status: 'Failed' }),
  GetCertificateChainStatus: served('2.1 M06', 'committed', certificateChainStatus),
}
