// CALLs that set the password of a charge point: the configuration key AuthorizationKey of 1.6 (Security whitepaper
// §7.2), and the variable SecurityCtrlr.BasicAuthPassword of 2.x. OCPP defines these names as case insensitive.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { PasswordSetting, RotationOutcome } from '../message-row.ts'

/**
 * ChangeConfiguration of 1.6. `Accepted` means that the new password is in use (Security whitepaper A01.FR.03). A
 * refusal, such as `Rejected` or `NotSupported`, means that the old password stays (A01.FR.04). After any other answer
 * it is unknown.
 */
export const changeConfigurationPassword: PasswordSetting = {
  setBy: ({ key, value }) => (isPasswordKey(key) && typeof value === 'string' ? [value] : []),
  outcome: (_request, answer) => outcomeOfStatus(statusOf(answer)),
}

/** SetVariables of 2.x; its statuses mean the same. */
export const setVariablesPassword: PasswordSetting = {
  setBy: ({ setVariableData }) =>
    records(setVariableData).flatMap((data) =>
      setsPassword(data) && typeof data.attributeValue === 'string' ? [data.attributeValue] : [],
    ),
  outcome: (request, answer) => outcomeOfStatus(statusOfPassword(request, answer)),
}

/**
 * SetNetworkProfile of 2.1, which may bring the password of its profile. `Accepted` means that the profile is stored:
 * the charge point uses it later, or never, so both passwords stay valid until the new one is used.
 */
export const setNetworkProfilePassword: PasswordSetting = {
  setBy: ({ connectionData }) => {
    const { basicAuthPassword } = record(connectionData)
    return typeof basicAuthPassword === 'string' ? [basicAuthPassword] : []
  },
  outcome: (_request, answer) => (networkProfileRefusals.has(statusOf(answer)) ? 'refused' : 'unknown'),
}

const networkProfileRefusals: ReadonlySet<unknown> = new Set(['Rejected', 'Failed'])

/** The CALL that gives a charge point a new password, in the form of its version. */
export function passwordCommand(version: OcppVersion, password: string): Command {
  return passwordCommands[version](password)
}

const passwordCommands = since2<(password: string) => Command>(
  (value) => ({ action: 'ChangeConfiguration', payload: { key: 'AuthorizationKey', value }, fields: {} }),
  (attributeValue) => ({
    action: 'SetVariables',
    payload: {
      setVariableData: [
        { attributeValue, component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } },
      ],
    },
    fields: {},
  }),
)

/** The outcome of `passwordCommand`: what the charge point did with the new password. */
export function passwordOutcome(version: OcppVersion, answer: Payload): CommandOutcome | null {
  const status = passwordStatus[version](answer)
  if (typeof status !== 'string') return null
  if (status === 'Accepted') return { status, message: 'The charge point uses a new password; the old one is void' }
  return refusals.has(status)
    ? { status, message: `The charge point keeps its password: it answered ${status}` }
    : { status, message: `Both passwords are valid until the new one is used: the charge point answered ${status}` }
}

const passwordStatus = since2<(answer: Payload) => unknown>(statusOf, ({ setVariableResult }) => {
  const [result] = records(setVariableResult)
  return result?.attributeStatus
})

function outcomeOfStatus(status: unknown): RotationOutcome {
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

/** Only the Actual value is the password, which is also the default type; Target, MinSet and MaxSet are not. */
function setsPassword(data: Payload): boolean {
  const { attributeType = 'Actual' } = data
  return attributeType === 'Actual' && isPasswordVariable(record(data.component).name, record(data.variable).name)
}

/** The result for the password: found by its names, else by its index, because some stations leave out the names. */
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
