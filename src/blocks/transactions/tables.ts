// What is stored of transactions.

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'

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
    closedBy: text('closed_by').$type<'station' | 'operator'>(),
    /**
     * The highest register from which one fell in the middle, and the time of the one below it; null while none did.
     */
    registerFellFromWh: doublePrecision('register_fell_from_wh'),
    registerFellAtMs: instant('register_fell_at'),
    receivedAtMs: instant('received_at').notNull(),
    /**
     * When the last message about it came; null until one after the first has come. Meter values of 1.6 leave it as it
     * is.
     */
    updatedAtMs: instant('updated_at'),
  },
  (table) => [
    // Cut to 255 and 64 characters, so that an id of any length fits an index.
    uniqueIndex('transactions_station_id')
      .on(table.chargePointKey, sql`left(station_transaction_id, 255)`, table.stationUse)
      .where(sql`station_transaction_id IS NOT NULL`),
    // By arrival, the order of the lists: a page of them is read without what comes before it in time. Numbers tell no
    // order, because each node has a block of them, and start times none, because they are by the clock of a charge
    // point.
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

/** What deciding needs to know of a transaction. */
export const knownColumns = [
  'transactionId',
  'chargePointKey',
  'evseId',
  'connectorId',
  'stationTransactionId',
  'idToken',
  'startedAtMs',
  'meterStartWh',
  'closedBy',
] as const satisfies TransactionColumn[]

/** The same, of transactions that have come so far. */
export const knownLaterColumns = ['chargingState', 'stopIdToken', 'stoppedAtMs'] as const satisfies TransactionColumn[]

/** What a message that ends a transaction tells, all of it. */
export const endColumns = [
  'stoppedAtMs',
  'meterStopWh',
  'stopReason',
  'stopIdToken',
  'closedBy',
] as const satisfies TransactionColumn[]

/** Where a register fell. */
export const fallColumns = ['registerFellFromWh', 'registerFellAtMs'] as const satisfies TransactionColumn[]

/** What is said of a transaction once, by its beginning or by the store. */
export const unpatchedColumns = [
  'transactionId',
  'chargePointKey',
  'stationTransactionId',
  'stationUse',
  'reservationId',
  'receivedAtMs',
  'updatedAtMs',
] as const satisfies TransactionColumn[]

/** What nobody is shown. */
export const hiddenColumns = [
  'stationUse',
  'isStartTold',
  'lastEventAtMs',
  'lastSeqNo',
  'registerFellAtMs',
  'receivedAtMs',
  'updatedAtMs',
] as const satisfies TransactionColumn[]

type TransactionColumn = keyof typeof transactions.$inferSelect

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
