// The messages of simulated charge points, by version. They are short: the simulation tests when and how often messages
// are sent, not their content.

import { isoTime } from '../../src/base/clock.ts'
import type { Payload } from '../../src/blocks/decision.ts'
import { intervalWh, type Session } from './sessions.ts'

export interface Said {
  readonly action: string
  readonly payload: Payload
}

export interface Dialect {
  boot(): Said
  status(connectorId: number, status: string, atMs: number): Said
  start(session: Session): Said
  /** Something happened in the session: 1.6 meter values, 2.0.1 an event. */
  update(session: Session, atMs: number): Said
  stop(session: Session, atMs: number): Said
  /** Meter values outside of a session. */
  meterValues(connectorId: number, atMs: number, energyWh: number): Said
  authorize(idTag: string): Said
  /** A notification that carries a time. */
  securityEvent(atMs: number): Said
  readonly statuses: readonly string[]
}

const heartbeat: Said = { action: 'Heartbeat', payload: {} }

export function heartbeatOf(): Said {
  return heartbeat
}

function securityEvent(atMs: number): Said {
  return { action: 'SecurityEventNotification', payload: { type: 'SettingSystemTime', timestamp: isoTime(atMs) } }
}

const dialect16: Dialect = {
  statuses: ['Available', 'Preparing', 'Charging', 'SuspendedEV', 'Finishing', 'Faulted', 'Unavailable'],
  boot: () => ({ action: 'BootNotification', payload: { chargePointVendor: 'Vendor', chargePointModel: 'Model' } }),
  status: (connectorId, status, atMs) => ({
    action: 'StatusNotification',
    payload: { connectorId, errorCode: 'NoError', status, timestamp: isoTime(atMs) },
  }),
  start: ({ connectorId, idTag, meterStartWh, startedAtMs }) => ({
    action: 'StartTransaction',
    payload: { connectorId, idTag, meterStart: meterStartWh, timestamp: isoTime(startedAtMs) },
  }),
  update: ({ connectorId, transactionId, meterWh }, atMs) => ({
    action: 'MeterValues',
    payload: { connectorId, transactionId: transactionId ?? 0, meterValue: [sample16(atMs, meterWh)] },
  }),
  stop: ({ transactionId, meterWh, idTag, stopIdTag, seqNo }, atMs) => ({
    action: 'StopTransaction',
    payload: {
      transactionId: transactionId ?? -1,
      meterStop: meterWh,
      timestamp: isoTime(atMs),
      reason: 'Local',
      ...(stopIdTag !== null ? { idTag: stopIdTag } : seqNo % 2 === 0 ? { idTag } : {}),
      ...(seqNo % 3 === 0 ? { transactionData: [sample16(atMs, meterWh)] } : {}),
    },
  }),
  meterValues: (connectorId, atMs, energyWh) => ({
    action: 'MeterValues',
    payload: { connectorId, meterValue: [sample16(atMs, energyWh)] },
  }),
  authorize: (idTag) => ({ action: 'Authorize', payload: { idTag } }),
  securityEvent,
}

function sample16(atMs: number, energyWh: number): Payload {
  return { timestamp: isoTime(atMs), sampledValue: [{ value: String(energyWh), unit: 'Wh' }] }
}

function sample201(atMs: number, energyWh: number, more: Payload = {}, ...others: Payload[]): Payload {
  return { timestamp: isoTime(atMs), sampledValue: [{ value: energyWh, ...more }, ...others] }
}

/** The energy of an interval, in both contexts that contain all of it. */
function interval201(atMs: number): Payload {
  const measurand = 'Energy.Active.Import.Interval'
  const contexts = ['Sample.Periodic', 'Sample.Clock']
  const sampledValue = contexts.map((context) => ({ value: intervalWh, measurand, context }))
  return { timestamp: isoTime(atMs), sampledValue }
}

/** The meter values of an event. At the end, those of the beginning are repeated, as the last ones. */
function meterValues201(eventType: 'Started' | 'Updated' | 'Ended', session: Session, atMs: number): Payload[] {
  const { meterWh, meterStartWh, startedAtMs, habits, seqNo } = session
  const begin = { context: 'Transaction.Begin' }
  switch (eventType) {
    case 'Started':
      return habits.energy === 'intervals' ? [] : [sample201(atMs, meterStartWh, begin)]
    case 'Updated':
      return [habits.energy === 'intervals' ? interval201(atMs) : sample201(atMs, meterWh)]
    case 'Ended':
      return habits.energy === 'registers'
        ? [
            sample201(atMs, meterWh, { context: 'Transaction.End' }),
            // The other sample differs in every event, because some report the end twice.
            sample201(startedAtMs, meterStartWh, begin, { value: seqNo, measurand: 'SoC' }),
          ]
        : []
  }
}

/** The card in an event; null for none. */
function cardIn(eventType: 'Started' | 'Updated' | 'Ended', session: Session): string | null {
  const { idTag, stopIdTag, reportsCard, habits } = session
  switch (eventType) {
    case 'Started':
      return habits.cardComes === 'withStart' ? idTag : null
    case 'Updated':
      return reportsCard ? idTag : null
    case 'Ended':
      return stopIdTag
  }
}

const chargingStates = ['Charging', 'SuspendedEV', 'EVConnected', 'SuspendedEVSE', 'Idle']

function transactionEvent(eventType: 'Started' | 'Updated' | 'Ended', session: Session, atMs: number): Said {
  const { seqNo, connectorId, stationTransactionId, remoteStartId, habits } = session
  const meterValue = meterValues201(eventType, session, atMs)
  const isStart = eventType === 'Started'
  const idTag = cardIn(eventType, session)
  const chargingState = chargingStates[seqNo % chargingStates.length]
  return {
    action: 'TransactionEvent',
    payload: {
      eventType,
      timestamp: isoTime(atMs),
      triggerReason: isStart ? 'Authorized' : eventType === 'Ended' ? 'StopAuthorized' : 'MeterValuePeriodic',
      seqNo: habits.isCoarse ? 0 : seqNo,
      // Distinguishes events that are otherwise equal.
      cableMaxCurrent: seqNo,
      transactionInfo: {
        transactionId: stationTransactionId,
        ...(eventType === 'Ended' ? { stoppedReason: 'Local' } : { chargingState }),
        ...(isStart && remoteStartId !== null ? { remoteStartId } : {}),
      },
      ...(isStart || seqNo % 2 === 0 ? { evse: { id: connectorId, connectorId: 1 } } : {}),
      ...(idTag === null ? {} : { idToken: { idToken: idTag, type: 'ISO14443' } }),
      ...(meterValue.length === 0 ? {} : { meterValue }),
    },
  }
}

const dialect201: Dialect = {
  statuses: ['Available', 'Occupied', 'Reserved', 'Unavailable', 'Faulted'],
  boot: () => ({
    action: 'BootNotification',
    payload: { reason: 'PowerUp', chargingStation: { vendorName: 'Vendor', model: 'Model' } },
  }),
  status: (connectorId, status, atMs) => ({
    action: 'StatusNotification',
    payload: { timestamp: isoTime(atMs), connectorStatus: status, evseId: connectorId, connectorId: 1 },
  }),
  start: (session) => transactionEvent('Started', session, session.startedAtMs),
  update: (session, atMs) => transactionEvent('Updated', session, atMs),
  stop: (session, atMs) => transactionEvent('Ended', session, atMs),
  meterValues: (connectorId, atMs, energyWh) => ({
    action: 'MeterValues',
    payload: { evseId: connectorId, meterValue: [sample201(atMs, energyWh)] },
  }),
  authorize: (idTag) => ({ action: 'Authorize', payload: { idToken: { idToken: idTag, type: 'ISO14443' } } }),
  securityEvent,
}

export const dialects: Readonly<Record<'1.6' | '2.0.1', Dialect>> = { '1.6': dialect16, '2.0.1': dialect201 }
