// The tables of display messages: those that operators set, and those that charge points report. Rows of one key
// replace each other.

import { bigint, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'

/** Messages that operators have set. */
export const displayMessages = pgTable(
  'display_messages',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** As on the wire. */
    messageId: integer('message_id').notNull(),
    priority: text('priority').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }),
    startsAtMs: instant('starts_at'),
    endsAtMs: instant('ends_at'),
    /** As it was sent. */
    message: json('message').$type<Payload>().notNull(),
    /** What the charge point answered; null: nothing. */
    status: text('status'),
    clearedAtMs: instant('cleared_at'),
    setAtMs: instant('set_at').notNull(),
    setBy: text('set_by').notNull(),
  },
  (table) => [
    primaryKey({ name: 'display_messages_pkey', columns: [table.chargePointKey, table.messageId] }),
    index('display_messages_set').using('brin', table.setAtMs),
  ],
)

/** Messages that charge points have reported (NotifyDisplayMessages). */
export const reportedDisplayMessages = pgTable(
  'reported_display_messages',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    displayMessageId: bigint('message_id', { mode: 'number' }).notNull(),
    priority: text('priority').notNull(),
    stationTransactionId: text('station_transaction_id'),
    endsAtMs: instant('ends_at'),
    message: json('message').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'reported_display_messages_pkey', columns: [table.chargePointKey, table.displayMessageId] }),
    index('reported_display_messages_received').using('brin', table.receivedAtMs),
  ],
)
