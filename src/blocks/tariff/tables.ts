// The tables of tariffs and costs: prices by which Stator computes costs, what transactions cost, and tariffs at charge
// points of 2.1. Rows of one key replace each other.

import { bigint, doublePrecision, index, integer, json, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { CostSource, TariffAssignment } from './cost-records.ts'

/** What operators charge: of all charge points, of a group, or of one. */
export const prices = pgTable(
  'prices',
  {
    key: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    /** Neither of both: the default. */
    chargePointKey: integer('charge_point_id'),
    groupKey: integer('group_id'),
    /** ISO 4217. */
    currency: text('currency').notNull(),
    perKwh: doublePrecision('per_kwh').notNull(),
    perMinute: doublePrecision('per_minute').notNull(),
    perSession: doublePrecision('per_session').notNull(),
    changedAtMs: instant('changed_at').notNull(),
    changedBy: text('changed_by').notNull(),
  },
  (table) => [unique('prices_subject').on(table.chargePointKey, table.groupKey).nullsNotDistinct()],
)

/** What transactions cost: what charge points were told at the end, and what they have computed themselves (2.1). */
export const transactionCosts = pgTable(
  'transaction_costs',
  {
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
    source: text('source').$type<CostSource>().notNull(),
    chargePointKey: integer('charge_point_id').notNull(),
    /** Including taxes; null: the charge point could not compute it. */
    totalCost: doublePrecision('total_cost'),
    currency: text('currency'),
    /** How it was computed; the `costDetails` of the charge point as they were sent. */
    detail: json('detail').$type<Payload>(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'transaction_costs_pkey', columns: [table.transactionId, table.source] }),
    index('transaction_costs_received').using('brin', table.receivedAtMs),
  ],
)

/** Tariffs that operators have set at charge points: default tariffs, and tariffs of transactions. */
export const stationTariffs = pgTable(
  'station_tariffs',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    tariffId: text('tariff_id').notNull(),
    /** 0: all EVSEs. */
    evseId: integer('evse_id').notNull(),
    /** 0: a default tariff. */
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
    /** As it was sent. */
    tariff: json('tariff').$type<Payload>().notNull(),
    /** What the charge point answered; null: nothing. */
    status: text('status'),
    clearedAtMs: instant('cleared_at'),
    setAtMs: instant('set_at').notNull(),
    setBy: text('set_by').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'station_tariffs_pkey',
      columns: [table.chargePointKey, table.tariffId, table.evseId, table.transactionId],
    }),
    index('station_tariffs_set').using('brin', table.setAtMs),
  ],
)

/** What charge points have answered to GetTariffs, the last answer for each EVSE; 0: for all of them. */
export const reportedTariffs = pgTable(
  'reported_tariffs',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    assignments: json('assignments').$type<readonly TariffAssignment[]>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ name: 'reported_tariffs_pkey', columns: [table.chargePointKey, table.evseId] })],
)
