import { expect, test } from 'bun:test'
import { jobEventRow } from '../../../../src/blocks/jobs/job-event.ts'
import type { JobKind, KnownJob } from '../../../../src/blocks/jobs/job.ts'
import {
  certificateDeletion,
  certificateInstallation,
  certificateRenewal,
  certificateReport,
  renewalSteps,
} from '../../../../src/blocks/certificates/certificate-jobs.ts'
import { reportedCause } from '../../../../src/blocks/jobs/upload.ts'
import { arrivalMs } from '../../../support/known.ts'

const answered = (kind: JobKind, status: string) => kind.answered('2.0.1', { status }, {})

test('the answer ends an installation, a deletion and a report', () => {
  for (const [kind, status, type] of [
    [certificateInstallation, 'Accepted', 'done'],
    [certificateInstallation, 'Rejected', 'refused'],
    [certificateInstallation, 'Failed', 'refused'],
    [certificateDeletion, 'Accepted', 'done'],
    [certificateDeletion, 'NotFound', 'refused'],
    [certificateReport, 'Accepted', 'done'],
    [certificateReport, 'NotFound', 'done'],
  ] as const) {
    expect([kind.kind, status, answered(kind, status)]).toEqual([
      kind.kind,
      status,
      { type, status, message: expect.any(String) },
    ])
    expect(kind.answered('2.0.1', {}, {})).toBeNull()
  }
})

test('an accepted renewal goes on, and takes the place of an earlier one', () => {
  expect(answered(certificateRenewal, 'Accepted')).toMatchObject({ type: 'accepted', hasReplaced: true })
  expect(answered(certificateRenewal, 'NotImplemented')).toMatchObject({ type: 'refused', status: 'NotImplemented' })
  expect(certificateRenewal.answered('1.6', {}, {})).toBeNull()
})

test('a renewal ends with what became of its certificate', () => {
  const running: KnownJob = {
    jobId: 1,
    kind: 'certificateRenewal',
    state: 'running',
    place: 2,
    status: 'Accepted',
    requestId: 1,
    timeoutSeconds: 60,
    startsAtMs: null,
    expiresAtMs: null,
  }
  const ends = Object.values(renewalSteps).map((status) => {
    const outcome = certificateRenewal.reports[status]
    if (outcome === undefined) throw new Error(`${status} is not reported`)
    const { event, details } = reportedCause(running, status, outcome, arrivalMs)
    return [status, jobEventRow(running, event, arrivalMs, details)?.state]
  })
  expect(ends).toEqual([
    ['CertificateRequested', 'running'],
    ['CertificateRefused', 'failed'],
    ['CertificateAccepted', 'succeeded'],
    ['CertificateRejected', 'failed'],
    ['CertificateFailed', 'failed'],
  ])
})
