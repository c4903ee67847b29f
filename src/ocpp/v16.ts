// The messages of OCPP 1.6: the 28 of Edition 2 (§4 from the charge point, §5 to it) and the 11 that the security
// whitepaper (Edition 2 of it) adds. The rows stand in the order of those two documents.

import * as schemas from 'typed-ocpp/dist/ocpp16/schemas.js'
import { bothWays, keeping, served, servedTransactional, stored, tableOf, toChargePoint, toldAt } from './rows.ts'

export const v16 = tableOf(schemas, {
  // §4: initiated by the charge point.
  Authorize: served('authorization', '1.6 §4.1', 'none'),
  BootNotification: served('provisioning', '1.6 §4.2', 'committed'),
  DataTransfer: keeping(['data'], bothWays('data-transfer', '1.6 §4.3, §5.6', 'committed', true)),
  DiagnosticsStatusNotification: served('diagnostics', '1.6 §4.4', 'committed'),
  FirmwareStatusNotification: served('firmware', '1.6 §4.5', 'committed'),
  Heartbeat: served('availability', '1.6 §4.6', 'batched'),
  // A transaction message as well (§3.7.1): the samples of a transaction are what it is billed by.
  MeterValues: toldAt('meterValue', servedTransactional('metering', '1.6 §4.7')),
  StartTransaction: toldAt('timestamp', servedTransactional('transactions', '1.6 §4.8')),
  StatusNotification: toldAt('timestamp', served('availability', '1.6 §4.9', 'committed')),
  StopTransaction: toldAt('timestamp', servedTransactional('transactions', '1.6 §4.10')),

  // §5: initiated by the central system. DataTransfer (§5.6) stands above.
  CancelReservation: toChargePoint('reservation', '1.6 §5.1'),
  ChangeAvailability: toChargePoint('availability', '1.6 §5.2'),
  ChangeConfiguration: toChargePoint('provisioning', '1.6 §5.3'),
  ClearCache: toChargePoint('authorization', '1.6 §5.4'),
  ClearChargingProfile: toChargePoint('smart-charging', '1.6 §5.5'),
  GetCompositeSchedule: toChargePoint('smart-charging', '1.6 §5.7'),
  GetConfiguration: toChargePoint('provisioning', '1.6 §5.8'),
  GetDiagnostics: toChargePoint('diagnostics', '1.6 §5.9'),
  GetLocalListVersion: toChargePoint('local-list', '1.6 §5.10'),
  RemoteStartTransaction: toChargePoint('remote-control', '1.6 §5.11'),
  RemoteStopTransaction: toChargePoint('remote-control', '1.6 §5.12'),
  ReserveNow: toChargePoint('reservation', '1.6 §5.13'),
  Reset: toChargePoint('provisioning', '1.6 §5.14'),
  SendLocalList: toChargePoint('local-list', '1.6 §5.15'),
  SetChargingProfile: toChargePoint('smart-charging', '1.6 §5.16'),
  TriggerMessage: toChargePoint('remote-control', '1.6 §5.17'),
  UnlockConnector: toChargePoint('remote-control', '1.6 §5.18'),
  UpdateFirmware: toChargePoint('firmware', '1.6 §5.19'),

  // The security whitepaper, §5.
  CertificateSigned: toChargePoint('security', '1.6 security whitepaper §5.1'),
  DeleteCertificate: toChargePoint('security', '1.6 security whitepaper §5.3'),
  ExtendedTriggerMessage: toChargePoint('remote-control', '1.6 security whitepaper §5.5'),
  GetInstalledCertificateIds: toChargePoint('security', '1.6 security whitepaper §5.7'),
  GetLog: toChargePoint('diagnostics', '1.6 security whitepaper §5.9'),
  InstallCertificate: toChargePoint('security', '1.6 security whitepaper §5.11'),
  LogStatusNotification: served('diagnostics', '1.6 security whitepaper §5.13', 'committed'),
  SecurityEventNotification: stored('security', '1.6 security whitepaper §5.15'),
  // Stator has no certificate authority: a request for a certificate is refused (A02.FR.12).
  SignCertificate: stored('security', '1.6 security whitepaper §5.17', { status: 'Rejected' }),
  SignedFirmwareStatusNotification: served('firmware', '1.6 security whitepaper §5.19', 'committed'),
  SignedUpdateFirmware: toChargePoint('firmware', '1.6 security whitepaper §5.21'),
})
