// How a KnownTransaction is read from its row.

import { knownColumns, knownLaterColumns, transactions } from '../blocks/transactions/tables.ts'

/** SQL of `time` in milliseconds since the Unix epoch. */
export function ms(time: string): string {
  return `(extract(epoch FROM ${time}) * 1000)::int8`
}

// A transaction of 1.6 has none. For transactions from before events were counted, the row says what was reported.
const story = `CASE WHEN t.station_transaction_id IS NOT NULL THEN json_build_object('use', t.station_use,
  'isStartReported', t.is_start_told, 'lastEventAtMs', ${ms('COALESCE(t.last_event_at, t.stopped_at, t.started_at)')},
  'lastSeqNo', t.last_seq_no, 'firstReceivedAtMs', ${ms('t.received_at')},
  'lastReceivedAtMs', ${ms('COALESCE(t.updated_at, t.received_at)')}, 'stoppedAtMs', ${ms('t.stopped_at')}) END`

/** SQL of a column of the row `t`. */
function valueOf(name: keyof typeof transactions.$inferSelect): string {
  const column = transactions[name]
  return column.getSQLType() === 'timestamp with time zone' ? ms(`t.${column.name}`) : `t.${column.name}`
}

// SQL of a KnownTransaction `t`, column by column.
const knownTransaction: readonly (readonly [field: string, sql: string])[] = [
  ...[...knownColumns, ...knownLaterColumns].map((name) => [name, valueOf(name)] as const),
  ['open', 't.stopped_at IS NULL'],
  ['story', story],
]
/** The columns of a KnownTransaction of the row `t`. */
export const transactionColumns = knownTransaction.map(([field, sql]) => `${sql} AS "${field}"`).join(', ')
/** Its fields for `json_build_object`. */
export const knownJson = knownTransaction.map(([field, sql]) => `'${field}', ${sql}`).join(', ')
