// Sends the CALL of a job once, and says what became of it as an event of its chart.

import { CallFailedError } from '../../../actors/call-queue.ts'
import type { JobEvent } from '../../../actors/job.ts'
import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { jobKindNamed } from '../../blocks/job-kinds.ts'
import type { JobAnswer, JobCommand, JobCommands, KnownJob } from '../../blocks/jobs/job.ts'
import type { MoveDetails } from '../../blocks/jobs/job-event.ts'
import type { CommandDeps, CommandTarget } from '../send-command.ts'
import { invalidAnswer, sendCommand } from '../send-command.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { LiveChargePoints } from '../deps.ts'

export interface SendJobDeps extends Omit<CommandDeps, 'live'> {
  readonly live: Pick<LiveChargePoints, 'get' | 'call' | 'noteQuirk'>
  readonly clock: Clock
}

/** What became of a CALL: the answer, or why there is none. */
export type JobOutcome = {
  readonly event: JobEvent
  readonly details: MoveDetails
  /** Whether it is sent later. */
  readonly isQueued: boolean
} & (
  | { readonly answer: JobAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: StatorError }
)

/** What is sent for a job: in the version that its charge point speaks now. */
export interface ReadyCommand {
  /** Undefined: it is not connected. */
  readonly version: OcppVersion | undefined
  /** Null: nobody can read it. Undefined: the version has none. */
  readonly command: JobCommand | null | undefined
}

/**
 * Of the commands of a job the one that is sent. A job that is under way keeps this one only: a charge point may take
 * minutes to answer, and the commands of all versions may have megabytes.
 */
export function readyCommand({ live }: SendJobDeps, target: CommandTarget, commands: JobCommands | null): ReadyCommand {
  const version = live.get(target)?.version
  return { version, command: version === undefined || commands === null ? null : commands[version] }
}

/** Sends a job that is stored as `sending` on the connection `epoch`, and on no other. Never rejects. */
export async function sendJob(
  deps: SendJobDeps,
  job: KnownJob & CommandTarget,
  { version, command }: ReadyCommand,
  epoch: number,
): Promise<JobOutcome> {
  const nowMs = deps.clock.nowMs()
  const mayWait = job.expiresAtMs !== null && job.expiresAtMs > nowMs
  const kind = jobKindNamed(job.kind)
  if (version !== undefined && command === null) {
    const message = 'This node has not the key with which the command is encrypted'
    return failure({ type: 'notSent', mayWait: false }, new StatorError('ENCRYPTION_KEY_DIFFERS', message))
  }
  if (version !== undefined && (command === undefined || kind === undefined)) {
    const message = `OCPP ${version}, which the charge point speaks, has no such command`
    return failure({ type: 'notSent', mayWait: false }, new StatorError('CONFLICT', message))
  }
  if (version === undefined || command === undefined || command === null || kind === undefined) {
    const error = new StatorError('NOT_CONNECTED', `Charge point '${job.identity}' is not connected`)
    return failure({ type: 'notSent', mayWait }, error)
  }
  const { live } = deps
  const onlyHere: CommandDeps = {
    ...deps,
    live: {
      get: (given) => live.get(given),
      noteQuirk: (given, quirk) => live.noteQuirk(given, quirk),
      call: (given, action, payload, timeoutMs) => live.call(given, action, payload, timeoutMs, epoch),
    },
  }
  let done = 0
  try {
    const { action, payload: first, more = [] } = command
    let answer: JobAnswer | null = null
    for (const part of [first, ...more]) {
      const { payload, problems } = await sendCommand(onlyHere, job, version, { action, payload: part, fields: {} })
      answer = kind.answered(version, payload, part)
      if (answer === null) throw invalidAnswer(action, payload, problems)
      if (answer.type !== 'done') break
      done++
    }
    if (answer === null) throw new Error('a job has at least one CALL')
    const { type, status, message, detail } = answer
    const isPartly = type === 'partly'
    return {
      answer,
      isQueued: false,
      event: isPartly ? { type: 'reported', outcome: 'failure' } : { type },
      details: { status, ...(detail === undefined ? {} : { detail }), ...(isPartly ? { error: message } : {}) },
    }
  } catch (thrown) {
    const error =
      thrown instanceof StatorError ? thrown : new StatorError('INTERNAL', 'An unexpected error occurred', {}, thrown)
    const mayRepeat = mayWait && kind.isRead
    const event = eventOf(error, mayWait, mayRepeat)
    // What was sent before the part that was not is not sent again unasked.
    return failure(done > 0 && event.type === 'notSent' ? { type: 'lost', mayRepeat } : event, error)
  }
}

function eventOf(error: StatorError, mayWait: boolean, mayRepeat: boolean): JobEvent {
  if (error instanceof CallFailedError) {
    return error.wasSent ? { type: 'lost', mayRepeat } : { type: 'notSent', mayWait }
  }
  switch (error.code) {
    case 'CALL_ERROR':
    // It would be refused again at the next turn.
    case 'REFUSED_BY_PROFILE':
      return { type: 'refused' }
    // It has arrived; what became of it is not known.
    case 'CALL_ANSWER_INVALID':
    case 'INTERNAL':
      return { type: 'lost', mayRepeat: false }
    // It may have arrived, and its answer is not stored.
    case 'STORE_UNAVAILABLE':
    case 'STORE_QUEUE_FULL':
      return { type: 'lost', mayRepeat }
    // The boot is not accepted (any more).
    case 'CONFLICT':
      return { type: 'notSent', mayWait }
    default:
      return { type: 'notSent', mayWait: false }
  }
}

function failure(event: JobEvent, error: StatorError): JobOutcome {
  const isQueued = (event.type === 'notSent' && event.mayWait) || (event.type === 'lost' && event.mayRepeat)
  return { event, error, isQueued, details: { errorCode: error.code, error: error.message } }
}
