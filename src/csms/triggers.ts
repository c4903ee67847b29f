// Which messages a charge point will send because the central system asked for them. They are served before its boot is
// accepted, too (2.0.1 B02.FR.09).

import { ownValue } from '../base/own-value.ts'
import type { Payload } from './decision.ts'

type Asked = readonly string[] | ((payload: Payload) => readonly string[])

const signingRequest: readonly string[] = ['SignCertificate']

/** Words of a TriggerMessage that are not the name of the action that they ask for. */
const requestedActions: Readonly<Record<string, readonly string[]>> = {
  // 1.6 security whitepaper §6.12: either may come, and the word means both.
  FirmwareStatusNotification: ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification'],
  SignChargePointCertificate: signingRequest,
  // 2.0.1 MessageTriggerEnumType.
  SignChargingStationCertificate: signingRequest,
  SignV2GCertificate: signingRequest,
  SignCombinedCertificate: signingRequest,
}

function requested({ requestedMessage }: Payload): readonly string[] {
  if (typeof requestedMessage !== 'string') return []
  return ownValue(requestedActions, requestedMessage) ?? [requestedMessage]
}

const firmware = ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification']
const connectorStatus = ['StatusNotification', 'NotifyEvent']

/** By the CALL that asks, in the order of the functional blocks of 2.0.1; 1.6 and 2.0.1 together. */
const triggers: Readonly<Record<string, Asked>> = {
  CertificateSigned: ['SecurityEventNotification'],
  GetBaseReport: ['NotifyReport'],
  GetReport: ['NotifyReport'],
  RemoteStartTransaction: ['Authorize', 'StatusNotification'],
  RequestStartTransaction: ['Authorize', ...connectorStatus],
  RemoteStopTransaction: ['StatusNotification'],
  RequestStopTransaction: connectorStatus,
  UnlockConnector: connectorStatus,
  TriggerMessage: requested,
  ExtendedTriggerMessage: requested,
  ChangeAvailability: connectorStatus,
  ReserveNow: ['ReservationStatusUpdate', ...connectorStatus],
  CancelReservation: ['ReservationStatusUpdate', ...connectorStatus],
  SetChargingProfile: ['NotifyEVChargingSchedule'],
  GetChargingProfiles: ['ReportChargingProfiles'],
  UpdateFirmware: firmware,
  SignedUpdateFirmware: firmware,
  PublishFirmware: ['PublishFirmwareStatusNotification'],
  GetDiagnostics: ['DiagnosticsStatusNotification'],
  GetLog: ['LogStatusNotification'],
  GetMonitoringReport: ['NotifyMonitoringReport'],
  SetMonitoringBase: ['NotifyEvent'],
  SetVariableMonitoring: ['NotifyEvent'],
  CustomerInformation: ['NotifyCustomerInformation'],
  GetDisplayMessages: ['NotifyDisplayMessages'],
}

/** The actions that the charge point will send when it accepts this CALL. */
export function triggeredActions(action: string, payload: Payload): readonly string[] {
  const asked = ownValue(triggers, action) ?? []
  return typeof asked === 'function' ? asked(payload) : asked
}
