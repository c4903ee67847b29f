// GetCertificateStatus (2.0.1 M06): a charge point asks for the OCSP answer about one of its own ISO 15118
// certificates, which it passes on to EVs.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

type Request = OCPP20.GetCertificateStatusRequest | OCPP21.GetCertificateStatusRequest

/**
 * The answer of the responder, whether it says good or revoked. What cannot be verified is not passed on (M06.FR.04).
 *
 * @param charactersMax of `ocspResult` in this version.
 */
export function certificateStatus(charactersMax: number): Handler<Request> {
  return {
    needs: ({ ocspRequestData: { responderURL, ...hashData } }) => ({
      certificates: { kind: 'status', about: [{ source: 'OCSP', hashData, urls: [responderURL] }] },
    }),
    decide: (_, known) => {
      const found = known.certificates?.kind === 'status' ? known.certificates.about[0] : undefined
      const stored = notification(known)
      if (found === undefined || found.status === 'Failed') return { ...stored, answer: { status: 'Failed' } }
      const { ocspResult } = found
      if (ocspResult.length <= charactersMax) return { ...stored, answer: { status: 'Accepted', ocspResult } }
      const additionalInfo = `The answer of the responder has ${ocspResult.length} characters.`
      return { ...stored, answer: { status: 'Failed', statusInfo: { reasonCode: 'TooLargeElement', additionalInfo } } }
    },
  }
}
