// How charge points look in answers.

import { z } from '@hono/zod-openapi'
import { isoTime } from '../base/clock.ts'
import { chargePointStatus as statusOfConnectors, statusesByWeight } from '../csms/availability.ts'
import type { KnownConnector, KnownTransaction } from '../csms/decision.ts'
import type { ChargePointRecord, ConnectorRecord } from '../csms/records.ts'
import type { LiveView } from './deps.ts'
import { Time } from './responses.ts'

/** Every status that a charge point can show, in the order in which the first that applies wins. */
export const chargePointStatuses = ['Offline', ...statusesByWeight, 'Unknown'] as const

const Status = z.enum(chargePointStatuses).openapi({ example: 'Available' })
const identity = z.string().openapi({ example: 'CP001' })
const version = z.enum(['1.6', '2.0.1', '2.1'])

export const ChargePointItem = z
  .object({
    chargePointId: identity,
    status: Status,
    lastSeen: Time.nullable(),
    location: z.string().nullable().openapi({ example: 'Building A, Floor 1' }),
  })
  .openapi('ChargePointItem')

export const ChargePointStatus = z
  .object({
    chargePointId: identity,
    status: Status,
    lastHeartbeat: Time.nullable(),
    connectors: z.array(
      z.object({
        evseId: z.int().optional().openapi({ description: 'OCPP 2.x only.' }),
        connectorId: z.int().openapi({
          description: 'OCPP 2.x: the EVSE, or the connector on it when the EVSE has several.',
          example: 1,
        }),
        status: Status,
        currentTransaction: z
          .int()
          .nullable()
          .openapi({ description: 'The transactionId of the open transaction there.', example: null }),
      }),
    ),
    firmwareVersion: z.string().nullable().openapi({ example: '1.2.3' }),
    model: z.string().nullable().openapi({ example: 'ChargePoint-X1000' }),
  })
  .openapi('ChargePointStatus')

export const ChargePoint = z
  .object({
    chargePointId: identity,
    status: Status,
    connected: z.boolean(),
    location: z.string().nullable(),
    ocppVersion: version.nullable().openapi({ description: 'Of its last connection.' }),
    strictness: z.enum(['lenient', 'strict']),
    registrationStatus: z
      .enum(['Accepted', 'Pending', 'Rejected'])
      .openapi({ description: 'What its boots are answered with.' }),
    bootStatus: z
      .enum(['Accepted', 'Pending', 'Rejected'])
      .nullable()
      .openapi({ description: 'What its last boot was answered with.' }),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    serialNumber: z.string().nullable(),
    firmwareVersion: z.string().nullable(),
    iccid: z.string().nullable(),
    imsi: z.string().nullable(),
    firmwareStatus: z.string().nullable(),
    diagnosticsStatus: z.string().nullable(),
    logStatus: z.string().nullable(),
    lastSeen: Time.nullable(),
    lastHeartbeat: Time.nullable(),
    lastBoot: Time.nullable(),
    createdAt: Time,
    hasPassword: z.boolean(),
    hasApiKey: z.boolean(),
  })
  .openapi('ChargePoint')

/** A charge point in a list. `live` is there while it is connected, and ahead of the record. */
export function chargePointItem(
  record: ChargePointRecord,
  live: LiveView | undefined,
): z.infer<typeof ChargePointItem> {
  return {
    chargePointId: record.identity,
    status: record.status,
    lastSeen: latest(record.lastSeenAtMs, live?.lastSeenAtMs),
    location: record.location,
  }
}

/**
 * A charge point with its connectors; connector 0, which is the charge point itself, is not among them. A connector that
 * has never reported a status and has an open transaction is charging.
 */
export function chargePointStatus(
  record: ChargePointRecord,
  connectors: readonly ConnectorRecord[],
  openTransactions: readonly KnownTransaction[],
  live: LiveView | undefined,
): z.infer<typeof ChargePointStatus> {
  const is16 = (live?.version ?? record.ocppVersion ?? '1.6') === '1.6'
  const newestFirst = openTransactions.toSorted((a, b) => b.transactionId - a.transactionId)
  const known: readonly KnownConnector[] = [...connectors, ...silentConnectors(connectors, newestFirst)]
  const shown = known
    .filter((connector) => connector.evseId > 0)
    .toSorted((a, b) => a.evseId - b.evseId || a.connectorId - b.connectorId)
  return {
    chargePointId: record.identity,
    status: record.status === 'Offline' ? 'Offline' : statusOfConnectors(known),
    lastHeartbeat: latest(record.lastHeartbeatAtMs, live?.lastHeartbeatAtMs),
    connectors: shown.map((connector) => {
      const isOnly = shown.every(
        ({ evseId, connectorId }) => evseId !== connector.evseId || connectorId === connector.connectorId,
      )
      const transaction = newestFirst.find(
        ({ evseId, connectorId }) => evseId === connector.evseId && (isOnly || connectorId === connector.connectorId),
      )
      return {
        ...(is16 ? {} : { evseId: connector.evseId }),
        connectorId: is16 || isOnly ? connector.evseId : connector.connectorId,
        status: connector.status,
        currentTransaction: transaction?.transactionId ?? null,
      }
    }),
    firmwareVersion: record.firmwareVersion,
    model: record.model,
  }
}

// Some charge points start transactions and send no StatusNotification, or send it only when something changes.
function silentConnectors(
  reported: readonly ConnectorRecord[],
  newestFirst: readonly KnownTransaction[],
): KnownConnector[] {
  const silent = new Map<number, KnownConnector>()
  for (const { evseId, connectorId } of newestFirst) {
    const isSilent = evseId > 0 && !silent.has(evseId) && reported.every((connector) => connector.evseId !== evseId)
    if (isSilent) silent.set(evseId, { evseId, connectorId, status: 'Charging' })
  }
  return [...silent.values()]
}

/** Everything that is stored about a charge point, except its secrets. */
export function chargePointView(record: ChargePointRecord, live: LiveView | undefined): z.infer<typeof ChargePoint> {
  const {
    key: _,
    identity: chargePointId,
    lastSeenAtMs,
    lastHeartbeatAtMs,
    lastBootAtMs,
    createdAtMs,
    ...rest
  } = record
  return {
    chargePointId,
    ...rest,
    lastSeen: latest(lastSeenAtMs, live?.lastSeenAtMs),
    lastHeartbeat: latest(lastHeartbeatAtMs, live?.lastHeartbeatAtMs),
    lastBoot: latest(lastBootAtMs),
    createdAt: isoTime(createdAtMs),
  }
}

function latest(...timesMs: readonly (number | null | undefined)[]): string | null {
  const known = timesMs.filter((timeMs) => typeof timeMs === 'number')
  return known.length === 0 ? null : isoTime(Math.max(...known))
}
