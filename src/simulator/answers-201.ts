// What a simulated charge point does with the CALLs of an OCPP 2.0.1 central system. A request has been checked against
// its schema before it comes here.

import type { OCPP20 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import type { SentAction } from '../blocks/message-row.ts'
import type { v201 } from '../blocks/messages.ts'
import { Certificates, looksLikePem, takeCertificate } from './certificates.ts'
import type { DeviceModelAnswers } from './device-model-201.ts'
import { OwnCertificate } from './own-certificate.ts'
import type { Period, Profile } from './profiles.ts'
import { Publishing } from './publishing.ts'
import type { Station } from './station.ts'
import { triggered } from './triggers.ts'

/** Every action of 2.0.1 that a CSMS may send, with its request. */
export interface Requests201 {
  CancelReservation: OCPP20.CancelReservationRequest
  CertificateSigned: OCPP20.CertificateSignedRequest
  ChangeAvailability: OCPP20.ChangeAvailabilityRequest
  ClearCache: OCPP20.ClearCacheRequest
  ClearChargingProfile: OCPP20.ClearChargingProfileRequest
  ClearDisplayMessage: OCPP20.ClearDisplayMessageRequest
  ClearVariableMonitoring: OCPP20.ClearVariableMonitoringRequest
  CostUpdated: OCPP20.CostUpdatedRequest
  CustomerInformation: OCPP20.CustomerInformationRequest
  DataTransfer: OCPP20.DataTransferRequest
  DeleteCertificate: OCPP20.DeleteCertificateRequest
  GetBaseReport: OCPP20.GetBaseReportRequest
  GetChargingProfiles: OCPP20.GetChargingProfilesRequest
  GetCompositeSchedule: OCPP20.GetCompositeScheduleRequest
  GetDisplayMessages: OCPP20.GetDisplayMessagesRequest
  GetInstalledCertificateIds: OCPP20.GetInstalledCertificateIdsRequest
  GetLocalListVersion: OCPP20.GetLocalListVersionRequest
  GetLog: OCPP20.GetLogRequest
  GetMonitoringReport: OCPP20.GetMonitoringReportRequest
  GetReport: OCPP20.GetReportRequest
  GetTransactionStatus: OCPP20.GetTransactionStatusRequest
  GetVariables: OCPP20.GetVariablesRequest
  InstallCertificate: OCPP20.InstallCertificateRequest
  PublishFirmware: OCPP20.PublishFirmwareRequest
  RequestStartTransaction: OCPP20.RequestStartTransactionRequest
  RequestStopTransaction: OCPP20.RequestStopTransactionRequest
  ReserveNow: OCPP20.ReserveNowRequest
  Reset: OCPP20.ResetRequest
  SendLocalList: OCPP20.SendLocalListRequest
  SetChargingProfile: OCPP20.SetChargingProfileRequest
  SetDisplayMessage: OCPP20.SetDisplayMessageRequest
  SetMonitoringBase: OCPP20.SetMonitoringBaseRequest
  SetMonitoringLevel: OCPP20.SetMonitoringLevelRequest
  SetNetworkProfile: OCPP20.SetNetworkProfileRequest
  SetVariableMonitoring: OCPP20.SetVariableMonitoringRequest
  SetVariables: OCPP20.SetVariablesRequest
  TriggerMessage: OCPP20.TriggerMessageRequest
  UnlockConnector: OCPP20.UnlockConnectorRequest
  UnpublishFirmware: OCPP20.UnpublishFirmwareRequest
  UpdateFirmware: OCPP20.UpdateFirmwareRequest
}

interface Responses201 {
  CancelReservation: OCPP20.CancelReservationResponse
  CertificateSigned: OCPP20.CertificateSignedResponse
  ChangeAvailability: OCPP20.ChangeAvailabilityResponse
  ClearCache: OCPP20.ClearCacheResponse
  ClearChargingProfile: OCPP20.ClearChargingProfileResponse
  ClearDisplayMessage: OCPP20.ClearDisplayMessageResponse
  ClearVariableMonitoring: OCPP20.ClearVariableMonitoringResponse
  CostUpdated: OCPP20.CostUpdatedResponse
  CustomerInformation: OCPP20.CustomerInformationResponse
  DataTransfer: OCPP20.DataTransferResponse
  DeleteCertificate: OCPP20.DeleteCertificateResponse
  GetBaseReport: OCPP20.GetBaseReportResponse
  GetChargingProfiles: OCPP20.GetChargingProfilesResponse
  GetCompositeSchedule: OCPP20.GetCompositeScheduleResponse
  GetDisplayMessages: OCPP20.GetDisplayMessagesResponse
  GetInstalledCertificateIds: OCPP20.GetInstalledCertificateIdsResponse
  GetLocalListVersion: OCPP20.GetLocalListVersionResponse
  GetLog: OCPP20.GetLogResponse
  GetMonitoringReport: OCPP20.GetMonitoringReportResponse
  GetReport: OCPP20.GetReportResponse
  GetTransactionStatus: OCPP20.GetTransactionStatusResponse
  GetVariables: OCPP20.GetVariablesResponse
  InstallCertificate: OCPP20.InstallCertificateResponse
  PublishFirmware: OCPP20.PublishFirmwareResponse
  RequestStartTransaction: OCPP20.RequestStartTransactionResponse
  RequestStopTransaction: OCPP20.RequestStopTransactionResponse
  ReserveNow: OCPP20.ReserveNowResponse
  Reset: OCPP20.ResetResponse
  SendLocalList: OCPP20.SendLocalListResponse
  SetChargingProfile: OCPP20.SetChargingProfileResponse
  SetDisplayMessage: OCPP20.SetDisplayMessageResponse
  SetMonitoringBase: OCPP20.SetMonitoringBaseResponse
  SetMonitoringLevel: OCPP20.SetMonitoringLevelResponse
  SetNetworkProfile: OCPP20.SetNetworkProfileResponse
  SetVariableMonitoring: OCPP20.SetVariableMonitoringResponse
  SetVariables: OCPP20.SetVariablesResponse
  TriggerMessage: OCPP20.TriggerMessageResponse
  UnlockConnector: OCPP20.UnlockConnectorResponse
  UnpublishFirmware: OCPP20.UnpublishFirmwareResponse
  UpdateFirmware: OCPP20.UpdateFirmwareResponse
}

/** The answer to each action. Complete by its type: each message that a CSMS may send has its answer. */
export type Answers201 = {
  [A in SentAction<typeof v201>]: (request: Requests201[A]) => { answer: Responses201[A]; afterwards?: () => void }
}

type ChargingProfile = OCPP20.SetChargingProfileRequest['chargingProfile']
type CertificateUse = OCPP20.InstallCertificateRequest['certificateType']

const recurrencySeconds = { Daily: 86_400, Weekly: 604_800 } as const

/** In 2.1 a period may have a setpoint instead of a limit, or neither. */
function periodOf(sent: { readonly startPeriod: number; readonly limit?: number; readonly setpoint?: number }): Period {
  const { startPeriod, setpoint = Number.MAX_SAFE_INTEGER, limit = setpoint } = sent
  return { startPeriod, limit }
}

/** The 2.0.1 charging profile `sent` for `evseId` in the shape that both versions share: its first schedule counts. */
function profileOf(sent: ChargingProfile, evseId: number): Profile {
  const schedule = sent.chargingSchedule[0]
  const startSchedule = sent.chargingProfileKind === 'Relative' ? undefined : schedule?.startSchedule
  return {
    id: sent.id,
    connectorId: evseId,
    stackLevel: sent.stackLevel,
    purpose: sent.chargingProfilePurpose,
    startMs: startSchedule === undefined ? null : Date.parse(startSchedule),
    durationSeconds: schedule?.duration ?? null,
    recurrencySeconds:
      sent.chargingProfileKind === 'Recurring' ? recurrencySeconds[sent.recurrencyKind ?? 'Daily'] : null,
    unit: schedule?.chargingRateUnit ?? 'W',
    periods: (schedule?.chargingSchedulePeriod ?? []).map(periodOf),
    sent,
  }
}

/** Its certificate for ISO 15118, with a key of its own. */
function v2gCertificateOf(station: Station): OwnCertificate {
  return new OwnCertificate({
    identity: station.identity,
    clock: station.clock,
    organization: () => '',
    signCertificate(csr) {
      const payload: OCPP20.SignCertificateRequest = { csr, certificateType: 'V2GCertificate' }
      return { action: 'SignCertificate', payload }
    },
    call: (call) => new Promise((resolve) => station.ask(call, resolve)),
    // A request that is refused is not repeated.
    failed() {},
    first: null,
  })
}

/** Resets one EVSE: its transaction ends, at once or by itself. */
function resetEvse(station: Station, evseId: number, isImmediate: boolean): ReplyOf<OCPP20.ResetResponse> {
  const connector = station.connector(evseId)
  if (connector === undefined) return { answer: { status: 'Rejected' } }
  if (connector.transaction === null) return { answer: { status: 'Accepted' } }
  if (!isImmediate) return { answer: { status: 'Scheduled' } }
  return { answer: { status: 'Accepted' }, afterwards: () => void station.stopTransaction(evseId, 'HardReset') }
}

interface ReplyOf<Response> {
  answer: Response
  afterwards?: () => void
}

/** The answers of `station`, by action; those about its device model are in `device-model-201.ts`. */
export function answers201(station: Station): Omit<Answers201, keyof DeviceModelAnswers> {
  const publishing = new Publishing(station)
  const v2gCertificate = v2gCertificateOf(station)
  const networkProfiles = new Map<number, OCPP20.SetNetworkProfileRequest['connectionData']>()
  const certificates = new Certificates<CertificateUse>()
  const displayMessages = new Map<number, OCPP20.SetDisplayMessageRequest['message']>()

  return {
    CancelReservation: ({ reservationId }) => ({
      answer: { status: station.cancelReservation(reservationId) ? 'Accepted' : 'Rejected' },
    }),

    CertificateSigned({ certificateChain, certificateType }) {
      if (certificateType === undefined || certificateType === 'ChargingStationCertificate') {
        return takeCertificate(station, certificateChain)
      }
      return { answer: { status: v2gCertificate.take(certificateChain) ? 'Accepted' : 'Rejected' } }
    },

    ChangeAvailability: ({ evse, operationalStatus }) => ({
      answer: { status: station.changeAvailability(evse?.id ?? 0, operationalStatus === 'Operative') },
    }),

    ClearCache() {
      station.authorizer.clearCache()
      return { answer: { status: 'Accepted' } }
    },

    ClearChargingProfile({ chargingProfileId, chargingProfileCriteria }) {
      const cleared = station.profiles.clear({
        id: chargingProfileId,
        connectorId: chargingProfileCriteria?.evseId,
        purpose: chargingProfileCriteria?.chargingProfilePurpose,
        stackLevel: chargingProfileCriteria?.stackLevel,
      })
      return { answer: { status: cleared > 0 ? 'Accepted' : 'Unknown' } }
    },

    ClearDisplayMessage: ({ id }) => ({ answer: { status: displayMessages.delete(id) ? 'Accepted' : 'Unknown' } }),

    CostUpdated: () => ({ answer: {} }),

    CustomerInformation({ requestId, report, clear, idToken, customerIdentifier, customerCertificate }) {
      if (idToken === undefined && customerIdentifier === undefined && customerCertificate === undefined) {
        return { answer: { status: 'Invalid', statusInfo: { reasonCode: 'MissingParam' } } }
      }
      const idTag = idToken?.idToken ?? customerIdentifier
      const payload: OCPP20.NotifyCustomerInformationRequest = {
        data: idTag === undefined ? '' : station.authorizer.knownOf(idTag),
        seqNo: 0,
        generatedAt: isoTime(station.clock.nowMs()),
        requestId,
      }
      if (clear && idTag !== undefined) station.authorizer.forget(idTag)
      return {
        answer: { status: 'Accepted' },
        ...(report ? { afterwards: () => station.send({ action: 'NotifyCustomerInformation', payload }) } : {}),
      }
    },

    DataTransfer: ({ vendorId }) => ({
      answer: { status: vendorId === station.vendor ? 'Accepted' : 'UnknownVendorId' },
    }),

    DeleteCertificate: ({ certificateHashData }) => ({
      answer: { status: certificates.delete(certificateHashData) ? 'Accepted' : 'NotFound' },
    }),

    GetChargingProfiles({ requestId, evseId, chargingProfile }) {
      const { chargingProfileId, chargingProfilePurpose, stackLevel, chargingLimitSource } = chargingProfile
      // All of its profiles are of the central system.
      if (chargingLimitSource !== undefined && !chargingLimitSource.includes('CSO')) {
        return { answer: { status: 'NoProfiles' } }
      }
      const found = station.profiles
        .matching({ connectorId: evseId, purpose: chargingProfilePurpose, stackLevel })
        .filter(({ id }) => chargingProfileId === undefined || chargingProfileId.includes(id))
      if (found.length === 0) return { answer: { status: 'NoProfiles' } }
      return {
        answer: { status: 'Accepted' },
        afterwards() {
          found.forEach((profile, index) => {
            const payload: OCPP20.ReportChargingProfilesRequest = {
              requestId,
              chargingLimitSource: 'CSO',
              chargingProfile: [profile.sent as ChargingProfile],
              evseId: profile.connectorId,
              tbc: index < found.length - 1,
            }
            station.send({ action: 'ReportChargingProfiles', payload })
          })
        },
      }
    },

    GetCompositeSchedule({ evseId, duration, chargingRateUnit }) {
      if (evseId !== 0 && station.connector(evseId) === undefined) return { answer: { status: 'Rejected' } }
      return {
        answer: {
          status: 'Accepted',
          schedule: {
            evseId,
            duration,
            scheduleStart: isoTime(station.clock.nowMs()),
            chargingRateUnit: chargingRateUnit ?? 'W',
            chargingSchedulePeriod: station.compositeSchedule(evseId, duration, chargingRateUnit ?? 'W'),
          },
        },
      }
    },

    GetDisplayMessages({ id, requestId, priority, state }) {
      const messageInfo = [...displayMessages.values()].filter(
        (message) =>
          (id === undefined || id.includes(message.id)) &&
          (priority === undefined || priority === message.priority) &&
          (state === undefined || state === message.state),
      )
      if (messageInfo.length === 0) return { answer: { status: 'Unknown' } }
      const payload: OCPP20.NotifyDisplayMessagesRequest = { requestId, messageInfo }
      return {
        answer: { status: 'Accepted' },
        afterwards: () => station.send({ action: 'NotifyDisplayMessages', payload }),
      }
    },

    GetInstalledCertificateIds({ certificateType }) {
      const certificateHashDataChain = certificates
        .list(certificateType)
        .map(({ use, hashData }) => ({ certificateType: use, certificateHashData: hashData }))
      return {
        answer:
          certificateHashDataChain.length === 0
            ? { status: 'NotFound' }
            : { status: 'Accepted', certificateHashDataChain },
      }
    },

    GetLocalListVersion: () => ({ answer: { versionNumber: station.authorizer.localList.version } }),

    GetLog: ({ logType, requestId }) => ({
      answer: {
        status: station.isBusyWith('log') ? 'AcceptedCanceled' : 'Accepted',
        filename: `${station.serialNumber}-${logType}.log`,
      },
      afterwards: () => station.uploadLog(requestId),
    }),

    GetTransactionStatus({ transactionId }) {
      const messagesInQueue = station.messagesWaiting > 0
      if (transactionId === undefined) return { answer: { messagesInQueue } }
      return {
        answer: { messagesInQueue, ongoingIndicator: station.transaction(transactionId) !== undefined },
      }
    },

    InstallCertificate: ({ certificateType, certificate }) => ({
      answer: { status: certificates.install(certificateType, certificate) ? 'Accepted' : 'Rejected' },
    }),

    PublishFirmware: (request) => publishing.publish(request),

    RequestStartTransaction({ evseId, idToken, remoteStartId, chargingProfile }) {
      const connector = station.freeConnector(evseId ?? 0, idToken.idToken)
      if (connector === undefined) return { answer: { status: 'Rejected' } }
      if (chargingProfile !== undefined) station.profiles.set(profileOf(chargingProfile, connector.connectorId))
      return {
        answer: { status: 'Accepted' },
        afterwards: () => station.startRemotely(connector, idToken.idToken, remoteStartId),
      }
    },

    RequestStopTransaction({ transactionId }) {
      const transaction = station.transaction(transactionId)
      if (transaction === undefined) return { answer: { status: 'Rejected' } }
      return {
        answer: { status: 'Accepted' },
        afterwards: () => void station.stopTransaction(transaction.connectorId, 'Remote'),
      }
    },

    ReserveNow: ({ id, evseId, expiryDateTime, idToken }) => ({
      answer: { status: station.reserve(evseId ?? 0, id, idToken.idToken, Date.parse(expiryDateTime)) },
    }),

    Reset({ type, evseId }) {
      if (evseId !== undefined) return resetEvse(station, evseId, type === 'Immediate')
      if (type === 'Immediate') {
        return { answer: { status: 'Accepted' }, afterwards: () => station.reset('HardReset') }
      }
      const busy = station.connectors.some(({ transaction }) => transaction !== null)
      return { answer: { status: busy ? 'Scheduled' : 'Accepted' }, afterwards: () => station.resetWhenIdle() }
    },

    SendLocalList({ versionNumber, localAuthorizationList, updateType }) {
      const { localList } = station.authorizer
      if (updateType === 'Differential' && versionNumber <= localList.version) {
        return { answer: { status: 'VersionMismatch' } }
      }
      if (updateType === 'Full') localList.idTags.clear()
      for (const { idToken, idTokenInfo } of localAuthorizationList ?? []) {
        const idTag = idToken.idToken.toLowerCase()
        // An entry without idTokenInfo is to be removed (2.0.1 Part 2, D01.FR.16).
        if (idTokenInfo === undefined) localList.idTags.delete(idTag)
        else localList.idTags.set(idTag, idTokenInfo.status)
      }
      localList.version = versionNumber
      return { answer: { status: 'Accepted' } }
    },

    SetChargingProfile({ evseId, chargingProfile }) {
      const connector = station.connector(evseId)
      if (evseId !== 0 && connector === undefined) return { answer: { status: 'Rejected' } }
      const isTransactionProfile = chargingProfile.chargingProfilePurpose === 'TxProfile'
      if (isTransactionProfile && connector?.transaction == null) return { answer: { status: 'Rejected' } }
      station.profiles.set(profileOf(chargingProfile, evseId))
      return { answer: { status: 'Accepted' }, afterwards: () => station.settingsChanged() }
    },

    SetDisplayMessage({ message }) {
      if (message.transactionId !== undefined && station.transaction(message.transactionId) === undefined) {
        return { answer: { status: 'UnknownTransaction' } }
      }
      displayMessages.set(message.id, message)
      return { answer: { status: 'Accepted' } }
    },

    SetNetworkProfile({ configurationSlot, connectionData }) {
      networkProfiles.set(configurationSlot, connectionData)
      return { answer: { status: 'Accepted' } }
    },

    TriggerMessage({ requestedMessage, evse }) {
      if (requestedMessage === 'PublishFirmwareStatusNotification') {
        return { answer: { status: 'Accepted' }, afterwards: () => publishing.sendStatus() }
      }
      if (/^SignV2G(20)?Certificate$/.test(requestedMessage)) {
        return { answer: { status: 'Accepted' }, afterwards: () => v2gCertificate.request() }
      }
      return triggered(station, requestedMessage, evse?.id)
    },

    UnlockConnector({ evseId }) {
      const connector = station.connector(evseId)
      if (connector === undefined) return { answer: { status: 'UnknownConnector' } }
      // A transaction keeps its plug locked (2.0.1 Part 2, F05.FR.02).
      if (connector.transaction !== null) return { answer: { status: 'OngoingAuthorizedTransaction' } }
      return { answer: { status: 'Unlocked' }, afterwards: () => station.unlock(connector) }
    },

    UnpublishFirmware: (request) => publishing.unpublish(request),

    UpdateFirmware({ requestId, firmware }) {
      const { location, retrieveDateTime, signingCertificate } = firmware
      if (signingCertificate !== undefined && !looksLikePem(signingCertificate)) {
        return { answer: { status: 'InvalidCertificate' } }
      }
      const notBeforeMs = Date.parse(retrieveDateTime)
      const isSigned = signingCertificate !== undefined
      return {
        answer: { status: station.isBusyWith('firmware') ? 'AcceptedCanceled' : 'Accepted' },
        afterwards: () => station.updateFirmware({ location, requestId, notBeforeMs, isSigned }),
      }
    },
  }
}
