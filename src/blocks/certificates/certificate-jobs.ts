// Commands about certificates as jobs: what the answer of a charge point means, and what ends a renewal.

import { outcomeOf, statusOf } from '../command.ts'
import type { JobAnswer, JobKind } from '../jobs/job.ts'
import type { Payload } from '../values.ts'

/** The answer is the end. `done` are the statuses that mean it is so. */
function answeredWith(done: readonly string[], accepted: string, command: string) {
  return (_: unknown, answer: Payload): JobAnswer | null => {
    const status = statusOf(answer)
    if (status === null) return null
    return { type: done.includes(status) ? 'done' : 'refused', ...outcomeOf(status, accepted, command) }
  }
}

/** InstallCertificate: a CA certificate. */
export const certificateInstallation: JobKind = {
  kind: 'certificateInstallation',
  isRead: false,
  answered: answeredWith(['Accepted'], 'Certificate installed', 'installation of the certificate'),
  reports: {},
}

/** DeleteCertificate. */
export const certificateDeletion: JobKind = {
  kind: 'certificateDeletion',
  isRead: false,
  answered: answeredWith(['Accepted'], 'Certificate deleted', 'deletion of the certificate'),
  reports: {},
}

/** GetInstalledCertificateIds. NotFound: it has none of the type, and of the next one perhaps. */
export const certificateReport: JobKind = {
  kind: 'certificateReport',
  isRead: true,
  answered: answeredWith(['Accepted', 'NotFound'], 'Certificates reported', 'request for its certificates'),
  reports: {},
}

/** What happens to a renewal after its trigger was accepted. Its charge point says it by messages of its own. */
export const renewalSteps = {
  requested: 'CertificateRequested',
  refused: 'CertificateRefused',
  accepted: 'CertificateAccepted',
  rejected: 'CertificateRejected',
  failed: 'CertificateFailed',
} as const

/**
 * A new key and certificate: the charge point is asked to send a SignCertificate, and the job ends with its answer to
 * CertificateSigned. A later renewal takes the place of an earlier one, because nothing in those messages names either.
 */
export const certificateRenewal: JobKind = {
  kind: 'certificateRenewal',
  isRead: false,
  answered(_, answer) {
    const status = statusOf(answer)
    if (status === null) return null
    const outcome = outcomeOf(status, 'The charge point will request a new certificate', 'request for a renewal')
    return status === 'Accepted' ? { type: 'accepted', ...outcome, hasReplaced: true } : { type: 'refused', ...outcome }
  },
  reports: {
    [renewalSteps.requested]: 'progress',
    [renewalSteps.refused]: 'failure',
    [renewalSteps.accepted]: 'success',
    [renewalSteps.rejected]: 'failure',
    [renewalSteps.failed]: 'failure',
  },
}
