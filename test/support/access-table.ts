// What it takes to use each operation of the API, written by hand: a wrong policy in a route differs from it.

import type { Permission } from '../../src/operators/permissions.ts'

/** What an operation is about, and what it answers to those who may use it, but not for the charge point THING. */
interface OperationRow {
  /** Null: anybody may use it. */
  readonly needs: Permission | null
  /** Anybody may use it, and an operator is told more: a wrong key of an operator is refused. */
  readonly readsKeys?: true
  /**
   * 404 or 400: it is about something of THING, and answers as if that did not exist. 200: a list, which shows nothing of
   * it. Left out: it is about nothing of a charge point.
   */
  readonly elsewhere?: 200 | 400 | 404
  /** It may be about nothing that is there, whoever asks. */
  readonly mayBeMissing?: true
  /** A body that is valid: without it the answer would be about the body. */
  readonly body?: Readonly<Record<string, unknown>>
  /** Named in the query. */
  readonly query?: 'chargePointId'
  /** What a body of a list has to show to those who may see THING. */
  readonly shows?: 'THING' | 'transaction' | 'group'
}

const aHash = {
  hashAlgorithm: 'SHA256',
  issuerNameHash: 'ab',
  issuerKeyHash: 'cd',
  serialNumber: '01',
}

/** In each format. */
function exportsOf(name: string, needs: Permission): Record<string, OperationRow> {
  const ids = ['', 'AsNdjson', 'AsParquet'].map((ending) => `export${name}${ending}`)
  return Object.fromEntries(ids.map((id) => [id, { needs, elsewhere: 404 }]))
}

export const accessTable: Readonly<Record<string, OperationRow>> = {
  getLiveness: { needs: null },
  getReadiness: { needs: null, readsKeys: true },
  getMetrics: { needs: 'metrics:read' },

  listChargePoints: { needs: 'chargepoint:read', elsewhere: 200, shows: 'THING' },
  exportChargePoints: { needs: 'chargepoint:read', elsewhere: 200, shows: 'THING' },
  getChargePoint: { needs: 'chargepoint:read', elsewhere: 404, shows: 'THING' },
  getChargePointStatus: { needs: 'chargepoint:read', elsewhere: 404, shows: 'THING' },
  createChargePoint: { needs: 'chargepoint:write' },
  storeChargePoints: { needs: 'chargepoint:write' },
  changeChargePoint: { needs: 'chargepoint:write', elsewhere: 404, body: { location: 'here' } },
  deleteChargePoint: { needs: 'chargepoint:write', elsewhere: 404 },

  listGroups: { needs: 'group:read', elsewhere: 200, shows: 'group' },
  getGroup: { needs: 'group:read', elsewhere: 404, shows: 'group' },
  createGroup: { needs: 'group:write' },
  changeGroup: { needs: 'group:write', elsewhere: 404, body: { name: 'another name' } },
  deleteGroup: { needs: 'group:write', elsewhere: 404 },

  startTransaction: { needs: 'command:start', elsewhere: 404, body: { connectorId: 1, idTag: 'TAG-OF-THING' } },
  stopTransaction: { needs: 'command:stop', elsewhere: 404, body: { transactionId: 1 } },
  resetChargePoint: { needs: 'command:reset', elsewhere: 404, body: { type: 'Soft' } },
  unlockConnector: { needs: 'command:unlock', elsewhere: 404, body: { evseId: 1 } },
  triggerMessage: { needs: 'command:trigger', elsewhere: 404, body: { requestedMessage: 'Heartbeat' } },
  changeAvailability: { needs: 'command:availability', elsewhere: 404, body: { type: 'Operative' } },
  clearCache: { needs: 'command:cache', elsewhere: 404 },
  transferData: { needs: 'command:data-transfer', elsewhere: 404, body: { vendorId: 'com.example' } },
  getTransactionStatus: { needs: 'command:read', elsewhere: 404 },
  getCompositeSchedule: { needs: 'command:read', elsewhere: 404 },
  getLocalList: { needs: 'local-list:read', elsewhere: 404, mayBeMissing: true },
  storeLocalList: { needs: 'local-list:write', elsewhere: 404, body: { entries: [] } },
  syncLocalList: { needs: 'local-list:write', elsewhere: 404, body: { updateType: 'Full' } },
  checkLocalList: { needs: 'local-list:write', elsewhere: 404, mayBeMissing: true },
  setChargingProfile: { needs: 'charging:write', elsewhere: 404, body: { evseId: 1, chargingProfile: {} } },
  clearChargingProfiles: { needs: 'charging:write', elsewhere: 404, body: { profileId: 1 } },
  reportChargingProfiles: { needs: 'charging:write', elsewhere: 404, body: { sources: ['CSO'] } },
  listChargingProfiles: { needs: 'charging:read', elsewhere: 404 },
  getChargingLimits: { needs: 'charging:read', elsewhere: 404 },
  getEvCharging: { needs: 'charging:read', elsewhere: 404 },
  setDynamicSchedule: {
    needs: 'charging:write',
    elsewhere: 404,
    body: { profileId: 1, scheduleUpdate: { limit: 16 } },
  },
  listDynamicSchedules: { needs: 'charging:read', elsewhere: 404 },
  usePriorityCharging: { needs: 'charging:write', elsewhere: 404, body: { transactionId: 1, activate: true } },
  listPriorityCharging: { needs: 'charging:read', elsewhere: 404 },
  setAllowedEnergyTransfer: {
    needs: 'charging:write',
    elsewhere: 404,
    body: { transactionId: 1, allowedEnergyTransfer: ['DC'] },
  },
  listAllowedEnergyTransfers: { needs: 'charging:read', elsewhere: 404 },
  sendAfrrSignal: { needs: 'charging:write', elsewhere: 404, body: { signal: 1 } },
  listAfrrSignals: { needs: 'charging:read', elsewhere: 404 },
  setDerControl: { needs: 'charging:write', elsewhere: 404, body: { controlType: 'VoltVar', control: {} } },
  clearDerControls: { needs: 'charging:write', elsewhere: 404, body: { isDefault: true } },
  reportDerControls: { needs: 'charging:write', elsewhere: 404, body: {} },
  listDerControls: { needs: 'charging:read', elsewhere: 404 },
  requestBatterySwap: { needs: 'command:start', elsewhere: 404, body: { idTag: 'A' } },
  listBatterySwaps: { needs: 'transaction:read', elsewhere: 404 },
  listSettlements: { needs: 'transaction:read', elsewhere: 404 },
  notifyWebPaymentStarted: { needs: 'command:start', elsewhere: 404, body: { evseId: 1, timeoutSeconds: 60 } },
  listWebPayments: { needs: 'transaction:read', elsewhere: 404 },
  listVatNumberChecks: { needs: 'transaction:read', elsewhere: 404 },
  readEventStreams: { needs: 'configuration:read', elsewhere: 404 },
  adjustEventStream: { needs: 'configuration:write', elsewhere: 404, body: { intervalSeconds: 60 } },
  listEventStreams: { needs: 'configuration:read', elsewhere: 404 },
  setDisplayMessage: {
    needs: 'display:write',
    elsewhere: 404,
    body: { message: { format: 'UTF8', content: 'Closed' } },
  },
  clearDisplayMessage: { needs: 'display:write', elsewhere: 404, body: { messageId: 1 } },
  reportDisplayMessages: { needs: 'display:write', elsewhere: 404, body: {} },
  listDisplayMessages: { needs: 'display:read', elsewhere: 404 },
  updateCost: { needs: 'tariff:write', elsewhere: 404, body: { transactionId: 1, totalCost: 1 } },
  giveCost: { needs: 'tariff:write', elsewhere: 404, body: { totalCost: 1 } },
  getTransactionCost: { needs: 'tariff:read', elsewhere: 404 },
  getDefaultPrice: { needs: 'tariff:read', mayBeMissing: true },
  storeDefaultPrice: { needs: 'price:write', body: { currency: 'EUR' } },
  deleteDefaultPrice: { needs: 'price:write', mayBeMissing: true },
  getGroupPrice: { needs: 'tariff:read', elsewhere: 404, mayBeMissing: true },
  storeGroupPrice: { needs: 'tariff:write', elsewhere: 404, body: { currency: 'EUR' } },
  deleteGroupPrice: { needs: 'tariff:write', elsewhere: 404, mayBeMissing: true },
  getPrice: { needs: 'tariff:read', elsewhere: 404, mayBeMissing: true },
  storePrice: { needs: 'tariff:write', elsewhere: 404, body: { currency: 'EUR' } },
  deletePrice: { needs: 'tariff:write', elsewhere: 404, mayBeMissing: true },
  setDefaultTariff: { needs: 'tariff:write', elsewhere: 404, body: { tariff: { tariffId: 'T', currency: 'EUR' } } },
  changeTransactionTariff: {
    needs: 'tariff:write',
    elsewhere: 404,
    body: { transactionId: 1, tariff: { tariffId: 'T', currency: 'EUR' } },
  },
  clearTariffs: { needs: 'tariff:write', elsewhere: 404, body: {} },
  reportTariffs: { needs: 'tariff:write', elsewhere: 404, body: {} },
  listTariffs: { needs: 'tariff:read', elsewhere: 404 },
  getDriverTariff: { needs: 'idtag:read', mayBeMissing: true },
  storeDriverTariff: { needs: 'idtag:write', mayBeMissing: true, body: { tariff: { tariffId: 'T', currency: 'EUR' } } },
  deleteDriverTariff: { needs: 'idtag:write', mayBeMissing: true },
  reserve: { needs: 'command:reserve', elsewhere: 404, body: { idTag: 'A', expiresAt: '2100-01-01T00:00:00Z' } },
  cancelReservation: { needs: 'command:reserve', elsewhere: 404 },
  getReservation: { needs: 'reservation:read', elsewhere: 404, mayBeMissing: true },
  listReservations: { needs: 'reservation:read', elsewhere: 404 },
  publishFirmware: {
    needs: 'command:firmware',
    elsewhere: 404,
    body: { location: 'https://example.com/f', checksum: 'd41d8cd98f00b204e9800998ecf8427e' },
  },
  unpublishFirmware: {
    needs: 'command:firmware',
    elsewhere: 404,
    body: { checksum: 'd41d8cd98f00b204e9800998ecf8427e' },
  },
  requestCustomerInformation: { needs: 'command:customer', elsewhere: 404, body: { idTag: 'USER123' } },
  updateFirmware: {
    needs: 'command:firmware',
    elsewhere: 404,
    body: { location: 'https://example.com/firmware.bin', retrieveDate: '2030-01-01T00:00:00Z' },
  },
  sendCall: { needs: 'command:call', elsewhere: 404, body: { action: 'ClearCache', payload: {} } },
  getConfiguration: { needs: 'configuration:read', elsewhere: 404 },
  searchVariables: { needs: 'configuration:read', elsewhere: 200 },
  listVariables: { needs: 'configuration:read', elsewhere: 404 },
  setVariables: {
    needs: 'configuration:write',
    elsewhere: 404,
    body: { variables: [{ component: { name: 'C' }, variable: { name: 'V' }, value: '1' }] },
  },
  readVariables: {
    needs: 'configuration:read',
    elsewhere: 404,
    body: { variables: [{ component: { name: 'C' }, variable: { name: 'V' } }] },
  },
  setNetworkProfile: {
    needs: 'configuration:write',
    elsewhere: 404,
    body: { csmsUrl: 'wss://csms.example.com/ocpp', securityProfile: 2, interface: 'Wired0' },
  },
  requestBaseReport: { needs: 'configuration:read', elsewhere: 404, body: {} },
  requestReport: { needs: 'configuration:read', elsewhere: 404, body: { criteria: ['Active'] } },
  setMonitors: {
    needs: 'configuration:write',
    elsewhere: 404,
    body: {
      monitors: [{ component: { name: 'C' }, variable: { name: 'V' }, type: 'UpperThreshold', value: 1, severity: 3 }],
    },
  },
  clearMonitors: { needs: 'configuration:write', elsewhere: 404, body: { ids: [1] } },
  listMonitors: { needs: 'configuration:read', elsewhere: 404 },
  setMonitoringBase: { needs: 'configuration:write', elsewhere: 404, body: { monitoringBase: 'All' } },
  setMonitoringLevel: { needs: 'configuration:write', elsewhere: 404, body: { severity: 3 } },
  requestMonitoringReport: { needs: 'configuration:read', elsewhere: 404, body: {} },
  listAlarms: { needs: 'event:read', elsewhere: 200 },
  listReports: { needs: 'configuration:read', elsewhere: 404 },
  changeConfiguration: {
    needs: 'configuration:write',
    elsewhere: 404,
    body: { key: 'HeartbeatInterval', value: '60' },
  },

  rotateCredentials: { needs: 'credential:write', elsewhere: 404 },
  createCredentialRotation: { needs: 'credential:write', elsewhere: 400, body: { chargePointIds: ['THING'] } },
  listCredentialRotations: { needs: 'credential:read', elsewhere: 200 },
  getCredentialRotation: { needs: 'credential:read', elsewhere: 404 },
  listCredentialRotationItems: { needs: 'credential:read', elsewhere: 404, shows: 'THING' },
  cancelCredentialRotation: { needs: 'credential:write', elsewhere: 404 },

  uploadLog: {
    needs: 'command:diagnostics',
    elsewhere: 404,
    body: { type: 'DiagnosticsLog', location: 'https://example.com/logs' },
  },
  listJobs: { needs: 'job:read', elsewhere: 200 },
  getJob: { needs: 'job:read', mayBeMissing: true },
  getCustomerInformation: { needs: 'job:file', mayBeMissing: true },
  deleteCustomerInformation: { needs: 'command:customer', mayBeMissing: true },
  getJobFile: { needs: 'job:file', mayBeMissing: true },
  cancelJob: { needs: 'job:write', mayBeMissing: true },
  repeatJob: { needs: 'job:write', mayBeMissing: true },

  getCertificates: { needs: 'certificate:read', elsewhere: 404 },
  installCertificate: {
    needs: 'certificate:write',
    elsewhere: 404,
    body: { type: 'CSMSRootCertificate', certificate: '-----BEGIN CERTIFICATE-----' },
  },
  reportCertificates: { needs: 'certificate:write', elsewhere: 404 },
  deleteCertificate: { needs: 'certificate:write', elsewhere: 404, body: aHash },
  renewCertificate: { needs: 'certificate:write', elsewhere: 404 },
  revokeCertificate: { needs: 'certificate:write', elsewhere: 404, mayBeMissing: true },
  listCertificates: { needs: 'certificate:read', elsewhere: 200 },
  getCertificateAuthority: { needs: 'certificate:read', mayBeMissing: true },

  listMeterValuesOfChargePoint: { needs: 'metervalue:read', elsewhere: 404 },
  listMessages: { needs: 'message:read', elsewhere: 404 },
  listEvents: { needs: 'event:read', elsewhere: 404 },
  listHistory: { needs: 'event:read', elsewhere: 404 },
  listAnomalies: { needs: 'event:read', elsewhere: 200, query: 'chargePointId', shows: 'THING' },
  listAnomaliesOfChargePoint: { needs: 'event:read', elsewhere: 404 },
  listSecurityEvents: { needs: 'security:read', elsewhere: 200, shows: 'THING' },
  listAuditLog: { needs: 'audit:read' },
  listAuditHeads: { needs: 'audit:read' },

  listTransactions: { needs: 'transaction:read', elsewhere: 200, query: 'chargePointId', shows: 'transaction' },
  exportTransactions: { needs: 'transaction:read', elsewhere: 200, query: 'chargePointId', shows: 'transaction' },
  exportTransactionsAsNdjson: {
    needs: 'transaction:read',
    elsewhere: 200,
    query: 'chargePointId',
    shows: 'transaction',
  },
  exportTransactionsAsParquet: { needs: 'transaction:read', elsewhere: 200, query: 'chargePointId' },
  ...exportsOf('MeterValuesOfTransaction', 'transaction:read'),
  ...exportsOf('MeterValuesOfChargePoint', 'metervalue:read'),
  ...exportsOf('History', 'event:read'),
  ...exportsOf('Messages', 'message:read'),
  getTransaction: { needs: 'transaction:read', elsewhere: 404, shows: 'transaction' },
  listMeterValuesOfTransaction: { needs: 'transaction:read', elsewhere: 404 },
  listCorrections: { needs: 'transaction:read', elsewhere: 404 },
  closeTransaction: {
    needs: 'transaction:write',
    elsewhere: 404,
    body: { meterStop: 1, reason: 'lost' },
  },

  listQuirkProfiles: { needs: 'quirk:read' },
  getQuirkProfile: { needs: 'quirk:read', mayBeMissing: true },
  storeQuirkProfile: { needs: 'quirk:write', body: {} },
  deleteQuirkProfile: { needs: 'quirk:write', mayBeMissing: true },
  listQuirkCounts: { needs: 'event:read', elsewhere: 200 },
  listDataTransferVendors: { needs: 'data-transfer:read' },
  getDataTransferVendor: { needs: 'data-transfer:read', mayBeMissing: true },
  storeDataTransferVendor: { needs: 'data-transfer:write', body: {} },
  deleteDataTransferVendor: { needs: 'data-transfer:write', mayBeMissing: true },

  listIdTags: { needs: 'idtag:read' },
  exportIdTags: { needs: 'idtag:read' },
  getIdTag: { needs: 'idtag:read', mayBeMissing: true },
  createIdTag: { needs: 'idtag:write' },
  storeIdTags: { needs: 'idtag:write' },
  changeIdTag: { needs: 'idtag:write', mayBeMissing: true },
  deleteIdTag: { needs: 'idtag:write', mayBeMissing: true },
  eraseIdTag: { needs: 'idtag:erase', mayBeMissing: true },
  listIdTokenErasures: { needs: 'idtag:read' },
  getIdTokenErasure: { needs: 'idtag:read', mayBeMissing: true },

  listApiKeys: { needs: 'apikey:read', elsewhere: 200 },
  getApiKey: { needs: 'apikey:read', elsewhere: 404 },
  createApiKey: { needs: 'apikey:write' },
  changeApiKey: { needs: 'apikey:write', elsewhere: 404, body: { name: 'another name' } },
  revokeApiKey: { needs: 'apikey:write', elsewhere: 404 },
  listRoles: { needs: 'role:read' },
  getRole: { needs: 'role:read', mayBeMissing: true },
  createRole: { needs: 'role:write' },
  changeRole: { needs: 'role:write', mayBeMissing: true },
  deleteRole: { needs: 'role:write', mayBeMissing: true },
}

/** Permissions that concern more than single charge points: an operator of some groups may not use them. */
export const forAll: ReadonlySet<Permission> = new Set<Permission>([
  ...(['idtag:read', 'idtag:write', 'idtag:erase', 'role:write', 'price:write', 'metrics:read'] as const),
  ...(['data-transfer:read', 'data-transfer:write', 'quirk:write'] as const),
])

/** What charge points may do with their own credentials. */
export const ofChargePoints: ReadonlySet<Permission> = new Set<Permission>([
  ...(['chargepoint:read', 'transaction:read', 'metervalue:read', 'event:read', 'message:read'] as const),
  ...(['configuration:read', 'configuration:write', 'certificate:read'] as const),
  ...(['command:start', 'command:stop', 'command:reset', 'command:firmware', 'command:call'] as const),
])
