// Functional blocks A and M: certificates of charge points.

import { forgiving, learning, rowsOf } from '../rows.ts'
import { certificateStatus } from './certificate-status.ts'
import { certificateChainStatus } from './chain-status.ts'
import { evCertificate201, evCertificate21 } from './ev-certificate.ts'
import { certificateDeleted, certificatesReported } from './learned.ts'
import { signCertificate16, signCertificate201, signCertificate21 } from './sign-certificate.ts'

const { served, toChargePoint } = rowsOf('certificates')

export const certificates16 = {
  CertificateSigned: toChargePoint('1.6 security whitepaper §5.1', ['SecurityEventNotification']),
  DeleteCertificate: learning(certificateDeleted, toChargePoint('1.6 security whitepaper §5.3')),
  GetInstalledCertificateIds: learning(certificatesReported['1.6'], toChargePoint('1.6 security whitepaper §5.7')),
  InstallCertificate: toChargePoint('1.6 security whitepaper §5.11'),
  SignCertificate: served('1.6 security whitepaper §5.17', 'committed', signCertificate16),
}

export const certificates201 = {
  CertificateSigned: toChargePoint('2.0.1 A02-A03', ['SecurityEventNotification']),
  SignCertificate: served('2.0.1 A02-A03', 'committed', signCertificate201),

  Get15118EVCertificate: forgiving(served('2.0.1 M01-M02', 'committed', evCertificate201)),
  GetInstalledCertificateIds: learning(certificatesReported['2.0.1'], toChargePoint('2.0.1 M03')),
  DeleteCertificate: learning(certificateDeleted, toChargePoint('2.0.1 M04')),
  InstallCertificate: toChargePoint('2.0.1 M05'),
  GetCertificateStatus: forgiving(served('2.0.1 M06', 'committed', certificateStatus(5_500))),
}

export const certificates21 = {
  CertificateSigned: toChargePoint('2.1 A02-A03', ['SecurityEventNotification']),
  SignCertificate: served('2.1 A02-A03', 'committed', signCertificate21),
  Get15118EVCertificate: forgiving(served('2.1 M01-M02', 'committed', evCertificate21)),
  GetInstalledCertificateIds: learning(certificatesReported['2.1'], toChargePoint('2.1 M03')),
  DeleteCertificate: learning(certificateDeleted, toChargePoint('2.1 M04')),
  InstallCertificate: toChargePoint('2.1 M05'),
  GetCertificateStatus: forgiving(served('2.1 M06', 'committed', certificateStatus(18_000))),
  GetCertificateChainStatus: served('2.1 M06', 'committed', certificateChainStatus),
}
