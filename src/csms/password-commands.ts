// CALLs that set the password of a charge point: the configuration key AuthorizationKey of 1.6 (Security whitepaper
// §7.2), and the variable SecurityCtrlr.BasicAuthPassword of 2.x. Names are compared without their letter case, as OCPP
// has it.

import type { OcppVersion } from '../ocpp/version.ts'
import { statusOf } from './command.ts'
import type { Payload } from './decision.ts'

/**
 * What a charge point made of a new password: it uses the new one, it keeps the old one, or nobody knows (it reboots
 * first, it did not answer, or its answer cannot be read).
 */
export type RotationOutcome = 'accepted' | 'refused' | 'unknown'

/** The passwords that a valid CALL of `action` sets, in its order; none when it sets something else. */
export function passwordsSetBy(version: OcppVersion, action: string, payload: Payload): readonly string[] {
  if (version === '1.6') {
    if (action !== 'ChangeConfiguration' || !isPasswordKey(payload.key)) return []
    return typeof payload.value === 'string' ? [payload.value] : []
  }
  if (action !== 'SetVariables') return []
  return records(payload.setVariableData).flatMap((data) =>
    setsPassword(data) && typeof data.attributeValue === 'string' ? [data.attributeValue] : [],
  )
}

/**
 * What the CALLRESULT `answer` to the CALL `request`, which sets a password, says about the password.
 *
 * `Accepted` is taken at its word (Security whitepaper A01.FR.03). `Rejected`, `NotSupported` and their like mean that
 * the old password holds (A01.FR.04). Everything else leaves it open.
 */
export function rotationOutcome(version: OcppVersion, request: Payload, answer: Payload): RotationOutcome {
  const status = version === '1.6' ? statusOf(answer) : statusOfPassword(request, answer)
  if (status === 'Accepted') return 'accepted'
  return refusals.has(status) ? 'refused' : 'unknown'
}

/** Whether a variable of 2.x is the password. */
export function isPasswordVariable(componentName: unknown, variableName: unknown): boolean {
  return isWord(componentName, 'SecurityCtrlr') && isWord(variableName, 'BasicAuthPassword')
}

// ConfigurationStatus (1.6 §7.22) and SetVariableStatusEnumType, without Accepted and RebootRequired.
const refusals: ReadonlySet<unknown> = new Set([
  'Rejected',
  'NotSupported',
  'UnknownComponent',
  'UnknownVariable',
  'NotSupportedAttributeType',
])

function isPasswordKey(key: unknown): boolean {
  return isWord(key, 'AuthorizationKey')
}

/**
 * Target, MinSet and MaxSet are no passwords: a variable is used with its Actual value, which is meant without a type.
 */
function setsPassword(data: Payload): boolean {
  const { attributeType = 'Actual' } = data
  return attributeType === 'Actual' && isPasswordVariable(record(data.component).name, record(data.variable).name)
}

/**
 * The result for the password: the one with its names, or else the one at its place, as some stations leave the names
 * out.
 */
function statusOfPassword(request: Payload, answer: Payload): unknown {
  const results = records(answer.setVariableResult)
  const named = results.find(setsPassword)
  if (named !== undefined) return named.attributeStatus
  const sent = records(request.setVariableData)
  const atItsPlace = results[sent.findIndex(setsPassword)]
  const isNameless = atItsPlace !== undefined && record(atItsPlace.variable).name === undefined
  return isNameless && results.length === sent.length ? atItsPlace.attributeStatus : undefined
}

function isWord(value: unknown, word: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === word.toLowerCase()
}

function records(value: unknown): Payload[] {
  return Array.isArray(value) ? value.map(record) : []
}

function record(value: unknown): Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
