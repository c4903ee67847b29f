// The mixes in OCPP 1.6.

import { isoTime } from './iso.ts'
import { samplesAhead } from './ahead.ts'
import { type Charging, endOf, sampleOf, samplesOfEnd } from './charging.ts'
import type { ConnectorMoment, Dialect } from './dialect.ts'

const statusOf = {
  free: 'Available',
  pluggedIn: 'Preparing',
  charging: 'Charging',
  finishing: 'Finishing',
} as const satisfies Record<ConnectorMoment, string>

/** The `meterValue` element of sample `index`: energy, current, voltage. */
export function meterValue16(charging: Charging, index: number): string {
  const { sampledAtMs, energyWh, currentA, voltageV } = sampleOf(charging, index)
  return (
    `{"timestamp":"${isoTime(sampledAtMs)}","sampledValue":[{"value":"${energyWh}","context":"Sample.Periodic",` +
    `"format":"Raw","measurand":"Energy.Active.Import.Register","unit":"Wh"},` +
    `{"value":"${currentA}","measurand":"Current.Import","unit":"A"},` +
    `{"value":"${voltageV}","measurand":"Voltage","unit":"V"}]}`
  )
}

const sampleAction = 'MeterValues'

export const dialect16: Dialect = {
  subprotocol: 'ocpp1.6',
  boot: {
    action: 'BootNotification',
    payload: '{"chargePointVendor":"Bench","chargePointModel":"Load-1","firmwareVersion":"1.0.0"}',
    readsAnswer: true,
  },
  heartbeat: { action: 'Heartbeat', payload: '{}', readsAnswer: false },

  status: (moment, atMs) => ({
    action: 'StatusNotification',
    payload: `{"connectorId":1,"errorCode":"NoError","status":"${statusOf[moment]}","timestamp":"${isoTime(atMs)}"}`,
    readsAnswer: false,
  }),

  authorize: (idTag) => ({ action: 'Authorize', payload: `{"idTag":"${idTag}"}`, readsAnswer: false }),

  start: ({ connectorId, idTag, meterStartWh, startedAtMs }) => ({
    action: 'StartTransaction',
    payload:
      `{"connectorId":${connectorId},"idTag":"${idTag}","meterStart":${meterStartWh},` +
      `"timestamp":"${isoTime(startedAtMs)}"}`,
    readsAnswer: true,
  }),

  sampleAction,
  sample: (charging, index) => ({
    action: sampleAction,
    payload:
      `{"connectorId":${charging.connectorId},"transactionId":${charging.transactionId},` +
      `"meterValue":[${meterValue16(charging, index)}]}`,
    readsAnswer: false,
  }),

  samplesAhead: (charging, index, count) =>
    samplesAhead(dialect16.sample(charging, index).payload, charging, index, count, '"value":"'),

  end: (charging) => {
    const { endedAtMs, meterStopWh } = endOf(charging)
    const samples = samplesOfEnd(charging, meterValue16)
    const transactionData = samples === null ? '' : `,"transactionData":${samples}`
    return {
      action: 'StopTransaction',
      payload:
        `{"transactionId":${charging.transactionId},"idTag":"${charging.idTag}","meterStop":${meterStopWh},` +
        `"timestamp":"${isoTime(endedAtMs)}","reason":"Local"${transactionData}}`,
      readsAnswer: false,
    }
  },

  report: () => null,
}
