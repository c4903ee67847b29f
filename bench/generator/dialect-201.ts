// The mixes in OCPP 2.0.1. Samples of a transaction are sent in TransactionEvent.

import { isoTime } from './iso.ts'
import { samplesAhead } from './ahead.ts'
import { type Charging, endOf, sampleOf, samplesOfEnd } from './charging.ts'
import type { ConnectorMoment, Dialect, Message } from './dialect.ts'

const statusOf = {
  free: 'Available',
  pluggedIn: 'Occupied',
  charging: 'Occupied',
  finishing: 'Occupied',
} as const satisfies Record<ConnectorMoment, string>

/** The `meterValue` element of sample `index`: energy, current, voltage. */
export function meterValue201(charging: Charging, index: number): string {
  const { sampledAtMs, energyWh, currentA, voltageV } = sampleOf(charging, index)
  return (
    `{"timestamp":"${isoTime(sampledAtMs)}","sampledValue":[{"value":${energyWh},"context":"Sample.Periodic",` +
    `"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}},` +
    `{"value":${currentA},"measurand":"Current.Import","unitOfMeasure":{"unit":"A"}},` +
    `{"value":${voltageV},"measurand":"Voltage","unitOfMeasure":{"unit":"V"}}]}`
  )
}

// Samples are sent with the transaction that they belong to.
const sampleAction = 'TransactionEvent'

function transactionEvent(
  charging: Charging,
  event: { type: string; trigger: string; seqNo: number; atMs: number; state: string; more: string },
): Message {
  return {
    action: sampleAction,
    payload:
      `{"eventType":"${event.type}","timestamp":"${isoTime(event.atMs)}","triggerReason":"${event.trigger}",` +
      `"seqNo":${event.seqNo},"transactionInfo":{"transactionId":"${charging.stationTransactionId}",` +
      `"chargingState":"${event.state}"}${event.more}}`,
    readsAnswer: false,
  }
}

export const dialect201: Dialect = {
  subprotocol: 'ocpp2.0.1',
  boot: {
    action: 'BootNotification',
    payload: '{"reason":"PowerUp","chargingStation":{"vendorName":"Bench","model":"Load-1","firmwareVersion":"1.0.0"}}',
    readsAnswer: true,
  },
  heartbeat: { action: 'Heartbeat', payload: '{}', readsAnswer: false },

  status: (moment, atMs) => ({
    action: 'StatusNotification',
    payload: `{"timestamp":"${isoTime(atMs)}","connectorStatus":"${statusOf[moment]}","evseId":1,"connectorId":1}`,
    readsAnswer: false,
  }),

  authorize: (idToken) => ({
    action: 'Authorize',
    payload: `{"idToken":{"idToken":"${idToken}","type":"ISO14443"}}`,
    readsAnswer: false,
  }),

  start: (charging) =>
    transactionEvent(charging, {
      type: 'Started',
      trigger: 'Authorized',
      seqNo: 0,
      atMs: charging.startedAtMs,
      state: 'Charging',
      more: `,"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"${charging.idTag}","type":"ISO14443"}`,
    }),

  sampleAction,
  sample: (charging, index) =>
    transactionEvent(charging, {
      type: 'Updated',
      trigger: 'MeterValuePeriodic',
      seqNo: index + 1,
      atMs: sampleOf(charging, index).sampledAtMs,
      state: 'Charging',
      more: `,"meterValue":[${meterValue201(charging, index)}]`,
    }),

  samplesAhead: (charging, index, count) =>
    samplesAhead(dialect201.sample(charging, index).payload, charging, index, count, '"value":'),

  end: (charging) => {
    const samples = samplesOfEnd(charging, meterValue201)
    return transactionEvent(charging, {
      type: 'Ended',
      trigger: 'StopAuthorized',
      seqNo: charging.samplesSent + 1,
      atMs: endOf(charging).endedAtMs,
      state: 'EVConnected',
      more: samples === null ? '' : `,"meterValue":${samples}`,
    })
  },

  report: (variables, atMs) => {
    const entries = Array.from(
      { length: variables },
      (_, index) =>
        `{"component":{"name":"SmartChargingCtrlr"},"variable":{"name":"Limit${index}"},` +
        `"variableAttribute":[{"type":"Actual","value":"${index}","mutability":"ReadWrite"}],` +
        `"variableCharacteristics":{"unit":"A","dataType":"decimal","supportsMonitoring":false}}`,
    )
    return {
      action: 'NotifyReport',
      payload: `{"requestId":1,"generatedAt":"${isoTime(atMs)}","seqNo":0,"reportData":[${entries.join(',')}]}`,
      readsAnswer: false,
    }
  },
}
