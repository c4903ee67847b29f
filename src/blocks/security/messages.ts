// Functional blocks A and M: security and certificates.

import { rowsOf } from '../rows.ts'

const { notServed, stored, toChargePoint } = rowsOf('security')

export const security16 = {
  CertificateSigned: toChargePoint('1.6 security whitepaper §5.1', ['SecurityEventNotification']),
  DeleteCertificate: toChargePoint('1.6 security whitepaper §5.3'),
  GetInstalledCertificateIds: toChargePoint('1.6 security whitepaper §5.7'),
  InstallCertificate: toChargePoint('1.6 security whitepaper §5.11'),
  SecurityEventNotification: stored('1.6 security whitepaper §5.15'),
  // Stator has no certificate authority: a request for a certificate is refused (A02.FR.12).
  SignCertificate: stored('1.6 security whitepaper §5.17', { status: 'Rejected' }),
}

export const security201 = {
  CertificateSigned: toChargePoint('2.0.1 A02-A03', ['SecurityEventNotification']),
  // Stator has no certificate authority: a request for a certificate is refused.
  SignCertificate: stored('2.0.1 A02-A03', { status: 'Rejected' }),
  SecurityEventNotification: stored('2.0.1 A04'),

  // Stator has no certificate provider and no OCSP responder. It answers Failed, and the station decides what to do.
  Get15118EVCertificate: stored('2.0.1 M01-M02', { status: 'Failed', exiResponse: '' }),
  GetInstalledCertificateIds: toChargePoint('2.0.1 M03'),
  DeleteCertificate: toChargePoint('2.0.1 M04'),
  InstallCertificate: toChargePoint('2.0.1 M05'),
  GetCertificateStatus: stored('2.0.1 M06', { status: 'Failed' }),
}

export const security21 = {
  CertificateSigned: toChargePoint('2.1 A02-A03', ['SecurityEventNotification']),
  SignCertificate: notServed('2.1 A02-A03', 'committed'),
  SecurityEventNotification: notServed('2.1 A04', 'committed'),
  Get15118EVCertificate: notServed('2.1 M01-M02', 'none'),
  GetInstalledCertificateIds: toChargePoint('2.1 M03'),
  DeleteCertificate: toChargePoint('2.1 M04'),
  InstallCertificate: toChargePoint('2.1 M05'),
  GetCertificateStatus: notServed('2.1 M06', 'none'),
  GetCertificateChainStatus: notServed('2.1 M06', 'none'),
}
