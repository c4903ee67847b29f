// What a simulated charge point says in OCPP 2.0.1. Connector n of the simulation is EVSE n with its one connector 1.

import type { OCPP20 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import { type Answers201, answers201, type Requests201 } from './answers-201.ts'
import { CallRefusal, type Answer, type Call, type Reply } from './connection.ts'
import { deviceModel201 } from './device-model-201.ts'
import type { Reading } from './meter.ts'
import type { Monitors } from './monitors.ts'
import type {
  Authorization,
  BootReason,
  Cause,
  Connector,
  Dialect,
  Station,
  Status,
  StopReason,
  Transaction,
} from './station.ts'

type MeterValue = OCPP20.MeterValuesRequest['meterValue'][number]
type Event = OCPP20.TransactionEventRequest
type Context = NonNullable<MeterValue['sampledValue'][number]['context']>

/** Statuses of 1.6 that 2.x has as well; the other five mean that a car is connected: Occupied. */
const statuses: Partial<Record<Status, OCPP20.StatusNotificationRequest['connectorStatus']>> = {
  Available: 'Available',
  Reserved: 'Reserved',
  Unavailable: 'Unavailable',
  Faulted: 'Faulted',
}

const triggerReasons: Record<Cause, Event['triggerReason']> = {
  Authorized: 'Authorized',
  RemoteStart: 'RemoteStart',
  Periodic: 'MeterValuePeriodic',
  StateChanged: 'ChargingStateChanged',
  Trigger: 'Trigger',
  Local: 'StopAuthorized',
  Remote: 'RemoteStop',
  EVDisconnected: 'EVDeparted',
  DeAuthorized: 'Deauthorized',
  SoftReset: 'ResetCommand',
  HardReset: 'ResetCommand',
  UnlockCommand: 'UnlockCommand',
  EmergencyStop: 'AbnormalCondition',
  Other: 'AbnormalCondition',
}

const stoppedReasons: Record<StopReason, NonNullable<Event['transactionInfo']['stoppedReason']>> = {
  Local: 'Local',
  Remote: 'Remote',
  EVDisconnected: 'EVDisconnected',
  DeAuthorized: 'DeAuthorized',
  SoftReset: 'ImmediateReset',
  HardReset: 'ImmediateReset',
  UnlockCommand: 'Other',
  EmergencyStop: 'EmergencyStop',
  Other: 'Other',
}

function meterValue(reading: Reading, context: Context): MeterValue {
  const sampledValue: MeterValue['sampledValue'] = [
    { value: reading.energyWh, context, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } },
    { value: reading.powerW, context, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
    { value: reading.currentA, context, measurand: 'Current.Import', unitOfMeasure: { unit: 'A' } },
    { value: reading.voltageV, context, measurand: 'Voltage', unitOfMeasure: { unit: 'V' } },
  ]
  if (reading.socPercent !== null) {
    sampledValue.push({
      value: reading.socPercent,
      context,
      measurand: 'SoC',
      location: 'EV',
      unitOfMeasure: { unit: 'Percent' },
    })
  }
  return { timestamp: isoTime(reading.atMs), sampledValue }
}

function idTokenOf(idTag: string): OCPP20.AuthorizeRequest['idToken'] {
  return { idToken: idTag, type: 'ISO14443' }
}

function authorizationOf(info: OCPP20.TransactionEventResponse['idTokenInfo']): Authorization {
  // An event that is answered without idTokenInfo leaves the authorisation as it was.
  return { status: info?.status ?? 'Accepted', parentIdTag: info?.groupIdToken?.idToken ?? null }
}

/** OCPP 2.0.1, from the charge point's side. */
export class Dialect201 implements Dialect {
  readonly subprotocol: string = 'ocpp2.0.1'
  /** For the streams of 2.1, which belong to monitors. */
  protected readonly monitors: Monitors
  readonly #station: Station
  readonly #answers: Answers201

  constructor(station: Station) {
    this.#station = station
    const { answers, monitors } = deviceModel201(station)
    this.monitors = monitors
    this.#answers = { ...answers, ...answers201(station) }
  }

  boot(reason: BootReason): Call {
    const { vendor, model, serialNumber, firmwareVersion } = this.#station
    const payload: OCPP20.BootNotificationRequest = {
      reason,
      chargingStation: { vendorName: vendor, model, serialNumber, firmwareVersion },
    }
    return { action: 'BootNotification', payload }
  }

  status(connector: Connector, atMs: number): Call {
    const payload: OCPP20.StatusNotificationRequest = {
      timestamp: isoTime(atMs),
      connectorStatus: statuses[connector.status] ?? 'Occupied',
      evseId: connector.connectorId,
      connectorId: 1,
    }
    return { action: 'StatusNotification', payload }
  }

  stationStatus(): null {
    return null
  }

  authorize(idTag: string): Call {
    const payload: OCPP20.AuthorizeRequest = { idToken: idTokenOf(idTag) }
    return { action: 'Authorize', payload }
  }

  authorization(answer: Answer): Authorization {
    return authorizationOf((answer as unknown as OCPP20.AuthorizeResponse).idTokenInfo)
  }

  started(transaction: Transaction, cause: Cause, offline: boolean): () => Call {
    return this.#event('Started', transaction, transaction.started, cause, offline, {
      idToken: idTokenOf(transaction.idTag),
      evse: { id: transaction.connectorId, connectorId: 1 },
      ...(transaction.reservationId === null ? {} : { reservationId: transaction.reservationId }),
    })
  }

  startAnswered(_transaction: Transaction, answer: Answer): Authorization {
    return authorizationOf((answer as unknown as OCPP20.TransactionEventResponse).idTokenInfo)
  }

  updated(transaction: Transaction, reading: Reading, cause: Cause, offline: boolean): () => Call {
    return this.#event('Updated', transaction, reading, cause, offline, {})
  }

  ended(
    transaction: Transaction,
    reading: Reading,
    reason: StopReason,
    idTag: string | null,
    offline: boolean,
  ): () => Call {
    return this.#event('Ended', transaction, reading, reason, offline, {
      ...(idTag === null ? {} : { idToken: idTokenOf(idTag) }),
      transactionInfo: {
        transactionId: transaction.stationTransactionId,
        chargingState: reason === 'EVDisconnected' ? 'Idle' : 'EVConnected',
        stoppedReason: stoppedReasons[reason],
      },
    })
  }

  meterValues(connectorId: number, reading: Reading): Call {
    const payload: OCPP20.MeterValuesRequest = { evseId: connectorId, meterValue: [meterValue(reading, 'Trigger')] }
    return { action: 'MeterValues', payload }
  }

  firmwareStatus(status: string, requestId: number | null): Call {
    return { action: 'FirmwareStatusNotification', payload: { status, ...(requestId === null ? {} : { requestId }) } }
  }

  logStatus(status: string, requestId: number | null): Call {
    return { action: 'LogStatusNotification', payload: { status, ...(requestId === null ? {} : { requestId }) } }
  }

  signCertificate(csr: string): Call {
    const payload: OCPP20.SignCertificateRequest = { csr, certificateType: 'ChargingStationCertificate' }
    return { action: 'SignCertificate', payload }
  }

  reply(action: string, payload: unknown): Reply {
    const handlers: Readonly<Record<string, ((request: never) => Reply) | undefined>> = this.#answers
    const handle = handlers[action] as ((request: Requests201[keyof Requests201]) => Reply) | undefined
    if (handle === undefined) throw new CallRefusal('NotImplemented', `This charge point does not know ${action}.`)
    return handle(payload as Requests201[keyof Requests201])
  }

  #event(
    eventType: Event['eventType'],
    transaction: Transaction,
    reading: Reading,
    cause: Cause,
    offline: boolean,
    more: Partial<Event>,
  ): () => Call {
    const { stationTransactionId, chargingState, remoteStartId } = transaction
    const context = { Started: 'Transaction.Begin', Updated: 'Sample.Periodic', Ended: 'Transaction.End' } as const
    // The seqNo is assigned when the event happens, so that a gap shows that an event was lost (2.0.1 Part 2,
    // E01.FR.07).
    const seqNo = transaction.seqNo++
    const payload: Event = {
      eventType,
      timestamp: isoTime(reading.atMs),
      triggerReason: triggerReasons[cause],
      seqNo,
      ...(offline ? { offline } : {}),
      transactionInfo: {
        transactionId: stationTransactionId,
        chargingState,
        ...(remoteStartId === null || eventType !== 'Started' ? {} : { remoteStartId }),
      },
      meterValue: [meterValue(reading, cause === 'Trigger' ? 'Trigger' : context[eventType])],
      ...more,
    }
    return () => ({ action: 'TransactionEvent', payload })
  }
}
