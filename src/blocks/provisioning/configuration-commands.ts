// Commands by which operators read and change the configuration of a charge point: configuration keys of 1.6 (§5.8,
// §5.3), and the device model of 2.x (2.0.1 B05, B06) under similar keys (`variable-name.ts`).

import { ownValue } from '../../base/own-value.ts'
import { type ByVersion, type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command, CommandOutcome } from '../command.ts'
import { statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { NewRow } from '../stored-rows.ts'
import { entries, text, valueText } from './answer-values.ts'
import { componentVariable, keyOfVariable, nameOfResult, variableOfKey } from './variable-name.ts'

/** One entry of the answer to GET …/configuration. `value` is missing if the charge point does not send it. */
export interface ConfigurationKey {
  readonly key: string
  readonly readonly: boolean
  readonly value?: string
}

export interface Configuration {
  readonly configurationKey: readonly ConfigurationKey[]
  /** Requested keys that the charge point does not know. */
  readonly unknownKey: readonly string[]
}

/** The configuration commands of one version. */
interface ConfigurationForm {
  readonly get: (keys: readonly string[]) => Command | { readonly badKey: string }
  readonly change: (key: string, value: string) => Command | null
  readonly read: (keys: readonly string[], answer: Payload, stored: readonly ConfigurationKey[]) => Configuration | null
  readonly changeStatus: (answer: Payload) => string | null
}

/** Whether charge points report their configuration themselves (2.x: the device model), so that Stator stores it. */
export const isReported: ByVersion<boolean> = since2<boolean>(false, true)

const form16: ConfigurationForm = {
  get: (keys) => ({
    action: 'GetConfiguration',
    payload: keys.length === 0 ? {} : { key: keys },
    fields: { '/key': 'key' },
  }),
  change: (key, value) => ({ action: 'ChangeConfiguration', payload: { key, value }, fields: {} }),
  read: (_keys, answer) => configuration16(answer),
  changeStatus: statusOf,
}

const form2x: ConfigurationForm = {
  get: getVariables,
  change: setVariable,
  read: configuration2x,
  changeStatus: (answer) => text(entries(answer.setVariableResult)[0]?.attributeStatus) ?? null,
}

const forms = since2(form16, form2x)

/**
 * GetConfiguration (1.6) or GetVariables (2.x) for `keys`. In 1.6 an empty list means all keys. Use it unless an
 * operator asked for certain keys: some charge points reboot when they get a list.
 *
 * @returns the command, or the first key that is invalid in 2.x.
 */
export function getConfigurationCommand(version: OcppVersion, keys: readonly string[]): Command | { badKey: string } {
  return forms[version].get(keys)
}

function getVariables(keys: readonly string[]): Command | { badKey: string } {
  const getVariableData: Payload[] = []
  for (const key of keys) {
    const name = variableOfKey(key)
    if (name === null) return { badKey: key }
    getVariableData.push(componentVariable(name))
  }
  return { action: 'GetVariables', payload: { getVariableData }, fields: { '/getVariableData': 'key' } }
}

/** ChangeConfiguration (1.6) or SetVariables (2.x); null if the key is invalid in 2.x. */
export function changeConfigurationCommand(version: OcppVersion, key: string, value: string): Command | null {
  return forms[version].change(key, value)
}

function setVariable(key: string, value: string): Command | null {
  const name = variableOfKey(key)
  if (name === null) return null
  return {
    action: 'SetVariables',
    payload: { setVariableData: [{ attributeValue: value, ...componentVariable(name) }] },
    fields: {
      '/setVariableData/0/attributeValue': 'value',
      '/setVariableData/0/component': 'key',
      '/setVariableData/0/variable': 'key',
    },
  }
}

/**
 * The answer to GetConfiguration or GetVariables for `keys`, with the field names of 1.6. What a station left out is
 * left out here. Null if the answer is not empty but nothing in it can be read.
 *
 * An answer to GetVariables does not say what may be written, so `stored` decides whether a 2.x key is read-only.
 */
export function configurationOf(
  version: OcppVersion,
  keys: readonly string[],
  answer: Payload,
  stored: readonly ConfigurationKey[],
): Configuration | null {
  return forms[version].read(keys, answer, stored)
}

/** Of a whole configuration of 1.6, whose keys have no letter case, what was asked for. */
export function onlyKeys(keys: readonly string[], { configurationKey }: Configuration): Configuration {
  const wanted = new Set(keys.map((key) => key.toLowerCase()))
  const found = configurationKey.filter(({ key }) => wanted.has(key.toLowerCase()))
  const known = new Set(found.map(({ key }) => key.toLowerCase()))
  return { configurationKey: found, unknownKey: keys.filter((key) => !known.has(key.toLowerCase())) }
}

/** The stored device model with the field names of 1.6: the Actual value of each variable. */
export function configurationOfVariables(variables: readonly NewRow<'variables'>[]): ConfigurationKey[] {
  return variables
    .filter((variable) => variable.attributeType === 'Actual')
    .map((variable) => ({
      key: keyOfVariable(variable),
      readonly: variable.mutability === 'ReadOnly' || variable.constant,
      ...(variable.value === null ? {} : { value: variable.value }),
    }))
}

/** The outcome of a change of configuration; null if the answer has no status. */
export function changeConfigurationOutcome(version: OcppVersion, answer: Payload): CommandOutcome | null {
  const status = forms[version].changeStatus(answer)
  if (status === null) return null
  return { status, message: ownValue(changeMessages, status) ?? `The charge point answered the change with ${status}` }
}

// ConfigurationStatus (1.6 §7.22) and SetVariableStatusEnumType.
const changeMessages: Readonly<Record<string, string>> = {
  Accepted: 'Configuration updated successfully',
  RebootRequired: 'Configuration updated; it takes effect after a reboot',
  Rejected: 'The charge point rejected the value, or the key is read-only',
  NotSupported: 'The charge point does not know this key',
  UnknownComponent: 'The charge point does not have this component',
  UnknownVariable: 'The charge point does not have this variable',
  NotSupportedAttributeType: 'The charge point does not keep this variable as a setting',
}

// Both lists may be left out (1.6 §6.24), so an empty answer is valid. A text instead of a list is not.
function configuration16(answer: Payload): Configuration | null {
  const sent = [answer.configurationKey, answer.unknownKey].filter((list) => list !== undefined && list !== null)
  if (sent.length === 0) return Object.keys(answer).length === 0 ? { configurationKey: [], unknownKey: [] } : null
  const configurationKey = entries(answer.configurationKey).flatMap((entry) => {
    const key = text(entry.key)
    const value = valueText(entry.value)
    if (key === undefined) return []
    return [{ key, readonly: entry.readonly === true, ...(value === undefined ? {} : { value }) }]
  })
  const unknownKey = Array.isArray(answer.unknownKey) ? answer.unknownKey.map(String) : []
  const isEmpty = sent.every((list) => Array.isArray(list) && list.length === 0)
  return isEmpty || configurationKey.length + unknownKey.length > 0 ? { configurationKey, unknownKey } : null
}

function configuration2x(
  keys: readonly string[],
  answer: Payload,
  stored: readonly ConfigurationKey[],
): Configuration | null {
  const readOnly = new Set(stored.filter((entry) => entry.readonly).map((entry) => entry.key))
  const configurationKey: ConfigurationKey[] = []
  const unknownKey: string[] = []
  for (const [index, result] of entries(answer.getVariableResult).entries()) {
    const name = nameOfResult(result)
    const key = name === null ? keys[index] : keyOfVariable(name)
    const status = text(result.attributeStatus)
    const value = valueText(result.attributeValue)
    if (key === undefined || (name === null && status === undefined && value === undefined)) continue
    if (status === 'UnknownComponent' || status === 'UnknownVariable') unknownKey.push(keys[index] ?? key)
    else configurationKey.push({ key, readonly: readOnly.has(key), ...(value === undefined ? {} : { value }) })
  }
  return configurationKey.length + unknownKey.length > 0 ? { configurationKey, unknownKey } : null
}
