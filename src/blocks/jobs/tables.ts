// The tables of jobs: commands that outlive their requests, and what became of them. A row of `job_events` is one move
// of a job; the row of `jobs` is what the moves have made of it.

import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, json, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { JobState } from '../../../actors/job.ts'
import { bytes, instant } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { JobCommands } from './job.ts'

export const jobs = pgTable(
  'jobs',
  {
    jobId: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    chargePointKey: integer('charge_point_id').notNull(),
    /** The job of many charge points that it is a part of; null: none. */
    parentId: bigint('parent_id', { mode: 'number' }),
    /** A name of `jobKinds`. */
    kind: text('kind').notNull(),
    state: text('state').$type<JobState>().notNull(),
    /** Place of its last move; each move takes the next one, so two moves from one state cannot both be stored. */
    place: integer('place').notNull(),
    /** The last status that the charge point answered or reported. */
    status: text('status'),
    errorCode: text('error_code'),
    error: text('error'),
    /** Names the job in messages of its charge point, where the version has that. */
    requestId: integer('request_id').notNull(),
    /** The CALL of each version; encrypted if one holds a secret. Null once nothing more will be sent. */
    commands: json('commands').$type<JobCommands | string>(),
    /** How long the charge point may be silent about it, in seconds. */
    timeoutSeconds: integer('timeout_seconds').notNull(),
    /** When the charge point is to begin; its time-out counts from then. */
    startsAtMs: instant('starts_at'),
    /** Until when it may wait to be sent; null: it is sent at once or never. */
    expiresAtMs: instant('expires_at'),
    /** When its state ends by time; null: never. */
    deadlineAtMs: instant('deadline_at'),
    /** The node and the connection that it was last sent by. */
    node: text('node'),
    connectionEpoch: bigint('connection_epoch', { mode: 'number' }),
    createdAtMs: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    changedAtMs: instant('changed_at').notNull(),
    endedAtMs: instant('ended_at'),
  },
  (table) => [
    index('jobs_of_charge_point').on(table.chargePointKey, table.jobId),
    index('jobs_by_state').on(table.state, table.jobId),
    index('jobs_by_kind').on(table.kind, table.jobId),
    index('jobs_of_request').on(table.chargePointKey, table.requestId),
    index('jobs_of_parent')
      .on(table.parentId, table.jobId)
      .where(sql`parent_id IS NOT NULL`),
    index('jobs_open')
      .on(table.chargePointKey)
      .where(sql`ended_at IS NULL`),
    index('jobs_sending')
      .on(table.node)
      .where(sql`state = 'sending'`),
    index('jobs_deadline')
      .on(table.deadlineAtMs)
      .where(sql`deadline_at IS NOT NULL`),
    index('jobs_ended')
      .on(table.endedAtMs)
      .where(sql`ended_at IS NOT NULL`),
  ],
)

export const jobEvents = pgTable(
  'job_events',
  {
    jobId: bigint('job_id', { mode: 'number' }).notNull(),
    place: integer('place').notNull(),
    atMs: instant('at').notNull(),
    /** The state that it moved to. */
    state: text('state').$type<JobState>().notNull(),
    isEnd: boolean('is_end').notNull(),
    deadlineAtMs: instant('deadline_at'),
    /** The status that the charge point answered or reported; null: the move has another cause. */
    status: text('status'),
    errorCode: text('error_code'),
    error: text('error'),
    /** What else the charge point said, such as the name of a file. */
    detail: json('detail').$type<Payload>(),
    /** Of the message of the charge point that moved it. */
    messageId: text('message_id'),
    /** The operator who moved it. */
    movedBy: text('moved_by'),
  },
  (table) => [primaryKey({ name: 'job_events_pkey', columns: [table.jobId, table.place] })],
)

/** The file that the charge point uploads for a job, if it uploads it to Stator. */
export const uploads = pgTable(
  'uploads',
  {
    jobId: bigint('job_id', { mode: 'number' }).primaryKey(),
    /** SHA-256 of the token in its URL. */
    tokenHash: text('token_hash').notNull(),
    /** How often it was begun; only the newest attempt counts. */
    attempt: integer('attempt').notNull(),
    begunAtMs: instant('begun_at'),
    /** Null: it has not come. The next three are null then. */
    receivedAtMs: instant('received_at'),
    fileName: text('file_name'),
    bytes: bigint('bytes', { mode: 'number' }),
    sha256: text('sha256'),
  },
  (table) => [
    uniqueIndex('uploads_token').on(table.tokenHash),
    index('uploads_received')
      .on(table.receivedAtMs)
      .where(sql`received_at IS NOT NULL`),
    index('uploads_begun')
      .on(table.begunAtMs)
      .where(sql`received_at IS NULL`),
  ],
)

/** The content of uploaded files. */
export const uploadChunks = pgTable(
  'upload_chunks',
  {
    jobId: bigint('job_id', { mode: 'number' }).notNull(),
    attempt: integer('attempt').notNull(),
    /** From 0. */
    place: integer('place').notNull(),
    content: bytes('content').notNull(),
  },
  (table) => [primaryKey({ name: 'upload_chunks_pkey', columns: [table.jobId, table.attempt, table.place] })],
)
