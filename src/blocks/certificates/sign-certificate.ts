// SignCertificate: a charge point asks for a certificate of its new key (1.6 security whitepaper A02, A03). The answer
// says whether it will get one. The certificate is signed after the COMMIT, and sent as CertificateSigned.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import { certificatesPerHourMax } from '../../base/limits.ts'
import type { Decision, Handler, Known, KnownSigningRequest } from '../decision.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import { notification } from '../notification.ts'
import { certificateRenewal, renewalSteps } from './certificate-jobs.ts'

const chargePointType = 'ChargingStationCertificate'

/** A request, in whichever version. */
interface Requested {
  readonly csr: string
  readonly type?: string | undefined
  readonly requestId?: number | undefined
}

/**
 * Why the request of this charge point is refused; null: it is accepted. The CN has to be the identity or the serial
 * number (A00.FR.511), and O the operator's name (A02.FR.13).
 */
export function refusalOf(known: KnownSigningRequest, identity: string): string | null {
  const { request, serialNumber, madeLately, organization } = known
  if ('problem' in request) return request.problem
  const [commonName, ...more] = request.commonNames
  if (commonName === undefined || more.length > 0)
    return `its subject has ${request.commonNames.length} CN; expected one`
  if (commonName !== identity && commonName !== serialNumber) {
    return 'its CN is neither the identity nor the serial number of the charge point'
  }
  if (organization !== null && !request.organizations.includes(organization)) {
    return `its O is not "${organization}"`
  }
  if (madeLately >= certificatesPerHourMax) return `${madeLately} certificates were made for it within an hour`
  return null
}

/** The answer, and the move of the renewal that an operator has asked for, if there is one. */
function decide(requested: Requested, known: Known): Decision {
  const decision = decideAlone(requested, known)
  // A renewal is about its own certificate.
  if ((requested.type ?? chargePointType) !== chargePointType) return decision
  const { requested: step, refused } = renewalSteps
  const status = decision.answer['status'] === 'Accepted' ? step : refused
  return withJob(decision, known, [certificateRenewal], { status })
}

function decideAlone({ csr, type = chargePointType, requestId }: Requested, known: Known): Decision {
  const stored = notification(known)
  const rejected = { ...stored, answer: { status: 'Rejected' } }
  const { signingRequest } = known
  // There is no certificate authority (A02.FR.12).
  if (signingRequest === null) return rejected
  const wrongType = type === chargePointType ? null : `a ${type} is not signed here`
  const reason = wrongType ?? refusalOf(signingRequest, known.chargePoint.identity)
  const { request } = signingRequest
  if (reason !== null || 'problem' in request) {
    return { ...rejected, anomalies: [{ kind: 'certificateRefused', detail: { reason } }] }
  }
  const row = { csrDigest: request.digest, csr, requestId: requestId ?? null }
  return {
    ...stored,
    answer: { status: 'Accepted' },
    changes: [...stored.changes, { table: 'certificateRequests', row }],
  }
}

/** 1.6 security whitepaper A02.FR.11 and A02.FR.12. */
export const signCertificate16: Handler<OCPP16.SignCertificateRequest> = {
  needs: ({ csr }) => ({ signingRequest: csr, ...jobNeeds({}) }),
  decide: ({ csr }, known) => decide({ csr }, known),
}

/** 2.0.1 A02 and A03. Without a type it is the certificate of the charging station. */
export const signCertificate201: Handler<OCPP20.SignCertificateRequest> = {
  needs: ({ csr }) => ({ signingRequest: csr, ...jobNeeds({}) }),
  decide: ({ csr, certificateType: type }, known) => decide({ csr, type }, known),
}

/** 2.1 A02 and A03: the request may have an id. */
export const signCertificate21: Handler<OCPP21.SignCertificateRequest> = {
  needs: ({ csr }) => ({ signingRequest: csr, ...jobNeeds({}) }),
  decide: ({ csr, certificateType: type, requestId }, known) => decide({ csr, type, requestId }, known),
}
