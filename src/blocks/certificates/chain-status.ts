// GetCertificateChainStatus (2.1 M06): a charge point asks whether the certificates of a chain are revoked.

import type { OCPP21 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

type HashData = OCPP21.GetCertificateChainStatusRequest['certificateStatusRequests'][number]['certificateHashData']

type Source = OCPP21.GetCertificateChainStatusRequest['certificateStatusRequests'][number]['source']

/**
 * Stator asks no OCSP responder and reads no revocation list: the status of each certificate is Failed. A lenient
 * charge point may name none, or leave out what names it; the schema of the answer wants at least one.
 */
export const certificateChainStatus: Handler<OCPP21.GetCertificateChainStatusRequest> = {
  decide: ({ certificateStatusRequests: asked }, known) => {
    const requests: readonly Asked[] = asked.length === 0 ? [{}] : asked.slice(0, certificatesMax)
    return {
      ...notification(known),
      answer: {
        certificateStatus: requests.map(({ certificateHashData, source }) => ({
          certificateHashData: repeated(certificateHashData ?? {}),
          source: sources.find((word) => word === source) ?? 'OCSP',
          status: 'Failed',
          nextUpdate: isoTime(known.nowMs),
        })),
      },
    }
  },
}

/** As a lenient charge point may send it. */
interface Asked {
  readonly certificateHashData?: Partial<HashData>
  readonly source?: Source
}

const sources: readonly Source[] = ['OCSP', 'CRL']
const hashAlgorithms: readonly HashData['hashAlgorithm'][] = ['SHA256', 'SHA384', 'SHA512']

// Limits of the schema: what a lenient charge point sends beyond them is not repeated.
const certificatesMax = 4
const hashCharactersMax = 128
const serialNumberCharactersMax = 40

function repeated({
  hashAlgorithm,
  issuerNameHash = '',
  issuerKeyHash = '',
  serialNumber = '',
}: Partial<HashData>): HashData {
  return {
    hashAlgorithm: hashAlgorithms.find((word) => word === hashAlgorithm) ?? 'SHA256',
    issuerNameHash: issuerNameHash.slice(0, hashCharactersMax),
    issuerKeyHash: issuerKeyHash.slice(0, hashCharactersMax),
    serialNumber: serialNumber.slice(0, serialNumberCharactersMax),
  }
}
