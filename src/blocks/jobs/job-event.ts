// What happens to a job, as the row that is stored of it. Pure: the chart of jobs decides.

import { jobAllows, type JobEvent, jobMove } from '../../../actors/job.ts'
import type { NewRow } from '../stored-rows.ts'
import type { KnownJob } from './job.ts'

/** What a move says beside its state. */
export type MoveDetails = Partial<
  Pick<NewRow<'jobEvents'>, 'status' | 'errorCode' | 'error' | 'detail' | 'movedBy' | 'deadlineAtMs'>
>

/**
 * The row of a move at `nowMs`; null if the event moves nothing: the state stays, and the charge point says what it
 * said before.
 */
export function jobEventRow(
  job: KnownJob,
  event: JobEvent,
  nowMs: number,
  details: MoveDetails = {},
): NewRow<'jobEvents'> | null {
  if (!jobAllows(job.state, event)) return null
  const { state, isEnd } = jobMove(job.state, event)
  const saysMore = details.status !== undefined && details.status !== null && details.status !== job.status
  if (state === job.state && (isEnd || !saysMore)) return null
  const moved = { jobId: job.jobId, place: job.place + 1, state, isEnd }
  const { deadlineAtMs = deadlineOf(job, state, nowMs), ...said } = details
  return { ...moved, deadlineAtMs: isEnd ? null : deadlineAtMs, ...said }
}

/** When the state of a job that moves at `nowMs` ends by time; null: never. */
export function deadlineOf(
  { timeoutSeconds, startsAtMs, expiresAtMs }: Pick<KnownJob, 'timeoutSeconds' | 'startsAtMs' | 'expiresAtMs'>,
  state: KnownJob['state'],
  nowMs: number,
): number | null {
  if (state === 'queued') return expiresAtMs
  if (state !== 'running' && state !== 'unknown') return null
  return Math.max(nowMs, startsAtMs ?? nowMs) + timeoutSeconds * 1_000
}
