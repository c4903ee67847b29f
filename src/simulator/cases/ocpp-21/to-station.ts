// Every message of OCPP 2.1 that a central system sends, with what 2.1 has and 2.0.1 has not: it comes as the operator
// asked for it, and the operator is told what the station answers. The payloads are made from the schemas.

import type { SentAction } from '../../../blocks/message-row.ts'
import type { v21 } from '../../../blocks/messages.ts'
import type { Case } from '../play.ts'
import { type Payload, Station } from '../station.ts'
import { boots } from '../ocpp-201/states.ts'

/** One message: what is sent, and what the station answers. */
interface ToStation {
  readonly payload: Payload
  readonly reply: Payload
}

const requestId = 21
const transactionId = 'TX-2.1'
const future = '2035-01-01T00:00:00Z'
const accepted = { status: 'Accepted' }
const rejected = { status: 'Rejected', statusInfo: { reasonCode: 'NotEnabled' } }
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab12', issuerKeyHash: 'cd34', serialNumber: '5E6F' }
const component = { name: 'OCPPCommCtrlr' }
const variable = { name: 'OfflineThreshold' }
const idToken = { idToken: 'TOKEN-2.1', type: 'Central' }
const profile = {
  id: 1,
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Dynamic',
  dynUpdateInterval: 60,
  chargingSchedule: [
    {
      id: 1,
      chargingRateUnit: 'W',
      chargingSchedulePeriod: [{ startPeriod: 0, operationMode: 'CentralSetpoint', setpoint: 5_500.5 }],
    },
  ],
}
const tariff = { tariffId: 'T-1', currency: 'EUR', energy: { prices: [{ priceKwh: 0.25 }] } }
const message = { format: 'UTF8', content: 'Hello', language: 'en' }
const displayMessage = { id: 1, priority: 'NormalCycle', message, messageExtra: [{ ...message, language: 'nl' }] }
const firmwareUrl = 'https://firmware.example.com/f.bin'

const messages: Readonly<Record<SentAction<typeof v21>, ToStation>> = {
  CertificateSigned: {
    payload: { certificateChain: pem, certificateType: 'V2G20Certificate', requestId },
    reply: accepted,
  },
  GetInstalledCertificateIds: { payload: { certificateType: ['OEMRootCertificate'] }, reply: { status: 'NotFound' } },
  DeleteCertificate: { payload: { certificateHashData: hashData }, reply: { status: 'NotFound' } },
  InstallCertificate: { payload: { certificateType: 'OEMRootCertificate', certificate: pem }, reply: rejected },
  SetVariables: {
    payload: { setVariableData: [{ component, variable, attributeValue: '600' }] },
    reply: { setVariableResult: [{ component, variable, attributeStatus: 'Accepted' }] },
  },
  GetVariables: {
    payload: { getVariableData: [{ component, variable }] },
    reply: { getVariableResult: [{ component, variable, attributeStatus: 'Accepted', attributeValue: '600' }] },
  },
  GetBaseReport: { payload: { requestId, reportBase: 'SummaryInventory' }, reply: { status: 'NotSupported' } },
  GetReport: {
    payload: { requestId, componentCriteria: ['Problem'], componentVariable: [{ component }] },
    reply: { status: 'EmptyResultSet' },
  },
  SetNetworkProfile: {
    payload: {
      configurationSlot: 1,
      connectionData: {
        ocppVersion: 'OCPP21',
        ocppInterface: 'Any',
        ocppTransport: 'JSON',
        messageTimeout: 30,
        ocppCsmsUrl: 'wss://csms.example.com/ocpp',
        securityProfile: 2,
      },
    },
    reply: { status: 'Failed' },
  },
  Reset: { payload: { type: 'ImmediateAndResume', evseId: 1 }, reply: { status: 'Scheduled' } },
  ClearCache: { payload: {}, reply: accepted },
  NotifyWebPaymentStarted: { payload: { evseId: 1, timeout: 60 }, reply: {} },
  SendLocalList: {
    payload: {
      versionNumber: 1,
      updateType: 'Differential',
      localAuthorizationList: [{ idToken, idTokenInfo: { status: 'Accepted' } }],
    },
    reply: { status: 'VersionMismatch' },
  },
  GetLocalListVersion: { payload: {}, reply: { versionNumber: 7 } },
  GetTransactionStatus: { payload: { transactionId }, reply: { ongoingIndicator: false, messagesInQueue: false } },
  RequestBatterySwap: { payload: { idToken, requestId }, reply: accepted },
  RequestStartTransaction: {
    payload: { remoteStartId: requestId, evseId: 1, idToken, chargingProfile: { ...profile, id: 2 } },
    reply: rejected,
  },
  RequestStopTransaction: { payload: { transactionId }, reply: rejected },
  UnlockConnector: { payload: { evseId: 1, connectorId: 1 }, reply: { status: 'UnlockFailed' } },
  TriggerMessage: {
    payload: { requestedMessage: 'CustomTrigger', customTrigger: 'com.example.selfTest' },
    reply: { status: 'NotImplemented' },
  },
  ChangeAvailability: {
    payload: { operationalStatus: 'Inoperative', evse: { id: 1, connectorId: 1 } },
    reply: { status: 'Scheduled' },
  },
  ReserveNow: {
    payload: { id: requestId, expiryDateTime: future, idToken, evseId: 1 },
    reply: { status: 'Occupied' },
  },
  CancelReservation: { payload: { reservationId: requestId }, reply: rejected },
  CostUpdated: { payload: { totalCost: 12.5, transactionId }, reply: {} },
  SetDefaultTariff: { payload: { evseId: 0, tariff }, reply: accepted },
  GetTariffs: {
    payload: { evseId: 0 },
    reply: { status: 'Accepted', tariffAssignments: [{ tariffId: 'T-1', tariffKind: 'DefaultTariff', evseIds: [1] }] },
  },
  ClearTariffs: {
    payload: { tariffIds: ['T-1'], evseId: 1 },
    reply: { clearTariffsResult: [{ tariffId: 'T-1', status: 'NoTariff' }] },
  },
  ChangeTransactionTariff: { payload: { transactionId, tariff }, reply: { status: 'TxNotFound' } },
  SetChargingProfile: { payload: { evseId: 1, chargingProfile: profile }, reply: accepted },
  GetCompositeSchedule: {
    payload: { duration: 3_600, evseId: 1, chargingRateUnit: 'W' },
    reply: rejected,
  },
  GetChargingProfiles: {
    payload: { requestId, chargingProfile: { chargingProfilePurpose: 'LocalGeneration' } },
    reply: { status: 'NoProfiles' },
  },
  ClearChargingProfile: {
    payload: { chargingProfileCriteria: { chargingProfilePurpose: 'PriorityCharging' } },
    reply: { status: 'Unknown' },
  },
  UsePriorityCharging: { payload: { transactionId, activate: true }, reply: { status: 'NoProfile' } },
  UpdateDynamicSchedule: {
    payload: { chargingProfileId: 1, scheduleUpdate: { setpoint: 5_500.5, setpoint_L2: 1_000 } },
    reply: accepted,
  },
  NotifyAllowedEnergyTransfer: {
    payload: { transactionId, allowedEnergyTransfer: ['AC_three_phase', 'DC_BPT'] },
    reply: accepted,
  },
  AFRRSignal: { payload: { timestamp: future, signal: -3 }, reply: accepted },
  SetDERControl: {
    payload: {
      isDefault: false,
      controlId: 'd-2',
      controlType: 'FixedVar',
      fixedVar: { priority: 1, setpoint: 0.5, unit: 'PctMaxVar', startTime: future, duration: 900 },
    },
    reply: { status: 'Accepted', supersededIds: ['d-1'] },
  },
  GetDERControl: { payload: { requestId, controlType: 'FixedVar' }, reply: { status: 'NotFound' } },
  ClearDERControl: { payload: { isDefault: false, controlId: 'd-2' }, reply: { status: 'NotSupported' } },
  UpdateFirmware: {
    payload: { requestId, firmware: { location: firmwareUrl, retrieveDateTime: future } },
    reply: rejected,
  },
  PublishFirmware: { payload: { location: firmwareUrl, checksum: 'abc', requestId }, reply: rejected },
  UnpublishFirmware: { payload: { checksum: 'abc' }, reply: { status: 'NoFirmware' } },
  GetLog: {
    payload: { logType: 'DataCollectorLog', requestId, log: { remoteLocation: 'https://logs.example.com/upload' } },
    reply: rejected,
  },
  GetMonitoringReport: {
    payload: { requestId, monitoringCriteria: ['DeltaMonitoring'] },
    reply: { status: 'EmptyResultSet' },
  },
  SetMonitoringBase: { payload: { monitoringBase: 'HardWiredOnly' }, reply: accepted },
  SetVariableMonitoring: {
    payload: {
      setMonitoringData: [
        {
          value: 1,
          type: 'TargetDelta',
          severity: 5,
          component,
          variable,
          periodicEventStream: { interval: 60, values: 10 },
        },
      ],
    },
    reply: {
      setMonitoringResult: [{ id: 1, component, variable, type: 'TargetDelta', severity: 5, status: 'Accepted' }],
    },
  },
  SetMonitoringLevel: { payload: { severity: 5 }, reply: accepted },
  ClearVariableMonitoring: {
    payload: { id: [99] },
    reply: { clearMonitoringResult: [{ id: 99, status: 'NotFound' }] },
  },
  CustomerInformation: {
    payload: { requestId, report: true, clear: false, idToken },
    reply: { status: 'Invalid' },
  },
  GetPeriodicEventStream: {
    payload: {},
    reply: { constantStreamData: [{ id: 1, params: { interval: 60, values: 10 }, variableMonitoringId: 7 }] },
  },
  AdjustPeriodicEventStream: { payload: { id: 1, params: { interval: 30, values: 5 } }, reply: accepted },
  SetDisplayMessage: { payload: { message: displayMessage }, reply: { status: 'LanguageNotSupported' } },
  GetDisplayMessages: { payload: { requestId, state: 'Discharging' }, reply: { status: 'Unknown' } },
  ClearDisplayMessage: { payload: { id: 1 }, reply: { status: 'Unknown' } },
  DataTransfer: {
    payload: { vendorId: 'com.example', messageId: 'hello', data: { of: ['any', 'kind'] } },
    reply: { status: 'UnknownMessageId' },
  },
}

function receives(action: string, { payload, reply }: ToStation): Case {
  return async (play) => {
    const station = await Station.known(play, 'plain', { strictness: 'strict' })
    await station.connect()
    await boots(station)
    await station.called(action, payload, reply)
  }
}

export const toStationCases: Readonly<Record<string, Case>> = Object.fromEntries(
  Object.entries(messages).map(([action, message]) => [`2.1 ${action}, to the station`, receives(action, message)]),
)
