// How variables of the device model are named: in payloads of 2.x, and by the keys of operators.
//
// A 2.x key is `Component.Variable`, or in full `Component[instance]@evse/connector.Variable[instance]`, as in
// `OCPPCommCtrlr.MessageAttempts[TransactionEvent]` or `Connector@1/1.AvailabilityState`. A standard key of 1.6 that
// has another name in 2.x works, too, so `HeartbeatInterval` works for all versions.

import type { Payload } from '../decision.ts'
import type { NewRow } from '../stored-rows.ts'
import { integer, record, text } from './answer-values.ts'

/** The address of a value in the 2.x device model; 0 and '' mean "none". */
export type VariableName = Pick<
  NewRow<'variables'>,
  'componentName' | 'componentInstance' | 'evseId' | 'connectorId' | 'variableName' | 'variableInstance'
>

/**
 * The component of the configuration keys of 1.6 in the device model. A charge point of 2.x has none of this name:
 * under it a standard key of 1.6 means the variable that has replaced it.
 */
export const configurationComponent = 'Configuration'

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

const keysByName = new Map(Object.entries(standardKeys).map(([key, name]) => [name.toLowerCase(), key]))

/** The configuration key of 1.6 that means this variable; null: there is none. */
export function configurationKeyOf(name: VariableName): string | null {
  if (isConfigurationKey(name)) return name.variableName
  return keysByName.get(keyOfVariable(name).toLowerCase()) ?? null
}

function isConfigurationKey({ componentName, evseId }: VariableName): boolean {
  return evseId === 0 && componentName.toLowerCase() === configurationComponent.toLowerCase()
}

/** The variable of 2.x that this one means: itself, or what has replaced a key of 1.6; null: nothing has. */
export function variableIn2x(name: VariableName): VariableName | null {
  return isConfigurationKey(name) ? variableOfKey(name.variableName) : name
}

/** The variable of a configuration key of 1.6. */
export function variableIn16(key: string): VariableName {
  const none = { componentInstance: '', evseId: 0, connectorId: 0, variableInstance: '' }
  return { componentName: configurationComponent, variableName: key, ...none }
}

/** The members `component` and `variable` of a payload of 2.x. */
export function componentVariable(name: VariableName): Payload {
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

/** The variable that an element of an answer of 2.x names; null: it names none. */
export function nameOfResult(result: Payload): VariableName | null {
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
