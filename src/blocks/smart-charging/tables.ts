// The tables of smart charging: profiles that operators set, and what charge points report of profiles, limits and
// vehicles. For 2.1 also priority charging, dynamic schedules, allowed energy transfers, aFRR signals, and controls of
// distributed energy resources (DER). Rows of one key replace each other.

import { bigint, boolean, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { DerEvent } from './der-registry.ts'

/** Profiles that operators have set. */
export const chargingProfiles = pgTable(
  'charging_profiles',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** As on the wire. */
    profileId: integer('profile_id').notNull(),
    /** 1.6: the connector. 0: the charge point as a whole, or all EVSEs. */
    evseId: integer('evse_id').notNull(),
    stackLevel: integer('stack_level').notNull(),
    /** In the words of 2.x. */
    purpose: text('purpose').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }),
    validToMs: instant('valid_to'),
    /** As it was sent. */
    profile: json('profile').$type<Payload>().notNull(),
    /** What the charge point answered; null: nothing. */
    status: text('status'),
    clearedAtMs: instant('cleared_at'),
    setAtMs: instant('set_at').notNull(),
    setBy: text('set_by').notNull(),
    /** The row of the profile that the charge point has while the answer to this one is missing; null: it has none. */
    inForce: json('in_force').$type<Payload>(),
  },
  (table) => [
    primaryKey({ name: 'charging_profiles_pkey', columns: [table.chargePointKey, table.profileId] }),
    index('charging_profiles_set').using('brin', table.setAtMs),
  ],
)

/** Profiles that charge points have reported (ReportChargingProfiles). */
export const reportedChargingProfiles = pgTable(
  'reported_charging_profiles',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    profileId: bigint('profile_id', { mode: 'number' }).notNull(),
    evseId: integer('evse_id').notNull(),
    source: text('source').notNull(),
    stackLevel: integer('stack_level').notNull(),
    purpose: text('purpose').notNull(),
    stationTransactionId: text('station_transaction_id'),
    profile: json('profile').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'reported_charging_profiles_pkey', columns: [table.chargePointKey, table.profileId] }),
    index('reported_charging_profiles_received').using('brin', table.receivedAtMs),
  ],
)

/** Limits by others than Stator, the last of each source (NotifyChargingLimit, ClearedChargingLimit). */
export const chargingLimits = pgTable(
  'charging_limits',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    source: text('source').notNull(),
    isCleared: boolean('cleared').notNull(),
    /** The message. */
    payload: json('payload').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'charging_limits_pkey', columns: [table.chargePointKey, table.evseId, table.source] }),
  ],
)

/** What the vehicle at an EVSE needs (NotifyEVChargingNeeds). */
export const evChargingNeeds = pgTable(
  'ev_charging_needs',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    payload: json('payload').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ name: 'ev_charging_needs_pkey', columns: [table.chargePointKey, table.evseId] })],
)

/** The schedule that the vehicle at an EVSE has chosen (NotifyEVChargingSchedule). */
export const evChargingSchedules = pgTable(
  'ev_charging_schedules',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    payload: json('payload').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ name: 'ev_charging_schedules_pkey', columns: [table.chargePointKey, table.evseId] })],
)

/** Whether a transaction charges with priority, by the last word about it (2.1 K21, K22). */
export const priorityCharging = pgTable(
  'priority_charging',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    stationTransactionId: text('station_transaction_id').notNull(),
    isActive: boolean('active').notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'priority_charging_pkey', columns: [table.chargePointKey, table.stationTransactionId] }),
    index('priority_charging_received').using('brin', table.receivedAtMs),
  ],
)

/** The limits that operators set for dynamic profiles: charge points get them, or ask for them (2.1 K28). */
export const dynamicSchedules = pgTable(
  'dynamic_schedules',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    profileId: integer('profile_id').notNull(),
    /** ChargingScheduleUpdateType. */
    scheduleUpdate: json('schedule_update').$type<Payload>().notNull(),
    /** What the charge point answered; null: nothing, or it was not sent. */
    status: text('status'),
    setBy: text('set_by').notNull(),
    /** When it was set. */
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'dynamic_schedules_pkey', columns: [table.chargePointKey, table.profileId] }),
    index('dynamic_schedules_received').using('brin', table.receivedAtMs),
  ],
)

/** How energy may flow in a transaction, as its charge point has accepted it (2.1 Q01). */
export const allowedEnergyTransfers = pgTable(
  'allowed_energy_transfers',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    stationTransactionId: text('station_transaction_id').notNull(),
    /** EnergyTransferModeEnumType. */
    allowed: json('allowed').$type<readonly unknown[]>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'allowed_energy_transfers_pkey', columns: [table.chargePointKey, table.stationTransactionId] }),
    index('allowed_energy_transfers_received').using('brin', table.receivedAtMs),
  ],
)

/** Signals of the grid operator that were sent on (2.1 Q07). */
export const afrrSignals = pgTable(
  'afrr_signals',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** From when on it counts. */
    signalAtMs: instant('signal_at').notNull(),
    signal: integer('signal').notNull(),
    status: text('status').notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'afrr_signals_pkey', columns: [table.chargePointKey, table.signalAtMs] }),
    index('afrr_signals_page').on(table.chargePointKey, table.receivedAtMs),
    index('afrr_signals_received').using('brin', table.receivedAtMs),
  ],
)

/** DER controls that charge points have accepted, or report (2.1 R04). */
export const derControls = pgTable(
  'der_controls',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    controlId: text('control_id').notNull(),
    /** DERControlEnumType. */
    controlType: text('control_type').notNull(),
    isDefault: boolean('is_default').notNull(),
    isReported: boolean('is_reported').notNull(),
    /** Its parameters, as they were sent. */
    control: json('control').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ name: 'der_controls_pkey', columns: [table.chargePointKey, table.controlId] })],
)

/** What became of DER controls, also of those that Stator does not know: the last event of each kind. */
export const derControlEvents = pgTable(
  'der_control_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    controlId: text('control_id').notNull(),
    event: text('event').$type<DerEvent>().notNull(),
    /** The control that has superseded it. */
    otherId: text('other_id'),
    /** By the clock of the charge point; null: its message has no time. */
    occurredAtMs: instant('occurred_at'),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'der_control_events_pkey', columns: [table.chargePointKey, table.controlId, table.event] }),
    index('der_control_events_received').using('brin', table.receivedAtMs),
  ],
)

/** When all controls of a type were cleared last. */
export const derClearings = pgTable(
  'der_clearings',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    isDefault: boolean('is_default').notNull(),
    /** Empty: every type. */
    controlType: text('control_type').notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'der_clearings_pkey', columns: [table.chargePointKey, table.isDefault, table.controlType] }),
  ],
)
