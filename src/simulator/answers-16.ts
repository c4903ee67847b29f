// What a simulated charge point does with the CALLs of an OCPP 1.6 central system. A request has been checked against
// its schema before it comes here.

import type { OCPP16 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import type { SentAction } from '../blocks/message-row.ts'
import type { v16 } from '../blocks/messages.ts'
import { Certificates, takeCertificate } from './certificates.ts'
import type { Profile } from './profiles.ts'
import type { Station } from './station.ts'
import { triggered } from './triggers.ts'

/** Every action of 1.6 that a central system may send, with its request. */
export interface Requests16 {
  CancelReservation: OCPP16.CancelReservationRequest
  CertificateSigned: OCPP16.CertificateSignedRequest
  ChangeAvailability: OCPP16.ChangeAvailabilityRequest
  ChangeConfiguration: OCPP16.ChangeConfigurationRequest
  ClearCache: OCPP16.ClearCacheRequest
  ClearChargingProfile: OCPP16.ClearChargingProfileRequest
  DataTransfer: OCPP16.DataTransferRequest
  DeleteCertificate: OCPP16.DeleteCertificateRequest
  ExtendedTriggerMessage: OCPP16.ExtendedTriggerMessageRequest
  GetCompositeSchedule: OCPP16.GetCompositeScheduleRequest
  GetConfiguration: OCPP16.GetConfigurationRequest
  GetDiagnostics: OCPP16.GetDiagnosticsRequest
  GetInstalledCertificateIds: OCPP16.GetInstalledCertificateIdsRequest
  GetLocalListVersion: OCPP16.GetLocalListVersionRequest
  GetLog: OCPP16.GetLogRequest
  InstallCertificate: OCPP16.InstallCertificateRequest
  RemoteStartTransaction: OCPP16.RemoteStartTransactionRequest
  RemoteStopTransaction: OCPP16.RemoteStopTransactionRequest
  ReserveNow: OCPP16.ReserveNowRequest
  Reset: OCPP16.ResetRequest
  SendLocalList: OCPP16.SendLocalListRequest
  SetChargingProfile: OCPP16.SetChargingProfileRequest
  SignedUpdateFirmware: OCPP16.SignedUpdateFirmwareRequest
  TriggerMessage: OCPP16.TriggerMessageRequest
  UnlockConnector: OCPP16.UnlockConnectorRequest
  UpdateFirmware: OCPP16.UpdateFirmwareRequest
}

interface Responses16 {
  CancelReservation: OCPP16.CancelReservationResponse
  CertificateSigned: OCPP16.CertificateSignedResponse
  ChangeAvailability: OCPP16.ChangeAvailabilityResponse
  ChangeConfiguration: OCPP16.ChangeConfigurationResponse
  ClearCache: OCPP16.ClearCacheResponse
  ClearChargingProfile: OCPP16.ClearChargingProfileResponse
  DataTransfer: OCPP16.DataTransferResponse
  DeleteCertificate: OCPP16.DeleteCertificateResponse
  ExtendedTriggerMessage: OCPP16.ExtendedTriggerMessageResponse
  GetCompositeSchedule: OCPP16.GetCompositeScheduleResponse
  GetConfiguration: OCPP16.GetConfigurationResponse
  GetDiagnostics: OCPP16.GetDiagnosticsResponse
  GetInstalledCertificateIds: OCPP16.GetInstalledCertificateIdsResponse
  GetLocalListVersion: OCPP16.GetLocalListVersionResponse
  GetLog: OCPP16.GetLogResponse
  InstallCertificate: OCPP16.InstallCertificateResponse
  RemoteStartTransaction: OCPP16.RemoteStartTransactionResponse
  RemoteStopTransaction: OCPP16.RemoteStopTransactionResponse
  ReserveNow: OCPP16.ReserveNowResponse
  Reset: OCPP16.ResetResponse
  SendLocalList: OCPP16.SendLocalListResponse
  SetChargingProfile: OCPP16.SetChargingProfileResponse
  SignedUpdateFirmware: OCPP16.SignedUpdateFirmwareResponse
  TriggerMessage: OCPP16.TriggerMessageResponse
  UnlockConnector: OCPP16.UnlockConnectorResponse
  UpdateFirmware: OCPP16.UpdateFirmwareResponse
}

interface ReplyOf<Response> {
  readonly answer: Response
  readonly afterwards?: () => void
}

/** Complete by its type: each message that a central system may send has its answer. */
type Answers16 = { [A in SentAction<typeof v16>]: (request: Requests16[A]) => ReplyOf<Responses16[A]> }

const recurrencySeconds = { Daily: 86_400, Weekly: 604_800 } as const

/** The 1.6 charging profile `sent` for `connectorId` in the shape that both versions share. */
function profileOf(sent: OCPP16.SetChargingProfileRequest['csChargingProfiles'], connectorId: number): Profile {
  const { chargingSchedule } = sent
  const startSchedule = sent.chargingProfileKind === 'Relative' ? undefined : chargingSchedule.startSchedule
  return {
    id: sent.chargingProfileId,
    connectorId,
    stackLevel: sent.stackLevel,
    purpose: sent.chargingProfilePurpose,
    startMs: startSchedule === undefined ? null : Date.parse(startSchedule),
    durationSeconds: chargingSchedule.duration ?? null,
    recurrencySeconds:
      sent.chargingProfileKind === 'Recurring' ? recurrencySeconds[sent.recurrencyKind ?? 'Daily'] : null,
    unit: chargingSchedule.chargingRateUnit,
    periods: chargingSchedule.chargingSchedulePeriod,
    sent,
  }
}

/** The answers of `station`, by action. */
export function answers16(station: Station): Answers16 {
  const certificates = new Certificates<OCPP16.InstallCertificateRequest['certificateType']>()

  return {
    CancelReservation: ({ reservationId }) => ({
      answer: { status: station.cancelReservation(reservationId) ? 'Accepted' : 'Rejected' },
    }),

    CertificateSigned: ({ certificateChain }) => takeCertificate(station, certificateChain),

    ChangeAvailability: ({ connectorId, type }) => ({
      answer: { status: station.changeAvailability(connectorId, type === 'Operative') },
    }),

    ChangeConfiguration({ key, value }) {
      const row = station.settings.byKey(key)
      if (row === undefined) return { answer: { status: 'NotSupported' } }
      if (!station.settings.change(row, value)) return { answer: { status: 'Rejected' } }
      return { answer: { status: 'Accepted' }, afterwards: () => station.settingsChanged() }
    },

    ClearCache() {
      station.authorizer.clearCache()
      return { answer: { status: 'Accepted' } }
    },

    ClearChargingProfile({ id, connectorId, chargingProfilePurpose, stackLevel }) {
      const cleared = station.profiles.clear({ id, connectorId, purpose: chargingProfilePurpose, stackLevel })
      return { answer: { status: cleared > 0 ? 'Accepted' : 'Unknown' } }
    },

    DataTransfer: ({ vendorId }) => ({
      answer: { status: vendorId === station.vendor ? 'Accepted' : 'UnknownVendorId' },
    }),

    DeleteCertificate: ({ certificateHashData }) => ({
      answer: { status: certificates.delete(certificateHashData) ? 'Accepted' : 'NotFound' },
    }),

    ExtendedTriggerMessage: ({ requestedMessage, connectorId }) => triggered(station, requestedMessage, connectorId),

    GetCompositeSchedule({ connectorId, duration, chargingRateUnit }) {
      const connector = station.connector(connectorId)
      if (connector === undefined && connectorId !== 0) return { answer: { status: 'Rejected' } }
      const nowMs = station.clock.nowMs()
      return {
        answer: {
          status: 'Accepted',
          connectorId,
          scheduleStart: isoTime(nowMs),
          chargingSchedule: {
            duration,
            chargingRateUnit: chargingRateUnit ?? 'W',
            chargingSchedulePeriod: station.compositeSchedule(connectorId, duration, chargingRateUnit ?? 'W'),
          },
        },
      }
    },

    GetConfiguration({ key }) {
      const readable = station.settings.all().filter((row) => row.key !== null && row.mutability !== 'WriteOnly')
      const wanted = key === undefined || key.length === 0 ? null : key
      const chosen =
        wanted === null
          ? readable
          : readable.filter((row) => wanted.some((name) => name.toLowerCase() === row.key?.toLowerCase()))
      return {
        answer: {
          configurationKey: chosen.map((row) => ({
            key: row.key ?? '',
            readonly: row.mutability === 'ReadOnly',
            value: row.value,
          })),
          unknownKey: (wanted ?? []).filter((name) => station.settings.byKey(name) === undefined),
        },
      }
    },

    GetDiagnostics: () => ({
      answer: { fileName: `${station.serialNumber}-diagnostics.log` },
      afterwards: () => station.uploadLog(null),
    }),

    GetInstalledCertificateIds({ certificateType }) {
      const certificateHashData = certificates.list([certificateType]).map(({ hashData }) => hashData)
      return {
        answer: certificateHashData.length === 0 ? { status: 'NotFound' } : { status: 'Accepted', certificateHashData },
      }
    },

    GetLocalListVersion: () => ({ answer: { listVersion: station.authorizer.localList.version } }),

    GetLog: ({ logType, requestId }) => ({
      answer: {
        status: station.isBusyWith('log') ? 'AcceptedCanceled' : 'Accepted',
        filename: `${station.serialNumber}-${logType}.log`,
      },
      afterwards: () => station.uploadLog(requestId),
    }),

    InstallCertificate: ({ certificateType, certificate }) => ({
      answer: { status: certificates.install(certificateType, certificate) ? 'Accepted' : 'Rejected' },
    }),

    RemoteStartTransaction({ connectorId, idTag, chargingProfile }) {
      const connector = station.freeConnector(connectorId ?? 0, idTag)
      if (connector === undefined) return { answer: { status: 'Rejected' } }
      if (chargingProfile !== undefined) station.profiles.set(profileOf(chargingProfile, connector.connectorId))
      return { answer: { status: 'Accepted' }, afterwards: () => station.startRemotely(connector, idTag, null) }
    },

    RemoteStopTransaction({ transactionId }) {
      const transaction = station.transaction(transactionId)
      if (transaction === undefined) return { answer: { status: 'Rejected' } }
      return {
        answer: { status: 'Accepted' },
        afterwards: () => void station.stopTransaction(transaction.connectorId, 'Remote'),
      }
    },

    ReserveNow({ connectorId, expiryDate, idTag, reservationId }) {
      const status = station.reserve(connectorId, reservationId, idTag, Date.parse(expiryDate))
      return { answer: { status } }
    },

    Reset: ({ type }) => ({
      answer: { status: 'Accepted' },
      afterwards: () => station.reset(type === 'Soft' ? 'SoftReset' : 'HardReset'),
    }),

    SendLocalList({ listVersion, localAuthorizationList, updateType }) {
      const { localList } = station.authorizer
      if (updateType === 'Differential' && listVersion <= localList.version) {
        return { answer: { status: 'VersionMismatch' } }
      }
      if (updateType === 'Full') localList.idTags.clear()
      for (const { idTag, idTagInfo } of localAuthorizationList ?? []) {
        // An entry without idTagInfo is to be removed (1.6 §7.2).
        if (idTagInfo === undefined) localList.idTags.delete(idTag.toLowerCase())
        else localList.idTags.set(idTag.toLowerCase(), idTagInfo.status)
      }
      localList.version = listVersion
      return { answer: { status: 'Accepted' } }
    },

    SetChargingProfile({ connectorId, csChargingProfiles }) {
      const connector = station.connector(connectorId)
      const isTransactionProfile = csChargingProfiles.chargingProfilePurpose === 'TxProfile'
      if (connectorId !== 0 && connector === undefined) return { answer: { status: 'Rejected' } }
      if (isTransactionProfile && connector?.transaction == null) return { answer: { status: 'Rejected' } }
      station.profiles.set(profileOf(csChargingProfiles, connectorId))
      return { answer: { status: 'Accepted' }, afterwards: () => station.settingsChanged() }
    },

    SignedUpdateFirmware: ({ requestId, firmware }) => ({
      answer: { status: station.isBusyWith('firmware') ? 'AcceptedCanceled' : 'Accepted' },
      afterwards: () =>
        station.updateFirmware({
          location: firmware.location,
          requestId,
          notBeforeMs: Date.parse(firmware.retrieveDateTime),
          isSigned: true,
        }),
    }),

    TriggerMessage: ({ requestedMessage, connectorId }) => triggered(station, requestedMessage, connectorId),

    UnlockConnector({ connectorId }) {
      const connector = station.connector(connectorId)
      if (connector === undefined) return { answer: { status: 'NotSupported' } }
      return { answer: { status: 'Unlocked' }, afterwards: () => station.unlock(connector) }
    },

    UpdateFirmware: ({ location, retrieveDate }) => ({
      answer: {},
      afterwards: () =>
        station.updateFirmware({ location, requestId: null, notBeforeMs: Date.parse(retrieveDate), isSigned: false }),
    }),
  }
}
