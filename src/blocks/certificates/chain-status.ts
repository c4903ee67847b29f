// GetCertificateChainStatus (2.1 M06): a charge point asks whether the certificates of a chain are revoked.

import type { OCPP21 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

/** Stator asks no OCSP responder and reads no revocation list: the status of each certificate is Failed. */
export const certificateChainStatus: Handler<OCPP21.GetCertificateChainStatusRequest> = {
  decide: ({ certificateStatusRequests }, known) => ({
    ...notification(known),
    answer: {
      certificateStatus: certificateStatusRequests.map(({ certificateHashData, source }) => ({
        certificateHashData,
        source,
        status: 'Failed',
        nextUpdate: isoTime(known.nowMs),
      })),
    },
  }),
}
