// Jobs as the REST API lists them.

import { and, asc, desc, eq, getTableColumns, gte, inArray, lt, lte } from 'drizzle-orm'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { JobFile, JobFilter, JobMoveRecord, JobRecord, UploadedFile } from '../blocks/jobs/job.ts'
import { jobEvents, jobs, uploadChunks, uploads } from '../blocks/jobs/tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { keysOf } from './identity-keys.ts'
import { isOfScope } from './in-scope.ts'
import type { ListSource } from './paging.ts'

const fileColumns = {
  attempt: uploads.attempt,
  fileName: uploads.fileName,
  bytes: uploads.bytes,
  sha256: uploads.sha256,
  receivedAtMs: uploads.receivedAtMs,
}

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
  fileName: uploads.fileName,
  bytes: uploads.bytes,
  sha256: uploads.sha256,
  receivedAtMs: uploads.receivedAtMs,
  uploadOf: uploads.jobId,
}

interface FileColumns {
  readonly fileName: string | null
  readonly bytes: number | null
  readonly sha256: string | null
  readonly receivedAtMs: number | null
}

type ShownRow = Omit<JobRecord, 'file' | 'upload'> & FileColumns & { readonly uploadOf: number | null }

function recordOf({ fileName, bytes, sha256, receivedAtMs, uploadOf, ...job }: ShownRow): JobRecord {
  const file = fileOf({ fileName, bytes, sha256, receivedAtMs })
  return { ...job, file, upload: uploadOf === null ? null : file === null ? 'awaited' : 'received' }
}

function fileOf({ fileName, bytes, sha256, receivedAtMs }: FileColumns): UploadedFile | null {
  if (bytes === null || sha256 === null || receivedAtMs === null) return null
  return { name: fileName, bytes, sha256, receivedAtMs }
}

export function createJobQueries({ db }: ListSource) {
  const select = () =>
    db
      .select(shown)
      .from(jobs)
      .innerJoin(chargePoints, eq(chargePoints.key, jobs.chargePointKey))
      .leftJoin(uploads, eq(uploads.jobId, jobs.jobId))

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
      return (await select().where(where).orderBy(desc(jobs.jobId)).limit(rowsMax)).map(recordOf)
    },

    async job(jobId: number, scope: Scope): Promise<JobRecord | null> {
      const [row] = await select().where(and(eq(jobs.jobId, jobId), isOfScope(scope, jobs.chargePointKey)))
      return row === undefined ? null : recordOf(row)
    },

    /** Null: there is no such job, or its file has not come. */
    async jobFile(jobId: number): Promise<JobFile | null> {
      const [row] = await db.select(fileColumns).from(uploads).where(eq(uploads.jobId, jobId))
      const file = row === undefined ? null : fileOf(row)
      return row === undefined || file === null ? null : { ...file, jobId, attempt: row.attempt }
    },

    /** A part of a file; null: there are no more, or it was deleted. */
    async fileChunk({ jobId, attempt }: JobFile, place: number): Promise<Uint8Array | null> {
      const isChunk = and(
        eq(uploadChunks.jobId, jobId),
        eq(uploadChunks.attempt, attempt),
        eq(uploadChunks.place, place),
      )
      const [row] = await db.select({ content: uploadChunks.content }).from(uploadChunks).where(isChunk)
      return row?.content ?? null
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
