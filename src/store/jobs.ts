// The statements that move jobs. A move takes the next place in the history of its job. If two nodes, or a message and
// the answer before it, move one job at once, the second finds its place taken, and is decided again. A job is stored
// as `sending` before its CALL leaves: that place can be taken once, so the CALL leaves once.

import type { Pool } from 'pg'
import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import { jobForgottenMs, jobsOpenMax, jobsSweptMax, jobTextCharactersMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { jobKindNames, kindsBeforeAccepted } from '../blocks/job-kinds.ts'
import type { JobCommands, KnownJob, NewJob } from '../blocks/jobs/job.ts'
import { jobEvents } from '../blocks/jobs/tables.ts'
import type { NewRow } from '../blocks/stored-rows.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import { hasRunOut } from './node-leases.ts'
import { bind, statement } from './statement.ts'
import { databaseError } from './store-error.ts'
import { columnsOf } from './table-statement.ts'
import { untilNoDeadlock } from './until-no-deadlock.ts'
import { uploadState } from './uploads.ts'

/** A job that is to be made. */
interface MadeJob extends NewJob {
  readonly chargePointKey: number
  readonly timeoutSeconds: number
  readonly createdAtMs: number
}

/** An open job with what is needed to send it. */
export interface OpenJob extends KnownJob {
  readonly key: number
  readonly identity: string
  readonly strictness: Strictness
  /** Null: it was sent for the last time. */
  readonly commands: JobCommands | null
  readonly isDeleted: boolean
  /** Whether it was sent by a node that still runs. */
  readonly isHere: boolean
}

/** As it is stored: commands with a secret are encrypted. */
type StoredJob = Omit<OpenJob, 'commands'> & { readonly commands: JobCommands | string | null }

const placeTaken = 'job_events_pkey'

/** Whether a move failed because another one has taken its place. */
export function isPlaceTaken(error: unknown): boolean {
  const refused = databaseError(error)
  return refused?.code === '23505' && refused.constraint === placeTaken
}

/** Stores moves, each with what it makes of its job. Nothing more is sent for a job that has ended. */
export const moveJobs = statement(
  'move_jobs',
  columnsOf(jobEvents),
  (names, rows) =>
    `WITH moved AS (INSERT INTO job_events (${names}) SELECT * FROM ${rows} RETURNING *)
     UPDATE jobs j SET state = m.state, place = m.place, status = COALESCE(m.status, j.status), error_code = m.error_code,
       error = m.error, deadline_at = m.deadline_at, changed_at = m.at,
       ended_at = CASE WHEN m.is_end THEN m.at END, commands = CASE WHEN m.is_end THEN NULL ELSE j.commands END
     FROM moved m WHERE j.id = m.job_id`,
)

/** SQL: whether a node runs; `node` is an expression. */
const runs = (node: string): string => `EXISTS (SELECT FROM nodes n WHERE n.id = ${node} AND NOT (${hasRunOut}))`

/** SQL: this node (`$1`) holds the charge point `c` by the connection `epoch`. */
const holds = (epoch: string): string => `c.node = $1 AND c.connection_epoch = ${epoch} AND ${runs('$1')}`

const create = `
  WITH counted AS MATERIALIZED (
    SELECT count(*) AS open FROM (
      SELECT FROM jobs WHERE charge_point_id = $2 AND ended_at IS NULL LIMIT ${jobsOpenMax}) o
  ), made AS (
    INSERT INTO jobs (charge_point_id, parent_id, kind, state, place, request_id, commands, timeout_seconds, starts_at,
      expires_at, deadline_at, node, connection_epoch, created_at, created_by, changed_at)
    SELECT c.id, $4::int8, $5::text, CASE WHEN $3::int8 IS NULL THEN 'queued' ELSE 'sending' END, 1, $6::int4, $7::json,
      $8::int4, $9::timestamptz, $10::timestamptz, CASE WHEN $3::int8 IS NULL THEN $10::timestamptz END,
      CASE WHEN $3::int8 IS NULL THEN NULL ELSE $1::text END, $3::int8, $11::timestamptz, $12::text, $11::timestamptz
    FROM charge_points c, counted
    WHERE c.id = $2 AND c.deleted_at IS NULL AND counted.open < ${jobsOpenMax} AND ($3::int8 IS NULL OR ${holds('$3')})
    RETURNING id, state, deadline_at, created_at, created_by
  ), expected AS (
    INSERT INTO uploads (job_id, token_hash, attempt) SELECT id, $13::text, 0 FROM made WHERE $13::text IS NOT NULL
  ), noted AS (
    INSERT INTO job_events (job_id, place, at, state, is_end, deadline_at, moved_by)
    SELECT id, 1, created_at, state, false, deadline_at, created_by FROM made
  )
  SELECT (SELECT id FROM made) AS "jobId", open >= ${jobsOpenMax} AS "isFull" FROM counted`

const take = `
  WITH taken AS (
    UPDATE jobs j SET state = 'sending', place = j.place + 1, node = $1, connection_epoch = $4::int8, deadline_at = NULL,
      error_code = NULL, error = NULL, changed_at = $5::timestamptz
    FROM charge_points c
    WHERE j.id = $2 AND j.place = $3 AND j.commands IS NOT NULL AND c.id = j.charge_point_id AND ${holds('$4')}
    RETURNING j.id, j.place
  )
  INSERT INTO job_events (job_id, place, at, state, is_end, moved_by)
  SELECT id, place, $5::timestamptz, 'sending', false, $6::text FROM taken RETURNING job_id`

const jobWith = (commands: string): string => `
  SELECT j.id AS "jobId", j.kind, j.state, j.place, j.status, j.request_id AS "requestId",
    j.timeout_seconds AS "timeoutSeconds", j.starts_at AS "startsAtMs", j.expires_at AS "expiresAtMs",
    ${commands} AS commands, (SELECT ${uploadState} FROM uploads u WHERE u.job_id = j.id) AS upload,
    c.id AS key, c.identity, c.strictness, c.deleted_at IS NOT NULL AS "isDeleted", j.node = $1 AS "isHere"
  FROM jobs j JOIN charge_points c ON c.id = j.charge_point_id`

const byId = `${jobWith('j.commands')} WHERE j.id = $2`

// The commands of one job may have a megabyte, and these read hundreds of jobs.
const openJob = jobWith('NULL::json')

const openOf = `${openJob} WHERE j.charge_point_id = $2 AND j.ended_at IS NULL ORDER BY j.id`

const due = `${openJob} WHERE j.deadline_at <= $2::timestamptz AND j.ended_at IS NULL ORDER BY j.deadline_at LIMIT ${jobsSweptMax}`

// Those whose node has ended, or whose charge point has connected again, to this node. The lease of this node must be
// valid: when the database was unavailable, all leases have expired. Those of this node that it does not have in hand:
// the answer to the statement that stored them was lost, so nothing was sent.
const left = `${openJob}
  WHERE j.state = 'sending' AND NOT (j.id = ANY($2::int8[])) AND ${runs('$1')}
    AND CASE WHEN j.node = $1 THEN j.changed_at < $3::timestamptz
      ELSE NOT ${runs('j.node')} OR (c.node = $1 AND c.connection_epoch <> j.connection_epoch) END
  ORDER BY j.id LIMIT ${jobsSweptMax}`

// A read that was repeated is not sent again on the connection on which it was lost.
const listed = (kinds: readonly string[]): string => kinds.map((kind) => `'${kind}'`).join(', ')
const mayBePending = listed(kindsBeforeAccepted)
// Those of a later version wait for a node of that version.
const isSendable = `j.state = 'queued' AND c.node = $1 AND j.kind IN (${listed(jobKindNames)})
  AND (c.boot_status = 'Accepted' OR c.boot_status = 'Pending' AND j.kind IN (${mayBePending}))
  AND (j.connection_epoch IS NULL OR j.connection_epoch <> c.connection_epoch)`

const sendable = `${openJob} WHERE ${isSendable} AND j.id > $2::int8 ORDER BY j.id LIMIT ${jobsSweptMax}`

const sendableOf = `${openJob}
  WHERE ${isSendable} AND j.ended_at IS NULL AND j.charge_point_id = ANY($2::int4[]) ORDER BY j.id LIMIT ${jobsSweptMax}`

const ofDeleted = `${openJob} WHERE j.state = 'queued' AND c.deleted_at IS NOT NULL ORDER BY j.id LIMIT ${jobsSweptMax}`

const counts = `SELECT kind, state, count(*) AS count
  FROM (SELECT kind, state FROM jobs WHERE ended_at IS NULL LIMIT $1) AS open GROUP BY kind, state`

/** How many open jobs of a kind are in a state. */
export interface JobCount {
  readonly kind: string
  readonly state: string
  readonly count: number
}

/** Encrypts commands that hold a secret, such as the password in the URL of a firmware. */
export interface CommandSeal {
  readonly seal: (commands: string) => string
  /** Null without the key that they were encrypted with: then they are not sent, and the job ends by its time. */
  readonly open: (sealed: string) => string | null
}

/**
 * Runs the statements for the node `nodeId`. Each change is committed before it resolves.
 *
 * Commands without a secret are stored as they are, so that an erasure finds id tokens in them.
 *
 * @param countedMax how many open jobs are counted; null: all. Charge points wait while the embedded database counts.
 */
export function createJobs(
  pool: Pick<Pool, 'query'>,
  nodeId: string,
  { seal, open }: CommandSeal,
  countedMax: number | null = null,
) {
  const stored = (commands: JobCommands | null): string => {
    const text = JSON.stringify(commands)
    return hideFrameSecrets(text) === text ? text : JSON.stringify(seal(text))
  }
  const read = (commands: StoredJob['commands']): JobCommands | null => {
    if (typeof commands !== 'string') return commands
    const text = open(commands)
    return text === null ? null : (JSON.parse(text) as JobCommands)
  }
  const run = (name: string, text: string, values: unknown[]) =>
    untilNoDeadlock(() => pool.query({ name: `stator_jobs_${name}`, text, values: [nodeId, ...values] }))
  const jobsOf = async (name: string, text: string, values: unknown[]): Promise<readonly OpenJob[]> =>
    (await run(name, text, values)).rows.map((row: StoredJob) => ({ ...row, commands: read(row.commands) }))
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  const cut = (text: string | null | undefined): string | null =>
    text === null || text === undefined ? null : storableText(text.slice(0, jobTextCharactersMax))

  return {
    /**
     * Makes a job: queued, or `sending` on the connection `epoch` of this node. Returns its id; null if this node does
     * not hold that connection (any more), or the charge point was deleted; `full` if it has too many open jobs.
     */
    async create(job: MadeJob, epoch: number | null): Promise<number | 'full' | null> {
      const { rows } = await run('create', create, [
        job.chargePointKey,
        epoch,
        job.parentId,
        job.kind,
        job.requestId,
        stored(job.commands),
        job.timeoutSeconds,
        time(job.startsAtMs),
        time(job.expiresAtMs),
        time(job.createdAtMs),
        storableText(job.createdBy),
        job.uploadTokenHash ?? null,
      ])
      const [made] = rows
      if (made?.isFull === true) return 'full'
      return made?.jobId ?? null
    },

    /**
     * Stores that the CALL of a job is about to leave on the connection `epoch` of this node. False: it must not leave,
     * because the job has moved, or this node does not hold the connection.
     */
    async take(job: Pick<KnownJob, 'jobId' | 'place'>, epoch: number, nowMs: number, movedBy: string | null) {
      try {
        const values = [job.jobId, job.place, epoch, time(nowMs), cut(movedBy)]
        return ((await run('take', take, values)).rowCount ?? 0) > 0
      } catch (error) {
        if (isPlaceTaken(error)) return false
        throw error
      }
    },

    /** Stores a move. False: another one has taken its place. */
    async move(row: NewRow<'jobEvents'>, atMs: number): Promise<boolean> {
      const { status, error, movedBy } = row
      const whole = { ...row, status: cut(status), error: cut(error), movedBy: cut(movedBy), atMs, messageId: null }
      const { name, text, values } = bind(moveJobs, [whole])
      try {
        await untilNoDeadlock(() => pool.query({ name: `${name}_alone`, text, values: [...values] }))
        return true
      } catch (error) {
        if (isPlaceTaken(error)) return false
        throw error
      }
    },

    /** A queued job was not sent: it may be sent on the same connection. */
    async forgetConnection(jobId: number): Promise<void> {
      const text = `UPDATE jobs SET connection_epoch = NULL WHERE id = $2 AND state = 'queued' AND node = $1`
      await run('forget_connection', text, [jobId])
    },

    /** Changes until when a job may wait to be sent. */
    async extend(jobId: number, expiresAtMs: number | null): Promise<void> {
      const text = `UPDATE jobs SET expires_at = $2::timestamptz, connection_epoch = NULL WHERE id = $1 AND state = 'unknown'`
      await pool.query({ name: 'stator_jobs_extend', text, values: [jobId, time(expiresAtMs)] })
    },

    async job(jobId: number): Promise<OpenJob | null> {
      return (await jobsOf('by_id', byId, [jobId]))[0] ?? null
    },

    openOf: (chargePointKey: number) => jobsOf('open_of', openOf, [chargePointKey]),

    /** Those whose state ends by time. */
    due: (nowMs: number) => jobsOf('due', due, [time(nowMs)]),

    /** Those that are `sending`, and nobody waits for their answer; `held` are in hand here. */
    left: (held: readonly number[], nowMs: number) => jobsOf('left', left, [[...held], time(nowMs - jobForgottenMs)]),

    /** Queued jobs of charge points that this node holds, by id, after `afterId`. */
    sendable: (afterId: number) => jobsOf('sendable', sendable, [afterId]),

    /** Those of some charge points. */
    sendableOf: (keys: readonly number[]) => jobsOf('sendable_of', sendableOf, [[...keys]]),

    /** Queued jobs of charge points that were deleted. */
    ofDeleted: () => jobsOf('of_deleted', ofDeleted, []),

    async countOpen(): Promise<readonly JobCount[]> {
      return (await pool.query({ name: 'stator_jobs_counts', text: counts, values: [countedMax] })).rows
    },
  }
}

export type Jobs = ReturnType<typeof createJobs>
