// A file that a charge point uploads to Stator for a job: what is known of it, and what it means for the job. The job
// has done what it is for when the file is there and the charge point says so. If only one of the two has happened, it
// waits for the other for `uploadWaitMsMax`.

import { isOpenJob, type JobEvent } from '../../../actors/job.ts'
import { uploadWaitMsMax } from '../../base/limits.ts'
import type { JobKind, KnownJob, ReportOutcome, UploadedFile } from './job.ts'
import type { MoveDetails } from './job-event.ts'

/** What moves a job. */
export interface JobCause {
  readonly event: JobEvent
  readonly details: MoveDetails
}

/** The status of a job whose file has come. It is ours: charge points send none like it. */
export const fileReceived = 'FileReceived'

/** What a report with this outcome means for a job: a success only if no file is missing. */
export function reportedCause({ upload }: KnownJob, status: string, outcome: ReportOutcome, nowMs: number): JobCause {
  if (outcome === 'replaced') return { event: { type: 'replaced' }, details: { status } }
  if (outcome !== 'success' || upload !== 'awaited')
    return { event: { type: 'reported', outcome }, details: { status } }
  const deadlineAtMs = nowMs + uploadWaitMsMax
  return { event: { type: 'reported', outcome: 'progress' }, details: { status, deadlineAtMs } }
}

/** What a file that has come means for its job. */
export function fileCause(job: KnownJob, kind: JobKind | undefined, file: UploadedFile, nowMs: number): JobCause {
  const isReported = isOpenJob(job.state) && kind?.reports[job.status ?? ''] === 'success'
  const { name, bytes, sha256 } = file
  const said = { status: fileReceived, detail: { fileName: name, bytes, sha256 } }
  if (isReported) return { event: { type: 'reported', outcome: 'success' }, details: said }
  return {
    event: { type: 'reported', outcome: 'progress' },
    details: { ...said, deadlineAtMs: nowMs + uploadWaitMsMax },
  }
}

/** What the end of its time means for a job: with its file it has done what it is for. */
export function overdueCause({ state, status, upload }: KnownJob, kind: JobKind | undefined): JobCause {
  const isSent = state === 'running' || state === 'unknown'
  if (isSent && upload === 'received') return { event: { type: 'done' }, details: {} }
  const isMissing = isSent && upload === 'awaited' && kind?.reports[status ?? ''] === 'success'
  const error = `The charge point reported ${status}, but no file has come`
  return { event: { type: 'timeOut' }, details: isMissing ? { error } : {} }
}
