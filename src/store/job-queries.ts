// Jobs as the REST API lists them.

import { and, asc, desc, eq, getTableColumns, gte, inArray, lt, lte } from 'drizzle-orm'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { JobFilter, JobMoveRecord, JobRecord } from '../blocks/jobs/job.ts'
import { jobEvents, jobs } from '../blocks/jobs/tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { keysOf } from './identity-keys.ts'
import { isOfScope } from './in-scope.ts'
import type { ListSource } from './paging.ts'

const shown = {
  jobId: jobs.jobId,
  kind: jobs.kind,
  state: jobs.state,
  place: jobs.place,
  status: jobs.status,
  requestId: jobs.requestId,
  timeoutSeconds: jobs.timeoutSeconds,
  startsAtMs: jobs.startsAtMs,
  expiresAtMs: jobs.expiresAtMs,
  identity: chargePoints.identity,
  parentId: jobs.parentId,
  errorCode: jobs.errorCode,
  error: jobs.error,
  deadlineAtMs: jobs.deadlineAtMs,
  createdAtMs: jobs.createdAtMs,
  createdBy: jobs.createdBy,
  changedAtMs: jobs.changedAtMs,
  endedAtMs: jobs.endedAtMs,
}

export function createJobQueries({ db }: ListSource) {
  const select = () => db.select(shown).from(jobs).innerJoin(chargePoints, eq(chargePoints.key, jobs.chargePointKey))

  return {
    /** The newest first, older than the job `after`. */
    async listJobs(filter: JobFilter, after: number | null, rowsMax: number): Promise<readonly JobRecord[]> {
      const { scope, identity, kind, state, parentId, fromMs, toMs } = filter
      const keys = identity === undefined ? null : await keysOf(db, identity, scope)
      const where = and(
        isOfScope(scope, jobs.chargePointKey),
        keys === null ? undefined : inArray(jobs.chargePointKey, keys),
        kind === undefined ? undefined : eq(jobs.kind, kind),
        state === undefined ? undefined : eq(jobs.state, state),
        parentId === undefined ? undefined : eq(jobs.parentId, parentId),
        fromMs === undefined ? undefined : gte(jobs.createdAtMs, fromMs),
        toMs === undefined ? undefined : lte(jobs.createdAtMs, toMs),
        after === null ? undefined : lt(jobs.jobId, after),
      )
      return select().where(where).orderBy(desc(jobs.jobId)).limit(rowsMax)
    },

    async job(jobId: number, scope: Scope): Promise<JobRecord | null> {
      const [row] = await select().where(and(eq(jobs.jobId, jobId), isOfScope(scope, jobs.chargePointKey)))
      return row ?? null
    },

    /** The history of a job, the newest moves of it, oldest first. */
    async jobMoves(jobId: number, rowsMax: number): Promise<readonly JobMoveRecord[]> {
      const { jobId: id, isEnd: _, deadlineAtMs: __, ...columns } = getTableColumns(jobEvents)
      const newest = db
        .select(columns)
        .from(jobEvents)
        .where(eq(id, jobId))
        .orderBy(desc(jobEvents.place))
        .limit(rowsMax)
        .as('newest')
      return db.select().from(newest).orderBy(asc(newest.place))
    },
  }
}
