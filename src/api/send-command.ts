// Sends a command to a charge point as a CALL, and turns every way in which that can fail into an error of the table.

import { StatorError } from '../base/errors.ts'
import type { Command } from '../csms/command.ts'
import type { Payload } from '../csms/decision.ts'
import type { ChargePointRecord } from '../csms/records.ts'
import { checkRequest, checkResponse, unescapePointer } from '../ocpp/schema.ts'
import type { Problem } from '../ocpp/schema.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { ApiDeps, LiveView } from './deps.ts'
import { badRequest, fieldName } from './errors.ts'
import type { FieldIssue } from './errors.ts'

/** What a charge point answered, and where that breaks its schema. */
export interface CommandAnswer {
  readonly payload: Payload
  readonly problems: readonly Problem[]
}

/** @throws {StatorError} `NOT_CONNECTED`. */
export function requireConnected({ live }: ApiDeps, identity: string): LiveView {
  const view = live.get(identity)
  if (view === undefined) throw new StatorError('NOT_CONNECTED', `Charge point '${identity}' is not connected`)
  return view
}

/**
 * Sends `command` and waits for its answer.
 *
 * @throws {StatorError} `BAD_REQUEST` when the command breaks its schema (nothing was sent); `CALL_ERROR` when the charge
 *   point answered with a CALLERROR; `CALL_ANSWER_INVALID` when its answer breaks the schema and its strictness is
 *   `strict`; and what `live.call` throws.
 */
export async function sendCommand(
  { live }: ApiDeps,
  chargePoint: ChargePointRecord,
  version: OcppVersion,
  command: Command,
  timeoutMs?: number,
): Promise<CommandAnswer> {
  const { action, payload } = command
  const [first, ...more] = checkRequest(version, action, payload).map((problem) => issueOf(problem, command))
  if (first !== undefined) throw badRequest(first.field, first.issue, more)

  const answer = await live.call(chargePoint.identity, action, payload, timeoutMs)
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
