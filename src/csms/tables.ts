// The tables that decisions write rows of. A table is the one definition of what it stores: the types of rows, the SQL that
// writes them and its encoders are derived from it (`store/table-statement.ts`).

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Strictness } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { bytes, instant, xid8 } from './column-types.ts'
import type { UntimedFacts } from './untimed-facts.ts'
import type { ConnectorStatus, Payload, RegistrationStatus } from './values.ts'

export const chargePoints = pgTable(
  'charge_points',
  {
    key: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    identity: text('identity').notNull(),
    /** HMAC-SHA-256 of the password. */
    passwordHash: bytes('password_hash'),
    /** Of a password that was sent to the charge point, while nobody knows whether the charge point uses it. */
    pendingPasswordHash: bytes('pending_password_hash'),
    apiKeyHash: bytes('api_key_hash'),
    location: text('location'),
    strictness: text('strictness').$type<Strictness>().notNull().default('lenient'),
    /** What operators want boots to be answered with. */
    registrationStatus: text('registration_status').$type<RegistrationStatus>().notNull().default('Accepted'),
    /** What the last boot was answered with. */
    bootStatus: text('boot_status').$type<RegistrationStatus>(),
    ocppVersion: text('ocpp_version').$type<OcppVersion>(),
    vendor: text('vendor'),
    model: text('model'),
    serialNumber: text('serial_number'),
    firmwareVersion: text('firmware_version'),
    iccid: text('iccid'),
    imsi: text('imsi'),
    /** What its connectors add up to; it reads Offline while not connected. */
    status: text('status').$type<ConnectorStatus>().notNull().default('Unknown'),
    connected: boolean('connected').notNull().default(false),
    connectionEpoch: bigint('connection_epoch', { mode: 'number' }).notNull().default(0),
    /** Id of the node that holds the connection; null while not connected. */
    node: text('node'),
    /** The connection that was open when something last ended it, and who held it; null: none was. See store/connection-history.ts. */
    endedEpoch: bigint('ended_epoch', { mode: 'number' }),
    endedNode: text('ended_node'),
    /**
     * PostgreSQL transaction that last changed what the node with the connection must know: it took the connection away, or
     * changed how the charge point is treated; see store/fences.ts.
     */
    fencedIn: xid8('fenced_in'),
    /** Of the times that it sends without a zone: an IANA name or an offset; null: UTC. */
    timeZone: text('time_zone'),
    firmwareStatus: text('firmware_status'),
    diagnosticsStatus: text('diagnostics_status'),
    logStatus: text('log_status'),
    /** What it told last without a usable time, to tell a resend of it; null while its facts have always had one. */
    untimedFacts: json('untimed_facts').$type<UntimedFacts>(),
    lastSeenAtMs: instant('last_seen_at'),
    lastHeartbeatAtMs: instant('last_heartbeat_at'),
    lastBootAtMs: instant('last_boot_at'),
    createdAtMs: instant('created_at')
      .notNull()
      .default(sql`now()`),
    deletedAtMs: instant('deleted_at'),
  },
  (table) => [
    // At most one that is not deleted; one index finds the deleted ones too, whose transactions are still asked for.
    unique('charge_points_identity').on(table.identity, table.deletedAtMs).nullsNotDistinct(),
    // Made at a start, not by a migration: see store/alike-identities.ts.
    uniqueIndex('charge_points_identity_alike')
      .on(sql`lower(${table.identity})`)
      .where(sql`deleted_at IS NULL`),
    index('charge_points_status')
      .on(table.connected, table.status, table.identity)
      .where(sql`deleted_at IS NULL`),
    index('charge_points_fenced')
      .on(table.fencedIn)
      .where(sql`fenced_in IS NOT NULL`),
    index('charge_points_of_node')
      .on(table.node, table.key)
      .where(sql`node IS NOT NULL`),
  ],
)

export const connectors = pgTable(
  'connectors',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    status: text('status').$type<ConnectorStatus>().notNull(),
    statusSent: text('status_sent').notNull(),
    errorCode: text('error_code'),
    info: text('info'),
    vendorId: text('vendor_id'),
    vendorErrorCode: text('vendor_error_code'),
    /** By the charge point's clock. */
    occurredAtMs: instant('occurred_at').notNull(),
    updatedAtMs: instant('updated_at').notNull(),
    /** Since when it has had its status, however often it was told; null for what was told before this was kept. */
    statusSinceMs: instant('status_since'),
    /** `received_at` of its newest row in `connector_history`; null while it has none. */
    changedAtMs: instant('changed_at'),
  },
  (table) => [
    primaryKey({ name: 'connectors_pkey', columns: [table.chargePointKey, table.evseId, table.connectorId] }),
  ],
)

export const transactions = pgTable(
  'transactions',
  {
    transactionId: bigint('id', { mode: 'number' }).primaryKey(),
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    /** 2.x: the id that the charge point gave it. */
    stationTransactionId: text('station_transaction_id'),
    /** 2.x: 1 for the first transaction of that id, 2 for the one after it, and so on. */
    stationUse: integer('station_use').notNull().default(1),
    /** 2.x: whether its Started has come. */
    isStartTold: boolean('is_start_told').notNull().default(true),
    /** 2.x: time and seqNo of its newest event; null for what was stored before they were kept. */
    lastEventAtMs: instant('last_event_at'),
    lastSeqNo: bigint('last_seq_no', { mode: 'number' }),
    idToken: text('id_token'),
    idTokenType: text('id_token_type'),
    idTokenStatus: text('id_token_status'),
    startedAtMs: instant('started_at').notNull(),
    meterStartWh: doublePrecision('meter_start_wh'),
    reservationId: bigint('reservation_id', { mode: 'number' }),
    remoteStartId: bigint('remote_start_id', { mode: 'number' }),
    chargingState: text('charging_state'),
    /** Null while it is open. */
    stoppedAtMs: instant('stopped_at'),
    meterStopWh: doublePrecision('meter_stop_wh'),
    stopReason: text('stop_reason'),
    stopIdToken: text('stop_id_token'),
    closedBy: text('closed_by').$type<'station' | 'operator'>(),
    /** The highest register from which one fell in the middle, and the time of the one below it; null while none did. */
    registerFellFromWh: doublePrecision('register_fell_from_wh'),
    registerFellAtMs: instant('register_fell_at'),
    receivedAtMs: instant('received_at').notNull(),
    /** When the last message about it came; null until one after the first has come. Meter values of 1.6 leave it as it is. */
    updatedAtMs: instant('updated_at'),
  },
  (table) => [
    // Cut to 255 and 64 characters, so that an id of any length fits an index.
    uniqueIndex('transactions_station_id')
      .on(table.chargePointKey, sql`left(station_transaction_id, 255)`, table.stationUse)
      .where(sql`station_transaction_id IS NOT NULL`),
    // By arrival, the order of the lists: a page of them is read without what comes before it in time. Numbers tell no order, because each
    // node has a block of them, and start times none, because they are by the clock of a charge point.
    index('transactions_by_arrival').on(table.receivedAtMs, table.transactionId).concurrently(),
    index('transactions_of_charge_point_by_arrival')
      .on(table.chargePointKey, table.receivedAtMs, table.transactionId)
      .concurrently(),
    index('transactions_started').on(table.startedAtMs, table.transactionId),
    // For the next one of an EVSE: its start ends what belongs to the one before it.
    index('transactions_of_evse').on(table.chargePointKey, table.evseId, table.startedAtMs, table.transactionId),
    index('transactions_of_id_token_by_arrival')
      .on(sql`left(lower(id_token), 64)`, table.receivedAtMs, table.transactionId)
      .concurrently(),
    // By pattern, so that one range holds a card with all the suffixes that charge points append to it.
    index('transactions_open_of_id_token_by_arrival')
      .on(sql`left(lower(id_token), 64) text_pattern_ops`, table.receivedAtMs, table.transactionId)
      .concurrently()
      .where(sql`stopped_at IS NULL`),
    index('transactions_open_of_charge_point_by_arrival')
      .on(table.chargePointKey, table.receivedAtMs, table.transactionId)
      .concurrently()
      .where(sql`stopped_at IS NULL`),
  ],
)

/** What operators have corrected of the end that an operator entered; without `_before`: what they put in its place. */
export const transactionCorrections = pgTable(
  'transaction_corrections',
  {
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
    /** From 1. */
    number: integer('number').notNull(),
    atMs: instant('at').notNull(),
    /** Name of the key that the operator came with. */
    operator: text('operator').notNull(),
    stoppedAtBeforeMs: instant('stopped_at_before').notNull(),
    meterStopWhBefore: doublePrecision('meter_stop_wh_before'),
    stopReasonBefore: text('stop_reason_before'),
    stoppedAtMs: instant('stopped_at').notNull(),
    meterStopWh: doublePrecision('meter_stop_wh'),
    stopReason: text('stop_reason'),
  },
  (table) => [primaryKey({ name: 'transaction_corrections_pkey', columns: [table.transactionId, table.number] })],
)

/** What charge points told beside transactions: one line per notification. */
export const chargePointEvents = pgTable(
  'charge_point_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /**
     * Of action, payload and time; of action and place where a status has no usable time; of connection and message id where
     * another message has none.
     */
    digest: bigint('digest', { mode: 'bigint' }).notNull(),
    action: text('action').notNull(),
    messageId: text('message_id').notNull(),
    occurredAtMs: instant('occurred_at'),
    receivedAtMs: instant('received_at').notNull(),
    payload: json('payload').$type<Payload>().notNull(),
  },
  (table) => [
    primaryKey({ name: 'charge_point_events_pkey', columns: [table.chargePointKey, table.digest] }),
    // A page of the newest, of all actions or of one: an action that is not asked for is passed over in the index.
    index('charge_point_events_page').on(table.chargePointKey, table.receivedAtMs, table.digest, table.action),
    // For forgetting the oldest only, so it is one that costs next to nothing to keep.
    index('charge_point_events_received').using('brin', table.receivedAtMs),
  ],
)

/** The 2.x device model, as reported. */
export const variables = pgTable(
  'variables',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    variableName: text('variable_name').notNull(),
    variableInstance: text('variable_instance').notNull(),
    attributeType: text('attribute_type').notNull(),
    value: text('value'),
    mutability: text('mutability'),
    persistent: boolean('persistent').notNull(),
    constant: boolean('constant').notNull(),
    characteristics: json('characteristics').$type<Payload>(),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'variables_pkey',
      columns: [
        table.chargePointKey,
        table.componentName,
        table.componentInstance,
        table.evseId,
        table.connectorId,
        table.variableName,
        table.variableInstance,
        table.attributeType,
      ],
    }),
  ],
)

/** Problems that components of 2.x charge points have at the moment. */
export const problems = pgTable(
  'problems',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    techCode: text('tech_code'),
    techInfo: text('tech_info'),
    cause: integer('cause'),
    occurredAtMs: instant('occurred_at').notNull(),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'problems_pkey',
      columns: [table.chargePointKey, table.componentName, table.componentInstance, table.evseId, table.connectorId],
    }),
    // The newest are shown, however many a charge point makes up.
    index('problems_newest').on(table.chargePointKey, table.occurredAtMs),
  ],
)
