// The tables of transactions, their corrections, and battery swaps.

import { sql } from 'drizzle-orm'
import { bigint, boolean, doublePrecision, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { GivenCost, Price } from '../tariff/cost-records.ts'

/** Partitioned by ranges of transactionIds (store/transaction-partitions.ts). */
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
    isStartReported: boolean('is_start_told').notNull().default(true),
    /** 2.x: time and seqNo of its newest event; null for rows from before these columns existed. */
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
    /** The highest register from which a later one fell, and the time of that lower one; null if none fell. */
    registerFellFromWh: doublePrecision('register_fell_from_wh'),
    registerFellAtMs: instant('register_fell_at'),
    /** 2.x: the price that applied when it began; null: none. */
    price: json('price').$type<Price>(),
    /** 2.x: the cost that an operator has given last, and `atMs` of the one that was in an answer last. */
    givenCost: json('given_cost').$type<GivenCost>(),
    costToldMs: bigint('cost_told_ms', { mode: 'number' }),
    receivedAtMs: instant('received_at').notNull(),
    /** When the last message about it came; null if only the first has come. MeterValues of 1.6 do not change it. */
    updatedAtMs: instant('updated_at'),
  },
  (table) => [
    // Lists are ordered by arrival, so a page is read without reading the rows before it. Transaction ids are not in
    // order, because each node has its own block of them. Start times are not, because charge points' clocks differ.
    index('transactions_by_arrival').on(table.receivedAtMs, table.transactionId).concurrently(),
    index('transactions_of_charge_point_by_arrival')
      .on(table.chargePointKey, table.receivedAtMs, table.transactionId)
      .concurrently(),
    index('transactions_started').on(table.startedAtMs, table.transactionId),
    // Finds the next transaction of an EVSE: its start ends the time span of the previous one.
    index('transactions_of_evse').on(table.chargePointKey, table.evseId, table.startedAtMs, table.transactionId),
    // Id tokens are cut to 64 characters, so that one of any length fits into an index.
    index('transactions_of_id_token_by_arrival')
      .on(sql`left(lower(id_token), 64)`, table.receivedAtMs, table.transactionId)
      .concurrently(),
    // With text_pattern_ops one range scan finds a card with all suffixes that charge points append to it.
    index('transactions_open_of_id_token_by_arrival')
      .on(sql`left(lower(id_token), 64) text_pattern_ops`, table.receivedAtMs, table.transactionId)
      .concurrently()
      .where(sql`stopped_at IS NULL`),
    // Lists of open ones are read in it alone, with a period or a scope as well.
    index('transactions_open_by_arrival')
      .on(table.receivedAtMs, table.transactionId, table.startedAtMs, table.chargePointKey)
      .concurrently()
      .where(sql`stopped_at IS NULL`),
    index('transactions_open_of_charge_point_by_arrival')
      .on(table.chargePointKey, table.receivedAtMs, table.transactionId)
      .concurrently()
      .where(sql`stopped_at IS NULL`),
  ],
)

/**
 * The ids that charge points of 2.x gave their transactions, each unique for its charge point and use, in whatever
 * partition of `transactions` its row is. A trigger of that table writes it, for nodes of any version
 * (store/transaction-partitions.ts).
 */
export const stationTransactions = pgTable(
  'station_transactions',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** Cut to 255 characters, so that an id of any length fits into the index. */
    stationTransactionId: text('station_transaction_id').notNull(),
    stationUse: integer('station_use').notNull(),
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({
      name: 'transactions_station_id',
      columns: [table.chargePointKey, table.stationTransactionId, table.stationUse],
    }),
  ],
)

/** The columns that decisions use. */
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

/** More columns that decisions use; they are filled in during the transaction. */
export const knownLaterColumns = [
  'chargingState',
  'stopIdToken',
  'stoppedAtMs',
  'price',
  'givenCost',
  'costToldMs',
] as const satisfies TransactionColumn[]

/** The columns that the message that ends a transaction sets. */
export const endColumns = [
  'stoppedAtMs',
  'meterStopWh',
  'stopReason',
  'stopIdToken',
  'closedBy',
] as const satisfies TransactionColumn[]

/** The columns about a register that fell. */
export const fallColumns = ['registerFellFromWh', 'registerFellAtMs'] as const satisfies TransactionColumn[]

/** The columns about what operators say that it costs. */
export const costColumns = ['givenCost', 'costToldMs'] as const satisfies TransactionColumn[]

/** Columns that only the first message or the store sets. */
export const unpatchedColumns = [
  'transactionId',
  'chargePointKey',
  'stationTransactionId',
  'stationUse',
  'reservationId',
  'price',
  'receivedAtMs',
  'updatedAtMs',
] as const satisfies TransactionColumn[]

/** Columns that the API does not show. */
export const hiddenColumns = [
  'stationUse',
  'isStartReported',
  'lastEventAtMs',
  'lastSeqNo',
  'registerFellAtMs',
  'price',
  'costToldMs',
  'givenCost',
  'receivedAtMs',
  'updatedAtMs',
] as const satisfies TransactionColumn[]

type TransactionColumn = keyof typeof transactions.$inferSelect

/** Corrections of ends that operators entered: the values before (`_before`) and the new values. */
export const transactionCorrections = pgTable(
  'transaction_corrections',
  {
    transactionId: bigint('transaction_id', { mode: 'number' }).notNull(),
    /** From 1. */
    number: integer('number').notNull(),
    atMs: instant('at').notNull(),
    /** Name of the operator's API key. */
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

/** Messages about swaps of batteries (2.1 S01-S03). Charge points may begin again with the same ids of requests. */
export const batterySwaps = pgTable(
  'battery_swaps',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    requestId: bigint('request_id', { mode: 'number' }).notNull(),
    /** BatterySwapEventEnumType. */
    event: text('event').notNull(),
    idToken: text('id_token').notNull(),
    idTokenType: text('id_token_type'),
    /** The message. */
    payload: json('payload').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'battery_swaps_pkey',
      columns: [table.chargePointKey, table.requestId, table.event, table.receivedAtMs],
    }),
    index('battery_swaps_page').on(table.chargePointKey, table.receivedAtMs),
    index('battery_swaps_received').using('brin', table.receivedAtMs),
  ],
)
