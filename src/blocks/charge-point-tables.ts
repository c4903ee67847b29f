// The tables that belong to no single block: the charge point itself, and its notifications.

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Strictness } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { bytes, instant, nameStart, xid8 } from './column-types.ts'
import type { UntimedFacts } from './untimed-facts.ts'
import type { ConnectorStatus, Payload, RegistrationStatus, SecurityProfile } from './values.ts'

/** Groups of charge points: trees, such as tenants and their sites. */
export const groups = pgTable(
  'charge_point_groups',
  {
    key: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    /** The group that it is part of; null: none. */
    parentKey: integer('parent_id'),
    /** Unique among the groups with the same parent. */
    name: text('name').notNull(),
    createdAtMs: instant('created_at')
      .notNull()
      .default(sql`now()`),
  },
  (table) => [unique('charge_point_groups_name').on(table.parentKey, table.name).nullsNotDistinct()],
)

export const chargePoints = pgTable(
  'charge_points',
  {
    key: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    identity: text('identity').notNull(),
    /** HMAC-SHA-256 of the password. */
    passwordHash: bytes('password_hash'),
    /** Hash of a password that was sent to the charge point, while it is unknown whether the charge point uses it. */
    pendingPasswordHash: bytes('pending_password_hash'),
    apiKeyHash: bytes('api_key_hash'),
    location: text('location'),
    /** The group that it is in; null: none. */
    groupKey: integer('group_id'),
    strictness: text('strictness').$type<Strictness>().notNull().default('lenient'),
    /** The quirk profile that an operator has chosen, or 'none'; null: its boot decides. */
    quirkProfile: text('quirk_profile'),
    /** Whether the user name beside its password may differ from its identity. */
    mayUseOtherName: boolean('may_use_other_name').notNull().default(false),
    /** The name in its client certificate; null means its identity. */
    certificateName: text('certificate_name'),
    /** An operator bars it. */
    isBlocked: boolean('blocked').notNull().default(false),
    /** The lowest security profile that it may connect with. */
    profileMin: smallint('security_profile_min').$type<SecurityProfile>().notNull().default(0),
    /** The profile that it was told to use: becomes the lowest once it connects with it. */
    profileNext: smallint('security_profile_next').$type<SecurityProfile>(),
    /** The status that operators set for the answer to a boot. */
    registrationStatus: text('registration_status').$type<RegistrationStatus>().notNull().default('Accepted'),
    /** The status in the answer to the last boot. */
    bootStatus: text('boot_status').$type<RegistrationStatus>(),
    ocppVersion: text('ocpp_version').$type<OcppVersion>(),
    vendor: text('vendor'),
    model: text('model'),
    serialNumber: text('serial_number'),
    firmwareVersion: text('firmware_version'),
    iccid: text('iccid'),
    imsi: text('imsi'),
    /** Summary of its connectors' statuses; shown as Offline while the charge point is not connected. */
    status: text('status').$type<ConnectorStatus>().notNull().default('Unknown'),
    connected: boolean('connected').notNull().default(false),
    connectionEpoch: bigint('connection_epoch', { mode: 'number' }).notNull().default(0),
    /** Id of the node that holds the connection; null while not connected. */
    node: text('node'),
    /** Serial number of the client certificate of the last connection; null: it authenticated otherwise. */
    connectionCertificate: text('connection_certificate'),
    /**
     * The connection that was open when the charge point was last disconnected, and its node; null if none was open.
     * See store/connection-history.ts.
     */
    endedEpoch: bigint('ended_epoch', { mode: 'number' }),
    endedNode: text('ended_node'),
    /**
     * PostgreSQL transaction that last changed something the node with the connection must know: the owner of the
     * connection, or the settings of the charge point. See store/fences.ts.
     */
    fencedIn: xid8('fenced_in'),
    /**
     * PostgreSQL transaction that last changed which charge points there are in which group. A trigger writes it. See
     * store/charge-point-sets.ts.
     */
    groupedIn: xid8('grouped_in'),
    /** Time zone of times that are sent without one: an IANA name or an offset; null means UTC. */
    timeZone: text('time_zone'),
    firmwareStatus: text('firmware_status'),
    diagnosticsStatus: text('diagnostics_status'),
    logStatus: text('log_status'),
    /** Its last facts without a usable time, to recognise resends; null if all its facts have had one. */
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
    // At most one row per identity is not deleted. The index also finds deleted ones: their transactions can be read.
    unique('charge_points_identity').on(table.identity, table.deletedAtMs).nullsNotDistinct(),
    // Created when a node starts, not by a migration: see store/alike-identities.ts.
    uniqueIndex('charge_points_identity_alike')
      .on(sql`lower(${table.identity})`)
      .where(sql`deleted_at IS NULL`),
    index('charge_points_status')
      .on(table.connected, table.status, table.identity)
      .where(sql`deleted_at IS NULL`),
    index('charge_points_fenced')
      .on(table.fencedIn)
      .where(sql`fenced_in IS NOT NULL`),
    index('charge_points_of_group')
      .on(table.groupKey, table.identity)
      .concurrently()
      .where(sql`group_id IS NOT NULL`),
    index('charge_points_grouped')
      .on(table.groupedIn)
      .concurrently()
      .where(sql`grouped_in IS NOT NULL`),
    index('charge_points_deleted')
      .on(table.key)
      .concurrently()
      .where(sql`deleted_at IS NOT NULL`),
    // What lists are narrowed by; a list of them is by identity.
    ...Object.entries({ vendor: table.vendor, model: table.model, firmware: table.firmwareVersion }).map(
      ([name, column]) =>
        index(`charge_points_by_${name}`)
          .on(nameStart(column), table.identity)
          .concurrently()
          .where(sql`deleted_at IS NULL`),
    ),
    index('charge_points_by_version')
      .on(table.ocppVersion, table.identity)
      .concurrently()
      .where(sql`deleted_at IS NULL`),
    index('charge_points_of_node')
      .on(table.node, table.key)
      .where(sql`node IS NOT NULL`),
  ],
)

/** Columns that operators, the connection or the store set. Messages change the other columns. */
export const unpatchedColumns = [
  'key',
  'identity',
  'passwordHash',
  'pendingPasswordHash',
  'apiKeyHash',
  'location',
  'groupKey',
  'strictness',
  'quirkProfile',
  'mayUseOtherName',
  'certificateName',
  'isBlocked',
  'profileMin',
  'profileNext',
  'registrationStatus',
  'ocppVersion',
  'connected',
  'connectionEpoch',
  'node',
  'connectionCertificate',
  'endedEpoch',
  'endedNode',
  'fencedIn',
  'groupedIn',
  'timeZone',
  'lastSeenAtMs',
  'lastHeartbeatAtMs',
  'createdAtMs',
  'deletedAtMs',
] as const satisfies (keyof typeof chargePoints.$inferSelect)[]

/** Notifications of charge points, one row each. Transaction messages are stored elsewhere. */
export const chargePointEvents = pgTable(
  'charge_point_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /**
     * Digest of action, payload and time. A status without a usable time: of action and place. Another message without
     * one: of connection and message id.
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
    // Finds a page of the newest events. A filter by action is applied within the index.
    index('charge_point_events_page').on(table.chargePointKey, table.receivedAtMs, table.digest, table.action),
    // For the list of security events of all charge points.
    index('charge_point_events_security')
      .on(table.receivedAtMs)
      .concurrently()
      .where(sql`action = 'SecurityEventNotification'`),
    // Only for deleting the oldest rows; BRIN is cheap to maintain.
    index('charge_point_events_received').using('brin', table.receivedAtMs),
  ],
)
