// Files that charge points upload for their jobs, in chunks. Each statement is a transaction of its own, so an upload
// never holds one open. Only the newest attempt of a job may store chunks, and only until its file is there.

import type { Pool } from 'pg'
import { uploadAttemptsMax } from '../base/limits.ts'
import type { UploadedFile } from '../blocks/jobs/job.ts'

/** SQL: whether the file of an upload `u` has come. */
export const uploadState = `CASE WHEN u.received_at IS NULL THEN 'awaited' ELSE 'received' END`

interface Attempt {
  readonly jobId: number
  readonly attempt: number
}

interface Found {
  readonly jobId: number
  readonly identity: string
  /** Whether its job has not ended, or ended less than its timeout ago. */
  readonly isRecent: boolean
  readonly bytes: number | null
  readonly sha256: string | null
  /** Null: no attempt has begun. */
  readonly attempt: number | null
}

// A charge point whose job has failed may try again on its own: see the chart of jobs. One that has uploaded may not
// have seen the answer, and says the same again, though the job has ended meanwhile.
const begin = `
  WITH found AS (
    SELECT u.job_id, u.attempt, u.received_at, u.bytes, u.sha256, c.identity, j.ended_at,
      j.ended_at IS NULL OR j.ended_at > $2::timestamptz - j.timeout_seconds * interval '1 second' AS is_recent, j.state
    FROM uploads u JOIN jobs j ON j.id = u.job_id JOIN charge_points c ON c.id = j.charge_point_id
    WHERE u.token_hash = $1
  ), begun AS (
    UPDATE uploads u SET attempt = u.attempt + 1, begun_at = $2::timestamptz FROM found f
    WHERE u.job_id = f.job_id AND f.is_recent AND (f.ended_at IS NULL OR f.state = 'failed')
      AND u.received_at IS NULL AND u.attempt < ${uploadAttemptsMax}
    RETURNING u.attempt
  )
  SELECT job_id AS "jobId", identity, is_recent AS "isRecent", bytes, sha256, (SELECT attempt FROM begun) AS attempt
  FROM found`

const isNewest = 'job_id = $1 AND attempt = $2 AND received_at IS NULL'

const append = `
  INSERT INTO upload_chunks (job_id, attempt, place, content)
  SELECT $1::int8, $2::int4, $3::int4, $4::bytea WHERE EXISTS (SELECT FROM uploads WHERE ${isNewest})`

const finish = `
  UPDATE uploads SET received_at = $3::timestamptz, file_name = $4, bytes = $5, sha256 = $6 WHERE ${isNewest}`

/** The store of the upload server. */
export function createUploads(pool: Pick<Pool, 'query'>) {
  const run = (name: string, text: string, values: unknown[]) =>
    pool.query({ name: `stator_uploads_${name}`, text, values })
  const isDone = async (name: string, text: string, values: unknown[]): Promise<boolean> =>
    ((await run(name, text, values)).rowCount ?? 0) > 0

  return {
    /** What a token is good for now; begins an attempt if it is good for one. */
    async begin(tokenHash: string, nowMs: number) {
      const values = [tokenHash, new Date(nowMs).toISOString()]
      let [found]: Found[] = (await run('begin', begin, values)).rows
      // The file may have come while the statement ran.
      if (found?.isRecent === true && found.attempt === null && found.bytes === null) {
        ;[found] = (await run('begin', begin, values)).rows
      }
      if (found === undefined) return { kind: 'unknown' } as const
      const { jobId, identity, isRecent, bytes, sha256, attempt } = found
      if (attempt !== null) {
        await run('forget', 'DELETE FROM upload_chunks WHERE job_id = $1 AND attempt < $2', [jobId, attempt])
        return { kind: 'begun', jobId, identity, attempt } as const
      }
      if (!isRecent || bytes === null || sha256 === null) return { kind: 'over', identity } as const
      return { kind: 'received', jobId, identity, bytes, sha256 } as const
    },

    /** False: the attempt is not the newest, or the file is there. */
    append: ({ jobId, attempt }: Attempt, place: number, content: Uint8Array): Promise<boolean> =>
      isDone('append', append, [jobId, attempt, place, content]),

    /** The file is whole. False: as `append`. */
    finish: ({ jobId, attempt }: Attempt, { name, bytes, sha256, receivedAtMs }: UploadedFile): Promise<boolean> =>
      isDone('finish', finish, [jobId, attempt, new Date(receivedAtMs).toISOString(), name, bytes, sha256]),

    /** Forgets the chunks of an attempt that has failed. */
    async abandon({ jobId, attempt }: Attempt): Promise<void> {
      await run('abandon', 'DELETE FROM upload_chunks WHERE job_id = $1 AND attempt = $2', [jobId, attempt])
    },
  }
}
