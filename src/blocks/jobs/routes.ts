// /api/jobs: commands that outlive their requests, and what became of them.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { scopeOf } from '../../api/access.ts'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { integerText, oneOf, text } from '../../api/fields.ts'
import { answerOf, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { pageQuery, periodOf, periodQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { requireConnected } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { identityCharactersMax, jobMovesShownMax, jobQueueSecondsDefault } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import { nameOf } from '../../operators/principal.ts'
import { type JobMoveRecord, type JobRecord, jobStateMeanings, jobStates, type UploadedFile } from './job.ts'
import { fileAnswer } from '../../api/jobs/file-answer.ts'
import { jobKindNames } from '../job-kinds.ts'

const statesExplained = jobStates.map((state) => `\`${state}\`: ${jobStateMeanings[state]}`).join('; ')
const kinds = jobKindNames.join(', ')
const idMax = Number.MAX_SAFE_INTEGER

const jobFields = {
  id: z.int().openapi({ example: 4711 }),
  chargePointId: z.string().openapi({ example: 'CP001' }),
  kind: z.string().openapi({ description: `One of ${kinds}.`, example: 'firmwareUpdate' }),
  state: z.enum(jobStates).openapi({ description: `${statesExplained}.`, example: 'running' }),
  status: z.string().nullable().openapi({
    description: 'The last status that the charge point answered or reported.',
    example: 'Downloading',
  }),
  errorCode: z.string().nullable().openapi({ description: 'What went wrong, for programs.', example: null }),
  error: z.string().nullable().openapi({ description: 'The same as a sentence.', example: null }),
  requestId: z.int().openapi({ description: 'Names the job in messages, where the version has that.', example: 815 }),
  parentId: z
    .int()
    .nullable()
    .openapi({ description: 'The job of many charge points that it is a part of.', example: null }),
  createdAt: Time,
  createdBy: z.string().openapi({ description: "Name of the operator's key.", example: 'admin' }),
  changedAt: Time,
  endedAt: Time.nullable().openapi({ description: 'null while something is expected of it.' }),
  startsAt: Time.nullable().openapi({ description: 'When the charge point is to begin; null: at once.' }),
  expiresAt: Time.nullable().openapi({ description: 'Until when it may wait to be sent; null: it does not wait.' }),
  deadlineAt: Time.nullable().openapi({ description: 'When its state ends by time; null: never.' }),
  upload: z.enum(['awaited', 'received']).nullable().openapi({
    description:
      'Whether the file has come that is uploaded to Stator; null: none is. A job is done when its file has come and the charge point has said so; with the file alone, after 15 minutes.',
    example: 'received',
  }),
  file: z
    .object({
      name: z.string().nullable().openapi({ description: 'As the charge point called it.', example: 'cp001.zip' }),
      bytes: z.int().openapi({ example: 1_048_576 }),
      sha256: z
        .string()
        .openapi({ description: 'In hexadecimal digits.', example: 'e3b0c44298fc1c149afbf4c8996fb924' }),
      receivedAt: Time,
    })
    .nullable()
    .openapi({ description: 'GET /api/jobs/{jobId}/file has it; null: it has not come.' }),
}

const Job = z.object(jobFields).openapi('Job')

const JobMove = z
  .object({
    at: Time,
    state: z.enum(jobStates).openapi({ description: 'What it moved to.', example: 'running' }),
    status: z.string().nullable().openapi({ description: 'What the charge point said.', example: 'Accepted' }),
    errorCode: z.string().nullable().openapi({ example: null }),
    error: z.string().nullable().openapi({ example: null }),
    detail: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'What else it said, such as the name of a file.', example: { fileName: 'log.zip' } }),
    messageId: z.string().nullable().openapi({ description: 'Of its message.', example: null }),
    movedBy: z.string().nullable().openapi({ description: 'The operator who moved it.', example: null }),
  })
  .openapi('JobMove')

const JobWithHistory = z
  .object({
    ...jobFields,
    history: z.array(JobMove).openapi({ description: `Oldest first; the last ${jobMovesShownMax} moves at most.` }),
  })
  .openapi('JobWithHistory')

const JobParams = z.object({
  jobId: integerText('Job ID', 1, idMax).openapi({ param: { name: 'jobId', in: 'path' }, example: 4711 }),
})

const tags = ['Jobs']

const listRoute = routeFor('job:read', {
  method: 'get',
  path: '/api/jobs',
  operationId: 'listJobs',
  tags,
  summary: 'List jobs',
  description:
    'Commands that outlive their requests: firmware updates, uploads of logs and the like. Newest first. The next page begins after the id in `next`. Jobs that have ended are kept for as long as OCPP.JobDays says.',
  request: {
    query: z.strictObject({
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only those of this charge point.' }),
      kind: oneOf('Kind', jobKindNames)
        .optional()
        .openapi({ param: { name: 'kind', in: 'query' }, description: 'Only those of this kind.' }),
      state: oneOf('State', jobStates)
        .optional()
        .openapi({ param: { name: 'state', in: 'query' }, description: 'Only those in this state.' }),
      ...periodQuery('made'),
      after: integerText('After', 1, idMax)
        .optional()
        .openapi({ param: { name: 'after', in: 'query' }, description: 'The `next` of the page before.' }),
      pageSize: pageQuery.pageSize,
    }),
  },
  responses: {
    200: json(
      z.object({
        jobs: z.array(Job),
        next: z.int().nullable().openapi({ description: 'For `after`; null: there are no more.', example: 4700 }),
      }),
      'A page of them.',
    ),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('job:read', {
  method: 'get',
  path: '/api/jobs/{jobId}',
  operationId: 'getJob',
  tags,
  summary: 'How far a job is',
  description: 'With its history.',
  request: { params: JobParams },
  responses: { 200: json(JobWithHistory, 'The job.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const fileRoute = routeFor('job:file', {
  method: 'get',
  path: '/api/jobs/{jobId}/file',
  operationId: 'getJobFile',
  tags,
  summary: 'Download the file of a job',
  description:
    'What the charge point has uploaded to Stator, byte by byte. It is streamed. It is kept for as long as Uploads.Days says, and no longer than its job.',
  request: { params: JobParams },
  responses: {
    200: {
      description: 'The file.',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const cancelRoute = routeFor('job:write', {
  method: 'delete',
  path: '/api/jobs/{jobId}',
  operationId: 'cancelJob',
  tags,
  summary: 'Cancel a job',
  description:
    'A queued one is not sent. Of one that is sent nothing more is expected: OCPP has no message that stops it, and the charge point may go on. Not while its command is under way.',
  request: { params: JobParams },
  responses: {
    200: json(JobWithHistory, 'As it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'),
  },
})

const Repeat = z.strictObject(queueFields).openapi('RepeatJob', { example: { queue: true, expiresInSeconds: 3600 } })

const repeatRoute = routeFor('job:write', {
  method: 'post',
  path: '/api/jobs/{jobId}/repeat',
  operationId: 'repeatJob',
  tags,
  summary: 'Send an unknown job again',
  description: 'Its command may have arrived already: the charge point may get it twice.',
  request: { params: JobParams, body: body(Repeat, false) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

/** Jobs. */
export function jobRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { clock, jobs, queries } = deps
  const app = apiApp()
  const find = async (c: Context<ApiEnv>, jobId: number): Promise<JobRecord> => {
    const job = await queries.job(jobId, scopeOf(c))
    if (job === null) throw notFound('Job', jobId)
    return job
  }
  const withHistory = async (job: JobRecord): Promise<z.infer<typeof JobWithHistory>> => {
    const history = await queries.jobMoves(job.jobId, jobMovesShownMax)
    return { ...jobView(job), history: history.map(moveView) }
  }

  app.openapi(listRoute, async (c) => {
    const { chargePointId, kind, state, from, to, after, pageSize } = c.req.valid('query')
    const filter = {
      scope: scopeOf(c),
      ...withDefined({ identity: chargePointId, kind, state }),
      ...periodOf(from, to),
    }
    const found = await queries.listJobs(filter, after ?? null, pageSize + 1)
    const shown = found.slice(0, pageSize)
    const next = found.length > shown.length ? (shown.at(-1)?.jobId ?? null) : null
    return c.json({ jobs: shown.map(jobView), next }, 200)
  })

  app.openapi(getRoute, async (c) => c.json(await withHistory(await find(c, c.req.valid('param').jobId)), 200))

  app.openapi(fileRoute, async (c) => {
    const { jobId } = await find(c, c.req.valid('param').jobId)
    const file = await queries.jobFile(jobId)
    if (file === null) throw notFound('File of job', jobId)
    return fileAnswer(c, queries, file)
  })

  app.openapi(cancelRoute, async (c) => {
    const before = await find(c, c.req.valid('param').jobId)
    await jobs.cancel(before.jobId, nameOf(c.get('principal')))
    const after = await find(c, before.jobId)
    noteChange(c, { before: stateOf(before), after: stateOf(after) })
    return c.json(await withHistory(after), 200)
  })

  app.openapi(repeatRoute, async (c) => {
    const { queue = false, expiresInSeconds = jobQueueSecondsDefault } = c.req.valid('json') ?? {}
    const job = await find(c, c.req.valid('param').jobId)
    noteChange(c, { before: stateOf(job) })
    const { identity } = job
    const nowMs = clock.nowMs()
    if (!queue) {
      const chargePoint = await queries.chargePoint(identity, scopeOf(c))
      if (chargePoint === null) throw notFound('Charge point', identity)
      await requireConnected(deps, chargePoint)
    }
    const expiresAtMs = queue ? nowMs + expiresInSeconds * 1_000 : null
    const started = await jobs.repeat(job.jobId, nameOf(c.get('principal')), expiresAtMs)
    return answerOf(c, started, expiresAtMs ?? nowMs)
  })

  return app
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms)
}

function stateOf({ jobId, state, status }: JobRecord) {
  return { jobId, state, status }
}

function jobView(record: JobRecord): z.infer<typeof Job> {
  const { jobId, identity, kind, state, status, errorCode, error, requestId, parentId, createdBy } = record
  return {
    id: jobId,
    chargePointId: identity,
    kind,
    state,
    status,
    errorCode,
    error,
    requestId,
    parentId,
    createdAt: isoTime(record.createdAtMs),
    createdBy,
    changedAt: isoTime(record.changedAtMs),
    endedAt: timeOf(record.endedAtMs),
    startsAt: timeOf(record.startsAtMs),
    expiresAt: timeOf(record.expiresAtMs),
    deadlineAt: timeOf(record.deadlineAtMs),
    upload: record.upload ?? null,
    file: record.file === null ? null : fileView(record.file),
  }
}

function fileView({ name, bytes, sha256, receivedAtMs }: UploadedFile) {
  return { name, bytes, sha256, receivedAt: isoTime(receivedAtMs) }
}

function moveView({ place: _, atMs, detail, ...rest }: JobMoveRecord): z.infer<typeof JobMove> {
  return { at: isoTime(atMs), ...rest, detail: detail === null ? null : { ...detail } }
}
