// GetCertificateChainStatus (2.1 M06): a charge point asks whether the certificates of a chain are revoked.

import type { OCPP21 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

type HashData = OCPP21.GetCertificateChainStatusRequest['certificateStatusRequests'][number]['certificateHashData']

/** Stator asks no OCSP responder and reads no revocation list: the status of each certificate is Failed. */
export const certificateChainStatus: Handler<OCPP21.GetCertificateChainStatusRequest> = {
  decide: ({ certificateStatusRequests }, known) => ({
    ...notification(known),
    answer: {
      certificateStatus: certificateStatusRequests.slice(0, certificatesMax).map(({ certificateHashData, source }) => ({
        certificateHashData: repeated(certificateHashData),
        source,
        status: 'Failed',
        nextUpdate: isoTime(known.nowMs),
      })),
    },
  }),
}

// Limits of the schema: what a lenient charge point sends beyond them is not repeated.
const certificatesMax = 4
const hashCharactersMax = 128
const serialNumberCharactersMax = 40

function repeated({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: HashData): HashData {
  return {
    hashAlgorithm,
    issuerNameHash: issuerNameHash.slice(0, hashCharactersMax),
    issuerKeyHash: issuerKeyHash.slice(0, hashCharactersMax),
    serialNumber: serialNumber.slice(0, serialNumberCharactersMax),
  }
}
