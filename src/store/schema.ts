// Long because it has every table. The tables, as drizzle sees them: the source of the migrations in drizzle/ and of
// the typed queries for the API. What drizzle cannot say stands in the migrations only: the partitions of meter_values,
// transaction_facts, message_log and the histories, and fill factors.
//
// No foreign keys: charge points are never removed (deletion sets deleted_at), rows come from one writer that knows its keys, and
// a check per meter value would cost as much as the insert. Payloads are json, not jsonb: jsonb refuses \u0000 and loses key order.

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  pgSequence,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { ConnectorStatus, KnownTransaction, Payload, RegistrationStatus } from '../csms/decision.ts'
import type { ClosedBy, IdTokenRecord } from '../csms/records.ts'
import type { RemoteStart } from '../csms/remote-control.ts'
import type { UntimedFacts } from '../csms/untimed-facts.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { parseInstant } from './pg-types.ts'

/** `timestamptz` as milliseconds since the Unix epoch. */
const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: parseInstant,
  toDriver: (ms) => new Date(ms).toISOString(),
})

const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })

/** Number of a transaction of PostgreSQL, as text. */
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })

/** transactionIds, fetched in blocks. OCPP 1.6 wants them to fit an int32, so the sequence ends there and never wraps. */
export const transactionIds = pgSequence('transaction_ids', { startWith: 1, minValue: 1, maxValue: 2_147_483_647 })

/** Numbers of connections: a later connection has a greater one, on whatever node. */
export const connectionEpochs = pgSequence('connection_epochs', { startWith: 1 })

export const messageLogIds = pgSequence('message_log_ids', { startWith: 1 })

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

/** The processes that hold connections, each under a lease that it renews; see store/node-leases.ts. */
export const nodes = pgTable('nodes', {
  /** Random, and kept for the life of the process. */
  id: text('id').primaryKey(),
  /** Host and port, for people. */
  name: text('name').notNull(),
  startedAtMs: instant('started_at').notNull(),
  /** When it last renewed its lease, by the clock of PostgreSQL. */
  seenAtMs: instant('seen_at').notNull(),
  /**
   * The table in which it looks for transaction messages; null for a node of a version that knows only
   * `transaction_events`.
   */
  ledger: text('ledger'),
})

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

/**
 * TransactionIds that remote starts promised to operators; void once there is a transaction of that id. See
 * store/remote-start-promises.ts.
 */
export const remoteStartPromises = pgTable(
  'remote_start_promises',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
    /** What the start will be recognised by. */
    start: json('start').$type<RemoteStart>().notNull(),
    /** By the clock of PostgreSQL. */
    promisedAtMs: instant('promised_at').notNull(),
  },
  (table) => [primaryKey({ name: 'remote_start_promises_pkey', columns: [table.chargePointKey, table.transactionId] })],
)

/** A row for each change of a connector's status or error; partitioned by the month of its arrival. */
export const connectorHistory = pgTable(
  'connector_history',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    /** Later by microseconds than the one before it of that connector, where both arrived in one millisecond. */
    receivedAtMs: instant('received_at').notNull(),
    /** By the charge point's clock. */
    occurredAtMs: instant('occurred_at').notNull(),
    status: text('status').$type<ConnectorStatus>().notNull(),
    errorCode: text('error_code'),
    vendorErrorCode: text('vendor_error_code'),
  },
  (table) => [
    primaryKey({
      name: 'connector_history_pkey',
      columns: [table.chargePointKey, table.receivedAtMs, table.evseId, table.connectorId],
    }),
  ],
)

/** A row when a connection opens, and one when it is closed; partitioned by month. */
export const connectionHistory = pgTable(
  'connection_history',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    atMs: instant('at').notNull(),
    epoch: bigint('epoch', { mode: 'number' }).notNull(),
    closed: boolean('closed').notNull(),
    /** Name of the process that held it. */
    node: text('node'),
    /** What closed it; null when it opened, as are the next two. */
    closedBy: text('closed_by').$type<ClosedBy>(),
    /** RFC 6455, section 7.4; null when there was no close that anybody could see. */
    closeCode: integer('close_code'),
    reason: text('reason'),
  },
  (table) => [index('connection_history_page').on(table.chargePointKey, table.atMs, table.epoch, table.closed)],
)

export const idTokens = pgTable(
  'id_tokens',
  {
    /** The id token in lower case: letter case does not count (1.6 CiString20Type, 2.x IdTokenType). */
    idKey: text('id_key').primaryKey(),
    idToken: text('id_token').notNull(),
    type: text('type'),
    status: text('status').$type<IdTokenRecord['status']>().notNull(),
    expiryDateMs: instant('expiry_date'),
    parentIdTag: text('parent_id_tag'),
    createdAtMs: instant('created_at')
      .notNull()
      .default(sql`now()`),
  },
  (table) => [index('id_tokens_status').on(table.status, table.idKey)],
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
    closedBy: text('closed_by').$type<NonNullable<KnownTransaction['closedBy']>>(),
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

/**
 * The ledger of transaction messages. Its key recognises a retransmission, and the answer is sent again. Partitioned by
 * month of `sent_at`; see store/fact-row.ts.
 */
export const transactionFacts = pgTable(
  'transaction_facts',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** As the charge point sent it, as UTC where it named no zone; 1970 for what has no usable time. */
    sentAtMs: instant('sent_at').notNull(),
    /** Of all that the message says, and of its place where it has one. */
    digest: bigint('digest', { mode: 'bigint' }).notNull(),
    receivedAtMs: instant('received_at').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }),
    messageId: text('message_id').notNull(),
    payload: json('payload').$type<Payload>().notNull(),
    answer: json('answer').$type<Payload>().notNull(),
  },
  (table) => [
    primaryKey({ name: 'transaction_facts_pkey', columns: [table.chargePointKey, table.sentAtMs, table.digest] }),
    // For forgetting the oldest only, so it is one that costs next to nothing to keep.
    index('transaction_facts_received').using('brin', table.receivedAtMs),
  ],
)

/** One row while the ledger of the version before is needed: see store/earlier-ledger.ts. */
export const earlierLedger = pgTable('earlier_ledger', {
  id: integer('id').primaryKey(),
  /** When a node of that version was last seen. */
  seenAtMs: instant('seen_at').notNull(),
})

/**
 * The ledger of the version before, in which its nodes look during a deploy. It is emptied when what it holds is old
 * enough; a later version removes it.
 */
export const transactionEvents = pgTable(
  'transaction_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    ref: text('ref').notNull(),
    seqNo: bigint('seq_no', { mode: 'number' }).notNull(),
    /** Digest of the whole message: what is another fact under the same key differs in it. Null for what was stored before it was kept. */
    content: bigint('content', { mode: 'bigint' }),
    event: text('event').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }),
    messageId: text('message_id').notNull(),
    occurredAtMs: instant('occurred_at').notNull(),
    receivedAtMs: instant('received_at').notNull(),
    payload: json('payload').$type<Payload>().notNull(),
    answer: json('answer').$type<Payload>().notNull(),
  },
  (table) => [primaryKey({ name: 'transaction_events_pkey', columns: [table.chargePointKey, table.ref, table.seqNo] })],
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

/**
 * When the newest event about the Problem of a component happened, be it that there is one or that it is over. It outlives the
 * row of `problems`, so that an older event that comes late changes nothing. Kept for as long as events are.
 */
export const problemTimes = pgTable(
  'problem_times',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    occurredAtMs: instant('occurred_at').notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'problem_times_pkey',
      columns: [table.chargePointKey, table.componentName, table.componentInstance, table.evseId, table.connectorId],
    }),
    index('problem_times_received').on(table.receivedAtMs),
  ],
)

/** Stored facts that break an expectation. The digest covers the message, so that a commit done again adds nothing. */
export const anomalies = pgTable(
  'anomalies',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    receivedAtMs: instant('received_at').notNull(),
    digest: bigint('digest', { mode: 'bigint' }).notNull(),
    kind: text('kind').notNull(),
    transaction: text('transaction'),
    detail: json('detail').$type<Payload>().notNull(),
    /** Empty when it was found by a check, not in a message. */
    messageId: text('message_id').notNull(),
  },
  (table) => [
    primaryKey({ name: 'anomalies_pkey', columns: [table.chargePointKey, table.receivedAtMs, table.digest] }),
    index('anomalies_received').on(table.receivedAtMs, table.chargePointKey, table.digest),
    index('anomalies_kind').on(table.kind, table.receivedAtMs, table.chargePointKey, table.digest),
    // Cut to 255 characters, so that an id of any length fits the index.
    index('anomalies_transaction')
      .on(sql`left("transaction", 255)`, table.receivedAtMs, table.chargePointKey, table.digest)
      .where(sql`"transaction" IS NOT NULL`),
  ],
)

/** Frames as they were on the wire. Partitioned by day, so that forgetting old days costs nothing. */
export const messageLog = pgTable(
  'message_log',
  {
    id: bigint('id', { mode: 'number' })
      .notNull()
      .default(sql`nextval('message_log_ids')`),
    chargePointKey: integer('charge_point_id').notNull(),
    atMs: instant('at').notNull(),
    fromChargePoint: boolean('from_charge_point').notNull(),
    frame: text('frame').notNull(),
  },
  (table) => [index('message_log_charge_point').on(table.chargePointKey, table.atMs, table.id)],
)

/** One row: what belongs to the database as a whole. */
export const installation = pgTable('installation', {
  id: integer('id').primaryKey(),
  credentialFingerprint: bytes('credential_fingerprint').notNull(),
})

/**
 * One row per element of `meterValue`; columns as in csms/meter-block.ts. Partitioned by month of `sampled_at`. Its one index
 * both recognises a sample sent again and finds the samples of a transaction in order.
 */
export const meterValues = pgTable(
  'meter_values',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    transactionRef: bigint('transaction_ref', { mode: 'bigint' }).notNull(),
    sampledAtMs: instant('sampled_at').notNull(),
    evseId: smallint('evse_id').notNull(),
    connectorId: smallint('connector_id').notNull(),
    digest: bigint('digest', { mode: 'bigint' }).notNull(),
    receivedAtMs: instant('received_at').notNull(),
    energyWh: doublePrecision('energy_wh'),
    powerW: doublePrecision('power_w'),
    currentA: doublePrecision('current_a'),
    voltageV: doublePrecision('voltage_v'),
    socPercent: doublePrecision('soc_percent'),
    meterValue: json('meter_value').$type<Payload>().notNull(),
  },
  (table) => [
    uniqueIndex('meter_values_key').on(
      table.chargePointKey,
      table.transactionRef,
      table.sampledAtMs,
      table.evseId,
      table.connectorId,
      table.digest,
    ),
  ],
)
