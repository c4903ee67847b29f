// Sends a command to a charge point as a CALL, and turns every way in which that can fail into an error of the table.

import { StatorError } from '../base/errors.ts'
import type { Command } from '../csms/command.ts'
import type { Payload } from '../csms/decision.ts'
import { passwordsSetBy, rotationOutcome, type RotationOutcome } from '../csms/password-commands.ts'
import type { ChargePointRecord } from '../csms/records.ts'
import { checkRequest, checkResponse, unescapePointer } from '../ocpp/schema.ts'
import type { Problem } from '../ocpp/schema.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { ApiDeps, CallAnswer, ChargePointRef, LiveView } from './deps.ts'
import { badRequest, fieldName } from './errors.ts'
import type { FieldIssue } from './errors.ts'

/** What a charge point answered, and where that breaks its schema. */
export interface CommandAnswer {
  readonly payload: Payload
  readonly problems: readonly Problem[]
}

/** @throws {StatorError} `NOT_CONNECTED`. */
export function requireConnected({ live }: ApiDeps, chargePoint: ChargePointRef): LiveView {
  const view = live.get(chargePoint)
  if (view === undefined) {
    throw new StatorError('NOT_CONNECTED', `Charge point '${chargePoint.identity}' is not connected`)
  }
  return view
}

/**
 * Sends `command` and waits for its answer. A command that sets the password of the charge point changes the stored
 * one, too: see `PasswordRotations`.
 *
 * @throws {StatorError} `BAD_REQUEST` when the command breaks its schema, or sets an empty password or two (nothing was
 *   sent); `CALL_ERROR` when the charge point answered with a CALLERROR; `CALL_ANSWER_INVALID` when its answer breaks
 *   the schema and its strictness is `strict`; and what `live.call` throws.
 */
export async function sendCommand(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  version: OcppVersion,
  command: Command,
  timeoutMs?: number,
): Promise<CommandAnswer> {
  const { action, payload } = command
  const [first, ...more] = checkRequest(version, action, payload).map((problem) => issueOf(problem, command))
  if (first !== undefined) throw badRequest(first.field, first.issue, more)

  const passwords = passwordsSetBy(version, action, payload)
  if (passwords.length > 0) return rotatePassword(deps, chargePoint, version, command, passwords, timeoutMs)
  return answered(await deps.live.call(chargePoint, action, payload, timeoutMs), chargePoint, version, action)
}

/**
 * Sends a command that sets the password. The new password is committed before the CALL leaves, so that the charge
 * point can connect with it whatever happens to this process; the answer then decides which of the two holds.
 */
async function rotatePassword(
  { live, rotations }: ApiDeps,
  chargePoint: ChargePointRecord,
  version: OcppVersion,
  { action, payload, fields }: Command,
  passwords: readonly string[],
  timeoutMs?: number,
): Promise<CommandAnswer> {
  const [password] = passwords
  if (password === undefined || password === '' || passwords.length > 1) {
    throw badRequest(fields[''] ?? 'value', `${action} must set one password, and not an empty one`)
  }
  const rotation = await rotations.begin(chargePoint, password)
  let outcome: RotationOutcome = 'unknown'
  try {
    const answer = await live.call(chargePoint, action, payload, timeoutMs)
    if (answer.kind === 'error') outcome = 'refused'
    const valid = answered(answer, chargePoint, version, action)
    outcome = rotationOutcome(version, payload, valid.payload)
    return valid
  } catch (error) {
    // Nothing was sent.
    if (error instanceof StatorError && error.code === 'CALL_QUEUE_FULL') outcome = 'refused'
    throw error
  } finally {
    await rotation.settle(outcome)
  }
}

/** What a command is answered with. @throws {StatorError} `CALL_ERROR`, `CALL_ANSWER_INVALID`. */
function answered(
  answer: CallAnswer,
  chargePoint: ChargePointRecord,
  version: OcppVersion,
  action: string,
): CommandAnswer {
  if (answer.kind === 'error') {
    const { code, description, details } = answer
    const because = description === '' ? '' : `: ${description}`
    throw new StatorError('CALL_ERROR', `The charge point answered ${action} with ${code}${because}`, {
      action,
      code,
      description,
      details,
    })
  }
  const problems = checkResponse(version, action, answer.payload)
  if (problems.length > 0 && chargePoint.strictness === 'strict') throw invalidAnswer(action, answer.payload, problems)
  return { payload: answer.payload, problems }
}

/** The charge point's answer lacks what the command is about. */
export function invalidAnswer(action: string, payload: Payload, problems: readonly Problem[]): StatorError {
  return new StatorError('CALL_ANSWER_INVALID', `The charge point answered ${action} against its schema`, {
    action,
    payload,
    problems: problems.map(({ path, message }) => ({ path, message })),
  })
}

// A problem in the payload, told by the field of the operator's request that the payload was made from.
function issueOf(problem: Problem, { fields }: Command): FieldIssue {
  const { path } = problem
  const origin = Object.keys(fields)
    .filter((pointer) => path === pointer || path.startsWith(`${pointer}/`))
    .toSorted((a, b) => b.length - a.length)[0]
  const rest = pointerParts(path.slice(origin?.length ?? 0))
  const field = origin === undefined ? fieldName(rest) : fieldName([fields[origin] ?? '', ...rest])
  return field === ''
    ? { field: 'body', issue: problem.message }
    : { field, issue: `Field "${field}" ${problem.complaint}` }
}

/** A JSON pointer (RFC 6901) as a path; what looks like an index is one. */
function pointerParts(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : unescapePointer(part)))
}
