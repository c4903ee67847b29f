// The shapes that `store/queries.ts` returns and accepts.

import type { SecurityEventType } from './security/event-types.ts'
import type { SecurityProfile } from './values.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { AnomalyKind } from './anomalies.ts'
import type { TransactionEnergy } from './metering/energy.ts'
import type { RemoteStart } from './remote-control/commands.ts'
import type { Scope } from './scope.ts'
import type { hiddenColumns, transactions } from './transactions/tables.ts'
import type { UntimedFacts } from './untimed-facts.ts'
import type {
  ConnectorRef,
  ConnectorStatus,
  KnownChargePoint,
  KnownConnector,
  KnownTransaction,
  RegistrationStatus,
} from './decision.ts'

/** What the handshake needs to know about a charge point. Hashes are HMAC-SHA-256, 32 bytes. */
export interface CredentialRecord {
  readonly key: number
  readonly identity: string
  readonly strictness: Strictness
  readonly passwordHash: Uint8Array | null
  /** Hash of a password that was sent to the charge point, while it is unknown whether the charge point uses it. */
  readonly pendingPasswordHash: Uint8Array | null
  readonly apiKeyHash: Uint8Array | null
  /** Whether the name beside its credentials may differ from its identity. */
  readonly mayUseOtherName: boolean
  /** The name in its client certificate; null means its identity. */
  readonly certificateName: string | null
  /** An operator bars it. */
  readonly isBlocked: boolean
  /** The lowest security profile that it may connect with. */
  readonly profileMin: SecurityProfile
  /** The group that it is in; null: none. */
  readonly groupKey: number | null
}

/** The initial state of a charge point's actor. One batched statement reads it and claims the connection. */
export interface Hydration {
  readonly chargePoint: KnownChargePoint
  /** Number of this connection, greater than that of every earlier one of the same charge point, on any node. */
  readonly epoch: number
  readonly connectors: readonly KnownConnector[]
  readonly openTransactions: readonly KnownTransaction[]
  /** Null if all its facts have had a time. */
  readonly untimedFacts: UntimedFacts | null
  /** Promises whose transactions have not begun, oldest first. */
  readonly promises: readonly OpenPromise[]
}

/** A transactionId that is reserved for the transaction that a remote start causes. */
export interface OpenPromise {
  readonly transactionId: number
  readonly start: RemoteStart
  /** How long it is still valid, in milliseconds. */
  readonly leftMs: number
}

export interface ConnectorRecord extends KnownConnector {
  readonly statusSent: string
  /** The fault, as sent with the status: 1.6 errorCode and vendor fields; 2.x techCode and techInfo. */
  readonly errorCode: string | null
  readonly info: string | null
  readonly vendorId: string | null
  readonly vendorErrorCode: string | null
  /** Since when its status, errorCode and vendorErrorCode are what they are, by our clock; null if that is unknown. */
  readonly sinceMs: number | null
  readonly updatedAtMs: number
}

export interface ChargePointRecord {
  readonly key: number
  readonly identity: string
  /** `Offline` while not connected. */
  readonly status: ConnectorStatus | 'Offline'
  readonly connected: boolean
  readonly location: string | null
  /** Key of the group that it is in. */
  readonly groupKey: number | null
  readonly ocppVersion: OcppVersion | null
  readonly strictness: Strictness
  readonly quirkProfile: string | null
  readonly registrationStatus: RegistrationStatus
  readonly timeZone: string | null
  readonly mayUseOtherName: boolean
  readonly certificateName: string | null
  readonly isBlocked: boolean
  readonly profileMin: SecurityProfile
  readonly bootStatus: RegistrationStatus | null
  readonly vendor: string | null
  readonly model: string | null
  readonly serialNumber: string | null
  readonly firmwareVersion: string | null
  readonly iccid: string | null
  readonly imsi: string | null
  readonly firmwareStatus: string | null
  readonly diagnosticsStatus: string | null
  readonly logStatus: string | null
  readonly lastSeenAtMs: number | null
  readonly lastHeartbeatAtMs: number | null
  readonly lastBootAtMs: number | null
  readonly createdAtMs: number
  readonly hasPassword: boolean
  readonly hasApiKey: boolean
}

/** Letter case of texts does not count. */
export interface ChargePointFilter {
  readonly scope: Scope
  /** In this group, or in one below it. */
  readonly groupKey?: number
  /** What `ChargePointRecord.status` says. */
  readonly status?: ConnectorStatus | 'Offline'
  readonly connected?: boolean
  readonly vendor?: string
  readonly model?: string
  readonly firmwareVersion?: string
  readonly ocppVersion?: OcppVersion
  readonly location?: string
  /** Charge points that were last seen before then, or never. */
  readonly lastSeenBeforeMs?: number
  /** A part of the identity, the location, the vendor, the model or the serial number. */
  readonly q?: string
}

/** A charge point to create, or the fields to change; undefined leaves a field unchanged. */
export interface ChargePointInput {
  readonly passwordHash?: Uint8Array | null
  readonly apiKeyHash?: Uint8Array | null
  readonly location?: string | null
  readonly groupKey?: number | null
  readonly strictness?: Strictness
  readonly quirkProfile?: string | null
  readonly registrationStatus?: RegistrationStatus
  readonly timeZone?: string | null
  readonly mayUseOtherName?: boolean
  readonly certificateName?: string | null
  readonly isBlocked?: boolean
  readonly profileMin?: SecurityProfile
}

/**
 * Whether `input` changes how the charge point may connect: a connection that is open ends, and may come back under the
 * new rules.
 */
export function changesAccess(input: ChargePointInput): boolean {
  const { passwordHash, apiKeyHash, mayUseOtherName, certificateName, isBlocked, profileMin } = input
  const changes = [passwordHash, apiKeyHash, mayUseOtherName, certificateName, isBlocked, profileMin]
  return changes.some((change) => change !== undefined)
}

/** Why such a connection was closed: a new password or key, `blocked`, or another rule. */
export const accessChanged = 'Credentials or rules of access changed'
/** Why an older connection is closed, on any node. */
export const newerConnection = 'A newer connection of this charge point has taken over.'
/** Why all connections of a node are closed. */
export const nodeStopping = 'The central system is stopping.'

/** A transaction as the API shows it. */
export interface TransactionRecord extends Readonly<
  Omit<typeof transactions.$inferSelect, (typeof hiddenColumns)[number]>
> {
  readonly identity: string
  readonly open: boolean
  readonly energy: TransactionEnergy
  /** The last register of its meter values; null if there is none, or if both ends have a register of their own. */
  readonly lastRegisterWh: number | null
  /** How often operators have corrected its end. */
  readonly corrections: number
}

/** The end of a transaction, as an operator entered it. */
export interface EnteredEnd {
  readonly stoppedAtMs: number
  readonly meterStopWh: number | null
  readonly stopReason: string | null
}

/** A correction of an end that an operator entered. */
export interface CorrectionRecord {
  readonly atMs: number
  /** Name of the operator's API key. */
  readonly operator: string
  readonly before: EnteredEnd
  readonly after: EnteredEnd
}

export interface TransactionFilter {
  readonly scope: Scope
  /** Of every charge point that has, or had, that identity. */
  readonly identity?: string
  readonly idToken?: string
  /** Transactions that started in this period, its ends included. */
  readonly startedFromMs?: number
  readonly startedToMs?: number
  readonly open?: boolean
  /** Only open transactions that count as ghosts then. */
  readonly ghostsAt?: GhostMoment
}

export interface MeterValueRecord {
  readonly sampledAtMs: number
  readonly receivedAtMs: number
  readonly evseId: number
  readonly connectorId: number
  readonly energyWh: number | null
  readonly powerW: number | null
  readonly currentA: number | null
  readonly voltageV: number | null
  readonly socPercent: number | null
  /** The element of `meterValue` as the charge point sent it. */
  readonly meterValue: Readonly<Record<string, unknown>>
}

/** A meter value in the list of a transaction. */
export interface AssignedMeterValueRecord extends MeterValueRecord {
  /** `connector`: the value names no transaction; this one was open on the connector when it was sampled. */
  readonly assignedBy: 'transactionId' | 'connector'
}

export interface MeterValueFilter {
  readonly chargePointKey: number
  /** Values that were sampled at or after. */
  readonly fromMs?: number
  /** Values that were sampled before or at. */
  readonly toMs?: number
}

export interface IdTokenRecord {
  readonly idToken: string
  readonly type: string | null
  readonly status: 'Accepted' | 'Blocked' | 'Expired' | 'Invalid'
  readonly expiryDateMs: number | null
  readonly parentIdTag: string | null
  readonly createdAtMs: number
}

export interface MessageLogLine {
  readonly chargePointKey: number
  readonly atMs: number
  readonly direction: 'fromChargePoint' | 'toChargePoint'
  /** The frame as it was on the wire. */
  readonly frame: string
}

/** A page of a list. `page` counts from 1. */
export interface Page {
  readonly page: number
  readonly pageSize: number
  /** A cursor: the page begins after that row, and `page` is 1. */
  readonly after?: string
}

export interface PageOf<T> {
  readonly totalCount: number
  /** Present if there may be more than `totalCount`; the rest was not counted. */
  readonly totalCountAtLeast?: true
  /** A cursor of the last item, if there are more. Lists without cursors never have it. */
  readonly next?: string
  readonly items: readonly T[]
}

/** A line of the message log as stored. */
export interface MessageLogRecord extends MessageLogLine {
  readonly id: number
}

export interface MessageFilter {
  readonly chargePointKey: number
  /** Its ends are included. */
  readonly fromMs?: number
  readonly toMs?: number
  /** CALLs and SENDs of this action. */
  readonly action?: string
  readonly direction?: MessageLogLine['direction']
  readonly messageId?: string
}

/** An id token to create, or the fields to change; undefined leaves a field unchanged. */
export interface IdTokenInput {
  readonly type?: string | null
  readonly status?: IdTokenRecord['status']
  readonly expiryDateMs?: number | null
  readonly parentIdTag?: string | null
}

/** Why an open transaction seems to be over, and since when. */
export interface Ghost {
  readonly transactionId: number
  readonly chargePointKey: number
  readonly identity: string
  /** As the charge point names it. */
  readonly transaction: string
  readonly reason: 'connectorAvailable' | 'chargePointGone'
  readonly sinceMs: number
}

/** How long it takes until an open transaction counts as a ghost. */
export interface GhostDeadlines {
  /** While its connector is Available and no message about the transaction comes. */
  readonly availableMs: number
  /** While its charge point is not connected. */
  readonly goneMs: number
}

/** The moment at which transactions count as ghosts. */
export interface GhostMoment {
  readonly deadlines: GhostDeadlines
  readonly nowMs: number
}

/** A current problem of a component of a 2.x charge point. */
export interface ProblemRecord extends ConnectorRef {
  readonly componentName: string
  readonly componentInstance: string
  readonly techCode: string | null
  readonly techInfo: string | null
  /** The charge point's eventId of the event that caused it. */
  readonly cause: number | null
  /** By the charge point's clock. */
  readonly occurredAtMs: number
}

/** A notification of a charge point. */
export interface ChargePointEventRecord {
  readonly action: string
  readonly messageId: string
  /** By the charge point's clock; null if the message has no time. */
  readonly occurredAtMs: number | null
  readonly receivedAtMs: number
  /** The payload as it was sent. */
  readonly payload: Readonly<Record<string, unknown>>
}

export interface ChargePointEventFilter {
  readonly chargePointKey: number
  readonly action?: string
  readonly messageId?: string
  /** Events that were received at or after. */
  readonly fromMs?: number
  /** Events that were received before or at. */
  readonly toMs?: number
}

/** Who closed a connection; `lost`: neither side did. */
export type ClosedBy = 'chargePoint' | 'centralSystem' | 'lost'

/** How a connection ended. */
export interface ConnectionEnd {
  readonly closedBy: ClosedBy
  /** RFC 6455, section 7.4; null if no close was seen. */
  readonly closeCode: number | null
  readonly reason: string
  readonly atMs: number
}

/** A handshake that was refused. */
export interface HandshakeRefusal {
  /** As its charge point is stored, or as it was asked for if it was not looked up. */
  readonly identity: string
  /** Whether a charge point of that identity was found. */
  readonly isKnown: boolean
  readonly atMs: number
  /** HTTP status of the answer; 101: the connection was closed because there is no common subprotocol. */
  readonly status: number
  readonly reason: string
  readonly remoteAddress: string
}

/** Something that the central system saw and that concerns its security. */
export interface SecurityEvent {
  readonly type: SecurityEventType
  /** The identity that was asked for; null if there was none. */
  readonly identity: string | null
  readonly remoteAddress: string
  readonly atMs: number
  readonly reason: string
}

export interface SecurityEventFilter {
  readonly scope: Scope
  readonly source?: SecurityEventRecord['source']
  readonly identity?: string
  readonly type?: string
  /** Events that were received at or after. */
  readonly fromMs?: number
  /** Events that were received before or at. */
  readonly toMs?: number
}

/** A security event that a charge point reported, or of the central system: then alike ones are counted. */
export interface SecurityEventRecord {
  readonly source: 'chargePoint' | 'centralSystem'
  readonly type: string | null
  readonly identity: string | null
  readonly reason: string | null
  readonly remoteAddress: string | null
  readonly node: string | null
  readonly count: number
  /** The first of them. Of a charge point: by its own clock; null if it sent no time. */
  readonly firstAtMs: number | null
  readonly receivedAtMs: number
}

/** Why a charge point is offline, or was the last time. */
export interface Connectivity {
  /** Null if no end of a connection is stored. The address is null for connections from before it was stored. */
  readonly lastDisconnect:
    (ConnectionEnd & { readonly node: string | null; readonly remoteAddress: string | null }) | null
  readonly lastRefusal: (Omit<HandshakeRefusal, 'identity' | 'isKnown'> & { readonly node: string }) | null
}

/** A change of a connector's status or error. */
export interface ConnectorHistoryRecord extends ConnectorRef {
  readonly kind: 'connector'
  /** When it was received. */
  readonly atMs: number
  /** By the charge point's clock. */
  readonly occurredAtMs: number
  readonly status: ConnectorStatus
  readonly errorCode: string | null
  readonly vendorErrorCode: string | null
}

/** A connection was opened or closed. */
export interface ConnectionHistoryRecord {
  readonly kind: 'connection'
  readonly atMs: number
  readonly event: 'opened' | 'closed'
  /** Number of the connection, unique over all charge points; a later connection has a greater number. */
  readonly epoch: number
  /** Host and port of the node that held it; null for connections from before this was stored. */
  readonly node: string | null
  /** Null for `opened`, like the next two. */
  readonly closedBy: ClosedBy | null
  readonly closeCode: number | null
  readonly reason: string | null
  /** Where the charge point connected from; null if it is not known. */
  readonly remoteAddress: string | null
}

export type HistoryRecord = ConnectorHistoryRecord | ConnectionHistoryRecord

export interface HistoryFilter {
  readonly chargePointKey: number
  /** Its ends are included. */
  readonly fromMs?: number
  readonly toMs?: number
}

export interface AnomalyFilter {
  readonly scope: Scope
  readonly identity?: string
  readonly kind?: AnomalyKind
  /** Our transactionId; the transaction need not be stored. */
  readonly transactionId?: number
  /** Anomalies that were received at or after. */
  readonly fromMs?: number
  /** Anomalies that were received before or at. */
  readonly toMs?: number
}

export interface AnomalyRecord {
  readonly identity: string
  readonly kind: string
  /** The transaction it is about, as the charge point named it. */
  readonly transaction: string | null
  readonly detail: Readonly<Record<string, unknown>>
  /** Null if a periodic check found it, not a message. */
  readonly messageId: string | null
  readonly receivedAtMs: number
}
