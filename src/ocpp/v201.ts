// The 64 messages of OCPP 2.0.1, ordered by the use cases of Part 2 that introduce them (listed in Part 0 §3.3); a
// section names those use cases.

import * as schemas from 'typed-ocpp/dist/ocpp20/schemas.js'
import {
  bothWays,
  keeping,
  readingPartOf,
  served,
  servedTransactional,
  stored,
  tableOf,
  toChargePoint,
  toldAt,
} from './rows.ts'
import { stateEvents } from './state-events.ts'

export const v201 = tableOf(schemas, {
  // A: security.
  CertificateSigned: toChargePoint('security', '2.0.1 A02-A03'),
  // Stator has no certificate authority: a request for a certificate is refused.
  SignCertificate: stored('security', '2.0.1 A02-A03', { status: 'Rejected' }),
  SecurityEventNotification: stored('security', '2.0.1 A04'),

  // B: provisioning.
  BootNotification: served('provisioning', '2.0.1 B01-B03', 'committed'),
  SetVariables: toChargePoint('provisioning', '2.0.1 B05'),
  GetVariables: toChargePoint('provisioning', '2.0.1 B06'),
  GetBaseReport: toChargePoint('provisioning', '2.0.1 B07'),
  NotifyReport: served('provisioning', '2.0.1 B07-B08', 'committed'),
  GetReport: toChargePoint('provisioning', '2.0.1 B08'),
  SetNetworkProfile: toChargePoint('provisioning', '2.0.1 B09'),
  Reset: toChargePoint('provisioning', '2.0.1 B11-B12'),

  // C: authorization.
  Authorize: served('authorization', '2.0.1 C01-C09', 'none'),
  ClearCache: toChargePoint('authorization', '2.0.1 C11'),

  // D: local authorization list.
  SendLocalList: toChargePoint('local-list', '2.0.1 D01'),
  GetLocalListVersion: toChargePoint('local-list', '2.0.1 D02'),

  // E: transactions.
  TransactionEvent: toldAt('timestamp', servedTransactional('transactions', '2.0.1 E01-E15')),
  GetTransactionStatus: toChargePoint('transactions', '2.0.1 E14'),

  // F: remote control.
  RequestStartTransaction: toChargePoint('remote-control', '2.0.1 F01-F02'),
  RequestStopTransaction: toChargePoint('remote-control', '2.0.1 F03'),
  UnlockConnector: toChargePoint('remote-control', '2.0.1 F05'),
  TriggerMessage: toChargePoint('remote-control', '2.0.1 F06'),

  // G: availability.
  StatusNotification: toldAt('timestamp', served('availability', '2.0.1 G01', 'committed')),
  Heartbeat: served('availability', '2.0.1 G02', 'batched'),
  ChangeAvailability: toChargePoint('availability', '2.0.1 G03-G04'),

  // H: reservation.
  ReserveNow: toChargePoint('reservation', '2.0.1 H01'),
  CancelReservation: toChargePoint('reservation', '2.0.1 H02'),
  ReservationStatusUpdate: stored('reservation', '2.0.1 H01, H04'),

  // I: tariff and costs.
  CostUpdated: toChargePoint('tariff', '2.0.1 I02'),

  // J: metering.
  MeterValues: toldAt('meterValue', served('metering', '2.0.1 J01', 'committed')),

  // K: smart charging.
  SetChargingProfile: toChargePoint('smart-charging', '2.0.1 K01'),
  GetCompositeSchedule: toChargePoint('smart-charging', '2.0.1 K08'),
  GetChargingProfiles: toChargePoint('smart-charging', '2.0.1 K09'),
  ReportChargingProfiles: keeping(['chargingProfile'], stored('smart-charging', '2.0.1 K09')),
  ClearChargingProfile: toChargePoint('smart-charging', '2.0.1 K10'),
  NotifyChargingLimit: keeping(['chargingSchedule'], stored('smart-charging', '2.0.1 K11-K12')),
  ClearedChargingLimit: stored('smart-charging', '2.0.1 K13'),
  // Stator makes no schedules for vehicles: Rejected lets the station go on with the profiles that it has (K15, K17).
  NotifyEVChargingNeeds: keeping(['chargingNeeds'], stored('smart-charging', '2.0.1 K15', { status: 'Rejected' })),
  NotifyEVChargingSchedule: keeping(
    ['chargingSchedule'],
    stored('smart-charging', '2.0.1 K15-K17', { status: 'Accepted' }),
  ),

  // L: firmware management.
  UpdateFirmware: toChargePoint('firmware', '2.0.1 L01-L02'),
  FirmwareStatusNotification: served('firmware', '2.0.1 L01-L02', 'committed'),
  PublishFirmware: toChargePoint('firmware', '2.0.1 L03'),
  PublishFirmwareStatusNotification: keeping(['location'], stored('firmware', '2.0.1 L03')),
  UnpublishFirmware: toChargePoint('firmware', '2.0.1 L04'),

  // M: certificate management. Stator asks no certificate provider and no OCSP responder: the station is told that it
  // failed, and decides for itself.
  Get15118EVCertificate: stored('security', '2.0.1 M01-M02', { status: 'Failed', exiResponse: '' }),
  GetInstalledCertificateIds: toChargePoint('security', '2.0.1 M03'),
  DeleteCertificate: toChargePoint('security', '2.0.1 M04'),
  InstallCertificate: toChargePoint('security', '2.0.1 M05'),
  GetCertificateStatus: stored('security', '2.0.1 M06', { status: 'Failed' }),

  // N: diagnostics.
  GetLog: toChargePoint('diagnostics', '2.0.1 N01'),
  LogStatusNotification: served('diagnostics', '2.0.1 N01', 'committed'),
  GetMonitoringReport: toChargePoint('diagnostics', '2.0.1 N02'),
  NotifyMonitoringReport: keeping(['monitor'], stored('diagnostics', '2.0.1 N02')),
  SetMonitoringBase: toChargePoint('diagnostics', '2.0.1 N03'),
  SetVariableMonitoring: toChargePoint('diagnostics', '2.0.1 N04'),
  SetMonitoringLevel: toChargePoint('diagnostics', '2.0.1 N05'),
  ClearVariableMonitoring: toChargePoint('diagnostics', '2.0.1 N06'),
  NotifyEvent: readingPartOf({ eventData: stateEvents }, served('diagnostics', '2.0.1 N07-N08', 'committed')),
  CustomerInformation: toChargePoint('diagnostics', '2.0.1 N09-N10'),
  NotifyCustomerInformation: stored('diagnostics', '2.0.1 N09'),

  // O: display messages.
  SetDisplayMessage: toChargePoint('display', '2.0.1 O01-O02'),
  GetDisplayMessages: toChargePoint('display', '2.0.1 O03-O04'),
  NotifyDisplayMessages: keeping(['messageInfo'], stored('display', '2.0.1 O03-O04')),
  ClearDisplayMessage: toChargePoint('display', '2.0.1 O05'),

  // P: data transfer.
  DataTransfer: keeping(['data'], bothWays('data-transfer', '2.0.1 P01-P02', 'committed', true)),
})
