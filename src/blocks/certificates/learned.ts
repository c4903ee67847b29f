// What charge points answer to commands about certificates, as rows: it is stored whatever request sent the command.

import { installedCertificatesMax } from '../../base/limits.ts'
import type { ByVersion, OcppVersion } from '../../ocpp/version.ts'
import { statusOf } from '../command.ts'
import type { Learned } from '../message-row.ts'
import { reportedIn, typesAskedFor } from './commands.ts'

/** DeleteCertificate. NotFound: it is not there either. */
export const certificateDeleted: Learned = ({ certificateHashData: hashData }, answer) => {
  const status = statusOf(answer)
  if (status !== 'Accepted' && status !== 'NotFound') return []
  if (typeof hashData !== 'object' || hashData === null) return []
  const text = (name: string): string => String(Reflect.get(hashData, name))
  const row = {
    certificateType: '',
    hashAlgorithm: text('hashAlgorithm'),
    issuerNameHash: text('issuerNameHash'),
    issuerKeyHash: text('issuerKeyHash'),
    serialNumber: text('serialNumber'),
  }
  return [{ table: 'installedCertificates', row, gone: 'deleted' }]
}

const nothing = { hashAlgorithm: '', issuerNameHash: '', issuerKeyHash: '', serialNumber: '' }

/** GetInstalledCertificateIds: all that it has of the types that were asked for. */
export const certificatesReported: ByVersion<Learned> = {
  '1.6': reported('1.6'),
  '2.0.1': reported('2.0.1'),
  '2.1': reported('2.1'),
}

function reported(version: OcppVersion): Learned {
  return (request, answer) => {
    const read = reportedIn[version](request, answer)
    if (read === null) return []
    const before = typesAskedFor[version](request).map((certificateType) => ({
      table: 'installedCertificates' as const,
      row: { certificateType, ...nothing },
      gone: 'reported' as const,
    }))
    const rows = read.slice(0, installedCertificatesMax)
    return [...before, ...rows.map((row) => ({ table: 'installedCertificates' as const, row }))]
  }
}
