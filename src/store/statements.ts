// The statements of the writer, one per kind of change: each takes any number of rows as arrays, so that a transaction costs the
// same handful of statements however many messages it commits. A row type and its columns stand side by side.
//
// All of them may run twice on the same rows (a COMMIT whose outcome was lost is done again) and leave the same behind.

import type { ConnectorStatus, RegistrationStatus, VariableChange } from '../csms/decision.ts'
import { boolArray, float8Array, instantArray, int4Array, int8Array, jsonArray, textArray } from './binary-array.ts'

/** A prepared statement over rows. */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /** The rows as parameters, one array per column. */
  readonly values: (rows: readonly Row[]) => Buffer[]
}

/** A statement with its parameters, ready to be sent. */
export interface BoundStatement {
  readonly name: string
  readonly text: string
  readonly values: Buffer[]
}

export const beginTransaction: BoundStatement = { name: 'stator_begin', text: 'BEGIN', values: [] }
export const commitTransaction: BoundStatement = { name: 'stator_commit', text: 'COMMIT', values: [] }

/** Every statement is planned anew when it runs next, for the size that its tables have by then. */
export const discardPlans: BoundStatement = { name: 'stator_discard_plans', text: 'DISCARD PLANS', values: [] }

export function bind<Row>(statement: Statement<Row>, rows: readonly Row[]): BoundStatement {
  return { name: statement.name, text: statement.text, values: statement.values(rows) }
}

interface Column<Row> {
  readonly type: string
  readonly encode: (rows: readonly Row[]) => Buffer
}

export function int4<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'int4', encode: (rows) => int4Array(rows.map(of)) }
}

export function int8<Row>(of: (row: Row) => number | bigint | null): Column<Row> {
  return { type: 'int8', encode: (rows) => int8Array(rows.map(of)) }
}

export function float8<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'float8', encode: (rows) => float8Array(rows.map(of)) }
}

function bool<Row>(of: (row: Row) => boolean | null): Column<Row> {
  return { type: 'bool', encode: (rows) => boolArray(rows.map(of)) }
}

export function text<Row>(of: (row: Row) => string | null): Column<Row> {
  return { type: 'text', encode: (rows) => textArray(rows.map(of)) }
}

function json<Row>(of: (row: Row) => string | null): Column<Row> {
  return { type: 'json', encode: (rows) => jsonArray(rows.map(of)) }
}

export function instant<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'timestamptz', encode: (rows) => instantArray(rows.map(of)) }
}

/**
 * The rows of arrays that go side by side, as a table `v`. In the select list PostgreSQL takes the arrays apart row by row;
 * `FROM unnest($1, $2)` would copy each of them into a store of its own first.
 */
export function rowsOf(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return `(SELECT ${columns.map(({ name, type }, i) => `unnest($${i + 1}::${type}[]) AS "${name}"`).join(', ')}) AS v`
}

/** `write` makes the SQL from the names of the columns, from the rows as a table `v` of those columns, and from the bare arrays. */
export function statement<Row>(
  name: string,
  columns: Readonly<Record<string, Column<Row>>>,
  write: (names: string, rows: string, arrays: string) => string,
): Statement<Row> {
  const list = Object.values(columns)
  const named = Object.entries(columns).map(([name, { type }]) => ({ name, type }))
  const names = named.map((column) => `"${column.name}"`).join(', ')
  const arrays = list.map((column, i) => `$${i + 1}::${column.type}[]`).join(', ')
  return {
    name: `stator_${name}`,
    text: write(names, rowsOf(named), arrays),
    values: (rows) => list.map((column) => column.encode(rows)),
  }
}

export interface FactRow {
  readonly chargePointKey: number
  readonly ref: string
  readonly seqNo: number
  readonly event: string
  readonly transactionId: number | null
  readonly messageId: string
  readonly occurredAtMs: number
  readonly receivedAtMs: number
  readonly payload: string
  readonly answer: string
}

const factColumns: Readonly<Record<string, Column<FactRow>>> = {
  charge_point_id: int4((row) => row.chargePointKey),
  ref: text((row) => row.ref),
  seq_no: int8((row) => row.seqNo),
  event: text((row) => row.event),
  transaction_id: int8((row) => row.transactionId),
  message_id: text((row) => row.messageId),
  occurred_at: instant((row) => row.occurredAtMs),
  received_at: instant((row) => row.receivedAtMs),
  payload: json((row) => row.payload),
  answer: json((row) => row.answer),
}

/** Fails when one of the facts is stored already. */
export const insertNewFacts = statement<FactRow>(
  'insert_new_facts',
  factColumns,
  (names, rows) => `INSERT INTO transaction_events (${names}) SELECT * FROM ${rows}`,
)

/** Tells by its row count how many facts were new. */
export const insertFacts = statement<FactRow>(
  'insert_facts',
  factColumns,
  (names, rows) =>
    `INSERT INTO transaction_events (${names}) SELECT * FROM ${rows} ON CONFLICT (charge_point_id, ref, seq_no) DO NOTHING`,
)

/** What stood in the ledger before this transaction. */
export interface StoredFact {
  /** Place of the row that was asked for, from 1. */
  readonly place: number
  readonly messageId: string
  readonly receivedAtMs: number
  readonly answer: Readonly<Record<string, unknown>>
}

/**
 * Which of the rows that `insertFacts` was given in this transaction had been there before, and their answers. Rows that this
 * very transaction inserted bear its id in xmin.
 */
export const findStoredFacts = statement<FactRow>(
  'find_stored_facts',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    ref: text((row) => row.ref),
    seq_no: int8((row) => row.seqNo),
  },
  (names, _, arrays) =>
    `SELECT v.place, e.message_id AS "messageId", e.received_at AS "receivedAtMs", e.answer
     FROM unnest(${arrays}) WITH ORDINALITY AS v(${names}, place) JOIN transaction_events e USING (${names})
     WHERE e.xmin <> pg_current_xact_id()::xid`,
)

export interface ChargePointRow {
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
}

const ofBoot = ['boot_status', 'vendor', 'model', 'serial_number', 'firmware_version', 'iccid', 'imsi']
const ofActivity = ['status', 'last_boot_at', 'firmware_status', 'diagnostics_status', 'log_status']

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
  },
  (_, rows) =>
    `UPDATE charge_points c SET ${[
      ...ofActivity.map((column) => `${column} = COALESCE(v.${column}, c.${column})`),
      ...ofBoot.map((column) => `${column} = CASE WHEN v.last_boot_at IS NULL THEN c.${column} ELSE v.${column} END`),
    ].join(', ')} FROM ${rows} WHERE c.id = v.id`,
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

export interface ConnectorRow {
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

/** The last that was received wins, whatever time the charge point gave it: its clock may have been set back. */
export const upsertConnectors = statement<ConnectorRow>(
  'upsert_connectors',
  {
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
  },
  (names, rows) =>
    `INSERT INTO connectors (${names}) SELECT * FROM ${rows} ON CONFLICT (${connectorKey})
     DO UPDATE SET ${connectorColumns.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}, ${statusSince}`,
)

export interface TransactionRow {
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
  readonly receivedAtMs: number
}

export const insertTransactions = statement<TransactionRow>(
  'insert_transactions',
  {
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
    received_at: instant((row) => row.receivedAtMs),
  },
  (names, rows) => `INSERT INTO transactions (${names}) SELECT * FROM ${rows} ON CONFLICT DO NOTHING`,
)

/** Null leaves a field as it is; the fields after `stoppedAtMs` count when that is set. */
export interface TransactionPatch {
  readonly transactionId: number
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
  'updated_at',
]
const ofStop = ['stopped_at', 'meter_stop_wh', 'stop_reason', 'stop_id_token', 'closed_by']
/** An operator closes what is open; what has stopped, by its station above all, stays as it is. */
const isNoStop = `v.stopped_at IS NULL OR (v.closed_by = 'operator' AND t.stopped_at IS NOT NULL)`

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
    stopped_at: instant((row) => row.stoppedAtMs),
    meter_stop_wh: float8((row) => row.meterStopWh),
    stop_reason: text((row) => row.stopReason),
    stop_id_token: text((row) => row.stopIdToken),
    closed_by: text((row) => row.closedBy),
    updated_at: instant((row) => row.updatedAtMs),
  },
  (_, rows) =>
    `UPDATE transactions t SET ${[
      ...ofUpdate.map((column) => `${column} = COALESCE(v.${column}, t.${column})`),
      // A type belongs to the token it came with.
      'id_token_type = CASE WHEN v.id_token IS NULL THEN t.id_token_type ELSE v.id_token_type END',
      ...ofStop.map((column) => `${column} = CASE WHEN ${isNoStop} THEN t.${column} ELSE v.${column} END`),
    ].join(', ')} FROM ${rows} WHERE t.id = v.id`,
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

export interface VariableRow {
  readonly chargePointKey: number
  readonly variable: Omit<VariableChange, 'kind'>
  readonly updatedAtMs: number
}

const variableKey = [
  'charge_point_id',
  'component_name',
  'component_instance',
  'evse_id',
  'connector_id',
  'variable_name',
  'variable_instance',
  'attribute_type',
]
const variableColumns = ['value', 'mutability', 'persistent', 'constant', 'characteristics', 'updated_at']

export const upsertVariables = statement<VariableRow>(
  'upsert_variables',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    component_name: text((row) => row.variable.componentName),
    component_instance: text((row) => row.variable.componentInstance),
    evse_id: int4((row) => row.variable.evseId),
    connector_id: int4((row) => row.variable.connectorId),
    variable_name: text((row) => row.variable.variableName),
    variable_instance: text((row) => row.variable.variableInstance),
    attribute_type: text((row) => row.variable.attributeType),
    value: text((row) => row.variable.value),
    mutability: text((row) => row.variable.mutability),
    persistent: bool((row) => row.variable.persistent),
    constant: bool((row) => row.variable.constant),
    characteristics: json((row) =>
      row.variable.characteristics === null ? null : JSON.stringify(row.variable.characteristics),
    ),
    updated_at: instant((row) => row.updatedAtMs),
  },
  (names, rows) =>
    `INSERT INTO variables (${names}) SELECT * FROM ${rows}
     ON CONFLICT (${variableKey.join(', ')}) DO UPDATE SET ${variableColumns.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}`,
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
