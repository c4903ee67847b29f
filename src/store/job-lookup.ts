// The jobs that a message of a charge point may be about. Charge points wait for the answer, so it is batched.

import type { Pool } from 'pg'
import { jobsLookedAtMax } from '../base/limits.ts'
import type { KnownJob } from '../blocks/jobs/job.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { ms } from './known-transaction.ts'
import { uploadState } from './uploads.ts'
import { int4Array } from './wire/binary-array.ts'

interface Asked {
  readonly chargePointKey: number
  readonly requestId: number | null
}

const knownJob = `'jobId', j.id, 'kind', j.kind, 'state', j.state, 'place', j.place, 'status', j.status,
  'requestId', j.request_id, 'timeoutSeconds', j.timeout_seconds, 'startsAtMs', ${ms('j.starts_at')},
  'expiresAtMs', ${ms('j.expires_at')}, 'upload', (SELECT ${uploadState} FROM uploads u WHERE u.job_id = j.id)`

const jobsOfRequest = `
  SELECT v.charge_point_id AS "chargePointKey", v.request_id AS "requestId", (
    SELECT json_agg(json_build_object(${knownJob}) ORDER BY j.id DESC) FROM (
      SELECT * FROM jobs WHERE charge_point_id = v.charge_point_id AND ended_at IS NULL
      UNION ALL SELECT * FROM jobs
        WHERE charge_point_id = v.charge_point_id AND request_id = v.request_id AND ended_at IS NOT NULL
      ORDER BY id DESC LIMIT ${jobsLookedAtMax}) j) AS jobs
  FROM unnest($1::int4[], $2::int4[]) AS v(charge_point_id, request_id)`

/** The open jobs of a charge point, and those with this requestId: newest first. */
export function createJobLookup(pool: Pick<Pool, 'query'>) {
  const nameOf = ({ chargePointKey, requestId }: Asked): string => `${chargePointKey}/${requestId}`
  const found = new BatchedLookup<Asked, readonly KnownJob[]>(nameOf, async (asked) => {
    const { rows } = await pool.query<Asked & { readonly jobs: readonly KnownJob[] | null }>({
      name: 'stator_jobs_of_request',
      text: jobsOfRequest,
      values: [
        int4Array(asked.map(({ chargePointKey }) => chargePointKey)),
        int4Array(asked.map(({ requestId }) => requestId)),
      ],
    })
    return new Map(rows.map((row) => [nameOf(row), row.jobs ?? []]))
  })
  return async (chargePointKey: number, requestId: number | null): Promise<readonly KnownJob[]> =>
    (await found.get({ chargePointKey, requestId })) ?? []
}
