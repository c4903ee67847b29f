// Functional block G, availability: the status of connectors, and the status of the charge point that follows from it.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import { connectorsMax } from '../../base/limits.ts'
import { ownValue } from '../../base/own-value.ts'
import { connectorMove } from '../../../actors/connector.ts'
import type {
  Anomaly,
  Change,
  ConnectorRef,
  ConnectorStatus,
  Decision,
  Handler,
  Known,
  KnownConnector,
} from '../decision.ts'
import { timeMs } from '../notification.ts'
import type { NewRow } from '../stored-rows.ts'
import { connectorSubject } from '../untimed-facts.ts'

// From the most important status for an operator to the least. Connector 0 is the charge point itself: it counts only
// when it is faulted or out of service, because some charge points use it as a sum meter.
export const statusesByWeight = [
  'Faulted',
  'Charging',
  'Unavailable',
  'SuspendedEVSE',
  'SuspendedEV',
  'Finishing',
  'Preparing',
  'Occupied',
  'Reserved',
  'Available',
] as const satisfies readonly ConnectorStatus[]

/** The most important status of a charge point's connectors; `Unknown` if none has reported. */
export function chargePointStatus(connectors: readonly KnownConnector[]): ConnectorStatus {
  const statuses = new Set<ConnectorStatus>()
  for (const connector of connectors) {
    const isChargePoint = connector.evseId === 0 && connectors.length > 1
    if (!isChargePoint || connector.status === 'Faulted' || connector.status === 'Unavailable') {
      statuses.add(connector.status)
    }
  }
  return statusesByWeight.find((status) => statuses.has(status)) ?? 'Unknown'
}

/** A status text in the spelling of the specification; `Unknown` if the specification does not have it. */
export function normaliseStatus(statusSent: string): ConnectorStatus {
  const wanted = statusSent.trim().toLowerCase()
  return statusesByWeight.find((status) => status.toLowerCase() === wanted) ?? 'Unknown'
}

/** A 1.6 connector n is EVSE n, connector 1; connector 0 is the charge point itself. */
export function connectorRef16(connectorId: number): ConnectorRef {
  return { evseId: connectorId, connectorId: connectorId === 0 ? 0 : 1 }
}

/** The changes for connectors with a new status, and for the charge point if its own status changes, too. */
export function connectorStatusChanges(moved: readonly NewRow<'connectors'>[], known: Known): Change[] {
  const connectors = known.connectors()
  const others = connectors.filter(({ evseId, connectorId }) =>
    moved.every((row) => row.evseId !== evseId || row.connectorId !== connectorId),
  )
  const before = chargePointStatus(connectors)
  const after = chargePointStatus([...others, ...moved])
  const changes = moved.map((row): Change => ({ table: 'connectors', row }))
  return before === after ? changes : [...changes, { table: 'chargePoints', patch: { status: after } }]
}

/**
 * The anomaly of a new connector beyond `connectorsMax`; null if the connector is known or there is room. Some charge
 * points keep inventing connectors.
 */
export function connectorTooMany(ref: ConnectorRef, known: Known): Anomaly | null {
  if (known.connector(ref) !== undefined || known.connectors().length < connectorsMax) return null
  return { kind: 'tooManyConnectors', detail: { evseId: ref.evseId, connectorId: ref.connectorId } }
}

/** A connector after it has reported a status. */
export interface MovedConnector {
  readonly row: NewRow<'connectors'>
  /** An anomaly if the specification does not allow the move, else empty. */
  readonly anomalies: readonly Anomaly[]
}

/** Applies the chart of the connector to the status in `reported`. */
export function moveConnector(reported: NewRow<'connectors'>, known: Known): MovedConnector {
  const { evseId, connectorId } = reported
  const from = known.connector(reported)?.status ?? 'Unknown'
  const { status, name } = connectorMove(known.chargePoint.version, from, reported.status, evseId)
  const row = { ...reported, status }
  // The first status of a connector may be any: its previous status is unknown.
  if (name !== null || from === 'Unknown') return { row, anomalies: [] }
  return { row, anomalies: [{ kind: 'connectorMove', detail: { evseId, connectorId, from, to: status } }] }
}

function statusNotification(reported: NewRow<'connectors'>, known: Known): Decision {
  const { row: moved, anomalies } = moveConnector(reported, known)
  const event: Change = {
    table: 'chargePointEvents',
    row: { action: 'StatusNotification', occurredAtMs: moved.occurredAtMs, payload: known.verbatim },
    ...(known.placed === null ? {} : { place: known.placed.place }),
  }
  const tooMany = connectorTooMany(moved, known)
  if (tooMany !== null) return { answer: {}, changes: [event], anomalies: [tooMany] }
  return {
    answer: {},
    changes: [...connectorStatusChanges([moved], known), event],
    anomalies,
  }
}

/** 1.6 §4.9. A move that the table of §4.9 does not allow is applied anyway, and stored as an anomaly. */
export const statusNotification16: Handler<OCPP16.StatusNotificationRequest> = {
  about: (payload) => ({ subject: connectorSubject(connectorRef16(payload.connectorId)) }),
  decide: (payload, known) =>
    statusNotification(
      {
        ...connectorRef16(payload.connectorId),
        status: normaliseStatus(payload.status),
        statusSent: payload.status,
        errorCode: payload.errorCode,
        info: payload.info ?? null,
        vendorId: payload.vendorId ?? null,
        vendorErrorCode: payload.vendorErrorCode ?? null,
        occurredAtMs: timeMs(payload.timestamp, known.receivedAtMs),
      },
      known,
    ),
}

/**
 * The status of a 2.x connector for which `statusSent` was reported. Occupied does not overwrite a status that the open
 * transaction of the EVSE has set, because that status is more precise (see `chargingStatus`).
 */
export function status201(statusSent: string, ref: ConnectorRef, known: Known): ConnectorStatus {
  const sent = normaliseStatus(statusSent)
  if (sent !== 'Occupied') return sent
  const before = known.connector(ref)?.status
  const isCharging = known.openTransactions().some((transaction) => transaction.evseId === ref.evseId)
  return isCharging && before !== undefined && isChargingStatus(before) ? before : sent
}

/** 2.0.1 G01. */
export const statusNotification201: Handler<OCPP20.StatusNotificationRequest | OCPP21.StatusNotificationRequest> = {
  about: (payload) => ({ subject: connectorSubject(payload) }),
  decide: (payload, known) => {
    const ref = { evseId: payload.evseId, connectorId: payload.connectorId }
    return statusNotification(
      {
        ...ref,
        status: status201(payload.connectorStatus, ref, known),
        statusSent: payload.connectorStatus,
        errorCode: null,
        info: null,
        vendorId: null,
        vendorErrorCode: null,
        occurredAtMs: timeMs(payload.timestamp, known.receivedAtMs),
      },
      known,
    )
  },
}

const chargingStatuses: Readonly<Record<string, ConnectorStatus>> = {
  Charging: 'Charging',
  SuspendedEV: 'SuspendedEV',
  SuspendedEVSE: 'SuspendedEVSE',
  EVConnected: 'Preparing',
  Idle: 'Finishing',
}

/** The status of a 2.x connector whose transaction is in `state` (ChargingStateEnumType). */
export function chargingStatus(state: string): ConnectorStatus {
  return ownValue(chargingStatuses, state) ?? 'Occupied'
}

/** Whether a connector status comes from a charging state. */
export function isChargingStatus(status: ConnectorStatus): boolean {
  return Object.values(chargingStatuses).includes(status)
}
