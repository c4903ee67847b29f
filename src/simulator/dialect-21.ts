// What a simulated charge point says in OCPP 2.1: what it says in 2.0.1, and answers to the CALLs that 2.1 adds. It has
// tariffs. It has no batteries to swap, no control of distributed energy resources, and no vehicles that give power
// back.

import type { OCPP21 } from 'typed-ocpp'
import type { Reply } from './connection.ts'
import { Dialect201 } from './dialect-201.ts'
import type { Station } from './station.ts'

/** Every action of 2.1 that a CSMS may send and 2.0.1 does not have, with its request. */
interface Requests21 {
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

type Answers21 = { [A in keyof Requests21]: (request: Requests21[A]) => { answer: Responses21[A] } }

/** The answers of `station`, by action. */
function answers21(station: Station): Answers21 {
  /** EVSE (0: all) to the id of its default tariff. */
  const defaultTariffs = new Map<number, string>()

  return {
    AFRRSignal: () => ({ answer: { status: 'Rejected' } }),

    AdjustPeriodicEventStream: () => ({ answer: { status: 'Rejected' } }),

    ChangeTransactionTariff: ({ transactionId }) => ({
      answer: { status: station.transaction(transactionId) === undefined ? 'TxNotFound' : 'Accepted' },
    }),

    ClearDERControl: () => ({ answer: { status: 'NotSupported' } }),

    ClearTariffs({ tariffIds, evseId }) {
      const cleared = [...defaultTariffs].filter(
        ([evse, id]) =>
          (evseId === undefined || evse === evseId) && (tariffIds === undefined || tariffIds.includes(id)),
      )
      for (const [evse] of cleared) defaultTariffs.delete(evse)
      const results = cleared.map(([, tariffId]) => ({ tariffId, status: 'Accepted' as const }))
      const [first = { status: 'NoTariff' as const }, ...others] = results
      return { answer: { clearTariffsResult: [first, ...others] } }
    },

    GetDERControl: () => ({ answer: { status: 'NotSupported' } }),

    GetPeriodicEventStream: () => ({ answer: {} }),

    GetTariffs({ evseId }) {
      const found = [...defaultTariffs].filter(([evse]) => evseId === 0 || evse === 0 || evse === evseId)
      const assignments = found.map(([evse, tariffId]) => ({
        tariffId,
        tariffKind: 'DefaultTariff' as const,
        ...(evse === 0 ? {} : { evseIds: [evse] as [number] }),
      }))
      const [first, ...others] = assignments
      if (first === undefined) return { answer: { status: 'NoTariff' } }
      return { answer: { status: 'Accepted', tariffAssignments: [first, ...others] } }
    },

    NotifyAllowedEnergyTransfer: () => ({ answer: { status: 'Rejected' } }),

    NotifyWebPaymentStarted: () => ({ answer: {} }),

    RequestBatterySwap: () => ({ answer: { status: 'Rejected' } }),

    SetDERControl: () => ({ answer: { status: 'NotSupported' } }),

    SetDefaultTariff({ evseId, tariff }) {
      if (evseId !== 0 && station.connector(evseId) === undefined) return { answer: { status: 'Rejected' } }
      defaultTariffs.set(evseId, tariff.tariffId)
      return { answer: { status: 'Accepted' } }
    },

    // It has no dynamic charging profiles.
    UpdateDynamicSchedule: () => ({ answer: { status: 'Rejected' } }),

    UsePriorityCharging: () => ({ answer: { status: 'NoProfile' } }),
  }
}

/** Whether a period has no limit: in 2.1 it may have a setpoint instead, which this charge point cannot follow. */
function lacksLimit({ chargingProfile }: OCPP21.SetChargingProfileRequest): boolean {
  return chargingProfile.chargingSchedule.some(({ chargingSchedulePeriod }) =>
    chargingSchedulePeriod.some(({ limit }) => limit === undefined),
  )
}

/** OCPP 2.1, from the charge point's side. */
export class Dialect21 extends Dialect201 {
  override readonly subprotocol = 'ocpp2.1'
  readonly #answers: Readonly<Record<string, ((request: never) => Reply) | undefined>>

  constructor(station: Station) {
    super(station)
    this.#answers = answers21(station)
  }

  override reply(action: string, payload: unknown): Reply {
    if (action === 'SetChargingProfile' && lacksLimit(payload as OCPP21.SetChargingProfileRequest)) {
      return { answer: { status: 'Rejected', statusInfo: { reasonCode: 'InvalidSchedule' } } }
    }
    const handle = this.#answers[action] as ((request: Requests21[keyof Requests21]) => Reply) | undefined
    return handle === undefined ? super.reply(action, payload) : handle(payload as Requests21[keyof Requests21])
  }
}
