// Checks the answers of Stator by the unchanged schemas of the Open Charge Alliance, without Stator's own checks.

import { Ajv, type ValidateFunction } from 'ajv'
import { callErrorTable, spellCallError, type CallErrorCode } from '../../../src/ocpp/call-error.ts'
import { tables } from '../../../src/blocks/messages.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import type { Expected } from './frames.ts'

type Frame = readonly unknown[]

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const ajv = new Ajv({
  strict: false,
  formats: { 'date-time': (text: string) => rfc3339.test(text) && !Number.isNaN(Date.parse(text)), uri: true },
})
const responses = new Map<string, ValidateFunction>()

/** The problem of the payload of a CALLRESULT; null if there is none. */
export function responseProblem(version: OcppVersion, action: string, payload: unknown): string | null {
  const key = `${version} ${action}`
  let validate = responses.get(key)
  if (validate === undefined) {
    validate = ajv.compile(tables[version][action]?.response ?? false)
    responses.set(key, validate)
  }
  return validate(payload) ? null : ajv.errorsText(validate.errors)
}

/** The problem of `frame` as the expected answer; null if there is none. */
export function answerProblem(version: OcppVersion, expected: Expected, frame: Frame): string | null {
  if (expected.kind === 'silence') return 'it was answered'
  const [type, messageId] = frame
  if (messageId !== expected.messageId) return `the answer has the id ${JSON.stringify(messageId)}`
  if (type === 3) {
    if (expected.resultOf === null) return 'it was served'
    if (frame.length !== 3) return 'the CALLRESULT has not three elements'
    return responseProblem(version, expected.resultOf, frame[2])
  }
  return type === 4
    ? callErrorProblem(version, expected.codes, frame)
    : 'the answer is neither CALLRESULT nor CALLERROR'
}

function callErrorProblem(version: OcppVersion, allowed: ReadonlySet<CallErrorCode>, frame: Frame): string | null {
  const [, , code, description, details] = frame
  if (frame.length !== 5) return 'the CALLERROR has not five elements'
  const known = Object.keys(callErrorTable).filter((name): name is CallErrorCode => name in callErrorTable)
  if (!known.some((name) => spellCallError(name, version) === code))
    return `OCPP ${version} has no code ${String(code)}`
  if (![...allowed].some((name) => spellCallError(name, version) === code)) return `the code is ${String(code)}`
  if (typeof description !== 'string' || description.length > 255) return 'the description is no text of 255 characters'
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return 'the details are no object'
  return isWhole(description) && isWhole(details) ? null : 'the CALLERROR holds half a surrogate pair'
}

function isWhole(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  return typeof value !== 'object' || value === null || Object.entries(value).flat().every(isWhole)
}
