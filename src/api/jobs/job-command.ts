// What the routes of commands that are jobs share: whether the job is sent at once or queued, and what is answered.

import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { isoTime } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { jobQueueSecondsDefault, jobQueueSecondsMax, jobsOpenMax } from '../../base/limits.ts'
import type { UploadUrl } from '../../auth/upload-token.ts'
import type { Command } from '../../blocks/command.ts'
import type { JobCommand, JobCommands, JobKind, StartedJob } from '../../blocks/jobs/job.ts'
import type { ChargePointRecord } from '../../blocks/records.ts'
import { checkRequest } from '../../examine/schema.ts'
import { ocppVersions, type OcppVersion } from '../../ocpp/version.ts'
import { nameOf } from '../../operators/principal.ts'
import { noteChange } from '../audited.ts'
import type { ApiDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newWireId } from '../new-wire-id.ts'
import { json, Time } from '../responses.ts'
import { commandErrorCodes, requireConnected, requireSendable, requireValid } from '../send-command.ts'

const secondsError = `Expires in seconds must be an integer from 1 to ${jobQueueSecondsMax}`

/** The fields of a body that say whether the job may wait for its charge point. */
export const queueFields = {
  queue: z.boolean({ error: 'Queue must be true or false' }).optional().openapi({
    description:
      'true: if the charge point is not connected, or its boot is not accepted, the command is sent after its next boot. Without it that is an error (409).',
    example: true,
  }),
  expiresInSeconds: z
    .int({ error: secondsError })
    .min(1, { error: secondsError })
    .max(jobQueueSecondsMax, { error: secondsError })
    .optional()
    .openapi({
      description: `With \`queue\`: how long it may wait. ${jobQueueSecondsDefault} if left out.`,
      example: jobQueueSecondsDefault,
    }),
}

/** Values of `queueFields`. */
export interface QueueWish {
  readonly queue?: boolean | undefined
  readonly expiresInSeconds?: number | undefined
}

const StartedJobBody = z
  .object({
    status: z.string().openapi({ description: 'The status in the answer of the charge point.', example: 'Accepted' }),
    message: z.string(),
    jobId: z.int().optional().openapi({
      description:
        'GET /api/jobs/{jobId} says how it goes on. The answer of update-firmware leaves it to the header Location.',
      example: 4711,
    }),
  })
  .openapi('StartedJob')

const QueuedJob = z
  .object({
    status: z.literal('Queued'),
    message: z.string(),
    jobId: z.int().openapi({ example: 4711 }),
    expiresAt: Time,
  })
  .openapi('QueuedJob')

/** The answers of a command that is a job, except errors. */
export const jobResponses = {
  200: json(StartedJobBody, 'What the charge point answered. How the job ends comes later.'),
  202: json(QueuedJob, 'Nothing was sent yet; the header Location says where to read what becomes of it.'),
}

/** The error codes of a command that is a job. */
export const jobErrorCodes = commandErrorCodes

/** What is wanted of a charge point. */
export interface WantedJob {
  readonly kind: JobKind
  /** The CALL of a version; null: it has none. */
  readonly commandOf: (version: OcppVersion, requestId: number) => Command | null
  /** Payloads of further CALLs of the same action; left out: none. */
  readonly moreOf?: (version: OcppVersion) => readonly Command['payload'][]
  /** Where in Stator its file is uploaded to. */
  readonly upload?: UploadUrl
  /** Names the job; left out: a new id. */
  readonly requestId?: number
  /** It has so many CALLs that the request does not wait for their answers. */
  readonly isLong?: boolean
  /** When the charge point is to begin; null: at once. */
  readonly startsAtMs: number | null
  /** The fields of its answer are fixed by a contract: only the header Location names the job. */
  readonly isOfContract?: boolean
}

/**
 * Sends a command as a job, or queues it, and answers the request.
 *
 * @throws {StatorError} those of `sendCommand`; if something was sent, with the job in their details.
 */
export async function answerWithJob(
  deps: ApiDeps,
  c: Context<ApiEnv>,
  chargePoint: ChargePointRecord,
  wanted: WantedJob,
  wish: QueueWish,
) {
  const { started, untilMs } = await startJob(deps, c, chargePoint, wanted, wish)
  return answerOf(c, started, untilMs, wanted.isOfContract === true)
}

/** A job that was sent, or queued until `untilMs`. */
interface BegunJob {
  readonly started: StartedJob
  readonly untilMs: number
}

/** As `answerWithJob`, without the answer to the request. */
export async function startJob(
  deps: ApiDeps,
  c: Context<ApiEnv>,
  chargePoint: ChargePointRecord,
  wanted: WantedJob,
  { queue = false, expiresInSeconds = jobQueueSecondsDefault }: QueueWish,
): Promise<BegunJob> {
  const { clock, jobs, live } = deps
  const requestId = wanted.requestId ?? newWireId()
  const nowMs = clock.nowMs()
  const version = live.get(chargePoint)?.version ?? chargePoint.ocppVersion
  const commands = commandsOf(wanted, requestId, version)
  const expiresAtMs = queue ? nowMs + expiresInSeconds * 1_000 : null
  const createdBy = nameOf(c.get('principal'))
  const { kind } = wanted.kind
  const upload = wanted.upload === undefined ? {} : { uploadTokenHash: wanted.upload.tokenHash }
  const names = { kind, requestId, createdBy, parentId: null, ...upload }
  const job = { ...names, commands, startsAtMs: wanted.startsAtMs, expiresAtMs }
  if (expiresAtMs === null) {
    const { version: spoken } = await requireConnected(deps, chargePoint)
    requireSendable(deps, chargePoint, actionIn(commands, spoken))
  }
  const view = live.get(chargePoint)
  const isSendable = view !== undefined && view.mayBeSent(actionIn(commands, view.version))
  if (wanted.isLong === true) {
    const untilMs = expiresAtMs ?? nowMs + jobQueueSecondsDefault * 1_000
    const jobId = await jobs.queue(chargePoint, { ...job, expiresAtMs: untilMs })
    return { started: { jobId, answer: null }, untilMs }
  }
  const started = isSendable
    ? await jobs.start(chargePoint, job)
    : { jobId: await jobs.queue(chargePoint, job), answer: null }
  return { started, untilMs: expiresAtMs ?? nowMs }
}

/**
 * Queues several jobs of one request, in their order. Their parts of the request are not sent before the charge point
 * has booted. All of them, or none: if one of them cannot be queued, those before it are cancelled.
 *
 * @throws {StatorError} as `answerWithJob`; `CONFLICT` if they are more than a charge point may have open.
 */
export async function queueJobs(
  { clock, jobs, live }: Pick<ApiDeps, 'clock' | 'jobs' | 'live'>,
  c: Context<ApiEnv>,
  chargePoint: ChargePointRecord,
  wanted: readonly WantedJob[],
  expiresInSeconds: number,
): Promise<{ readonly jobIds: number[]; readonly expiresAtMs: number }> {
  if (wanted.length > jobsOpenMax) {
    const message = `A charge point has at most ${jobsOpenMax} open jobs, and this needs ${wanted.length}; ask for less at once`
    throw new StatorError('CONFLICT', message)
  }
  const version = live.get(chargePoint)?.version ?? chargePoint.ocppVersion
  const expiresAtMs = clock.nowMs() + expiresInSeconds * 1_000
  const createdBy = nameOf(c.get('principal'))
  const made = wanted.map((one) => {
    const requestId = newWireId()
    const { kind } = one.kind
    const commands = commandsOf(one, requestId, version)
    return { kind, requestId, commands, startsAtMs: one.startsAtMs, expiresAtMs, createdBy, parentId: null }
  })
  const jobIds: number[] = []
  try {
    for (const job of made) jobIds.push(await jobs.queue(chargePoint, job))
  } catch (error) {
    // One that was sent meanwhile is not cancelled.
    await Promise.allSettled(jobIds.map((jobId) => jobs.cancel(jobId, createdBy)))
    throw error
  }
  return { jobIds, expiresAtMs }
}

/** The answer to a request that has started a job. */
export function answerOf(c: Context<ApiEnv>, { jobId, answer }: StartedJob, expiresAtMs: number, isOfContract = false) {
  if (answer === null) return answerQueued(c, jobId, expiresAtMs)
  noteJob(c, jobId, answer.status)
  const { status, message } = answer
  return c.json({ status, message, ...(isOfContract ? {} : { jobId }) }, 200)
}

/** The answer to a request whose job waits for its charge point. */
export function answerQueued(c: Context<ApiEnv>, jobId: number, expiresAtMs: number) {
  noteJob(c, jobId, 'Queued')
  const message = 'The command is sent when the charge point has booted'
  return c.json({ status: 'Queued' as const, message, jobId, expiresAt: isoTime(expiresAtMs) }, 202)
}

/** Names a job in the answer and in the audit log. */
export function noteJob(c: Context<ApiEnv>, jobId: number, status: string): void {
  c.header('Location', `/api/jobs/${jobId}`)
  noteChange(c, { after: { jobId, status } })
}

function actionIn(commands: JobCommands, version: OcppVersion): string {
  return commands[version]?.action ?? ''
}

/**
 * The commands of all versions, as far as they are valid: the charge point may come back with another version.
 *
 * @param spoken the version that it speaks, or spoke last: what is wrong with its command is the operator's error.
 *   Null: it has not spoken yet; then any version that has such a command.
 */
function commandsOf({ commandOf, moreOf }: WantedJob, requestId: number, spoken: OcppVersion | null): JobCommands {
  const commands: Partial<Record<OcppVersion, JobCommand>> = {}
  const checked = spoken ?? ocppVersions.find((version) => commandOf(version, requestId) !== null)
  for (const version of ocppVersions) {
    const command = commandOf(version, requestId)
    if (version === checked) {
      if (command === null) throw new StatorError('CONFLICT', `OCPP ${version} has no such command`)
      requireValid(version, command)
    }
    if (command === null) continue
    const { action, payload, fields } = command
    const more = moreOf?.(version) ?? []
    if (version === checked) for (const part of more) requireValid(version, { action, payload: part, fields })
    if ([payload, ...more].some((part) => checkRequest(version, action, part).length > 0)) continue
    commands[version] = more.length === 0 ? { action, payload } : { action, payload, more }
  }
  return commands
}
