// Corrections that operators make to transactions that operators closed: each keeps what it replaced, who made it and
// when.

import { asc, eq } from 'drizzle-orm'
import type { CorrectionRecord, Page, PageOf } from '../blocks/records.ts'
import { type ListSource, pageOf } from './paging.ts'
import { transactionCorrections } from '../blocks/transactions/tables.ts'
import { statement } from './statement.ts'
import { otherColumnsOf, type RowOfColumns } from './table-statement.ts'

const corrected = otherColumnsOf(transactionCorrections, ['stoppedAtBeforeMs', 'meterStopWhBefore', 'stopReasonBefore'])

/** What an operator enters instead of a stored end. */
export type CorrectionRow = RowOfColumns<typeof corrected>

/**
 * Only an end that an operator entered is corrected: a transaction that its charge point has stopped meanwhile stays as
 * it is, and gets no correction. There is at most one row per transaction.
 */
export const correctTransactions = statement<CorrectionRow>(
  'correct_transactions',
  corrected,
  (names, rows) =>
    `WITH given AS MATERIALIZED (SELECT * FROM ${rows}), old AS MATERIALIZED (
       SELECT t.id, t.stopped_at, t.meter_stop_wh, t.stop_reason FROM transactions t
       WHERE t.id IN (SELECT transaction_id FROM given) AND t.closed_by = 'operator' FOR UPDATE
     ), corrected AS (
       UPDATE transactions t SET stopped_at = g.stopped_at, meter_stop_wh = g.meter_stop_wh, stop_reason = g.stop_reason
       FROM given g JOIN old ON old.id = g.transaction_id WHERE t.id = old.id
     )
     INSERT INTO transaction_corrections (${names}, stopped_at_before, meter_stop_wh_before, stop_reason_before)
     SELECT g.*, old.stopped_at, old.meter_stop_wh, old.stop_reason FROM given g JOIN old ON old.id = g.transaction_id
     ON CONFLICT DO NOTHING`,
)

export function createCorrectionQueries(source: ListSource) {
  return {
    /** In the order in which they were made; none for a transaction that does not exist. */
    async correctionsOf(transactionId: number, page: Page): Promise<PageOf<CorrectionRecord>> {
      const where = eq(transactionCorrections.transactionId, transactionId)
      return pageOf(
        source,
        page,
        { table: transactionCorrections, where },
        source.db
          .select()
          .from(transactionCorrections)
          .where(where)
          .orderBy(asc(transactionCorrections.number))
          .$dynamic(),
        (row) => ({
          atMs: row.atMs,
          operator: row.operator,
          before: {
            stoppedAtMs: row.stoppedAtBeforeMs,
            meterStopWh: row.meterStopWhBefore,
            stopReason: row.stopReasonBefore,
          },
          after: { stoppedAtMs: row.stoppedAtMs, meterStopWh: row.meterStopWh, stopReason: row.stopReason },
        }),
      )
    },
  }
}
