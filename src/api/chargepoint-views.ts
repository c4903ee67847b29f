// The representation of charge points in responses.

import { z } from '@hono/zod-openapi'
import { isoTime } from '../base/clock.ts'
import { chargePointStatus as statusOfConnectors, statusesByWeight } from '../blocks/availability/connector-status.ts'
import type { ConnectorRef, KnownConnector, KnownTransaction } from '../blocks/decision.ts'
import type { ChargePointRecord, Connectivity, ConnectorRecord, ProblemRecord } from '../blocks/records.ts'
import type { QuirkProfiles } from '../ocpp/quirk-profile.ts'
import { type ByVersion, since2 } from '../ocpp/version.ts'
import type { LiveView } from './deps.ts'
import { Time } from './responses.ts'

/** Every status of a charge point; the first that applies is shown. */
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

// As in the connector's last StatusNotification.
const faultFields = {
  errorCode: z
    .string()
    .nullable()
    .openapi({ description: 'OCPP 1.6; `NoError` when there is none.', example: 'NoError' }),
  info: z.string().nullable().openapi({ description: 'In words. OCPP 2.x: the `techInfo` of an event.' }),
  vendorId: z.string().nullable(),
  vendorErrorCode: z
    .string()
    .nullable()
    .openapi({ description: "The vendor's own code. OCPP 2.x: the `techCode` of an event.", example: 'NoPPDetected' }),
  since: Time.nullable().openapi({
    description:
      'When its status or one of its error codes last changed, by the clock of Stator; null if it has reported none.',
  }),
}

const Problem = z
  .object({
    component: z.string().openapi({ example: 'Connector' }),
    instance: z.string().nullable(),
    evseId: z.int().nullable(),
    connectorId: z.int().nullable(),
    techCode: z.string().nullable().openapi({ example: 'OverTemperature' }),
    techInfo: z.string().nullable(),
    cause: z
      .int()
      .nullable()
      .openapi({ description: 'Number of the event that caused it, as the charge point counts its events.' }),
    since: Time.openapi({ description: 'By the clock of the charge point.' }),
  })
  .openapi('Problem')

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
        ...faultFields,
        problems: z.array(Problem).openapi({
          description: 'OCPP 2.x: what its components, and those of its EVSE, say is wrong with them.',
          example: [],
        }),
      }),
    ),
    fault: z
      .object({ status: Status, ...faultFields })
      .nullable()
      .openapi({
        description: 'Of the charge point itself (connector 0); null when it has reported no status.',
        example: null,
      }),
    problems: z
      .array(Problem)
      .openapi({ description: 'OCPP 2.x: those that belong to no connector shown.', example: [] }),
    firmwareVersion: z.string().nullable().openapi({ example: '1.2.3' }),
    model: z.string().nullable().openapi({ example: 'ChargePoint-X1000' }),
  })
  .openapi('ChargePointStatus')

const LastDisconnect = z
  .object({
    at: Time,
    closedBy: z
      .enum(['chargePoint', 'centralSystem', 'lost'])
      .openapi({ description: '`lost`: neither side closed it.' }),
    closeCode: z.int().nullable().openapi({
      description: 'Of the WebSocket, RFC 6455, section 7.4; null if no close was seen.',
      example: 1000,
    }),
    reason: z.string(),
    node: z
      .string()
      .nullable()
      .openapi({ description: 'The process that held the connection.', example: 'csms-1:8080' }),
    remoteAddress: z.string().nullable().openapi({ description: 'Where it connected from.', example: '192.0.2.1' }),
  })
  .openapi('LastDisconnect')

const LastRefusal = z
  .object({
    at: Time,
    status: z.int().openapi({
      description:
        'HTTP status of the answer. 101: the connection was opened and closed, because there is no common subprotocol.',
      example: 401,
    }),
    reason: z.string().openapi({ example: 'wrong credentials' }),
    node: z.string().openapi({ description: 'The process that refused it.', example: 'csms-1:8080' }),
    remoteAddress: z.string().openapi({ description: 'Where it came from.', example: '192.0.2.1' }),
  })
  .openapi('LastRefusal')

export const ChargePoint = z
  .object({
    chargePointId: identity,
    status: Status,
    connected: z.boolean(),
    location: z.string().nullable(),
    groupId: z.int().nullable().openapi({ description: 'The group that it is in; null: none.', example: 2 }),
    ocppVersion: version.nullable().openapi({ description: 'Of its last connection.' }),
    strictness: z.enum(['lenient', 'strict']),
    quirkProfile: z
      .string()
      .nullable()
      .openapi({ description: 'The quirk profile that an operator has chosen, or `none`; null: its boot decides.' }),
    appliedQuirkProfile: z.string().nullable().openapi({
      description: 'The quirk profile that applies, by that choice or by what its last boot said; null: none.',
      example: 'wallbox',
    }),
    registrationStatus: z
      .enum(['Accepted', 'Pending', 'Rejected'])
      .openapi({ description: 'What its boots are answered with.' }),
    timeZone: z
      .string()
      .nullable()
      .openapi({ description: 'Of the times that it sends without a zone; null: UTC.', example: 'Europe/Berlin' }),
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
    blocked: z.boolean().openapi({ description: 'Whether an operator bars it.' }),
    minSecurityProfile: z
      .union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)])
      .openapi({ description: 'The lowest security profile that it may connect with; 0: any.' }),
    allowOtherUserName: z
      .boolean()
      .openapi({ description: 'Whether the user name beside its password may be another than its identity.' }),
    certificateName: z
      .string()
      .nullable()
      .openapi({ description: 'The name that its client certificate must have; null: its identity.' }),
    lastDisconnect: LastDisconnect.nullable().openapi({
      description: 'How its last connection ended; null if no end is stored. Kept as long as OCPP.HistoryMonths says.',
    }),
    lastRefusal: LastRefusal.nullable().openapi({
      description: 'Its last refused handshake, from whatever address. Stored within seconds.',
    }),
  })
  .openapi('ChargePoint')

/** A charge point in a list. `live` is present while it is connected, and more current than the record. */
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

/** Whether its connectors belong to EVSEs, as since 2.0.1. */
const hasEvses: ByVersion<boolean> = since2(false, true)

/**
 * A charge point with its connectors. Connector 0 is the charge point itself: it is not listed, but its fault is shown.
 * A connector without a reported status and with an open transaction counts as charging.
 */
export function chargePointStatus(
  record: ChargePointRecord,
  connectors: readonly ConnectorRecord[],
  newestFirst: readonly KnownTransaction[],
  problems: readonly ProblemRecord[],
  live: LiveView | undefined,
): z.infer<typeof ChargePointStatus> {
  const showsEvse = hasEvses[live?.version ?? record.ocppVersion ?? '1.6']
  const known: readonly KnownConnector[] = [...connectors, ...silentConnectors(connectors, newestFirst)]
  const shown = known
    .filter((connector) => connector.evseId > 0)
    .toSorted((a, b) => a.evseId - b.evseId || a.connectorId - b.connectorId)
  const chargePointItself = connectorAt(connectors, { evseId: 0, connectorId: 0 })
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
        ...(showsEvse ? { evseId: connector.evseId } : {}),
        connectorId: !showsEvse || isOnly ? connector.evseId : connector.connectorId,
        status: connector.status,
        currentTransaction: transaction?.transactionId ?? null,
        ...faultOf(connectorAt(connectors, connector)),
        problems: problems.filter((problem) => isAt(problem, connector)).map(problemView),
      }
    }),
    fault: chargePointItself === undefined ? null : { status: chargePointItself.status, ...faultOf(chargePointItself) },
    problems: problems.filter((problem) => !shown.some((connector) => isAt(problem, connector))).map(problemView),
    firmwareVersion: record.firmwareVersion,
    model: record.model,
  }
}

function connectorAt(connectors: readonly ConnectorRecord[], ref: ConnectorRef): ConnectorRecord | undefined {
  return connectors.find(({ evseId, connectorId }) => evseId === ref.evseId && connectorId === ref.connectorId)
}

function faultOf(connector: ConnectorRecord | undefined) {
  const { errorCode = null, info = null, vendorId = null, vendorErrorCode = null, sinceMs = null } = connector ?? {}
  return { errorCode, info, vendorId, vendorErrorCode, since: sinceMs === null ? null : isoTime(sinceMs) }
}

/** Whether a problem belongs to this connector, or to its EVSE as a whole. */
function isAt(problem: ProblemRecord, connector: ConnectorRef): boolean {
  const isOfEvse = problem.connectorId === 0
  return problem.evseId === connector.evseId && (isOfEvse || problem.connectorId === connector.connectorId)
}

function problemView(record: ProblemRecord): z.infer<typeof Problem> {
  const { componentName, componentInstance, evseId, connectorId, techCode, techInfo, cause, occurredAtMs } = record
  return {
    component: componentName,
    instance: componentInstance === '' ? null : componentInstance,
    evseId: evseId === 0 ? null : evseId,
    connectorId: connectorId === 0 ? null : connectorId,
    techCode,
    techInfo,
    cause,
    since: isoTime(occurredAtMs),
  }
}

// Some charge points start transactions without a StatusNotification, or send it only on a change.
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

/** All stored fields of a charge point, except its secrets. */
export function chargePointView(
  record: ChargePointRecord,
  live: LiveView | undefined,
  { lastDisconnect, lastRefusal }: Connectivity,
  profiles: QuirkProfiles,
): z.infer<typeof ChargePoint> {
  const {
    key: _,
    identity: chargePointId,
    groupKey: groupId,
    lastSeenAtMs,
    lastHeartbeatAtMs,
    lastBootAtMs,
    createdAtMs,
    mayUseOtherName,
    isBlocked,
    profileMin,
    ...rest
  } = record
  return {
    chargePointId,
    ...rest,
    appliedQuirkProfile: profiles.of(record).profile || null,
    groupId,
    allowOtherUserName: mayUseOtherName,
    blocked: isBlocked,
    minSecurityProfile: profileMin,
    lastSeen: latest(lastSeenAtMs, live?.lastSeenAtMs),
    lastHeartbeat: latest(lastHeartbeatAtMs, live?.lastHeartbeatAtMs),
    lastBoot: latest(lastBootAtMs),
    createdAt: isoTime(createdAtMs),
    lastDisconnect: lastDisconnect === null ? null : timed(lastDisconnect),
    lastRefusal: lastRefusal === null ? null : timed(lastRefusal),
  }
}

function timed<T>({ atMs, ...rest }: T & { readonly atMs: number }) {
  return { at: isoTime(atMs), ...rest }
}

function latest(...timesMs: readonly (number | null | undefined)[]): string | null {
  const known = timesMs.filter((timeMs) => typeof timeMs === 'number')
  return known.length === 0 ? null : isoTime(Math.max(...known))
}
