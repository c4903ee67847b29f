// What the file of a job, the report about it, and the end of its time mean for the job.

import { expect, test } from 'bun:test'
import type { JobState } from '../../../../actors/job.ts'
import { uploadWaitMsMax } from '../../../../src/base/limits.ts'
import { securityLog } from '../../../../src/blocks/diagnostics/log-job.ts'
import type { KnownJob } from '../../../../src/blocks/jobs/job.ts'
import { jobEventRow } from '../../../../src/blocks/jobs/job-event.ts'
import { fileCause, type JobCause, overdueCause, reportedCause } from '../../../../src/blocks/jobs/upload.ts'

const nowMs = 1_000_000
const file = { name: 'log.zip', bytes: 3, sha256: 'ab', receivedAtMs: nowMs }

function jobIn(state: JobState, status: string, upload: KnownJob['upload'] = 'awaited'): KnownJob {
  const times = { timeoutSeconds: 86_400, startsAtMs: null, expiresAtMs: null }
  return { jobId: 1, kind: 'securityLog', state, place: 2, status, requestId: 1, ...times, upload }
}

function moved(job: KnownJob, { event, details }: JobCause) {
  const row = jobEventRow(job, event, nowMs, details)
  return row === null ? null : [row.state, row.status ?? null, row.deadlineAtMs]
}

const soonMs = nowMs + uploadWaitMsMax

test('Uploaded is the end only if no file is missing', () => {
  const report = (job: KnownJob, status: string, outcome: 'progress' | 'success' | 'failure') =>
    moved(job, reportedCause(job, status, outcome, nowMs))
  expect(report(jobIn('running', 'Uploading'), 'Uploaded', 'success')).toEqual(['running', 'Uploaded', soonMs])
  expect(report(jobIn('running', 'x', 'received'), 'Uploaded', 'success')).toEqual(['succeeded', 'Uploaded', null])
  expect(report(jobIn('running', 'x', null), 'Uploaded', 'success')).toEqual(['succeeded', 'Uploaded', null])
  expect(report(jobIn('running', 'x'), 'UploadFailure', 'failure')).toEqual(['failed', 'UploadFailure', null])
  const dayMs = nowMs + 86_400_000
  expect(report(jobIn('running', 'x'), 'Uploading', 'progress')).toEqual(['running', 'Uploading', dayMs])
})

test('a file is the end only if the charge point has said so', () => {
  const come = (job: KnownJob) => moved(job, fileCause(job, securityLog, file, nowMs))
  expect(come(jobIn('running', 'Uploading'))).toEqual(['running', 'FileReceived', soonMs])
  expect(come(jobIn('running', 'Uploaded'))).toEqual(['succeeded', 'FileReceived', null])
  expect(come(jobIn('unknown', ''))).toEqual(['running', 'FileReceived', soonMs])
  expect(come(jobIn('failed', 'UploadFailure'))).toEqual(['running', 'FileReceived', soonMs])
  expect(come(jobIn('cancelled', 'Uploaded'))).toBeNull()
})

test('when the time is over, a file without a word is a success, and a word without a file is none', () => {
  const overdue = (job: KnownJob) => moved(job, overdueCause(job, securityLog))
  expect(overdue(jobIn('running', 'FileReceived', 'received'))).toEqual(['succeeded', null, null])
  expect(overdue(jobIn('running', 'Uploaded'))).toEqual(['timedOut', null, null])
  expect(overdueCause(jobIn('running', 'Uploaded'), securityLog).details).toEqual({
    error: 'The charge point reported Uploaded, but no file has come',
  })
  expect(overdueCause(jobIn('running', 'Uploading'), securityLog).details).toEqual({})
  expect(overdue(jobIn('queued', '', 'awaited'))).toEqual(['expired', null, null])
})
