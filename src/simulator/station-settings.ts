// What can be read and changed in a simulated charge point: one table with the 1.6 name of each setting (§9) and its
// 2.x component and variable (2.0.1 Part 2, Referenced Components and Variables), so that both versions change the same
// value.

export type SettingKind = 'integer' | 'boolean' | 'string' | 'MemberList'

export interface SettingRow {
  /** Configuration key of 1.6; null when 1.6 has none. */
  readonly key: string | null
  /** 2.x component and variable; null when 2.x has none. */
  readonly variable: readonly [component: string, variable: string, instance?: string] | null
  readonly kind: SettingKind
  readonly mutability: 'ReadOnly' | 'WriteOnly' | 'ReadWrite'
  readonly unit?: string
  value: string
}

const table = [
  ['HeartbeatInterval', ['OCPPCommCtrlr', 'HeartbeatInterval'], 'integer', 'ReadWrite', '300', 's'],
  ['MeterValueSampleInterval', ['SampledDataCtrlr', 'TxUpdatedInterval'], 'integer', 'ReadWrite', '60', 's'],
  ['ClockAlignedDataInterval', ['AlignedDataCtrlr', 'Interval'], 'integer', 'ReadWrite', '0', 's'],
  [
    'MeterValuesSampledData',
    ['SampledDataCtrlr', 'TxUpdatedMeasurands'],
    'MemberList',
    'ReadOnly',
    'Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC',
  ],
  ['ConnectionTimeOut', ['TxCtrlr', 'EVConnectionTimeOut'], 'integer', 'ReadWrite', '60', 's'],
  ['AuthorizeRemoteTxRequests', ['AuthCtrlr', 'AuthorizeRemoteStart'], 'boolean', 'ReadWrite', 'false'],
  ['StopTransactionOnInvalidId', ['TxCtrlr', 'StopTxOnInvalidId'], 'boolean', 'ReadWrite', 'true'],
  ['StopTransactionOnEVSideDisconnect', ['TxCtrlr', 'StopTxOnEVSideDisconnect'], 'boolean', 'ReadOnly', 'true'],
  ['LocalAuthListEnabled', ['LocalAuthListCtrlr', 'Enabled'], 'boolean', 'ReadWrite', 'true'],
  ['LocalAuthorizeOffline', ['AuthCtrlr', 'LocalAuthorizeOffline'], 'boolean', 'ReadWrite', 'true'],
  ['LocalPreAuthorize', ['AuthCtrlr', 'LocalPreAuthorize'], 'boolean', 'ReadWrite', 'false'],
  ['ResetRetries', ['OCPPCommCtrlr', 'ResetRetries'], 'integer', 'ReadWrite', '3'],
  ['TransactionMessageAttempts', ['OCPPCommCtrlr', 'MessageAttempts', 'TransactionEvent'], 'integer', 'ReadWrite', '3'],
  [
    'TransactionMessageRetryInterval',
    ['OCPPCommCtrlr', 'MessageAttemptInterval', 'TransactionEvent'],
    'integer',
    'ReadWrite',
    '60',
    's',
  ],
  ['WebSocketPingInterval', ['OCPPCommCtrlr', 'WebSocketPingInterval'], 'integer', 'ReadWrite', '0', 's'],
  ['ChargeProfileMaxStackLevel', ['SmartChargingCtrlr', 'ProfileStackLevel'], 'integer', 'ReadOnly', '8'],
  ['AuthorizationKey', ['SecurityCtrlr', 'BasicAuthPassword'], 'string', 'WriteOnly', ''],
  ['CpoName', ['SecurityCtrlr', 'OrganizationName'], 'string', 'ReadWrite', ''],
  ['GetConfigurationMaxKeys', null, 'integer', 'ReadOnly', '100'],
  ['NumberOfConnectors', null, 'integer', 'ReadOnly', '1'],
  [
    'SupportedFeatureProfiles',
    null,
    'MemberList',
    'ReadOnly',
    'Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger',
  ],
  [null, ['ChargingStation', 'Model'], 'string', 'ReadOnly', ''],
  [null, ['ChargingStation', 'VendorName'], 'string', 'ReadOnly', ''],
  [null, ['ChargingStation', 'FirmwareVersion'], 'string', 'ReadOnly', ''],
  [null, ['AuthCtrlr', 'Enabled'], 'boolean', 'ReadWrite', 'true'],
  [null, ['TxCtrlr', 'TxStartPoint'], 'MemberList', 'ReadOnly', 'Authorized'],
  [null, ['TxCtrlr', 'TxStopPoint'], 'MemberList', 'ReadOnly', 'Authorized'],
  [null, ['ClockCtrlr', 'TimeSource'], 'MemberList', 'ReadWrite', 'Heartbeat'],
  [null, ['LocalAuthListCtrlr', 'Entries'], 'integer', 'ReadOnly', '0'],
] as const satisfies readonly (readonly [
  SettingRow['key'],
  SettingRow['variable'],
  SettingKind,
  SettingRow['mutability'],
  string,
  string?,
])[]

/** Whether `value` can be a value of `kind`. */
function fits(kind: SettingKind, value: string): boolean {
  if (kind === 'integer') return /^\d{1,9}$/.test(value)
  if (kind === 'boolean') return value === 'true' || value === 'false'
  return value.length <= 1000
}

/** The settings of one charge point. */
export class StationSettings {
  readonly #rows: readonly SettingRow[]

  constructor() {
    this.#rows = table.map(([key, variable, kind, mutability, value, unit]) => ({
      key,
      variable,
      kind,
      mutability,
      value,
      ...(unit === undefined ? {} : { unit }),
    }))
  }

  all(): readonly SettingRow[] {
    return this.#rows
  }

  /** By the key of 1.6; letter case does not count (CiString50). */
  byKey(key: string): SettingRow | undefined {
    return this.#rows.find((row) => row.key?.toLowerCase() === key.toLowerCase())
  }

  /** By component, variable and instance of the variable. */
  byVariable(component: string, variable: string, instance?: string): SettingRow | undefined {
    return this.#rows.find(
      (row) => row.variable?.[0] === component && row.variable[1] === variable && row.variable[2] === instance,
    )
  }

  hasComponent(component: string): boolean {
    return this.#rows.some((row) => row.variable?.[0] === component)
  }

  /** The value of a setting by its 1.6 key, as a number. */
  seconds(key: string): number {
    return Number(this.byKey(key)?.value ?? 0)
  }

  isOn(key: string): boolean {
    return this.byKey(key)?.value === 'true'
  }

  /**
   * Writes a value on behalf of the central system; false when the row may not be written or the value does not fit.
   */
  change(row: SettingRow, value: string): boolean {
    if (row.mutability === 'ReadOnly' || !fits(row.kind, value)) return false
    row.value = value
    return true
  }
}
