// The 91 messages of OCPP 2.1, ordered by the use cases of Part 2 that introduce them (listed in Part 0 §3.3); a section
// names those use cases. Nothing that a charge point sends is served yet, and the subprotocol is not offered.

import * as schemas from 'typed-ocpp/dist/ocpp21/schemas.js'
import type { JsonSchema } from './message.ts'
import { bothWays, notServed, notServedTransactional, tableOf, toChargePoint } from './rows.ts'

const periodicEventStream: JsonSchema = schemas.NotifyPeriodicEventStream

export const v21 = {
  ...tableOf(schemas, {
    // A: security.
    CertificateSigned: toChargePoint('security', '2.1 A02-A03'),
    SignCertificate: notServed('security', '2.1 A02-A03', 'committed'),
    SecurityEventNotification: notServed('security', '2.1 A04', 'committed'),

    // B: provisioning.
    BootNotification: notServed('provisioning', '2.1 B01-B03', 'committed'),
    SetVariables: toChargePoint('provisioning', '2.1 B05'),
    GetVariables: toChargePoint('provisioning', '2.1 B06'),
    GetBaseReport: toChargePoint('provisioning', '2.1 B07'),
    NotifyReport: notServed('provisioning', '2.1 B07-B08', 'committed'),
    GetReport: toChargePoint('provisioning', '2.1 B08'),
    SetNetworkProfile: toChargePoint('provisioning', '2.1 B09'),
    Reset: toChargePoint('provisioning', '2.1 B11-B13'),

    // C: authorization.
    Authorize: notServed('authorization', '2.1 C01-C09', 'none'),
    ClearCache: toChargePoint('authorization', '2.1 C11'),
    NotifySettlement: notServed('authorization', '2.1 C19-C22', 'committed'),
    VatNumberValidation: notServed('authorization', '2.1 C18-C24', 'none'),
    NotifyWebPaymentStarted: toChargePoint('authorization', '2.1 C25'),

    // D: local authorization list.
    SendLocalList: toChargePoint('local-list', '2.1 D01'),
    GetLocalListVersion: toChargePoint('local-list', '2.1 D02'),

    // E: transactions.
    TransactionEvent: notServedTransactional('transactions', '2.1 E01-E17'),
    GetTransactionStatus: toChargePoint('transactions', '2.1 E14'),

    // F: remote control.
    RequestStartTransaction: toChargePoint('remote-control', '2.1 F01-F02, F07'),
    RequestStopTransaction: toChargePoint('remote-control', '2.1 F03'),
    UnlockConnector: toChargePoint('remote-control', '2.1 F05'),
    TriggerMessage: toChargePoint('remote-control', '2.1 F06'),

    // G: availability.
    StatusNotification: notServed('availability', '2.1 G01', 'committed'),
    Heartbeat: notServed('availability', '2.1 G02', 'batched'),
    ChangeAvailability: toChargePoint('availability', '2.1 G03-G04'),

    // H: reservation.
    ReserveNow: toChargePoint('reservation', '2.1 H01'),
    CancelReservation: toChargePoint('reservation', '2.1 H02'),
    ReservationStatusUpdate: notServed('reservation', '2.1 H01, H04', 'committed'),

    // I: tariff and costs.
    CostUpdated: toChargePoint('tariff', '2.1 I02'),
    SetDefaultTariff: toChargePoint('tariff', '2.1 I07'),
    GetTariffs: toChargePoint('tariff', '2.1 I09'),
    ClearTariffs: toChargePoint('tariff', '2.1 I10'),
    ChangeTransactionTariff: toChargePoint('tariff', '2.1 I11'),

    // J: metering.
    MeterValues: notServed('metering', '2.1 J01', 'committed'),

    // K: smart charging.
    SetChargingProfile: toChargePoint('smart-charging', '2.1 K01'),
    GetCompositeSchedule: toChargePoint('smart-charging', '2.1 K08'),
    GetChargingProfiles: toChargePoint('smart-charging', '2.1 K09'),
    ReportChargingProfiles: notServed('smart-charging', '2.1 K09', 'committed'),
    ClearChargingProfile: toChargePoint('smart-charging', '2.1 K10'),
    NotifyChargingLimit: notServed('smart-charging', '2.1 K11-K12', 'committed'),
    ClearedChargingLimit: notServed('smart-charging', '2.1 K13', 'committed'),
    NotifyEVChargingNeeds: notServed('smart-charging', '2.1 K15, K18-K19', 'committed'),
    NotifyEVChargingSchedule: notServed('smart-charging', '2.1 K15-K19', 'committed'),
    UsePriorityCharging: toChargePoint('smart-charging', '2.1 K21'),
    NotifyPriorityCharging: notServed('smart-charging', '2.1 K21-K22', 'committed'),
    UpdateDynamicSchedule: toChargePoint('smart-charging', '2.1 K28'),
    PullDynamicScheduleUpdate: notServed('smart-charging', '2.1 K28', 'none'),

    // L: firmware management.
    UpdateFirmware: toChargePoint('firmware', '2.1 L01-L02'),
    FirmwareStatusNotification: notServed('firmware', '2.1 L01-L02', 'committed'),
    PublishFirmware: toChargePoint('firmware', '2.1 L03'),
    PublishFirmwareStatusNotification: notServed('firmware', '2.1 L03', 'committed'),
    UnpublishFirmware: toChargePoint('firmware', '2.1 L04'),

    // M: certificate management.
    Get15118EVCertificate: notServed('security', '2.1 M01-M02', 'none'),
    GetInstalledCertificateIds: toChargePoint('security', '2.1 M03'),
    DeleteCertificate: toChargePoint('security', '2.1 M04'),
    InstallCertificate: toChargePoint('security', '2.1 M05'),
    GetCertificateStatus: notServed('security', '2.1 M06', 'none'),
    GetCertificateChainStatus: notServed('security', '2.1 M06', 'none'),

    // N: diagnostics.
    GetLog: toChargePoint('diagnostics', '2.1 N01'),
    LogStatusNotification: notServed('diagnostics', '2.1 N01', 'committed'),
    GetMonitoringReport: toChargePoint('diagnostics', '2.1 N02'),
    NotifyMonitoringReport: notServed('diagnostics', '2.1 N02', 'committed'),
    SetMonitoringBase: toChargePoint('diagnostics', '2.1 N03'),
    SetVariableMonitoring: toChargePoint('diagnostics', '2.1 N04, N11'),
    SetMonitoringLevel: toChargePoint('diagnostics', '2.1 N05'),
    ClearVariableMonitoring: toChargePoint('diagnostics', '2.1 N06'),
    NotifyEvent: notServed('diagnostics', '2.1 N07-N08', 'committed'),
    CustomerInformation: toChargePoint('diagnostics', '2.1 N09-N10'),
    NotifyCustomerInformation: notServed('diagnostics', '2.1 N09', 'committed'),
    OpenPeriodicEventStream: notServed('diagnostics', '2.1 N11', 'committed'),
    GetPeriodicEventStream: toChargePoint('diagnostics', '2.1 N12'),
    ClosePeriodicEventStream: notServed('diagnostics', '2.1 N13', 'committed'),
    AdjustPeriodicEventStream: toChargePoint('diagnostics', '2.1 N14'),

    // O: display messages.
    SetDisplayMessage: toChargePoint('display', '2.1 O01-O02'),
    GetDisplayMessages: toChargePoint('display', '2.1 O03-O04'),
    NotifyDisplayMessages: notServed('display', '2.1 O03-O04', 'committed'),
    ClearDisplayMessage: toChargePoint('display', '2.1 O05'),

    // P: data transfer.
    DataTransfer: bothWays('data-transfer', '2.1 P01-P02', 'committed', false),

    // Q: bidirectional power transfer.
    NotifyAllowedEnergyTransfer: toChargePoint('smart-charging', '2.1 Q01'),
    AFRRSignal: toChargePoint('smart-charging', '2.1 Q07'),

    // R: control of distributed energy resources.
    SetDERControl: toChargePoint('smart-charging', '2.1 R04'),
    GetDERControl: toChargePoint('smart-charging', '2.1 R04'),
    ReportDERControl: notServed('smart-charging', '2.1 R04', 'committed'),
    ClearDERControl: toChargePoint('smart-charging', '2.1 R04'),
    NotifyDERStartStop: notServed('smart-charging', '2.1 R04', 'committed'),
    NotifyDERAlarm: notServed('smart-charging', '2.1 R05', 'committed'),

    // S: battery swapping.
    BatterySwap: notServed('transactions', '2.1 S01-S03', 'committed'),
    RequestBatterySwap: toChargePoint('transactions', '2.1 S02'),
  }),

  // The one SEND message (2.1 Part 4 §4.2.4): it is never answered.
  NotifyPeriodicEventStream: {
    ...notServed('diagnostics', '2.1 N15', 'committed'),
    request: periodicEventStream,
    response: null,
  },
}
