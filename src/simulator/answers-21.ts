// What a simulated charge point does with the CALLs that OCPP 2.1 adds. A request has been checked against its schema
// before it comes here.

import type { OCPP21 } from 'typed-ocpp'
import type { SentAction } from '../blocks/message-row.ts'
import type { v201, v21 } from '../blocks/messages.ts'
import { derControls } from './der-controls.ts'
import type { Monitors } from './monitors.ts'
import type { Station } from './station.ts'
import { tariffs } from './tariffs.ts'

/** Every action of 2.1 that a CSMS may send and 2.0.1 does not have, with its request. */
export interface Requests21 {
  AFRRSignal: OCPP21.AFRRSignalRequest
  AdjustPeriodicEventStream: OCPP21.AdjustPeriodicEventStreamRequest
  ChangeTransactionTariff: OCPP21.ChangeTransactionTariffRequest
  ClearDERControl: OCPP21.ClearDERControlRequest
  ClearTariffs: OCPP21.ClearTariffsRequest
  GetDERControl: OCPP21.GetDERControlRequest
  GetPeriodicEventStream: OCPP21.GetPeriodicEventStreamRequest
  GetTariffs: OCPP21.GetTariffsRequest
  NotifyAllowedEnergyTransfer: OCPP21.NotifyAllowedEnergyTransferRequest
  NotifyWebPaymentStarted: OCPP21.NotifyWebPaymentStartedRequest
  RequestBatterySwap: OCPP21.RequestBatterySwapRequest
  SetDERControl: OCPP21.SetDERControlRequest
  SetDefaultTariff: OCPP21.SetDefaultTariffRequest
  UpdateDynamicSchedule: OCPP21.UpdateDynamicScheduleRequest
  UsePriorityCharging: OCPP21.UsePriorityChargingRequest
}

interface Responses21 {
  AFRRSignal: OCPP21.AFRRSignalResponse
  AdjustPeriodicEventStream: OCPP21.AdjustPeriodicEventStreamResponse
  ChangeTransactionTariff: OCPP21.ChangeTransactionTariffResponse
  ClearDERControl: OCPP21.ClearDERControlResponse
  ClearTariffs: OCPP21.ClearTariffsResponse
  GetDERControl: OCPP21.GetDERControlResponse
  GetPeriodicEventStream: OCPP21.GetPeriodicEventStreamResponse
  GetTariffs: OCPP21.GetTariffsResponse
  NotifyAllowedEnergyTransfer: OCPP21.NotifyAllowedEnergyTransferResponse
  NotifyWebPaymentStarted: OCPP21.NotifyWebPaymentStartedResponse
  RequestBatterySwap: OCPP21.RequestBatterySwapResponse
  SetDERControl: OCPP21.SetDERControlResponse
  SetDefaultTariff: OCPP21.SetDefaultTariffResponse
  UpdateDynamicSchedule: OCPP21.UpdateDynamicScheduleResponse
  UsePriorityCharging: OCPP21.UsePriorityChargingResponse
}

/** Complete by its type: each message that a CSMS may send, and 2.0.1 does not have, has its answer. */
type Answers21 = {
  [A in Exclude<SentAction<typeof v21>, SentAction<typeof v201>>]: (request: Requests21[A]) => {
    answer: Responses21[A]
  }
}

type Profile21 = OCPP21.SetChargingProfileRequest['chargingProfile']

/** The batteries that a swap puts in and takes out. */
const battery = { serialNumber: 'SIMULATED', soC: 80, soH: 98 }

/** The answers of `station`, by action. */
export function answers21(station: Station, monitors: Monitors): Answers21 {
  return {
    ...derControls(station),
    ...tariffs(station),

    // Only an EV that charges can follow the signal.
    AFRRSignal: () => ({
      answer: {
        status: station.connectors.some(({ transaction }) => transaction !== null) ? 'Accepted' : 'Rejected',
      },
    }),

    AdjustPeriodicEventStream: ({ id, params }) => ({
      answer: { status: monitors.adjustStream(id, params) ? 'Accepted' : 'Rejected' },
    }),

    GetPeriodicEventStream() {
      const [first, ...others] = monitors.streams()
      return { answer: first === undefined ? {} : { constantStreamData: [first, ...others] } }
    },

    NotifyAllowedEnergyTransfer: ({ transactionId }) => ({
      answer: { status: station.transaction(transactionId) === undefined ? 'Rejected' : 'Accepted' },
    }),

    NotifyWebPaymentStarted: () => ({ answer: {} }),

    RequestBatterySwap: ({ idToken, requestId }) => ({
      answer: { status: 'Accepted' },
      afterwards() {
        for (const eventType of ['BatteryIn', 'BatteryOut'] as const) {
          const payload: OCPP21.BatterySwapRequest = {
            eventType,
            idToken,
            requestId,
            batteryData: [{ evseId: 1, ...battery }],
          }
          station.send({ action: 'BatterySwap', payload })
        }
      },
    }),

    UpdateDynamicSchedule({ chargingProfileId, scheduleUpdate }) {
      const [profile] = station.profiles.matching({ id: chargingProfileId })
      // It was kept as it came, in the form of 2.1.
      const sent = profile?.sent as Profile21 | undefined
      if (profile === undefined || sent?.chargingProfileKind !== 'Dynamic') {
        return { answer: { status: 'Rejected', statusInfo: { reasonCode: 'UnknownProfile' } } }
      }
      const { limit = scheduleUpdate.setpoint } = scheduleUpdate
      const periods = profile.periods.map((period) => (limit === undefined ? period : { ...period, limit }))
      station.profiles.set({ ...profile, periods })
      return { answer: { status: 'Accepted' }, afterwards: () => station.settingsChanged() }
    },

    UsePriorityCharging({ transactionId, activate }) {
      const transaction = station.transaction(transactionId)
      if (transaction === undefined) return { answer: { status: 'Rejected' } }
      const { connectorId } = transaction
      if (!station.profiles.prioritise(connectorId, activate)) return { answer: { status: 'NoProfile' } }
      const payload: OCPP21.NotifyPriorityChargingRequest = { transactionId, activated: activate }
      return {
        answer: { status: 'Accepted' },
        afterwards() {
          station.settingsChanged()
          station.send({ action: 'NotifyPriorityCharging', payload })
        },
      }
    },
  }
}
