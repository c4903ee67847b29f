// The interfaces that the REST API needs from the rest of Stator. `main.ts` provides the real parts.

import type { SettingsKey } from '../auth/key-ring.ts'
import type { RestChannel } from '../auth/operator-auth.ts'
import type { UploadUrl } from '../auth/upload-token.ts'
import type { Principal } from '../operators/principal.ts'
import type { FailedAttempts } from '../auth/failed-attempts.ts'
import type { PasswordRotations } from '../auth/password-rotation.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters, PartCounts } from '../base/counters.ts'
import type { Logger } from '../base/log.ts'
import type { Timings } from '../base/timings.ts'
import type {
  BatchMode,
  ChargePointBatch,
  ChargePointLine,
  ChargePointOutcome,
  IdTokenLine,
  LineOutcome,
} from '../blocks/batch.ts'
import type { ChangeSet, CommitOutcome, Payload } from '../blocks/decision.ts'
import type { ExportBytes, ExportRequest, ExportSender } from '../blocks/exports.ts'
import type { About, ChargePointRef } from '../feed/feed.ts'
import type { KnownTransaction, RegistrationStatus } from '../blocks/decision.ts'
import type {
  CertificateFilter,
  CertificateRecord,
  InstalledCertificateRecord,
  RevokedCertificate,
  SentCertificate,
} from '../blocks/certificates/records.ts'
import type {
  AssignedMeterValueRecord,
  ChargePointEventFilter,
  ChargePointEventRecord,
  ChargePointFilter,
  ChargePointInput,
  ChargePointRecord,
  Connectivity,
  ConnectorRecord,
  CorrectionRecord,
  AnomalyFilter,
  AnomalyRecord,
  Ghost,
  GhostDeadlines,
  GhostMoment,
  HistoryFilter,
  HistoryRecord,
  IdTokenInput,
  IdTokenRecord,
  MessageFilter,
  MessageLogRecord,
  MeterValueFilter,
  MeterValueRecord,
  Page,
  PageOf,
  ProblemRecord,
  TransactionFilter,
  TransactionRecord,
  SecurityEvent,
  SecurityEventFilter,
  SecurityEventRecord,
} from '../blocks/records.ts'
import type {
  CredentialRotationRecord,
  NewCredentialRotation,
  RotationItemRecord,
  RotationItemState,
} from '../blocks/provisioning/credential-rotation.ts'
import type {
  ModelFilter,
  ModelRecord,
  ReportRecord,
  VariableFilter,
  VariableRecord,
} from '../blocks/provisioning/records.ts'
import type { CustomerInformationPart } from '../blocks/diagnostics/customer-information.ts'
import type { AlarmFilter, AlarmRecord, MonitorRecord } from '../blocks/diagnostics/records.ts'
import type { DisplayQueries } from '../blocks/display/registry.ts'
import type { JobFile, JobFilter, JobMoveRecord, JobRecord, NewJob, StartedJob } from '../blocks/jobs/job.ts'
import type { ReservationQueries } from '../blocks/reservation/reservation.ts'
import type { SmartChargingQueries } from '../blocks/smart-charging/registry.ts'
import type { DynamicScheduleQueries } from '../blocks/smart-charging/dynamic-schedule.ts'
import type { FactQueries } from '../blocks/facts.ts'
import type { TransferVendorQueries } from '../blocks/data-transfer/vendor-queries.ts'
import type { QuirkQueries } from '../blocks/quirks/quirks.ts'
import type { LocalListQueries } from '../blocks/local-list/local-list.ts'
import type { CostQueries } from '../blocks/tariff/cost-records.ts'
import type { TariffQueries } from '../blocks/tariff/registry.ts'
import type { GroupFilter, GroupInput, GroupRecord } from '../blocks/groups.ts'
import type { Scope } from '../blocks/scope.ts'
import type { ErasureRecord, NewErasure } from '../blocks/authorization/erasure.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import type { RemoteStart } from '../blocks/remote-control/commands.ts'
import type { ReadAnswer } from '../examine/answer.ts'
import type { AuditEntry, AuditHead } from '../operators/audit-entry.ts'
import type { AuditFilter, AuditRecord } from '../operators/audit-records.ts'
import type { IdTagDigests } from '../operators/audit-text.ts'
import type { OperatorQueries } from './operator-deps.ts'
import type { Quirks, Treatment } from '../ocpp/quirk-profile.ts'
import type { CommandQuirkCode } from '../ocpp/quirks.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'

/** Queries of blocks about one charge point, which was found in the scope of the request before. */
export interface BlockQueries
  extends
    ReservationQueries,
    LocalListQueries,
    SmartChargingQueries,
    DynamicScheduleQueries,
    FactQueries,
    DisplayQueries,
    CostQueries,
    TariffQueries {}

/** The queries of the API. Null means not found, or not in the scope. */
export interface ApiQueries extends OperatorQueries, BlockQueries, TransferVendorQueries, QuirkQueries {
  /** By identity. */
  listChargePoints(filter: ChargePointFilter & Page): Promise<PageOf<ChargePointRecord>>
  /** By identity, after `after`; null: from the first one. */
  chargePointsAfter(
    filter: ChargePointFilter,
    after: string | null,
    rowsMax: number,
  ): Promise<readonly ChargePointRecord[]>
  chargePoint(identity: string, scope: Scope): Promise<ChargePointRecord | null>
  /** How its last connection ended, and its last refused handshake. */
  connectivityOf(chargePointKey: number): Promise<Connectivity>
  connectorsOf(chargePointKey: number): Promise<readonly ConnectorRecord[]>
  /** Problems of its components, newest first. */
  problemsOf(chargePointKey: number): Promise<readonly ProblemRecord[]>
  /** Newest first. */
  openTransactionsOf(chargePointKey: number): Promise<readonly KnownTransaction[]>
  /** Name of the other node that holds its connection; null if it is not connected, or connected to `nodeId`. */
  otherHolder(chargePointKey: number, nodeId: string): Promise<string | null>
  /**
   * @throws {StatorError} `CONFLICT` when a charge point of that identity exists, in whatever letter case;
   *   `BAD_REQUEST` for a group that does not exist in the scope, or if one must be named.
   */
  createChargePoint(identity: string, input: ChargePointInput, scope: Scope): Promise<ChargePointRecord>
  /** @throws {StatorError} `CONFLICT` for a lower security profile, `BAD_REQUEST` for a group that does not exist. */
  updateChargePoint(identity: string, input: ChargePointInput, scope: Scope): Promise<ChargePointRecord | null>
  /** Notes the security profile that the charge point is told to use; null: none any more. */
  expectProfile(chargePointKey: number, profile: SecurityProfile | null): Promise<void>
  /** What became of each line. @throws {StatorError} `CONFLICT` while others keep changing the same charge points. */
  storeChargePoints(lines: readonly ChargePointLine[], batch: ChargePointBatch): Promise<readonly ChargePointOutcome[]>
  /** Returns its key; null when it does not exist. @throws {StatorError} `CONFLICT` while a transaction is open. */
  deleteChargePoint(identity: string, scope: Scope): Promise<number | null>

  /** By path. */
  listGroups(filter: GroupFilter, page: Page): Promise<PageOf<GroupRecord>>
  group(key: number, scope: Scope): Promise<GroupRecord | null>
  /** @throws {StatorError} `BAD_REQUEST` if there is no such group above it; `CONFLICT` if it has no place there. */
  createGroup(group: GroupInput & { readonly name: string }, scope: Scope): Promise<GroupRecord>
  /** @throws {StatorError} The same, and `FORBIDDEN` for a group at the top of the scope. */
  updateGroup(key: number, change: GroupInput, scope: Scope): Promise<GroupRecord | null>
  /** False: there is none. @throws {StatorError} `CONFLICT` while it is used, `FORBIDDEN` at the top of the scope. */
  deleteGroup(key: number, scope: Scope): Promise<boolean>

  /**
   * @throws {StatorError} `BAD_REQUEST` if a charge point does not exist, or a filter selects none or too many;
   *   `CONFLICT` if too many rotations run.
   */
  createCredentialRotation(wanted: NewCredentialRotation): Promise<CredentialRotationRecord>
  credentialRotation(id: number, scope: Scope): Promise<CredentialRotationRecord | null>
  /** Newest first: those of charge points that are all in the scope. */
  listCredentialRotations(scope: Scope, page: Page): Promise<PageOf<CredentialRotationRecord>>
  credentialRotationItems(
    id: number,
    state: RotationItemState | undefined,
    page: Page,
  ): Promise<PageOf<RotationItemRecord>>
  /** A rotation that has ended stays as it is. */
  cancelCredentialRotation(
    id: number,
    scope: Scope,
    nowMs: number,
  ): Promise<{ readonly rotation: CredentialRotationRecord; readonly isCancelled: boolean } | null>

  /** The newest first, older than the job `after`. */
  listJobs(filter: JobFilter, after: number | null, rowsMax: number): Promise<readonly JobRecord[]>
  job(jobId: number, scope: Scope): Promise<JobRecord | null>
  /** The last moves of a job, oldest first. */
  jobMoves(jobId: number, rowsMax: number): Promise<readonly JobMoveRecord[]>
  /** The file that was uploaded for a job. */
  jobFile(jobId: number): Promise<JobFile | null>
  /** What a charge point has reported of a customer for a job, in the order of arrival. */
  customerParts(jobId: number, partsMax: number): Promise<readonly CustomerInformationPart[]>
  /** Returns how many there were. */
  deleteCustomerParts(jobId: number): Promise<number>
  /** The parts of a file, from place 0; null after the last one, or if it was deleted meanwhile. */
  fileChunk(file: JobFile, place: number): Promise<Uint8Array | null>

  listIdTokens(filter: { readonly status?: IdTokenRecord['status'] } & Page): Promise<PageOf<IdTokenRecord>>
  /** By id token, after `after`; null: from the first one. */
  idTokensAfter(
    filter: { readonly status?: IdTokenRecord['status'] },
    after: string | null,
    rowsMax: number,
  ): Promise<readonly IdTokenRecord[]>
  idTokenRecord(idToken: string): Promise<IdTokenRecord | null>
  /** @throws {StatorError} `CONFLICT` when the id token exists, in whatever letter case. */
  createIdToken(idToken: string, input: IdTokenInput): Promise<IdTokenRecord>
  updateIdToken(idToken: string, input: IdTokenInput): Promise<IdTokenRecord | null>
  /** What became of each line. @throws {StatorError} `CONFLICT` while others keep changing the same id tokens. */
  storeIdTokens(lines: readonly IdTokenLine[], mode: BatchMode): Promise<readonly LineOutcome[]>
  deleteIdToken(idToken: string): Promise<boolean>

  /** Newest first. */
  listTransactions(filter: TransactionFilter, page: Page): Promise<PageOf<TransactionRecord>>
  transaction(transactionId: number, scope: Scope): Promise<TransactionRecord | null>
  /** Ids of the transactions of a filter that count as ghosts. */
  ghostIds(filter: Pick<TransactionFilter, 'scope' | 'identity'>, moment: GhostMoment): Promise<readonly number[]>
  /** Why an open transaction counts as a ghost at `nowMs`; none when it does not. */
  ghostReasonsOf(transactionId: number, deadlines: GhostDeadlines, nowMs: number): Promise<readonly Ghost[]>
  /** In order of creation. */
  correctionsOf(transactionId: number, page: Page): Promise<PageOf<CorrectionRecord>>
  meterValuesOf(transactionId: number, page: Page): Promise<PageOf<AssignedMeterValueRecord>>
  /** Newest first. */
  meterValuesOfChargePoint(filter: MeterValueFilter, page: Page): Promise<PageOf<MeterValueRecord>>

  /** Newest first. */
  messageLog(filter: MessageFilter, page: Page): Promise<PageOf<MessageLogRecord>>
  /** Newest first. */
  listAnomalies(filter: AnomalyFilter, page: Page): Promise<PageOf<AnomalyRecord>>
  /** Newest first. */
  listEvents(filter: ChargePointEventFilter, page: Page): Promise<PageOf<ChargePointEventRecord>>
  /** Newest first, of charge points and of the central system. */
  listSecurityEvents(filter: SecurityEventFilter, page: Page): Promise<PageOf<SecurityEventRecord>>
  /** Newest first: each request with its outcome. */
  listAuditLog(filter: AuditFilter, page: Page): Promise<PageOf<AuditRecord>>
  /** The last entry of each node's audit log, by node. */
  auditHeads(): Promise<readonly AuditHead[]>
  /** Newest first. */
  listHistory(filter: HistoryFilter, page: Page): Promise<PageOf<HistoryRecord>>
  /** The stored 2.x device model, by component, EVSE, connector, variable and attribute. */
  variablesOf(filter: VariableFilter, page: Page): Promise<PageOf<VariableRecord>>
  /** By charge point, component, EVSE, connector, variable and attribute; not those of deleted charge points. */
  listVariables(filter: ModelFilter, page: Page): Promise<PageOf<ModelRecord>>
  /** By their ids. */
  monitorsOf(chargePointKey: number, page: Page): Promise<PageOf<MonitorRecord>>
  /** Those that began last first; not those of deleted charge points. */
  listAlarms(filter: AlarmFilter, page: Page): Promise<PageOf<AlarmRecord>>
  /** Those that were added to last first. */
  reportsOf(chargePointKey: number): Promise<readonly ReportRecord[]>

  /** Those that expire first come first. */
  listCertificates(filter: CertificateFilter, page: Page): Promise<PageOf<CertificateRecord>>
  /** Certificates that were signed for a charge point, newest first. */
  certificatesOf(chargePoint: ChargePointRef): Promise<readonly CertificateRecord[]>
  /**
   * Revokes a certificate that was signed for a charge point, and ends the connection that authenticated with it. Null:
   * there is none with that serial number.
   */
  revokeCertificate(chargePointKey: number, serialNumber: string): Promise<RevokedCertificate | null>
  /** The certificates that a charge point last reported. */
  installedCertificatesOf(chargePointKey: number): Promise<readonly InstalledCertificateRecord[]>
  /** What a CA certificate is that an operator sends to a charge point. */
  noteSentCertificate(chargePointKey: number, sent: SentCertificate, atMs: number): Promise<void>
}

/** Erasures of id tokens. Null means not found. */
export interface Erasures {
  /** @throws {StatorError} `CONFLICT` while a transaction of it is open, or if too many erasures are under way. */
  eraseIdToken(wanted: NewErasure): Promise<ErasureRecord>
  erasure(id: number): Promise<ErasureRecord | null>
  /** Newest first. */
  listErasures(page: Page): Promise<PageOf<ErasureRecord>>
}

/** The current state of a connected charge point (its rows in the database may lag by seconds). */
export interface LiveView {
  readonly version: OcppVersion
  readonly bootStatus: RegistrationStatus | null
  /** Whether it may be sent a CALL of that action now: not all may before its boot is accepted. */
  readonly mayBeSent: (action: string) => boolean
  readonly lastSeenAtMs: number
  readonly lastHeartbeatAtMs: number | null
  /** What its quirk profile says. */
  readonly treatment: Treatment
}

/** The charge points that are connected. */
export interface LiveChargePoints {
  get(chargePoint: ChargePointRef): LiveView | undefined
  /**
   * Queues a CALL and waits for its answer.
   *
   * @param epoch the connection on which it must leave; left out: the one that there is.
   * @throws {CallFailedError} `NOT_CONNECTED`, `CALL_TIMEOUT`, `CALL_QUEUE_FULL`.
   */
  call(
    chargePoint: ChargePointRef,
    action: string,
    payload: Payload,
    timeoutMs?: number,
    epoch?: number,
  ): Promise<ReadAnswer>
  /**
   * Reserves `transactionId` for the transaction that `start` will cause, for `remoteStartPromiseMs`.
   *
   * @throws {StatorError} `STORE_UNAVAILABLE`: the command must not be sent.
   */
  promiseTransaction(chargePoint: ChargePointRef, start: RemoteStart, transactionId: number): Promise<void>
  /** @throws {StatorError} `STORE_UNAVAILABLE`: the reservation may remain until it expires. */
  withdrawPromise(chargePoint: ChargePointRef, transactionId: number): Promise<void>
  /** Counts what its quirk profile has done about a command. */
  noteQuirk(chargePoint: ChargePointRef, quirk: CommandQuirkCode): void
  /** Applies changed settings to a connected charge point. */
  provisioned(
    chargePoint: ChargePointRef,
    settings: Pick<ChargePointInput, 'strictness' | 'quirkProfile' | 'registrationStatus' | 'timeZone'>,
  ): void
  /**
   * Closes every socket of the charge point, also one still being set up: its credentials changed, or it was deleted.
   */
  disconnect(chargePoint: ChargePointRef, reason: string): void
}

/** A charge point that gets a job. */
type JobTarget = Pick<ChargePointRecord, 'key' | 'identity' | 'strictness'>

/** Makes, repeats and cancels jobs. Each change commits before it resolves. */
export interface JobDesk {
  /**
   * Makes a job and sends it at once, on the connection that the charge point has now.
   *
   * @throws {StatorError} `NOT_CONNECTED`; `CONFLICT` if it has too many open jobs: nothing was sent. Then those of
   *   `sendCommand`, with the job in their details.
   */
  start(chargePoint: JobTarget, wanted: NewJob): Promise<StartedJob>
  /** Makes a job that is sent when the charge point has booted. @throws {StatorError} `CONFLICT`, `NOT_FOUND`. */
  queue(chargePoint: JobTarget, wanted: NewJob): Promise<number>
  /**
   * Sends a job again of which it is unknown whether it arrived: at once, or when the charge point has booted, until
   * `expiresAtMs`.
   *
   * @throws {StatorError} `NOT_FOUND`; `CONFLICT` if the state of the job does not allow it; those of `start`.
   */
  repeat(jobId: number, movedBy: string, expiresAtMs: number | null): Promise<StartedJob>
  /** @throws {StatorError} `NOT_FOUND`; `CONFLICT` if the state of the job does not allow it. */
  cancel(jobId: number, movedBy: string): Promise<void>
}

/** The check of one part, such as the database: the problem, or null. */
export interface HealthCheck {
  readonly name: string
  readonly problem: string | null
}

export interface ApiDeps {
  readonly queries: ApiQueries
  readonly erasures: Erasures
  readonly exports: {
    /**
     * Begins an export. Resolves once its first rows are read. When `signal` aborts, its client is gone, and it ends.
     *
     * @throws {StatorError} `BAD_REQUEST` for a cursor that is none; `TOO_MANY_REQUESTS`; `STORE_UNAVAILABLE`.
     */
    open(request: ExportRequest, sender: ExportSender, signal: AbortSignal): Promise<ExportBytes>
  }
  /** Id of this node. */
  readonly nodeId: string
  readonly live: LiveChargePoints
  readonly jobs: JobDesk
  /** A new URL of the upload server; null if there is none. */
  readonly newUploadUrl: (() => UploadUrl) | null
  /** PEM of the certificate authority, with the certificates above it; null if there is none. */
  readonly certificateAuthority: string | null
  /** Commits the changes of an operator. */
  readonly commit: (set: ChangeSet, about: About) => Promise<CommitOutcome>
  readonly nextTransactionId: () => number | Promise<number>
  /**
   * The principal of a request with these headers; null if the credentials are missing or wrong, a reason if a bearer
   * token is worthless.
   */
  readonly authenticate: (headers: Headers, channel: RestChannel) => Promise<Principal | string | null>
  /** The same, by what the database says now: nothing is remembered. */
  readonly authenticateNow: ApiDeps['authenticate']
  /** `WWW-Authenticate` of the answer to a request with these headers that is refused with 401. */
  readonly challenge: (headers: Headers) => string
  /** Whether a request with these headers has the bearer token for GET /metrics. */
  readonly isScraper: (headers: Headers) => boolean
  /** API keys of the settings. */
  readonly settingsKeys: readonly SettingsKey[]
  /** `Security.AllowedOrigins`. */
  readonly allowedOrigins: readonly string[]
  readonly attempts: Pick<FailedAttempts, 'turn' | 'failed' | 'proven'>
  /** Is called when a request is refused with 401, or because it comes from a foreign web page. */
  readonly noteSecurityEvent: (event: SecurityEvent) => void
  /** The audit log. */
  readonly audit: {
    /**
     * Commits an entry; returns its number.
     *
     * @throws {StatorError} `STORE_UNAVAILABLE`, `STORE_QUEUE_FULL`, `SHUTTING_DOWN`.
     */
    append(entry: AuditEntry): Promise<number>
    readonly digests: Pick<IdTagDigests, 'of' | 'allOf'>
  }
  /** Keyed hashes of passwords and API keys. */
  readonly hash: {
    password(password: string): Uint8Array
    apiKey(apiKey: string): Uint8Array
    /** Whether `hash` is one of `password`; each hash of it is another one. */
    isPassword(password: string, hash: Uint8Array): boolean
    isApiKey(apiKey: string, hash: Uint8Array): boolean
  }
  /** Password rotations over OCPP. */
  readonly rotations: Pick<PasswordRotations, 'begin'>
  /** A credential rotation was created: its items are to be sent. */
  readonly wakeRotations: () => void
  /** Strictness of charge points that are provisioned without one. */
  readonly strictnessDefault: Strictness
  /** The quirk profiles; `refresh` reads them again. */
  readonly quirks: Quirks & { refresh(): Promise<void> }
  readonly ghostDeadlines: GhostDeadlines
  readonly counters: Counters
  readonly timings: Timings
  readonly partCounts: () => PartCounts
  readonly health: {
    /** False if only a restart can help. */
    live(): boolean
    /** The checks of readiness: ready if none has a problem. */
    ready(): Promise<readonly HealthCheck[]>
  }
  readonly clock: Clock
  readonly log: Pick<Logger, 'debug' | 'info' | 'error'>
}
