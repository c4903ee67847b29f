// The statements of the writer, one per kind of change: each takes any number of rows as arrays, so that a transaction costs the
// same handful of statements however many messages it commits. A row type and its columns stand side by side.
//
// What a set was decided from may not be true any more: another node has stored something since. Then the statement that
// finds it out fails, and nothing of its transaction is stored (`failsIf`; see outdated.ts).
//
// All of them may run twice on the same rows (a COMMIT whose outcome was lost is done again) and leave the same behind.

import type { ConnectorStatus, RegistrationStatus, TransactionStartedChange } from '../csms/decision.ts'
import { bool, type Column, failsIf, float8, instant, int4, int8, json, namesOf, statement, text } from './statement.ts'

/** A row that a connection has to be the newest of its charge point for. */
interface Fenced {
  /** Epoch of the connection; null for what does not come from one, or may come from an older one. */
  epoch: number | null
}

const epoch = int8<Fenced>((row) => row.epoch)
export const isOvertaken = 'c.connection_epoch > v.epoch'

export interface ChargePointRow extends Fenced {
  readonly key: number
  status: ConnectorStatus | null
  /** Set when it booted: then the seven fields after it say what the boot told. */
  lastBootAtMs: number | null
  bootStatus: RegistrationStatus | null
  vendor: string | null
  model: string | null
  serialNumber: string | null
  firmwareVersion: string | null
  iccid: string | null
  imsi: string | null
  firmwareStatus: string | null
  diagnosticsStatus: string | null
  logStatus: string | null
  /** JSON. */
  untimedFacts: string | null
}

const ofBoot = ['boot_status', 'vendor', 'model', 'serial_number', 'firmware_version', 'iccid', 'imsi']
const ofActivity = ['status', 'last_boot_at', 'firmware_status', 'diagnostics_status', 'log_status', 'untimed_facts']

export const updateChargePoints = statement<ChargePointRow>(
  'update_charge_points',
  {
    id: int4((row) => row.key),
    status: text((row) => row.status),
    last_boot_at: instant((row) => row.lastBootAtMs),
    boot_status: text((row) => row.bootStatus),
    vendor: text((row) => row.vendor),
    model: text((row) => row.model),
    serial_number: text((row) => row.serialNumber),
    firmware_version: text((row) => row.firmwareVersion),
    iccid: text((row) => row.iccid),
    imsi: text((row) => row.imsi),
    firmware_status: text((row) => row.firmwareStatus),
    diagnostics_status: text((row) => row.diagnosticsStatus),
    log_status: text((row) => row.logStatus),
    untimed_facts: json((row) => row.untimedFacts),
    epoch,
  },
  (_, rows) =>
    `UPDATE charge_points c SET ${[
      ...ofActivity.map((column) => `${column} = COALESCE(v.${column}, c.${column})`),
      ...ofBoot.map((column) => `${column} = CASE WHEN v.last_boot_at IS NULL THEN c.${column} ELSE v.${column} END`),
    ].join(', ')} FROM ${rows} WHERE c.id = v.id AND ${failsIf(`c.id = v.id AND ${isOvertaken}`)}`,
)

export interface SeenRow {
  readonly key: number
  readonly seenAtMs: number
  readonly heartbeatAtMs: number | null
}

export const updateSeen = statement<SeenRow>(
  'update_seen',
  {
    id: int4((row) => row.key),
    last_seen_at: instant((row) => row.seenAtMs),
    last_heartbeat_at: instant((row) => row.heartbeatAtMs),
  },
  (_, rows) =>
    `UPDATE charge_points c SET last_seen_at = GREATEST(c.last_seen_at, v.last_seen_at),
       last_heartbeat_at = GREATEST(c.last_heartbeat_at, v.last_heartbeat_at)
     FROM ${rows} WHERE c.id = v.id`,
)

export interface ConnectorRow extends Fenced {
  readonly chargePointKey: number
  readonly evseId: number
  readonly connectorId: number
  readonly status: ConnectorStatus
  readonly statusSent: string
  readonly errorCode: string | null
  readonly info: string | null
  readonly vendorId: string | null
  readonly vendorErrorCode: string | null
  readonly occurredAtMs: number
  readonly updatedAtMs: number
}

const connectorKey = 'charge_point_id, evse_id, connector_id'
const connectorColumns = [
  'status',
  'status_sent',
  'error_code',
  'info',
  'vendor_id',
  'vendor_error_code',
  'occurred_at',
  'updated_at',
]
const statusSince =
  'status_since = CASE WHEN connectors.status = EXCLUDED.status THEN connectors.status_since ELSE EXCLUDED.status_since END'

// What was written before there was a history, or by a node of the version before it, is not in the history: the row has no
// `changed_at`, or one from before its status. What is told next of it is a change.
const isAsBefore = `connectors.changed_at >= COALESCE(connectors.status_since, connectors.changed_at) AND ${[
  'status',
  'error_code',
  'vendor_error_code',
]
  .map((column) => `connectors.${column} IS NOT DISTINCT FROM EXCLUDED.${column}`)
  .join(' AND ')}`
// Several changes of one millisecond keep their order. A clock that was ahead for a while does not take the later changes along.
const changedAt = `changed_at = CASE WHEN ${isAsBefore} THEN connectors.changed_at
  WHEN connectors.changed_at >= EXCLUDED.changed_at AND connectors.changed_at < EXCLUDED.changed_at + interval '1 s'
    THEN connectors.changed_at + interval '1 microsecond' ELSE EXCLUDED.changed_at END`
const historyColumns = `${connectorKey}, occurred_at, status, error_code, vendor_error_code`

const storedOfConnector: Readonly<Record<string, Column<ConnectorRow>>> = {
  charge_point_id: int4((row) => row.chargePointKey),
  evse_id: int4((row) => row.evseId),
  connector_id: int4((row) => row.connectorId),
  status: text((row) => row.status),
  status_sent: text((row) => row.statusSent),
  error_code: text((row) => row.errorCode),
  info: text((row) => row.info),
  vendor_id: text((row) => row.vendorId),
  vendor_error_code: text((row) => row.vendorErrorCode),
  occurred_at: instant((row) => row.occurredAtMs),
  updated_at: instant((row) => row.updatedAtMs),
  status_since: instant((row) => row.updatedAtMs),
  changed_at: instant((row) => row.updatedAtMs),
}

/**
 * The last that was received wins, whatever time the charge point gave it: its clock may have been set back. What changes a status or
 * an error becomes a row of the history; the row lock decides what is a change. Statements that run twice find nothing changed.
 *
 * The charge point stays locked until the COMMIT: a newer connection is claimed before this, which fails then, or after it.
 */
export const upsertConnectors = statement<ConnectorRow>(
  'upsert_connectors',
  { ...storedOfConnector, epoch },
  (_, rows) =>
    `WITH told AS (
       INSERT INTO connectors (${namesOf(storedOfConnector)}) SELECT ${namesOf(storedOfConnector, 'v')}
       FROM ${rows} JOIN charge_points c ON c.id = v.charge_point_id
       WHERE ${failsIf(`c.id = v.charge_point_id AND ${isOvertaken}`)} FOR NO KEY UPDATE OF c
       ON CONFLICT (${connectorKey})
       DO UPDATE SET ${connectorColumns.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}, ${statusSince}, ${changedAt}
       RETURNING ${historyColumns}, changed_at, updated_at
     )
     INSERT INTO connector_history (${historyColumns}, received_at) SELECT ${historyColumns}, changed_at FROM told
     WHERE changed_at >= updated_at ON CONFLICT DO NOTHING`,
)

export interface TransactionRow extends Fenced {
  readonly transactionId: number
  readonly chargePointKey: number
  readonly evseId: number
  readonly connectorId: number
  readonly stationTransactionId: string | null
  readonly idToken: string | null
  readonly idTokenType: string | null
  readonly idTokenStatus: string | null
  readonly startedAtMs: number
  readonly meterStartWh: number | null
  readonly reservationId: number | null
  readonly remoteStartId: number | null
  readonly chargingState: string | null
  readonly story?: TransactionStartedChange['story']
  readonly receivedAtMs: number
}

/**
 * Another transaction has the number: two connections of a charge point, at two nodes, may know of one promised number
 * and use it in the same moment.
 */
export function isOtherTransaction(stored: string, begun: string): string {
  return `${stored}.charge_point_id <> ${begun}.charge_point_id OR ${stored}.received_at <> ${begun}.received_at
    OR ${stored}.station_transaction_id IS DISTINCT FROM ${begun}.station_transaction_id`
}

const storedOfTransaction: Readonly<Record<string, Column<TransactionRow>>> = {
  id: int8((row) => row.transactionId),
  charge_point_id: int4((row) => row.chargePointKey),
  evse_id: int4((row) => row.evseId),
  connector_id: int4((row) => row.connectorId),
  station_transaction_id: text((row) => row.stationTransactionId),
  id_token: text((row) => row.idToken),
  id_token_type: text((row) => row.idTokenType),
  id_token_status: text((row) => row.idTokenStatus),
  started_at: instant((row) => row.startedAtMs),
  meter_start_wh: float8((row) => row.meterStartWh),
  reservation_id: int8((row) => row.reservationId),
  remote_start_id: int8((row) => row.remoteStartId),
  charging_state: text((row) => row.chargingState),
  station_use: int4((row) => row.story?.use ?? 1),
  is_start_told: bool((row) => row.story?.isStartTold ?? true),
  last_event_at: instant((row) => row.story?.lastEventAtMs ?? null),
  last_seq_no: int8((row) => row.story?.lastSeqNo ?? null),
  received_at: instant((row) => row.receivedAtMs),
}

/**
 * Fails on another transaction that is stored under the same use of the same id of the charge point: only what is stored
 * already may be left out.
 */
export const insertTransactions = statement<TransactionRow>(
  'insert_transactions',
  { ...storedOfTransaction, epoch },
  (_, rows) =>
    `INSERT INTO transactions (${namesOf(storedOfTransaction)}) SELECT ${namesOf(storedOfTransaction, 'v')}
     FROM ${rows} LEFT JOIN charge_points c ON c.id = v.charge_point_id
     WHERE ${failsIf(`c.id = v.charge_point_id AND ${isOvertaken}`)} ON CONFLICT (id)
     DO UPDATE SET id = transactions.id WHERE NOT (${failsIf(isOtherTransaction('transactions', 'EXCLUDED'))})`,
)

/** Null leaves a field as it is; the fields after `stoppedAtMs` count when that is set. */
export interface TransactionPatch extends Fenced {
  readonly transactionId: number
  readonly chargePointKey: number
  updatedAtMs: number
  evseId: number | null
  connectorId: number | null
  idToken: string | null
  idTokenType: string | null
  idTokenStatus: string | null
  startedAtMs: number | null
  meterStartWh: number | null
  chargingState: string | null
  remoteStartId: number | null
  isStartTold: boolean | null
  lastEventAtMs: number | null
  lastSeqNo: number | null
  registerFellFromWh: number | null
  registerFellAtMs: number | null
  stoppedAtMs: number | null
  meterStopWh: number | null
  stopReason: string | null
  stopIdToken: string | null
  closedBy: 'station' | 'operator' | null
}

const ofUpdate = [
  'evse_id',
  'connector_id',
  'id_token',
  'id_token_status',
  'started_at',
  'meter_start_wh',
  'charging_state',
  'remote_start_id',
  'is_start_told',
  'last_event_at',
  'last_seq_no',
]
const ofFall = ['register_fell_from_wh', 'register_fell_at']
/** What has no number is not higher than anything. */
const isHigherFall = `v.register_fell_from_wh > COALESCE(t.register_fell_from_wh, '-Infinity')`
const ofStop = ['stopped_at', 'meter_stop_wh', 'stop_reason', 'stop_id_token', 'closed_by']
/** An operator closes what is open; what has stopped, by its station above all, stays as it is. */
const isNoStop = `v.stopped_at IS NULL OR (v.closed_by = 'operator' AND t.stopped_at IS NOT NULL)`
/**
 * Another node has told more of the transaction than was known when this was decided: its end, its start, a later event.
 * Of two stops of a charge point the first counts, of two starts the earlier, and what is older moves nothing.
 */
export const isBehind = `t.id = v.id AND (
  (v.closed_by = 'station' AND t.closed_by = 'station') OR (v.charging_state IS NOT NULL AND t.stopped_at IS NOT NULL)
  OR (v.is_start_told AND t.is_start_told)
  OR (v.last_event_at < t.last_event_at AND COALESCE(v.last_seq_no <= t.last_seq_no, true)))`

export const updateTransactions = statement<TransactionPatch>(
  'update_transactions',
  {
    id: int8((row) => row.transactionId),
    evse_id: int4((row) => row.evseId),
    connector_id: int4((row) => row.connectorId),
    id_token: text((row) => row.idToken),
    id_token_type: text((row) => row.idTokenType),
    id_token_status: text((row) => row.idTokenStatus),
    started_at: instant((row) => row.startedAtMs),
    meter_start_wh: float8((row) => row.meterStartWh),
    charging_state: text((row) => row.chargingState),
    remote_start_id: int8((row) => row.remoteStartId),
    is_start_told: bool((row) => row.isStartTold),
    last_event_at: instant((row) => row.lastEventAtMs),
    last_seq_no: int8((row) => row.lastSeqNo),
    register_fell_from_wh: float8((row) => row.registerFellFromWh),
    register_fell_at: instant((row) => row.registerFellAtMs),
    stopped_at: instant((row) => row.stoppedAtMs),
    meter_stop_wh: float8((row) => row.meterStopWh),
    stop_reason: text((row) => row.stopReason),
    stop_id_token: text((row) => row.stopIdToken),
    closed_by: text((row) => row.closedBy),
    updated_at: instant((row) => row.updatedAtMs),
    charge_point_id: int4((row) => row.chargePointKey),
    epoch,
  },
  (_, rows) =>
    `UPDATE transactions t SET ${[
      ...ofUpdate.map((column) => `${column} = COALESCE(v.${column}, t.${column})`),
      'updated_at = GREATEST(t.updated_at, v.updated_at)',
      // A type belongs to the token it came with.
      'id_token_type = CASE WHEN v.id_token IS NULL THEN t.id_token_type ELSE v.id_token_type END',
      // Of several falls the one from the highest register tells most.
      ...ofFall.map((column) => `${column} = CASE WHEN ${isHigherFall} THEN v.${column} ELSE t.${column} END`),
      ...ofStop.map((column) => `${column} = CASE WHEN ${isNoStop} THEN t.${column} ELSE v.${column} END`),
    ].join(', ')} FROM ${rows} LEFT JOIN charge_points c ON c.id = v.charge_point_id
     WHERE t.id = v.id AND ${failsIf(`(c.id = v.charge_point_id AND ${isOvertaken}) OR (${isBehind})`)}`,
)

/**
 * What is stored of transactions has been changed by somebody else than the newest connection of their charge point: its node
 * reads it again (fences.ts).
 */
export const tellHolders = statement<{ readonly key: number }>(
  'tell_holders',
  { id: int4((row) => row.key) },
  (_, rows) => `UPDATE charge_points c SET fenced_in = pg_current_xact_id() FROM ${rows} WHERE c.id = v.id`,
)

export interface ChargePointEventRow {
  readonly chargePointKey: number
  readonly digest: bigint
  readonly action: string
  readonly messageId: string
  readonly occurredAtMs: number | null
  readonly receivedAtMs: number
  readonly payload: string
}

export const insertChargePointEvents = statement<ChargePointEventRow>(
  'insert_charge_point_events',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    digest: int8((row) => row.digest),
    action: text((row) => row.action),
    message_id: text((row) => row.messageId),
    occurred_at: instant((row) => row.occurredAtMs),
    received_at: instant((row) => row.receivedAtMs),
    payload: json((row) => row.payload),
  },
  (names, rows) => `INSERT INTO charge_point_events (${names}) SELECT * FROM ${rows} ON CONFLICT DO NOTHING`,
)

export interface AnomalyRow {
  readonly chargePointKey: number
  readonly receivedAtMs: number
  readonly digest: bigint
  readonly kind: string
  readonly transaction: string | null
  readonly detail: string
  readonly messageId: string
}

export const insertAnomalies = statement<AnomalyRow>(
  'insert_anomalies',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    received_at: instant((row) => row.receivedAtMs),
    digest: int8((row) => row.digest),
    kind: text((row) => row.kind),
    transaction: text((row) => row.transaction),
    detail: json((row) => row.detail),
    message_id: text((row) => row.messageId),
  },
  (names, rows) => `INSERT INTO anomalies (${names}) SELECT * FROM ${rows} ON CONFLICT DO NOTHING`,
)

export interface MessageLogRow {
  readonly chargePointKey: number
  readonly atMs: number
  readonly fromChargePoint: boolean
  readonly frame: string
}

/**
 * The log is worth no fsync of its own: the setting is for this statement's transaction only, and a crash may cost its last moments.
 */
export const insertMessageLog = statement<MessageLogRow>(
  'insert_message_log',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    at: instant((row) => row.atMs),
    from_charge_point: bool((row) => row.fromChargePoint),
    frame: text((row) => row.frame),
  },
  (names, rows) =>
    `WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true))
     INSERT INTO message_log (${names}) SELECT ${names} FROM unhurried, ${rows}`,
)
