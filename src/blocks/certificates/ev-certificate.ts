// Get15118EVCertificate (2.0.1 M01, M02): an EV wants its contract certificate installed or updated. The operator's
// provider of such certificates answers it.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import type { EvCertificateAnswer, EvCertificateQuestion } from '../certificate-questions.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'
import type { Payload } from '../values.ts'

/**
 * @param charactersMax of `exiResponse` in this version.
 * @param answerOf the members that the answer has in this version.
 */
function evCertificate<P extends object>(
  charactersMax: number,
  requestOf: (payload: P) => EvCertificateQuestion['request'],
  answerOf: (found: EvCertificateAnswer) => Payload,
): Handler<P> {
  return {
    needs: (payload) => ({ certificates: { kind: 'evCertificate', request: requestOf(payload) } }),
    decide: (_, known) => {
      const found = known.certificates?.kind === 'evCertificate' ? known.certificates.answer : null
      const isUsable = found !== null && found.exiResponse.length <= charactersMax
      return { ...notification(known), answer: isUsable ? answerOf(found) : { status: 'Failed', exiResponse: '' } }
    },
  }
}

/** 2.0.1 M01, M02. */
export const evCertificate201 = evCertificate<OCPP20.Get15118EVCertificateRequest>(
  5_600,
  ({ iso15118SchemaVersion, action, exiRequest }) => ({ iso15118SchemaVersion, action, exiRequest }),
  ({ status, exiResponse }) => ({ status, exiResponse }),
)

/** 2.1 M01, M02: several contracts may follow each other. */
export const evCertificate21 = evCertificate<OCPP21.Get15118EVCertificateRequest>(
  17_000,
  ({ iso15118SchemaVersion, action, exiRequest, maximumContractCertificateChains: maximum, prioritizedEMAIDs }) => ({
    iso15118SchemaVersion,
    action,
    exiRequest,
    ...(maximum === undefined ? {} : { maximumContractCertificateChains: maximum }),
    ...(prioritizedEMAIDs === undefined ? {} : { prioritizedEMAIDs }),
  }),
  (found) => ({ ...found }),
)
