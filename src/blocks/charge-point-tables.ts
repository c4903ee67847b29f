// What is stored of a charge point, whatever block a message belongs to: itself, and what it reports beside
// transactions.

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
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
    /**
     * The connection that was open when something last ended it, and who held it; null: none was. See
     * store/connection-history.ts.
     */
    endedEpoch: bigint('ended_epoch', { mode: 'number' }),
    endedNode: text('ended_node'),
    /**
     * PostgreSQL transaction that last changed what the node with the connection must know: it took the connection
     * away, or changed how the charge point is treated; see store/fences.ts.
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

/** What is said of a charge point by operators, by its connection and by the store; messages change the rest. */
export const unpatchedColumns = [
  'key',
  'identity',
  'passwordHash',
  'pendingPasswordHash',
  'apiKeyHash',
  'location',
  'strictness',
  'registrationStatus',
  'ocppVersion',
  'connected',
  'connectionEpoch',
  'node',
  'endedEpoch',
  'endedNode',
  'fencedIn',
  'timeZone',
  'lastSeenAtMs',
  'lastHeartbeatAtMs',
  'createdAtMs',
  'deletedAtMs',
] as const satisfies (keyof typeof chargePoints.$inferSelect)[]

/** What charge points told beside transactions: one line per notification. */
export const chargePointEvents = pgTable(
  'charge_point_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /**
     * Of action, payload and time; of action and place where a status has no usable time; of connection and message id
     * where another message has none.
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
