// The interfaces between the parts of a simulated charge point: its connectors and transactions, the messages of an
// OCPP version (Dialect), and the actions that a command may trigger (Station).

import type { Clock } from '../base/clock.ts'
import type { ConnectorStatus } from '../blocks/values.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Answer, Call, Reply } from './connection.ts'
import type { Car, Meter, Reading } from './meter.ts'
import type { OwnCertificate } from './own-certificate.ts'
import type { Period, Profiles } from './profiles.ts'
import type { StationSettings } from './station-settings.ts'

/** Connector status in the words of 1.6 (§7.7). 2.x sends Occupied for the five in which a car is connected. */
export type Status = Exclude<ConnectorStatus, 'Occupied' | 'Unknown'>

/** Why a transaction ends, in words that both versions know. */
export type StopReason =
  | 'Local'
  | 'Remote'
  | 'EVDisconnected'
  | 'DeAuthorized'
  | 'SoftReset'
  | 'HardReset'
  | 'UnlockCommand'
  | 'EmergencyStop'
  | 'Other'

/** The trigger of a transaction message. */
export type Cause = 'Authorized' | 'RemoteStart' | 'Periodic' | 'StateChanged' | 'Trigger' | StopReason

export interface Reservation {
  readonly reservationId: number
  readonly idTag: string
  readonly cancelExpiry: () => void
}

export interface Transaction {
  readonly connectorId: number
  readonly idTag: string
  /** 2.x: the id that this charge point gave it. */
  readonly stationTransactionId: string
  /** 1.6: the id that the central system answered the start with; null until then. */
  transactionId: number | null
  /** 2.x: number of the next TransactionEvent. */
  seqNo: number
  readonly started: Reading
  readonly reservationId: number | null
  readonly remoteStartId: number | null
  chargingState: ChargingState
  stopped: boolean
  cancelSampling: () => void
}

export type ChargingState = 'EVConnected' | 'Charging' | 'SuspendedEV' | 'SuspendedEVSE'

export interface Connector {
  readonly connectorId: number
  readonly meter: Meter
  status: Status
  /** Last status that the central system acknowledged; null before the first. */
  statusReported: Status | null
  operative: boolean
  car: Car | null
  reservation: Reservation | null
  transaction: Transaction | null
}

/** The result of an authorisation. */
export interface Authorization {
  /** AuthorizationStatus of the version. */
  readonly status: string
  readonly parentIdTag: string | null
}

/**
 * One version of OCPP, as a charge point speaks it. Transaction messages come as functions: they are called when their
 * turn in the outbox has come, but report the state from when the function was made.
 */
export interface Dialect {
  readonly subprotocol: string
  boot(reason: BootReason): Call
  /** null if the version has no message for it. */
  status(connector: Connector, atMs: number): Call | null
  /** 1.6: the status of connector 0. */
  stationStatus(status: Status, atMs: number): Call | null
  authorize(idTag: string): Call
  authorization(answer: Answer): Authorization
  started(transaction: Transaction, cause: Cause, offline: boolean): () => Call
  /** Stores what the answer to the start says about the transaction; returns its authorisation. */
  startAnswered(transaction: Transaction, answer: Answer): Authorization
  updated(transaction: Transaction, reading: Reading, cause: Cause, offline: boolean): (() => Call) | null
  ended(
    transaction: Transaction,
    reading: Reading,
    cause: StopReason,
    idTag: string | null,
    offline: boolean,
  ): () => Call
  /** Meter values outside of a transaction. */
  meterValues(connectorId: number, reading: Reading): Call
  firmwareStatus(status: string, requestId: number | null): Call
  /** Status of an upload that GetLog (or GetDiagnostics of 1.6) asked for. */
  logStatus(status: string, requestId: number | null): Call
  /** A request for a certificate, in PEM. */
  signCertificate(csr: string): Call
  /** @throws {CallRefusal} */
  reply(action: string, payload: unknown): Reply
}

export type BootReason = 'PowerUp' | 'RemoteReset' | 'FirmwareUpdate' | 'Triggered'

/** The actions that a command from the central system may trigger. */
export interface Station {
  readonly identity: string
  readonly version: OcppVersion
  readonly clock: Clock
  readonly vendor: string
  readonly model: string
  readonly serialNumber: string
  readonly firmwareVersion: string
  readonly connectors: readonly Connector[]
  readonly settings: StationSettings
  readonly profiles: Profiles
  readonly authorizer: KnownTags
  readonly ownCertificate: OwnCertificate
  /** Transaction messages that wait for an answer. */
  readonly messagesWaiting: number
  connector(connectorId: number): Connector | undefined
  /** An open transaction by our 1.6 transactionId or its 2.x one. */
  transaction(id: number | string): Transaction | undefined
  /** Sends a CALL and ignores its answer. */
  send(call: Call): void
  /** Sends a CALL; `told` is called with its answer, if there is one. */
  ask(call: Call, told: (answer: Answer) => void): void
  /** Sends a SEND (2.1), which has no answer. */
  notify(call: Call): void
  /** Calls `task` after a while, unless it is stopped; the returned function cancels it. */
  later(delayMs: number, task: () => void): () => void
  sendStatus(connectorId: number): void
  sendBoot(): void
  sendHeartbeat(): void
  sendFirmwareStatus(): void
  sendLogStatus(): void
  sample(connector: Connector, cause: Cause): void
  /** The connector, if a transaction could begin there; 0 is any connector. */
  freeConnector(connectorId: number, idTag: string): Connector | undefined
  /** Plugs a car in and begins a transaction that the central system asked for. */
  startRemotely(connector: Connector, idTag: string, remoteStartId: number | null): void
  stopTransaction(connectorId: number, reason: StopReason, idTag?: string): Promise<void>
  /** Stops all transactions, disconnects and boots again. */
  reset(reason: 'SoftReset' | 'HardReset'): void
  /** Disconnects and boots again; transactions go on (2.1). */
  rebootAndResume(): void
  /** Disconnects and boots again as soon as no transaction runs. */
  resetWhenIdle(): void
  /** `Scheduled` if a transaction has to end first. 0 is the whole charge point. */
  changeAvailability(connectorId: number, operative: boolean): 'Accepted' | 'Rejected' | 'Scheduled'
  unlock(connector: Connector): void
  /** Reserves a connector, or (0) any one; the answer is the ReservationStatus of both versions. */
  reserve(connectorId: number, reservationId: number, idTag: string, expiresAtMs: number): ReservationStatus
  cancelReservation(reservationId: number): boolean
  /** Whether an update of the firmware, or an upload, is under way: the next one cancels it. */
  isBusyWith(what: 'firmware' | 'log'): boolean
  /** Runs an update of the firmware, reporting every step. */
  updateFirmware(update: FirmwareUpdate): void
  /** Runs an upload, reporting every step. */
  uploadLog(requestId: number | null): void
  /** Limits of the next `durationSeconds` on a connector (0: of the whole charge point), in `unit`. */
  compositeSchedule(connectorId: number, durationSeconds: number, unit: 'W' | 'A'): Period[]
  /** A certificate for its own connection was accepted, and the answer has been sent. */
  certificateChanged(): void
  /** A setting or a charging profile changed. */
  settingsChanged(): void
}

export interface FirmwareUpdate {
  readonly location: string
  readonly requestId: number | null
  /** Not before this time; not a number: at once. */
  readonly notBeforeMs: number
  readonly isSigned: boolean
}

export type ReservationStatus = 'Accepted' | 'Faulted' | 'Occupied' | 'Rejected' | 'Unavailable'

/** The local authorisation list. */
export interface LocalList {
  version: number
  /** Lower case id tag to its AuthorizationStatus. */
  readonly idTags: Map<string, string>
}

/** What is stored about id tags, for times without a connection. */
export interface KnownTags {
  readonly localList: LocalList
  clearCache(): void
  /** What is stored about an id tag, as text for the central system; '' for nothing. */
  knownOf(idTag: string): string
  /** Deletes what is stored about an id tag (2.0.1 Part 2, N10). The list is the central system's, and stays. */
  forget(idTag: string): void
}
