// The tables that the store alone writes, as drizzle sees them; with the tables of src/blocks the source of the
// migrations in drizzle/ and of the typed queries for the API. What drizzle cannot express is in the migrations only:
// the partitions of meter_values, transaction_facts, message_log and the histories, and fill factors.
//
// No foreign keys: charge points are never removed (deletion sets deleted_at), rows come from one writer that knows its
// keys, and a check per meter value would cost as much as the insert. Payloads are json, not jsonb: jsonb refuses
// \u0000 and loses key order.

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  pgSequence,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { bytes, instant } from '../blocks/column-types.ts'
import type { CertificateState } from '../blocks/certificates/records.ts'
import type { ErasedRows, ErasurePosition, ErasureState } from '../blocks/authorization/erasure.ts'
import type { ClosedBy, IdTokenRecord } from '../blocks/records.ts'
import type { RotationItemState, RotationState } from '../blocks/provisioning/credential-rotation.ts'
import type { RemoteStart } from '../blocks/remote-control/commands.ts'
import type { SecurityEventType } from '../blocks/security/event-types.ts'
import type { ConnectorStatus, Payload } from '../blocks/values.ts'

/**
 * transactionIds, fetched in blocks. OCPP 1.6 requires them to fit into an int32, so the sequence ends there and never
 * wraps.
 */
export const transactionIds = pgSequence('transaction_ids', { startWith: 1, minValue: 1, maxValue: 2_147_483_647 })

/** Epochs, the fencing tokens of connections: a later connection has a greater one, on any node. */
export const connectionEpochs = pgSequence('connection_epochs', { startWith: 1 })

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
  /** Whether it reads hashes of credentials that have a salt; false for a node of an earlier version. */
  readsSalted: boolean('reads_salted').notNull().default(false),
  /** Whether it reads meter values that are packed; false for a node of an earlier version. */
  readsPacked: boolean('reads_packed').notNull().default(false),
})

/**
 * TransactionIds that remote starts promised to operators; void once there is a transaction of that id. See
 * store/remote-start-promises.ts.
 */
export const remoteStartPromises = pgTable(
  'remote_start_promises',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
    /** How the start is recognised. */
    start: json('start').$type<RemoteStart>().notNull(),
    /** By the clock of PostgreSQL. */
    promisedAtMs: instant('promised_at').notNull(),
  },
  (table) => [primaryKey({ name: 'remote_start_promises_pkey', columns: [table.chargePointKey, table.transactionId] })],
)

/** New passwords for many charge points; see store/credential-rotations.ts. */
export const credentialRotations = pgTable(
  'credential_rotations',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    createdAtMs: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    perMinute: integer('per_minute').notNull(),
    expiresAtMs: instant('expires_at').notNull(),
    state: text('state').$type<RotationState>().notNull().default('running'),
    /** When the next charge point may be sent its password, by the clock of PostgreSQL. */
    nextAtMs: instant('next_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    /** Null while it runs. */
    endedAtMs: instant('ended_at'),
    /** Whether an item is waiting or sending, also after it was cancelled or has expired. */
    isOpen: boolean('is_open').notNull().default(true),
  },
  (table) => [
    // Each node asks every second whether there is one.
    index('credential_rotations_open')
      .on(table.id)
      .where(sql`is_open`),
  ],
)

/** One charge point of a credential rotation. */
export const credentialRotationItems = pgTable(
  'credential_rotation_items',
  {
    rotationId: bigint('rotation_id', { mode: 'number' }).notNull(),
    chargePointKey: integer('charge_point_id').notNull(),
    state: text('state').$type<RotationItemState>().notNull().default('waiting'),
    /** Id of the node that sends it, or has sent it, and the connection that it was sent on. */
    node: text('node'),
    epoch: bigint('connection_epoch', { mode: 'number' }),
    status: text('status'),
    errorCode: text('error_code'),
    error: text('error'),
    changedAtMs: instant('changed_at').notNull(),
    /** Nothing could be sent: when to try again, by the clock of PostgreSQL. Null: at any time. */
    notBeforeMs: instant('not_before'),
  },
  (table) => [
    primaryKey({ name: 'credential_rotation_items_pkey', columns: [table.rotationId, table.chargePointKey] }),
    index('credential_rotation_items_state').on(table.rotationId, table.state, table.chargePointKey),
    index('credential_rotation_items_preceding')
      .on(table.chargePointKey, table.rotationId)
      .where(sql`state IN ('waiting', 'sending', 'unknown')`),
  ],
)

/** A row for each change of a connector's status or error; partitioned by the month of its arrival. */
export const connectorHistory = pgTable(
  'connector_history',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    /** Microseconds later than the previous one of that connector, if both arrived in one millisecond. */
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
    /** What closed it; null for an opening, like the next two columns. */
    closedBy: text('closed_by').$type<ClosedBy>(),
    /** RFC 6455, section 7.4; null if no close frame was seen. */
    closeCode: integer('close_code'),
    reason: text('reason'),
    /** Address of the charge point, in the row of the opening; null in the row of the end. */
    remoteAddress: text('remote_address'),
  },
  (table) => [index('connection_history_page').on(table.chargePointKey, table.atMs, table.epoch, table.closed)],
)

/** The last refused handshake of each charge point that exists; see store/handshake-refusals.ts. */
export const handshakeRefusals = pgTable('handshake_refusals', {
  chargePointKey: integer('charge_point_id').primaryKey(),
  atMs: instant('at').notNull(),
  /** HTTP status of the answer; 101: the connection was closed because there is no common subprotocol. */
  status: integer('status').notNull(),
  reason: text('reason').notNull(),
  remoteAddress: text('remote_address').notNull(),
  /** Name of the process that refused it. */
  node: text('node').notNull(),
})

/** Security events of the central system itself, alike ones counted; see store/security-events.ts. */
export const securityEvents = pgTable(
  'security_events',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    type: text('type').$type<SecurityEventType>().notNull(),
    /** The identity that was asked for, whether there is such a charge point or not. */
    identity: text('identity'),
    chargePointKey: integer('charge_point_id'),
    remoteAddress: text('remote_address').notNull(),
    node: text('node').notNull(),
    firstAtMs: instant('first_at').notNull(),
    /** The last of them. */
    receivedAtMs: instant('received_at').notNull(),
    count: integer('count').notNull(),
    reason: text('reason').notNull(),
  },
  (table) => [index('security_events_received').on(table.receivedAtMs)],
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

/** Erasures of id tokens; see store/erasure/. */
export const idTokenErasures = pgTable(
  'id_token_erasures',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    pseudonym: text('pseudonym').notNull(),
    state: text('state').$type<ErasureState>().notNull().default('running'),
    /** The id token, encrypted; null once it is done. */
    sealedToken: text('sealed_token'),
    createdAtMs: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    settlesAtMs: instant('settles_at').notNull(),
    endedAtMs: instant('ended_at'),
    erased: json('erased').$type<ErasedRows>().notNull(),
    /** Where the scan continues; null: at its beginning. */
    position: json('position').$type<ErasurePosition>(),
  },
  (table) => [
    // Each node asks every few seconds whether there is one.
    index('id_token_erasures_open')
      .on(table.id)
      .where(sql`state <> 'done'`),
  ],
)

/**
 * The ledger of transaction messages. Its unique index is the idempotency key: it recognises a retransmission, and the
 * stored answer is sent again. Partitioned by month of `sent_at`; see store/fact-row.ts.
 */
export const transactionFacts = pgTable(
  'transaction_facts',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** As the charge point sent it, as UTC if it named no zone; 1970 if it has no usable time. */
    sentAtMs: instant('sent_at').notNull(),
    /** Digest of the content of the message, and of its place if it has one. */
    digest: bigint('digest', { mode: 'bigint' }).notNull(),
    receivedAtMs: instant('received_at').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }),
    messageId: text('message_id').notNull(),
    payload: json('payload').$type<Payload>().notNull(),
    answer: json('answer').$type<Payload>().notNull(),
  },
  (table) => [
    primaryKey({ name: 'transaction_facts_pkey', columns: [table.chargePointKey, table.sentAtMs, table.digest] }),
    // Used only to delete the oldest rows (retention), so it is of a kind that costs almost nothing to maintain.
    index('transaction_facts_received').using('brin', table.receivedAtMs),
  ],
)

/** One row while the ledger of the previous version is needed: see store/earlier-ledger.ts. */
export const earlierLedger = pgTable('earlier_ledger', {
  id: integer('id').primaryKey(),
  /** When a node of that version was last seen. */
  seenAtMs: instant('seen_at').notNull(),
})

/**
 * The ledger of the previous version, in which its nodes look during a deploy. It is emptied when its facts are old
 * enough; a later version removes it.
 */
export const transactionEvents = pgTable(
  'transaction_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    ref: text('ref').notNull(),
    seqNo: bigint('seq_no', { mode: 'number' }).notNull(),
    /**
     * Digest of the whole message: two facts with the same key differ in it. Null for facts from before this column.
     */
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

/**
 * When the newest event about the Problem of a component happened: its begin or its end. It outlives the row of
 * `problems`, so that an older event that arrives late changes nothing. It has the retention of events.
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

/** Stored facts that break an expectation. The digest covers the message, so that a repeated commit adds nothing. */
export const anomalies = pgTable(
  'anomalies',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    receivedAtMs: instant('received_at').notNull(),
    digest: bigint('digest', { mode: 'bigint' }).notNull(),
    kind: text('kind').notNull(),
    transaction: text('transaction'),
    detail: json('detail').$type<Payload>().notNull(),
    /** Empty if it was found by a check, not in a message. */
    messageId: text('message_id').notNull(),
  },
  (table) => [
    primaryKey({ name: 'anomalies_pkey', columns: [table.chargePointKey, table.receivedAtMs, table.digest] }),
    index('anomalies_received').on(table.receivedAtMs, table.chargePointKey, table.digest),
    index('anomalies_kind').on(table.kind, table.receivedAtMs, table.chargePointKey, table.digest),
    // Cut to 255 characters, so that an id of any length fits into the index.
    index('anomalies_transaction')
      .on(sql`left("transaction", 255)`, table.receivedAtMs, table.chargePointKey, table.digest)
      .where(sql`"transaction" IS NOT NULL`),
  ],
)

/** One row: data of the database as a whole. */
export const installation = pgTable('installation', {
  id: integer('id').primaryKey(),
  credentialFingerprint: bytes('credential_fingerprint').notNull(),
  /** When the table of meter values got the column `packed`; minus infinity if it has had it from the beginning. */
  packedAddedAtMs: instant('packed_added_at')
    .notNull()
    .default(sql`'-infinity'`),
})

/**
 * One row per element of `meterValue`; columns as in blocks/meter-block.ts. Partitioned by month of `sampled_at`. Its
 * one index is the idempotency key of samples, and finds the samples of a transaction in order.
 *
 * A row has its meter value in one of two columns: `meter_value`, or `packed` (workers/meter-packer.ts). See
 * meter-text.ts.
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
    meterValue: json('meter_value').$type<Payload>(),
    packed: text('packed'),
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

/** One row: the certificate authority that Stator has made. Its private key is encrypted. */
export const certificateAuthority = pgTable('certificate_authority', {
  id: integer('id').primaryKey(),
  certificate: text('certificate').notNull(),
  privateKey: text('private_key').notNull(),
})

/**
 * Certificates that were signed for charge points, and what became of them: `signed`, `sent`, then `accepted` or
 * `rejected` by the charge point, or `failed` without an answer; `revoked` by an operator.
 */
export const certificates = pgTable(
  'certificates',
  {
    serialNumber: text('serial_number').primaryKey(),
    chargePointKey: integer('charge_point_id').notNull(),
    csrDigest: text('csr_digest').notNull(),
    /** Of the newest request that it answers (2.1). */
    requestId: integer('request_id'),
    certificate: text('certificate').notNull(),
    state: text('state').$type<CertificateState>().notNull(),
    validFromMs: instant('valid_from').notNull(),
    validToMs: instant('valid_to').notNull(),
    signedAtMs: instant('signed_at').notNull(),
    sentAtMs: instant('sent_at'),
    /** The connection on which it was sent. */
    sentEpoch: bigint('sent_epoch', { mode: 'number' }),
    /** How often it was sent. */
    sends: integer('sends').notNull().default(0),
    settledAtMs: instant('settled_at'),
    /** Why it failed. */
    reason: text('reason'),
    /** When its charge point was last asked to request a new one. */
    renewalAskedAtMs: instant('renewal_asked_at'),
    revokedAtMs: instant('revoked_at'),
  },
  (table) => [
    index('certificates_of_charge_point').on(table.chargePointKey, table.validToMs),
    index('certificates_by_expiry').on(table.validToMs),
    index('certificates_open')
      .on(table.chargePointKey)
      .where(sql`state IN ('signed', 'sent')`),
  ],
)

/** CA certificates that operators have sent to charge points, or want to: what is known of a reported one. */
export const sentCertificates = pgTable(
  'sent_certificates',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** As `hexSerial` writes it. */
    serialNumber: text('serial_number').notNull(),
    subject: text('subject').notNull(),
    validToMs: instant('valid_to').notNull(),
    sentAtMs: instant('sent_at').notNull(),
  },
  (table) => [primaryKey({ name: 'sent_certificates_pkey', columns: [table.chargePointKey, table.serialNumber] })],
)
