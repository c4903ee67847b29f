// The tables of smart charging: profiles that operators set, and what charge points report of profiles, limits and
// vehicles. Rows of one key replace each other.

import { bigint, boolean, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'

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
