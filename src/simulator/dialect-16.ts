// What a simulated charge point says in OCPP 1.6.

import type { OCPP16 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import { answers16, type Requests16 } from './answers-16.ts'
import { CallRefusal, type Answer, type Call, type Reply } from './connection.ts'
import type { Reading } from './meter.ts'
import type { Authorization, Cause, Connector, Dialect, Station, Status, StopReason, Transaction } from './station.ts'

type MeterValue = OCPP16.MeterValuesRequest['meterValue'][number]
type Context = MeterValue['sampledValue'][number]['context']

function meterValue(reading: Reading, context: NonNullable<Context>): MeterValue {
  const sampledValue: MeterValue['sampledValue'] = [
    { value: String(reading.energyWh), context, measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
    { value: String(reading.powerW), context, measurand: 'Power.Active.Import', unit: 'W' },
    { value: String(reading.currentA), context, measurand: 'Current.Import', unit: 'A' },
    { value: String(reading.voltageV), context, measurand: 'Voltage', unit: 'V' },
  ]
  if (reading.socPercent !== null) {
    sampledValue.push({ value: String(reading.socPercent), context, measurand: 'SoC', unit: 'Percent', location: 'EV' })
  }
  return { timestamp: isoTime(reading.atMs), sampledValue }
}

function authorizationOf(answer: Answer): Authorization {
  const { idTagInfo } = answer as unknown as OCPP16.AuthorizeResponse
  return { status: idTagInfo.status, parentIdTag: idTagInfo.parentIdTag ?? null }
}

/** OCPP 1.6 (with the messages of the security whitepaper), from the charge point's side. */
export class Dialect16 implements Dialect {
  readonly subprotocol = 'ocpp1.6'
  readonly #station: Station
  readonly #answers: ReturnType<typeof answers16>

  constructor(station: Station) {
    this.#station = station
    this.#answers = answers16(station)
  }

  boot(): Call {
    const { vendor, model, serialNumber, firmwareVersion } = this.#station
    const payload: OCPP16.BootNotificationRequest = {
      chargePointVendor: vendor,
      chargePointModel: model,
      chargePointSerialNumber: serialNumber,
      firmwareVersion,
    }
    return { action: 'BootNotification', payload }
  }

  status(connector: Connector, atMs: number): Call {
    return statusNotification(connector.connectorId, connector.status, atMs)
  }

  stationStatus(status: Status, atMs: number): Call {
    return statusNotification(0, status, atMs)
  }

  authorize(idTag: string): Call {
    const payload: OCPP16.AuthorizeRequest = { idTag }
    return { action: 'Authorize', payload }
  }

  authorization(answer: Answer): Authorization {
    return authorizationOf(answer)
  }

  started(transaction: Transaction): () => Call {
    const { connectorId, idTag, started, reservationId } = transaction
    const payload: OCPP16.StartTransactionRequest = {
      connectorId,
      idTag,
      meterStart: started.energyWh,
      timestamp: isoTime(started.atMs),
      ...(reservationId === null ? {} : { reservationId }),
    }
    return () => ({ action: 'StartTransaction', payload })
  }

  startAnswered(transaction: Transaction, answer: Answer): Authorization {
    transaction.transactionId = (answer as unknown as OCPP16.StartTransactionResponse).transactionId
    return authorizationOf(answer)
  }

  updated(transaction: Transaction, reading: Reading, cause: Cause): (() => Call) | null {
    // A change of the charging state is reported by StatusNotification only.
    if (cause === 'StateChanged') return null
    const values = meterValue(reading, cause === 'Trigger' ? 'Trigger' : 'Sample.Periodic')
    return () => {
      const { connectorId, transactionId } = transaction
      const payload: OCPP16.MeterValuesRequest = {
        connectorId,
        ...(transactionId === null ? {} : { transactionId }),
        meterValue: [values],
      }
      return { action: 'MeterValues', payload }
    }
  }

  ended(transaction: Transaction, reading: Reading, reason: StopReason, idTag: string | null): () => Call {
    return () => {
      const payload: OCPP16.StopTransactionRequest = {
        // A start that was never answered has no id, but the stop of 1.6 requires one (errata 3.18).
        transactionId: transaction.transactionId ?? -1,
        ...(idTag === null ? {} : { idTag }),
        meterStop: reading.energyWh,
        timestamp: isoTime(reading.atMs),
        reason,
        transactionData: [meterValue(reading, 'Transaction.End')],
      }
      return { action: 'StopTransaction', payload }
    }
  }

  meterValues(connectorId: number, reading: Reading): Call {
    const payload: OCPP16.MeterValuesRequest = { connectorId, meterValue: [meterValue(reading, 'Trigger')] }
    return { action: 'MeterValues', payload }
  }

  firmwareStatus(status: string, requestId: number | null): Call {
    return requestId === null
      ? { action: 'FirmwareStatusNotification', payload: { status } }
      : { action: 'SignedFirmwareStatusNotification', payload: { status, requestId } }
  }

  logStatus(status: string, requestId: number | null): Call {
    return requestId === null
      ? { action: 'DiagnosticsStatusNotification', payload: { status } }
      : { action: 'LogStatusNotification', payload: { status, requestId } }
  }

  signCertificate(csr: string): Call {
    const payload: OCPP16.SignCertificateRequest = { csr }
    return { action: 'SignCertificate', payload }
  }

  reply(action: string, payload: unknown): Reply {
    const handlers: Readonly<Record<string, ((request: never) => Reply) | undefined>> = this.#answers
    const handle = handlers[action] as ((request: Requests16[keyof Requests16]) => Reply) | undefined
    if (handle === undefined) throw new CallRefusal('NotImplemented', `This charge point does not know ${action}.`)
    return handle(payload as Requests16[keyof Requests16])
  }
}

function statusNotification(connectorId: number, status: Status, atMs: number): Call {
  const payload: OCPP16.StatusNotificationRequest = {
    connectorId,
    errorCode: status === 'Faulted' ? 'OtherError' : 'NoError',
    status,
    timestamp: isoTime(atMs),
  }
  return { action: 'StatusNotification', payload }
}
