// What the database holds, as the edge sees it: the shapes that `store/queries.ts` returns and accepts.

import type { OcppVersion } from '../ocpp/version.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { AnomalyKind } from './anomalies.ts'
import type { TransactionEnergy } from './metering/energy.ts'
import type { RemoteStart } from './remote-control/commands.ts'
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

/** What the handshake needs to know of a charge point. Hashes are HMAC-SHA-256, 32 bytes. */
export interface CredentialRecord {
  readonly key: number
  readonly identity: string
  readonly strictness: Strictness
  readonly passwordHash: Uint8Array | null
  /** Of a password that was sent to the charge point, while nobody knows whether the charge point uses it. */
  readonly pendingPasswordHash: Uint8Array | null
  readonly apiKeyHash: Uint8Array | null
}

/** What a charge point's actor starts from: read, and its connection claimed, in one batched statement per connect. */
export interface Hydration {
  readonly chargePoint: KnownChargePoint
  /** Number of this connection, greater than that of every earlier one of the same charge point, on any node. */
  readonly epoch: number
  readonly connectors: readonly KnownConnector[]
  readonly openTransactions: readonly KnownTransaction[]
  /** Null for a charge point whose facts have always had a time. */
  readonly untimedFacts: UntimedFacts | null
  /** Those whose transactions have not begun, the oldest first. */
  readonly promises: readonly OpenPromise[]
}

/** A transactionId that is kept for the transaction that a remote start brings about. */
export interface OpenPromise {
  readonly transactionId: number
  readonly start: RemoteStart
  /** How long it still holds, in milliseconds. */
  readonly leftMs: number
}

export interface ConnectorRecord extends KnownConnector {
  readonly statusSent: string
  /**
   * What a fault of it is called, as the charge point told with its status: 1.6 errorCode and the vendor's, 2.x
   * techCode and techInfo.
   */
  readonly errorCode: string | null
  readonly info: string | null
  readonly vendorId: string | null
  readonly vendorErrorCode: string | null
  readonly updatedAtMs: number
}

export interface ChargePointRecord {
  readonly key: number
  readonly identity: string
  /** `Offline` while not connected. */
  readonly status: ConnectorStatus | 'Offline'
  readonly connected: boolean
  readonly location: string | null
  readonly ocppVersion: OcppVersion | null
  readonly strictness: Strictness
  readonly registrationStatus: RegistrationStatus
  readonly timeZone: string | null
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

/** A charge point to provision, or the fields of it to change; undefined leaves a field as it is. */
export interface ChargePointInput {
  readonly passwordHash?: Uint8Array | null
  readonly apiKeyHash?: Uint8Array | null
  readonly location?: string | null
  readonly strictness?: Strictness
  readonly registrationStatus?: RegistrationStatus
  readonly timeZone?: string | null
}

/** A transaction as it is shown. */
export interface TransactionRecord extends Readonly<
  Omit<typeof transactions.$inferSelect, (typeof hiddenColumns)[number]>
> {
  readonly identity: string
  readonly open: boolean
  readonly energy: TransactionEnergy
  /** How often operators have corrected its end. */
  readonly corrections: number
}

/** The end of a transaction, as an operator entered it. */
export interface EnteredEnd {
  readonly stoppedAtMs: number
  readonly meterStopWh: number | null
  readonly stopReason: string | null
}

/** A correction of what an operator entered. */
export interface CorrectionRecord {
  readonly atMs: number
  /** Name of the key that the operator came with. */
  readonly operator: string
  readonly before: EnteredEnd
  readonly after: EnteredEnd
}

export interface TransactionFilter {
  readonly identity?: string
  readonly idToken?: string
  /** Transactions that started at or after. */
  readonly startedFromMs?: number
  /** Transactions that started before or at. */
  readonly startedToMs?: number
  readonly open?: boolean
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
  /** `connector`: it names no transaction, and this one was open on its connector when it was sampled. */
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

/** One page of a list in a stable order. `page` counts from 1. */
export interface Page {
  readonly page: number
  readonly pageSize: number
}

export interface PageOf<T> {
  readonly totalCount: number
  /** There when there may be more than `totalCount`, which nobody counted. */
  readonly totalCountAtLeast?: true
  readonly items: readonly T[]
}

/** A line of the message log as stored. */
export interface MessageLogRecord extends MessageLogLine {
  readonly id: number
}

/** An id token to create, or the fields of it to change; undefined leaves a field as it is. */
export interface IdTokenInput {
  readonly type?: string | null
  readonly status?: IdTokenRecord['status']
  readonly expiryDateMs?: number | null
  readonly parentIdTag?: string | null
}

/** One attribute of one variable of the 2.x device model, as last reported. */
export interface VariableRecord {
  readonly componentName: string
  readonly componentInstance: string
  readonly evseId: number
  readonly connectorId: number
  readonly variableName: string
  readonly variableInstance: string
  readonly attributeType: string
  readonly value: string | null
  readonly mutability: string | null
  readonly persistent: boolean
  readonly constant: boolean
  readonly characteristics: Readonly<Record<string, unknown>> | null
  readonly updatedAtMs: number
}

/** Why an open transaction looks over, and since when. */
export interface Ghost {
  readonly transactionId: number
  readonly chargePointKey: number
  readonly identity: string
  /** As the charge point names it. */
  readonly transaction: string
  readonly reason: 'connectorAvailable' | 'chargePointGone'
  readonly sinceMs: number
}

/** After how long an open transaction counts as a ghost. */
export interface GhostDeadlines {
  /** While its connector is Available and nothing comes about it. */
  readonly availableMs: number
  /** While its charge point is not connected. */
  readonly goneMs: number
}

/** A problem that a component of a 2.x charge point has. */
export interface ProblemRecord extends ConnectorRef {
  readonly componentName: string
  readonly componentInstance: string
  readonly techCode: string | null
  readonly techInfo: string | null
  /** Number of the event that caused it, as the charge point counts its events. */
  readonly cause: number | null
  /** By the charge point's clock. */
  readonly occurredAtMs: number
}

/** What a charge point told beside transactions. */
export interface ChargePointEventRecord {
  readonly action: string
  readonly messageId: string
  /** By the charge point's clock; null when the message carries no time. */
  readonly occurredAtMs: number | null
  readonly receivedAtMs: number
  /** As it was sent. */
  readonly payload: Readonly<Record<string, unknown>>
}

export interface ChargePointEventFilter {
  readonly chargePointKey: number
  readonly action?: string
  /** Events that were received at or after. */
  readonly fromMs?: number
  /** Events that were received before or at. */
  readonly toMs?: number
}

/** Who closed a connection; `lost`: nobody did, it was gone. */
export type ClosedBy = 'chargePoint' | 'centralSystem' | 'lost'

/** How a connection came to its end. */
export interface ConnectionEnd {
  readonly closedBy: ClosedBy
  /** RFC 6455, section 7.4; null when nobody saw it close. */
  readonly closeCode: number | null
  readonly reason: string
  readonly atMs: number
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

/** A connection that opened, or was closed. */
export interface ConnectionHistoryRecord {
  readonly kind: 'connection'
  readonly atMs: number
  readonly event: 'opened' | 'closed'
  /** Tells the connections of all charge points apart; a later one has a greater number. */
  readonly epoch: number
  /** Host and port of the process that held it; null for one that was opened before this was kept. */
  readonly node: string | null
  /** Null for one that opened, as are the next two. */
  readonly closedBy: ClosedBy | null
  readonly closeCode: number | null
  readonly reason: string | null
}

export type HistoryRecord = ConnectorHistoryRecord | ConnectionHistoryRecord

export interface HistoryFilter {
  readonly chargePointKey: number
  /** At or after. */
  readonly fromMs?: number
  /** Before or at. */
  readonly toMs?: number
}

export interface AnomalyFilter {
  readonly chargePointKey?: number
  readonly identity?: string
  readonly kind?: AnomalyKind
  /** Our number of the transaction, be it known or not. */
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
  /** Null when a check of what is stored found it. */
  readonly messageId: string | null
  readonly receivedAtMs: number
}
