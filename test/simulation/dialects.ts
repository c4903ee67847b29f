// What simulated charge points say, in the words of their version. Plain and short: the simulation is about when and how often
// things are said, not about what.

import { isoTime } from '../../src/base/clock.ts'
import type { Payload } from '../../src/csms/decision.ts'

export interface Said {
  readonly action: string
  readonly payload: Payload
}

/** A charging session, as its charge point knows it. */
export interface Session {
  readonly connectorId: number
  readonly idTag: string
  readonly startedAtMs: number
  readonly meterStartWh: number
  /** 1.6: what the central system answered; null until it has. */
  transactionId: number | null
  /** 2.0.1: the charge point's own. */
  readonly stationTransactionId: string
  readonly remoteStartId: number | null
  seqNo: number
  meterWh: number
}

export interface Dialect {
  boot(): Said
  status(connectorId: number, status: string, atMs: number): Said
  start(session: Session): Said
  /** Something happened in the session: 1.6 meter values, 2.0.1 an event. */
  update(session: Session, atMs: number): Said
  stop(session: Session, atMs: number): Said
  /** Meter values outside a session. */
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
  stop: ({ transactionId, meterWh, idTag, seqNo }, atMs) => ({
    action: 'StopTransaction',
    payload: {
      transactionId: transactionId ?? -1,
      meterStop: meterWh,
      timestamp: isoTime(atMs),
      reason: 'Local',
      ...(seqNo % 2 === 0 ? { idTag } : {}),
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

function sample201(atMs: number, energyWh: number): Payload {
  return { timestamp: isoTime(atMs), sampledValue: [{ value: energyWh }] }
}

const chargingStates = ['Charging', 'SuspendedEV', 'EVConnected', 'SuspendedEVSE', 'Idle']

function transactionEvent(eventType: 'Started' | 'Updated' | 'Ended', session: Session, atMs: number): Said {
  const { seqNo, connectorId, idTag, stationTransactionId, remoteStartId, meterWh, meterStartWh } = session
  const isStart = eventType === 'Started'
  const chargingState = chargingStates[seqNo % chargingStates.length]
  return {
    action: 'TransactionEvent',
    payload: {
      eventType,
      timestamp: isoTime(atMs),
      triggerReason: isStart ? 'Authorized' : eventType === 'Ended' ? 'StopAuthorized' : 'MeterValuePeriodic',
      seqNo,
      transactionInfo: {
        transactionId: stationTransactionId,
        ...(eventType === 'Ended' ? { stoppedReason: 'Local' } : { chargingState }),
        ...(isStart && remoteStartId !== null ? { remoteStartId } : {}),
      },
      ...(isStart || seqNo % 2 === 0 ? { evse: { id: connectorId, connectorId: 1 } } : {}),
      ...(isStart ? { idToken: { idToken: idTag, type: 'ISO14443' } } : {}),
      meterValue: [sample201(atMs, isStart ? meterStartWh : meterWh)],
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

/** The same from a charge point that tells no times. */
export function withoutTimes({ action, payload }: Said): Said {
  if (action === 'SecurityEventNotification') return { action, payload }
  const { timestamp: _, ...rest } = payload
  const { meterValue, transactionData } = rest
  return {
    action,
    payload: {
      ...rest,
      ...(meterValue === undefined ? {} : { meterValue: untimed(meterValue) }),
      ...(transactionData === undefined ? {} : { transactionData: untimed(transactionData) }),
    },
  }
}

function untimed(values: unknown): readonly Payload[] {
  return (values as readonly Payload[]).map(({ timestamp: _, ...value }) => value)
}
