// A message of a charge point about one of its jobs: which job it moves, and how. The move is committed together with
// the message.

import { isOpenJob, jobMove } from '../../../actors/job.ts'
import type { Anomaly, Change, Decision, Known, Needs, Payload } from '../decision.ts'
import type { JobKind, KnownJob } from './job.ts'
import { jobEventRow } from './job-event.ts'
import { reportedCause } from './upload.ts'

/** What a message says about a job. */
export interface JobReport {
  readonly status: string
  /** As the message names the job; undefined if it names none, as in 1.6. */
  readonly requestId?: number | undefined
  /** What else it says that readers of the job need. */
  readonly detail?: Payload
}

/** What has to be looked up for a message about a job. */
export function jobNeeds({ requestId }: Pick<JobReport, 'requestId'>): Needs {
  return { jobsOfRequest: requestId ?? null }
}

/**
 * `decision` with the move of the job that the report is about. A report that names no job is about the only open job
 * of `kinds`. A report about a job that has ended is an anomaly, unless it repeats what was said last.
 */
export function withJob(decision: Decision, known: Known, kinds: readonly JobKind[], report: JobReport): Decision {
  const { status } = report
  const job = jobOf(known.jobs, kinds, report)
  const outcome = kinds.find(({ kind }) => kind === job?.kind)?.reports[status]
  if (job === null || outcome === undefined) return decision
  const { event, details } = reportedCause(job, status, outcome, known.receivedAtMs)
  const more = report.detail === undefined ? {} : { detail: report.detail }
  const row = jobEventRow(job, event, known.receivedAtMs, { ...details, ...more })
  const moves: readonly Change[] = row === null ? [] : [{ table: 'jobEvents', row }]
  const isLate = jobMove(job.state, event).isAfterEnd && status !== job.status
  const late: readonly Anomaly[] = isLate ? [lateReport(job, status)] : []
  return { ...decision, changes: [...decision.changes, ...moves], anomalies: [...decision.anomalies, ...late] }
}

function jobOf(jobs: readonly KnownJob[], kinds: readonly JobKind[], { requestId }: JobReport): KnownJob | null {
  const ofKinds = jobs.filter((job) => kinds.some(({ kind }) => kind === job.kind))
  const named = requestId === undefined ? undefined : ofKinds.find((job) => job.requestId === requestId)
  if (named !== undefined) return named
  // One that is queued has not reached the charge point.
  const open = ofKinds.filter(({ state }) => isOpenJob(state) && state !== 'queued')
  const [only, ...more] = open
  return only === undefined || more.length > 0 || requestId !== undefined ? null : only
}

function lateReport({ jobId, kind, state }: KnownJob, status: string): Anomaly {
  return { kind: 'jobReportAfterEnd', detail: { jobId, kind, state, status } }
}
