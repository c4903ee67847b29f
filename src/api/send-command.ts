// Sends a command to a charge point as a CALL, and maps every failure to an error of the error table.

import { z } from '@hono/zod-openapi'
import { type ErrorCode, StatorError } from '../base/errors.ts'
import { secretCharactersMin } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import { hideSecrets } from '../base/hide-secrets.ts'
import { type Command, statusOf } from '../blocks/command.ts'
import type { ChangeSet, Payload } from '../blocks/decision.ts'
import type { MessageRow, PasswordSetting, RotationOutcome } from '../blocks/message-row.ts'
import { rowOf } from '../blocks/messages.ts'
import type { ChargePointRecord } from '../blocks/records.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import type { LongResultAnswer, ReadAnswer, ResultAnswer } from '../examine/answer.ts'
import { stepsOf } from '../ocpp/json-pointer.ts'
import { checkRequest } from '../examine/schema.ts'
import type { Problem } from '../examine/schema.ts'
import type { Treatment } from '../ocpp/quirk-profile.ts'
import type { QuirkCode } from '../ocpp/quirks.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { ChargePointRef } from '../feed/feed.ts'
import type { ApiDeps, LiveView } from './deps.ts'
import { badRequest, fieldName } from './errors.ts'
import type { FieldIssue } from './errors.ts'
import { readBack } from './read-back.ts'

/** The error codes of every command route. */
export const commandErrorCodes = [
  'BAD_REQUEST',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'REFUSED_BY_PROFILE',
  'NOT_CONNECTED',
  'CONNECTED_ELSEWHERE',
  'REQUEST_TOO_LARGE',
  'CALL_ERROR',
  'CALL_ANSWER_INVALID',
  'CALL_TIMEOUT',
  'CALL_QUEUE_FULL',
] as const

/** What is needed to send a command. */
export interface CommandDeps extends Pick<ApiDeps, 'nodeId' | 'rotations' | 'commit' | 'clock'> {
  readonly live: Pick<ApiDeps['live'], 'get' | 'call' | 'noteQuirk'>
  readonly queries: Pick<ApiDeps['queries'], 'otherHolder' | 'expectProfile'>
  readonly log: Pick<Logger, 'error'>
}

/** The charge point that a command is sent to. */
export type CommandTarget = Pick<ChargePointRecord, 'key' | 'identity' | 'strictness'>

/** The outcome of a command. */
export const CommandOutcome = z
  .object({
    status: z.string().openapi({ description: 'The status in the answer of the charge point.', example: 'Accepted' }),
    message: z.string(),
  })
  .openapi('CommandOutcome')

/** The answer of a charge point, and where it broke its schema. */
export class CommandAnswer {
  readonly #answer: ResultAnswer | LongResultAnswer

  constructor(answer: ResultAnswer | LongResultAnswer) {
    this.#answer = answer
  }

  /** The payload after repairs. A long answer is parsed at each access. */
  get payload(): Payload {
    return this.#answer.kind === 'result' ? this.#answer.payload : JSON.parse(this.#answer.text)
  }

  /** The payload of a long answer as JSON text; null for a short one. */
  get text(): string | null {
    return this.#answer.kind === 'longResult' ? this.#answer.text : null
  }

  /** The `status` of the answer; null if it has none. */
  get status(): string | null {
    return this.#answer.kind === 'result' ? statusOf(this.#answer.payload) : this.#answer.status
  }

  get problems(): readonly Problem[] {
    return this.#answer.problems
  }

  /** Whether the answer was malformed JSON and had to be repaired. */
  get wasBrokenJson(): boolean {
    return this.#answer.quirks.some(({ code }) => code === brokenJson)
  }
}

const brokenJson: QuirkCode = 'brokenJson'

/** @throws {StatorError} `NOT_CONNECTED`, or `CONNECTED_ELSEWHERE` when another node holds its connection. */
export async function requireConnected(
  { live, queries, nodeId }: Pick<CommandDeps, 'live' | 'queries' | 'nodeId'>,
  chargePoint: ChargePointRef,
): Promise<LiveView> {
  const view = live.get(chargePoint)
  if (view !== undefined) return view
  await requireNotElsewhere({ live, queries, nodeId }, chargePoint)
  throw new StatorError('NOT_CONNECTED', `Charge point '${chargePoint.identity}' is not connected`)
}

/** @throws {StatorError} `CONNECTED_ELSEWHERE` when another node holds the connection of the charge point. */
export async function requireNotElsewhere(
  { live, queries, nodeId }: Pick<CommandDeps, 'live' | 'queries' | 'nodeId'>,
  chargePoint: ChargePointRef,
): Promise<void> {
  if (live.get(chargePoint) !== undefined) return
  const { key, identity } = chargePoint
  const node = await queries.otherHolder(key, nodeId)
  if (node === null) return
  const message = `Charge point '${identity}' is connected to another node, '${node}'; send the command there`
  throw new StatorError('CONNECTED_ELSEWHERE', message, { node })
}

/**
 * Checks with the chart of a connected charge point that `action` may be sent to it (1.6 §4.2, 2.0.1 B02, B03).
 *
 * @throws {StatorError} `CONFLICT` if its boot must be accepted first.
 */
export function requireSendable(
  { live }: Pick<CommandDeps, 'live'>,
  chargePoint: ChargePointRef,
  action: string,
): void {
  const view = live.get(chargePoint)
  if (view === undefined || view.mayBeSent(action)) return
  const because = `its boot was answered with ${view.bootStatus}`
  const message = `Charge point '${chargePoint.identity}' is not accepted yet, so ${action} is not sent: ${because}`
  throw new StatorError('CONFLICT', message)
}

/**
 * Sends `command` and waits for its answer. A command that sets the password of the charge point also changes the
 * stored password: see `PasswordRotations`. One that sets its security profile is noted before it is sent. What its
 * answer tells is stored before this resolves. The quirk profile of the charge point may make another CALL of it, and
 * have accepted settings read again afterwards.
 *
 * @throws {StatorError} errors of `requireSendable`; `REFUSED_BY_PROFILE` if the quirk profile has it refused;
 *   `BAD_REQUEST` if the command breaks its schema, or sets a short password or two passwords (nothing was sent);
 *   `CALL_ERROR` if the charge point answered with a CALLERROR; `CALL_ANSWER_INVALID` if its answer cannot be read, or
 *   breaks the schema of a `strict` charge point; the errors of `live.call`; and those of `commit`, when the charge
 *   point has answered.
 */
export async function sendCommand(
  deps: CommandDeps,
  target: CommandTarget,
  version: OcppVersion,
  wanted: Command,
  timeoutMs?: number,
): Promise<CommandAnswer> {
  const { action } = wanted
  requireSendable(deps, target, action)
  requireValid(version, wanted)

  const row = rowOf(version, action)
  const treatment = deps.live.get(target)?.treatment
  const chargePoint = { ...target, strictness: treatment?.strictness ?? target.strictness }
  const command = adapted(deps, chargePoint, row, wanted, treatment)
  const { payload } = command
  const setting = row?.password ?? null
  const passwords = setting?.setBy(payload) ?? []
  const send = async (): Promise<CommandAnswer> =>
    setting !== null && passwords.length > 0
      ? rotatePassword(deps, chargePoint, command, setting, passwords, timeoutMs)
      : answered(await deps.live.call(chargePoint, action, payload, timeoutMs), chargePoint, action)
  const profile = row?.profileSetBy(payload) ?? null
  const answer = await (profile === null ? send() : expectingProfile(deps, chargePoint, profile, send))
  await storeLearned(deps, chargePoint, row?.learns ?? null, payload, answer)
  const reading = treatment?.commands.readBack === true ? row?.readsBack?.(payload, answer.payload) : null
  if (reading) {
    const again = async (sent: Command) => (await sendCommand(deps, target, version, sent, timeoutMs)).payload
    void readBack({ deps, send: again }, chargePoint, reading)
  }
  return answer
}

/** What the quirk profile of the charge point makes of a command. @throws {StatorError} `REFUSED_BY_PROFILE`. */
function adapted(
  { live }: CommandDeps,
  chargePoint: CommandTarget,
  row: MessageRow | undefined,
  command: Command,
  treatment: Treatment | undefined,
): Command {
  if (treatment === undefined || command.isForced === true) return command
  const change = row?.adapts?.(command.payload, treatment.commands) ?? null
  if (change === null) return command
  live.noteQuirk(chargePoint, change.quirk)
  if ('payload' in change) return { ...command, payload: change.payload }
  const message = `${command.action} is not sent to '${chargePoint.identity}'. ${change.reason}`
  throw new StatorError('REFUSED_BY_PROFILE', message)
}

/** Stores what an answer tells. */
async function storeLearned(
  { commit, clock }: CommandDeps,
  { key, identity }: CommandTarget,
  learns: MessageRow['learns'],
  sent: Payload,
  answer: CommandAnswer,
): Promise<void> {
  const changes = learns?.(sent, answer.payload) ?? []
  if (changes.length === 0) return
  const set: ChangeSet = {
    chargePointKey: key,
    messageId: crypto.randomUUID(),
    bytes: answer.text?.length ?? 0,
    epoch: 0,
    receivedAtMs: clock.nowMs(),
    answer: {},
    changes,
    anomalies: [],
    meter: null,
  }
  await commit(set, { chargePoint: { key, identity }, action: null })
}

/** @throws {StatorError} `BAD_REQUEST` if the command breaks its schema, with the fields of the operator's request. */
export function requireValid(version: OcppVersion, command: Command): void {
  const { action, payload } = command
  const [first, ...more] = checkRequest(version, action, payload).map((problem) => issueOf(problem, command))
  if (first !== undefined) throw badRequest(first.field, first.issue, more)
}

/** Errors after which the charge point has not taken what it was sent, or was sent nothing. */
const notTaken: readonly ErrorCode[] = [
  'CALL_ERROR',
  'CALL_QUEUE_FULL',
  'BAD_REQUEST',
  'CONFLICT',
  'REFUSED_BY_PROFILE',
]

/**
 * Sends a command that sets the security profile. The profile is noted before, so that the charge point may come back
 * with it even if this process dies, and no longer expected if the charge point has not taken it.
 */
async function expectingProfile(
  { queries }: CommandDeps,
  { key }: CommandTarget,
  profile: SecurityProfile,
  send: () => Promise<CommandAnswer>,
): Promise<CommandAnswer> {
  await queries.expectProfile(key, profile)
  let isTaken = true
  try {
    const answer = await send()
    isTaken = answer.status === 'Accepted' || answer.status === 'RebootRequired'
    return answer
  } catch (error) {
    isTaken = !(error instanceof StatorError && notTaken.includes(error.code))
    throw error
  } finally {
    if (!isTaken) await queries.expectProfile(key, null)
  }
}

/**
 * Sends a command that sets the password. The new password is committed before the CALL is sent, so that the charge
 * point can connect with it even if this process dies. The answer decides which of the two passwords remains valid.
 */
async function rotatePassword(
  { live, rotations }: CommandDeps,
  chargePoint: CommandTarget,
  { action, payload, fields }: Command,
  setting: PasswordSetting,
  passwords: readonly string[],
  timeoutMs?: number,
): Promise<CommandAnswer> {
  const [password] = passwords
  if (password === undefined || password.length < secretCharactersMin || passwords.length > 1) {
    const field = fields[''] ?? 'value'
    throw badRequest(field, `${action} must set one password, of at least ${secretCharactersMin} characters`)
  }
  const rotation = await rotations.begin(chargePoint, password)
  let outcome: RotationOutcome = 'unknown'
  try {
    const answer = await live.call(chargePoint, action, payload, timeoutMs)
    if (answer.kind === 'error') outcome = 'refused'
    const valid = answered(answer, chargePoint, action)
    outcome = setting.outcome(payload, valid.payload)
    return valid
  } catch (error) {
    // Nothing was sent.
    if (error instanceof StatorError && error.code === 'CALL_QUEUE_FULL') outcome = 'refused'
    throw error
  } finally {
    await rotation.settle(outcome)
  }
}

/** The answer to a command. @throws {StatorError} `CALL_ERROR`, `CALL_ANSWER_INVALID`. */
function answered(answer: ReadAnswer, chargePoint: CommandTarget, action: string): CommandAnswer {
  if (answer.kind === 'error' || answer.kind === 'unreadable') throw failureOf(action, answer)
  const result = new CommandAnswer(answer)
  const { problems } = result
  if (problems.length > 0 && chargePoint.strictness === 'strict') throw invalidAnswer(action, result.payload, problems)
  return result
}

function failureOf(action: string, answer: Extract<ReadAnswer, { kind: 'error' | 'unreadable' }>): StatorError {
  if (answer.kind === 'unreadable') {
    const problem = hideSecrets(answer.problem)
    const message = `The answer of the charge point to ${action} could not be read: ${problem}`
    return new StatorError('CALL_ANSWER_INVALID', message, { action, problem })
  }
  const { code } = answer
  const description = hideSecrets(answer.description)
  const what = code === '' ? 'an error without a code' : code
  const because = description === '' ? '' : `: ${description}`
  const message = `The charge point answered ${action} with ${what}${because}`
  return new StatorError('CALL_ERROR', message, { action, code, description, details: shown(answer.details) })
}

/** A text of a charge point for use in an error: secrets hidden, since errors are logged. */
function shown(sent: unknown): unknown {
  return JSON.parse(hideFrameSecrets(JSON.stringify(sent ?? null)))
}

/** The error for an answer without the field that the command asked for. */
export function invalidAnswer(action: string, payload: Payload, problems: readonly Problem[]): StatorError {
  return new StatorError('CALL_ANSWER_INVALID', `The answer of the charge point to ${action} breaks its schema`, {
    action,
    payload: shown(payload),
    problems: problems.map(({ path, message }) => ({ path, message })),
  })
}

// A problem in the payload, reported with the field of the operator's request that it came from.
function issueOf(problem: Problem, { fields }: Command): FieldIssue {
  const { path } = problem
  const origin = Object.keys(fields)
    .filter((pointer) => path === pointer || path.startsWith(`${pointer}/`))
    .toSorted((a, b) => b.length - a.length)[0]
  const rest = stepsOf(path.slice(origin?.length ?? 0))
  const field = origin === undefined ? fieldName(rest) : fieldName([fields[origin] ?? '', ...rest])
  return field === ''
    ? { field: 'body', issue: problem.message }
    : { field, issue: `Field "${field}" ${problem.complaint}` }
}

/** `sendCommand` for commands whose answer must have a status. */
export async function sendForStatus(
  deps: CommandDeps,
  chargePoint: CommandTarget,
  version: LiveView['version'],
  command: Command,
): Promise<string> {
  const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
  const status = statusOf(payload)
  if (status === null) throw invalidAnswer(command.action, payload, problems)
  return status
}

/**
 * `sendForStatus` for what was stored before it is sent. `answered` stores the status, or after a CALLERROR, or if
 * nothing was sent, the code of that error; without an answer it is not called: the charge point may have it.
 */
export async function sendStored(
  deps: CommandDeps,
  chargePoint: CommandTarget,
  version: LiveView['version'],
  command: Command,
  answered: (status: string) => Promise<void>,
): Promise<string> {
  let status: string
  try {
    status = await sendForStatus(deps, chargePoint, version, command)
  } catch (error) {
    if (error instanceof StatorError && notTaken.includes(error.code)) await answered(error.code)
    throw error
  }
  await answered(status)
  return status
}
