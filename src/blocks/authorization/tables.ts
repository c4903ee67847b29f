// The tables of payments at charge points of 2.1: settlements, payments on a web page, and VAT numbers.

import { bigint, doublePrecision, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'

/** What became of payments (NotifySettlement): one row for each reference, time and status. */
export const settlements = pgTable(
  'settlements',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** The reference of the payment service provider. */
    pspRef: text('psp_ref').notNull(),
    settledAtMs: instant('settled_at').notNull(),
    status: text('status').notNull(),
    stationTransactionId: text('station_transaction_id'),
    amount: doublePrecision('amount').notNull(),
    /** The message. */
    payload: json('payload').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'settlements_pkey',
      columns: [table.chargePointKey, table.pspRef, table.settledAtMs, table.status],
    }),
    index('settlements_page').on(table.chargePointKey, table.receivedAtMs),
    index('settlements_of_transaction').on(table.chargePointKey, table.stationTransactionId),
    index('settlements_received').using('brin', table.receivedAtMs),
  ],
)

/** Payments on a web page of which charge points were told (NotifyWebPaymentStarted). */
export const webPayments = pgTable(
  'web_payments',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    timeoutSeconds: integer('timeout_seconds').notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'web_payments_pkey', columns: [table.chargePointKey, table.receivedAtMs, table.evseId] }),
    index('web_payments_received').using('brin', table.receivedAtMs),
  ],
)

/** VAT numbers that charge points asked about, the last time for each EVSE (VatNumberValidation). */
export const vatNumberChecks = pgTable(
  'vat_number_checks',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    vatNumber: text('vat_number').notNull(),
    /** 0: it named none. */
    evseId: bigint('evse_id', { mode: 'number' }).notNull(),
    /** What it was answered. */
    status: text('status').notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'vat_number_checks_pkey', columns: [table.chargePointKey, table.vatNumber, table.evseId] }),
    index('vat_number_checks_received').using('brin', table.receivedAtMs),
  ],
)
