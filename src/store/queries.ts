// Everything that is read from the database, or changed in it without passing through the writer.

import { StatorError } from '../base/errors.ts'
import type { ConnectorStatus, KnownIdToken, KnownTransaction } from '../csms/decision.ts'
import type {
  AnomalyRecord,
  ChargePointInput,
  ChargePointRecord,
  ConnectorRecord,
  CredentialRecord,
  Hydration,
  IdTokenInput,
  IdTokenRecord,
  MessageLogRecord,
  MeterValueRecord,
  Page,
  PageOf,
  TransactionFilter,
  TransactionRecord,
  VariableRecord,
} from '../csms/records.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Database } from './database.ts'

/** A connection of a charge point, as it is claimed. */
export interface ConnectionClaim {
  readonly version: OcppVersion
  /** Name of this process among those that share the database. */
  readonly node: string
  readonly atMs: number
}

export interface Queries {
  // On the hot path: batched, prepared. Each rejects with STORE_UNAVAILABLE or LOOKUP_QUEUE_FULL.
  credentials(identity: string): Promise<CredentialRecord | null>
  /** Claims the connection and reads what the actor starts from. @throws {StatorError} `NOT_FOUND` when it was deleted. */
  connect(chargePointKey: number, claim: ConnectionClaim): Promise<Hydration>
  /** Marks the charge point as not connected, unless a later connection has claimed it. */
  disconnect(chargePointKey: number, epoch: number): Promise<void>
  /** Marks every charge point of `node` as not connected: that process has just started. Answers how many there were. */
  markAllDisconnected(node: string): Promise<number>
  /** Letter case does not count. While the database is away, the last that was read of this token. */
  idToken(idToken: string): Promise<KnownIdToken | null>
  transactionById(transactionId: number): Promise<KnownTransaction | null>
  transactionByStationId(chargePointKey: number, stationTransactionId: string): Promise<KnownTransaction | null>

  // For the API.
  listChargePoints(filter: { readonly status?: ConnectorStatus | 'Offline' } & Page): Promise<PageOf<ChargePointRecord>>
  chargePoint(identity: string): Promise<ChargePointRecord | null>
  connectorsOf(chargePointKey: number): Promise<ConnectorRecord[]>
  openTransactionsOf(chargePointKey: number): Promise<KnownTransaction[]>
  /** @throws {StatorError} `CONFLICT` when a charge point of that identity exists. */
  createChargePoint(identity: string, input: ChargePointInput): Promise<ChargePointRecord>
  /** Null when there is none. */
  updateChargePoint(identity: string, input: ChargePointInput): Promise<ChargePointRecord | null>
  /** False when there was none. Its transactions and meter values stay. @throws {StatorError} `CONFLICT` while a transaction is open. */
  deleteChargePoint(identity: string): Promise<boolean>
  /** Newest first. */
  messageLog(chargePointKey: number, page: Page): Promise<PageOf<MessageLogRecord>>
  /** The stored 2.x device model, by component, EVSE, connector, variable and attribute. */
  variablesOf(chargePointKey: number, page: Page): Promise<PageOf<VariableRecord>>
  /** Newest first. */
  anomaliesOf(chargePointKey: number, page: Page): Promise<PageOf<AnomalyRecord>>

  listIdTokens(filter: { readonly status?: IdTokenRecord['status'] } & Page): Promise<PageOf<IdTokenRecord>>
  idTokenRecord(idToken: string): Promise<IdTokenRecord | null>
  /** @throws {StatorError} `CONFLICT` when the id token exists, in whatever letter case. */
  createIdToken(idToken: string, input: IdTokenInput): Promise<IdTokenRecord>
  updateIdToken(idToken: string, input: IdTokenInput): Promise<IdTokenRecord | null>
  deleteIdToken(idToken: string): Promise<boolean>

  /** Newest first. */
  listTransactions(filter: TransactionFilter, page: Page): Promise<PageOf<TransactionRecord>>
  transaction(transactionId: number): Promise<TransactionRecord | null>
  /** In the order in which they were sampled. */
  meterValuesOf(transactionId: number, page: Page): Promise<PageOf<MeterValueRecord>>
}

export function createQueries(database: Database): Queries {
  throw new StatorError('INTERNAL', `The queries are being written (${database.provider}).`)
}
