// The tables of reservations: what operators reserved, and how reservations ended by what charge points report.

import { bigint, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { ReportedEnd } from './reservation.ts'

export const reservations = pgTable(
  'reservations',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** As on the wire. */
    reservationId: integer('reservation_id').notNull(),
    /** 1.6: the connector. Null: any. */
    evseId: integer('evse_id'),
    connectorType: text('connector_type'),
    idToken: text('id_token').notNull(),
    groupIdToken: text('group_id_token'),
    expiresAtMs: instant('expires_at').notNull(),
    /** What the charge point answered to ReserveNow; null: nothing. */
    status: text('status'),
    /** When it answered. */
    answeredAtMs: instant('answered_at'),
    cancelledAtMs: instant('cancelled_at'),
    createdAtMs: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    /** The row of the reservation that the charge point holds while the answer to this one is missing; null: none. */
    inForce: json('in_force').$type<Payload>(),
  },
  (table) => [
    primaryKey({ name: 'reservations_pkey', columns: [table.chargePointKey, table.reservationId] }),
    index('reservations_page').on(table.chargePointKey, table.createdAtMs, table.reservationId),
    index('reservations_expires').on(table.expiresAtMs),
  ],
)

/** The last word of a charge point about a reservation, also about one that Stator did not make. */
export const reservationEnds = pgTable(
  'reservation_ends',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    reservationId: bigint('reservation_id', { mode: 'number' }).notNull(),
    ended: text('ended').$type<ReportedEnd>().notNull(),
    /** The transaction that used it. */
    usedBy: bigint('used_by', { mode: 'number' }),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'reservation_ends_pkey', columns: [table.chargePointKey, table.reservationId] }),
    index('reservation_ends_received').using('brin', table.receivedAtMs),
  ],
)
