// The counters of transactions, as drizzle sees them. The triggers that write them are in the migration only. They are
// made of `transactions`, so a move to another database does not copy them: it fills `transactions` there, under the
// triggers.

import { bigint, boolean, integer, pgTable, primaryKey, smallint } from 'drizzle-orm/pg-core'
import { instant } from '../../blocks/column-types.ts'

/**
 * How many transactions arrived, or started, in an hour or a day. Changes that are not folded in yet come on top. Years
 * have so many hours that a sum over days is taken where that is possible.
 */
export const transactionCounts = pgTable(
  'transaction_counts',
  {
    /** Whether the time is the one of the start; otherwise it is the one of the arrival. */
    byStart: boolean('by_start').notNull(),
    /** 1, or 24 for a day. */
    hours: smallint('hours').notNull(),
    /** When the hour or the day begins, in UTC. */
    beginMs: instant('begin_at').notNull(),
    transactions: bigint('transactions', { mode: 'number' }).notNull(),
    /** Those of them that have not ended. */
    open: bigint('open', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ name: 'transaction_counts_pkey', columns: [table.byStart, table.hours, table.beginMs] })],
)

/**
 * What statements on `transactions` have changed since the last fold, as differences. Rows are only added, so that no
 * writer waits for another one.
 */
export const transactionCountChanges = pgTable('transaction_count_changes', {
  arrivalHourMs: instant('arrival_hour').notNull(),
  startHourMs: instant('start_hour').notNull(),
  transactions: integer('transactions').notNull(),
  open: integer('open').notNull(),
})

/** One row, once all transactions are in the counters; until then nobody reads them. */
export const transactionCounting = pgTable('transaction_counting', {
  id: integer('id').primaryKey(),
  /** When all transactions were counted, one by one. */
  countedAtMs: instant('counted_at').notNull(),
})

export const countTables = { transactionCounts, transactionCountChanges, transactionCounting }
