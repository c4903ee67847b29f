// Commands by which operators read and change the configuration of a charge point: the configuration keys of 1.6 (§5.8,
// §5.3), and the device model of 2.x (2.0.1 B05, B06) under similar keys.
//
// A 2.x key is `Component.Variable`, or in full `Component[instance]@evse/connector.Variable[instance]`, as in
// `OCPPCommCtrlr.MessageAttempts[TransactionEvent]` or `Connector@1/1.AvailabilityState`. A standard key of 1.6 that
// has another name in 2.x works, too, so `HeartbeatInterval` works for all versions.

import { variablesPerCallMax } from '../../base/limits.ts'
import { ownValue } from '../../base/own-value.ts'
import { type ByVersion, type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command, CommandOutcome } from '../command.ts'
import { statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { NewRow } from '../stored-rows.ts'

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

/** The address of a value in the 2.x device model; 0 and '' mean "none". */
export type VariableName = Pick<
  NewRow<'variables'>,
  'componentName' | 'componentInstance' | 'evseId' | 'connectorId' | 'variableName' | 'variableInstance'
>

// In the order of 1.6 §9; the 2.x names are from 2.0.1 Part 2 appendix 3.1. Keys without a 2.x name are left out.
const standardKeys: Readonly<Record<string, string>> = {
  AllowOfflineTxForUnknownId: 'AuthCtrlr.OfflineTxForUnknownIdEnabled',
  AuthorizationCacheEnabled: 'AuthCacheCtrlr.Enabled',
  AuthorizationKey: 'SecurityCtrlr.BasicAuthPassword',
  AuthorizeRemoteTxRequests: 'AuthCtrlr.AuthorizeRemoteStart',
  ClockAlignedDataInterval: 'AlignedDataCtrlr.Interval',
  ConnectionTimeOut: 'TxCtrlr.EVConnectionTimeOut',
  HeartbeatInterval: 'OCPPCommCtrlr.HeartbeatInterval',
  LocalAuthorizeOffline: 'AuthCtrlr.LocalAuthorizeOffline',
  LocalPreAuthorize: 'AuthCtrlr.LocalPreAuthorize',
  MaxEnergyOnInvalidId: 'TxCtrlr.MaxEnergyOnInvalidId',
  MeterValuesAlignedData: 'AlignedDataCtrlr.Measurands',
  MeterValuesSampledData: 'SampledDataCtrlr.TxUpdatedMeasurands',
  MeterValueSampleInterval: 'SampledDataCtrlr.TxUpdatedInterval',
  MinimumStatusDuration: 'OCPPCommCtrlr.MinimumStatusDuration',
  StopTransactionOnEVSideDisconnect: 'TxCtrlr.StopTxOnEVSideDisconnect',
  StopTransactionOnInvalidId: 'TxCtrlr.StopTxOnInvalidId',
  StopTxnAlignedData: 'AlignedDataCtrlr.TxEndedMeasurands',
  StopTxnSampledData: 'SampledDataCtrlr.TxEndedMeasurands',
  TransactionMessageAttempts: 'OCPPCommCtrlr.MessageAttempts[TransactionEvent]',
  TransactionMessageRetryInterval: 'OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]',
  UnlockConnectorOnEVSideDisconnect: 'OCPPCommCtrlr.UnlockOnEVSideDisconnect',
  WebSocketPingInterval: 'OCPPCommCtrlr.WebSocketPingInterval',
  LocalAuthListEnabled: 'LocalAuthListCtrlr.Enabled',
  SendLocalListMaxLength: 'LocalAuthListCtrlr.ItemsPerMessage',
  ReserveConnectorZeroSupported: 'ReservationCtrlr.NonEvseSpecific',
  ChargeProfileMaxStackLevel: 'SmartChargingCtrlr.ProfileStackLevel',
  ChargingScheduleAllowedChargingRateUnit: 'SmartChargingCtrlr.RateUnit',
  ChargingScheduleMaxPeriods: 'SmartChargingCtrlr.PeriodsPerSchedule',
  ConnectorSwitch3to1PhaseSupported: 'SmartChargingCtrlr.Phases3to1',
}

/** Keys that any 2.x charge point can be asked for. The password is not among them: it can only be written. */
export const standardKeys2x: readonly string[] = Object.values(standardKeys).filter(
  (key) => key !== standardKeys.AuthorizationKey,
)

// The keys of 1.6 are case insensitive (CiString50Type).
const keysByLowerCase = new Map(Object.entries(standardKeys).map(([key, name]) => [key.toLowerCase(), name]))

const keyForm =
  /^(?<componentName>[^.@[\]]+)(?:\[(?<componentInstance>[^\]]+)\])?(?:@(?<evseId>\d{1,6})(?:\/(?<connectorId>\d{1,6}))?)?\.(?<variableName>[^@[\]]+)(?:\[(?<variableInstance>[^\]]+)\])?$/

/** The variable that `key` means; null if it has neither the 2.x form nor a 2.x name. */
export function variableOfKey(key: string): VariableName | null {
  const groups = keyForm.exec(keysByLowerCase.get(key.toLowerCase()) ?? key)?.groups
  if (groups?.componentName === undefined || groups.variableName === undefined) return null
  return {
    componentName: groups.componentName,
    componentInstance: groups.componentInstance ?? '',
    evseId: Number(groups.evseId ?? 0),
    connectorId: Number(groups.connectorId ?? 0),
    variableName: groups.variableName,
    variableInstance: groups.variableInstance ?? '',
  }
}

/** The key of a variable; `variableOfKey` reads it back. */
export function keyOfVariable(name: VariableName): string {
  const instance = name.componentInstance === '' ? '' : `[${name.componentInstance}]`
  const connector = name.connectorId === 0 ? '' : `/${name.connectorId}`
  const evse = name.evseId === 0 ? '' : `@${name.evseId}${connector}`
  const variableInstance = name.variableInstance === '' ? '' : `[${name.variableInstance}]`
  return `${name.componentName}${instance}${evse}.${name.variableName}${variableInstance}`
}

/** The configuration commands of one version. */
interface ConfigurationForm {
  readonly get: (keys: readonly string[]) => Command | { readonly badKey: string }
  readonly change: (key: string, value: string) => Command | null
  readonly read: (keys: readonly string[], answer: Payload, stored: readonly ConfigurationKey[]) => Configuration | null
  readonly changeStatus: (answer: Payload) => string | null
}

/** Highest number of keys in one CALL. */
export const keysPerCallMax: ByVersion<number> = since2<number>(Number.POSITIVE_INFINITY, variablesPerCallMax)

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

function componentVariable(name: VariableName): Payload {
  const evse = { id: name.evseId, ...(name.connectorId === 0 ? {} : { connectorId: name.connectorId }) }
  return {
    component: {
      name: name.componentName,
      ...(name.componentInstance === '' ? {} : { instance: name.componentInstance }),
      ...(name.evseId === 0 ? {} : { evse }),
    },
    variable: {
      name: name.variableName,
      ...(name.variableInstance === '' ? {} : { instance: name.variableInstance }),
    },
  }
}

function nameOfResult(result: Payload): VariableName | null {
  const component = record(result.component)
  const variable = record(result.variable)
  const evse = record(component.evse)
  const componentName = text(component.name)
  const variableName = text(variable.name)
  if (componentName === undefined || variableName === undefined) return null
  return {
    componentName,
    componentInstance: text(component.instance) ?? '',
    evseId: integer(evse.id),
    connectorId: integer(evse.connectorId),
    variableName,
    variableInstance: text(variable.instance) ?? '',
  }
}

// Answers of lenient charge points may break their schema; a field that cannot be read counts as missing.

function entries(value: unknown): Payload[] {
  return Array.isArray(value) ? value.map(record) : []
}

function record(value: unknown): Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function valueText(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : text(value)
}

function integer(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
