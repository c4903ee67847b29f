// The statements of the writer, one per kind of change: each takes any number of rows as arrays, so that a transaction
// has the same few statements however many messages it commits. Rows and columns are those of the tables.
//
// A set may have been decided from outdated state, because another node has stored something since. The statement that
// detects this fails, and its transaction stores nothing (`failsIf`; see outdated.ts).
//
// All of them are idempotent: a COMMIT whose outcome was lost is repeated, with the same result.

import type { RowOf, WithoutNulls } from '../blocks/stored-rows.ts'
import { connectors } from '../blocks/availability/tables.ts'
import {
  chargePointEvents,
  chargePoints,
  unpatchedColumns as unpatchedOfChargePoint,
} from '../blocks/charge-point-tables.ts'
import {
  costColumns,
  endColumns,
  fallColumns,
  transactions,
  unpatchedColumns as unpatchedOfTransaction,
} from '../blocks/transactions/tables.ts'
import { messageBlocks } from './messages/tables.ts'
import { anomalies, connectorHistory } from './schema.ts'
import { namesOf, type RowsOf, statement } from './statement.ts'
import { instant, int4, int8 } from './wire/columns.ts'
import { failsIf } from './wire/fails-if.ts'
import {
  append,
  type Columns,
  columnsOf,
  latest,
  otherColumnsOf,
  patch,
  patchedNames,
  replacing,
  type RowOfColumns,
} from './table-statement.ts'
import { transactionRules } from './transaction-patches.ts'

/** A row with a fencing token: it is stored only while its connection is the newest of the charge point. */
interface Fenced {
  /**
   * Epoch (fencing token) of the connection; null for a row that does not come from a connection, or may come from an
   * older one.
   */
  epoch: number | null
}

const epoch = int8<Fenced>((row) => row.epoch)

interface FencedOfChargePoint extends Fenced {
  readonly chargePointKey: number
}

const ofConnection: Columns<FencedOfChargePoint> = { charge_point_id: int4((row) => row.chargePointKey), epoch }

export const isOvertaken = 'c.connection_epoch > v.epoch'

export const updateChargePoints = patch('update_charge_points', chargePoints, {
  key: 'key',
  alias: 'c',
  names: patchedNames(chargePoints, unpatchedOfChargePoint),
  beside: { epoch },
  condition: failsIf(`c.id = v.id AND ${isOvertaken}`),
})

export type ChargePointRow = RowsOf<typeof updateChargePoints>

export const updateSeen = patch('update_seen', chargePoints, {
  key: 'key',
  alias: 'c',
  names: ['lastSeenAtMs', 'lastHeartbeatAtMs'],
  rules: { lastSeenAtMs: latest, lastHeartbeatAtMs: latest },
})

export type SeenRow = RowsOf<typeof updateSeen>

/** Status and error begin when they are reported: both times of a change start as the time of arrival. */
export type ConnectorRow = Readonly<WithoutNulls<Omit<RowOf<typeof connectors>, 'statusSinceMs' | 'changedAtMs'>>> &
  Fenced

const sentOfConnector = otherColumnsOf(connectors, ['statusSinceMs', 'changedAtMs'])
const storedOfConnector: Columns<ConnectorRow> = {
  ...sentOfConnector,
  status_since: instant((row) => row.updatedAtMs),
  changed_at: instant((row) => row.updatedAtMs),
}
const statusSince =
  'status_since = CASE WHEN connectors.status = EXCLUDED.status THEN connectors.status_since ELSE EXCLUDED.status_since END'

// A row that was written before the history existed, or by a node of a version without it, is not in the history: it
// has no `changed_at`, or one from before its status. Its next report counts as a change.
const isAsBefore = `connectors.changed_at >= COALESCE(connectors.status_since, connectors.changed_at) AND ${[
  'status',
  'error_code',
  'vendor_error_code',
]
  .map((column) => `connectors.${column} IS NOT DISTINCT FROM EXCLUDED.${column}`)
  .join(' AND ')}`
// Several changes of one millisecond keep their order. A clock that was ahead for a while does not shift the later
// changes.
const changedAt = `changed_at = CASE WHEN ${isAsBefore} THEN connectors.changed_at
  WHEN connectors.changed_at >= EXCLUDED.changed_at AND connectors.changed_at < EXCLUDED.changed_at + interval '1 s'
    THEN connectors.changed_at + interval '1 microsecond' ELSE EXCLUDED.changed_at END`
const historyColumns = namesOf(otherColumnsOf(connectorHistory, ['receivedAtMs']))

/**
 * The last status that was received wins, whatever its time: the clock of the charge point may have been set back. A
 * change of a status or an error becomes a row of the history; the row lock decides what is a change. A statement that
 * runs twice finds no change.
 *
 * The charge point stays locked until the COMMIT: a newer connection is claimed either before this, which then fails,
 * or after it.
 */
export const upsertConnectors = statement<ConnectorRow>(
  'upsert_connectors',
  { ...storedOfConnector, epoch },
  (_, rows) =>
    `WITH reported AS (
       INSERT INTO connectors (${namesOf(storedOfConnector)}) SELECT ${namesOf(storedOfConnector, 'v')}
       FROM ${rows} JOIN charge_points c ON c.id = v.charge_point_id
       WHERE ${failsIf(`c.id = v.charge_point_id AND ${isOvertaken}`)} FOR NO KEY UPDATE OF c
       ${replacing(connectors, sentOfConnector)}, ${statusSince}, ${changedAt}
       RETURNING ${historyColumns}, changed_at, updated_at
     )
     INSERT INTO connector_history (${historyColumns}, received_at) SELECT ${historyColumns}, changed_at FROM reported
     WHERE changed_at >= updated_at ON CONFLICT DO NOTHING`,
)

/**
 * Another transaction has this id: two connections of a charge point, at two nodes, may use one promised id at the same
 * time.
 */
export function isOtherTransaction(stored: string, begun: string): string {
  return `${stored}.charge_point_id <> ${begun}.charge_point_id OR ${stored}.received_at <> ${begun}.received_at
    OR ${stored}.station_transaction_id IS DISTINCT FROM ${begun}.station_transaction_id`
}

/** The columns of a transaction that begins: all but those that are filled in later. */
const beginColumns = otherColumnsOf(transactions, [...endColumns, ...fallColumns, ...costColumns, 'updatedAtMs'])

export type TransactionRow = RowOfColumns<typeof beginColumns> & Fenced

/**
 * Fails on another transaction that is stored under the same use of the same id of the charge point: only a row that is
 * stored already may be left out.
 */
export const insertTransactions = statement<TransactionRow>(
  'insert_transactions',
  { ...beginColumns, epoch },
  (_, rows) =>
    `INSERT INTO transactions (${namesOf(beginColumns)}) SELECT ${namesOf(beginColumns, 'v')}
     FROM ${rows} LEFT JOIN charge_points c ON c.id = v.charge_point_id
     WHERE ${failsIf(`c.id = v.charge_point_id AND ${isOvertaken}`)} ON CONFLICT (id)
     DO UPDATE SET id = transactions.id WHERE NOT (${failsIf(isOtherTransaction('transactions', 'EXCLUDED'))})`,
)

/**
 * More of the transaction has been reported through another node than was known to this decision: its end, its start,
 * or a later event. Of two stops of a charge point the first counts, of two starts the earlier one, and an older event
 * changes nothing.
 */
export const isBehind = `t.id = v.id AND (
  (v.closed_by = 'station' AND t.closed_by = 'station') OR (v.charging_state IS NOT NULL AND t.stopped_at IS NOT NULL)
  OR (v.is_start_told AND t.is_start_told)
  OR (v.last_event_at < t.last_event_at AND COALESCE(v.last_seq_no <= t.last_seq_no, true)))`

export const patchedOfTransaction = patchedNames(transactions, unpatchedOfTransaction)

export const updateTransactions = patch('update_transactions', transactions, {
  key: 'transactionId',
  alias: 't',
  names: [...patchedOfTransaction, 'updatedAtMs'],
  rules: { ...transactionRules, updatedAtMs: latest },
  beside: ofConnection,
  join: 'LEFT JOIN charge_points c ON c.id = v.charge_point_id',
  condition: failsIf(`(c.id = v.charge_point_id AND ${isOvertaken}) OR (${isBehind})`),
  isPartitioned: true,
})

export type TransactionUpdate = RowsOf<typeof updateTransactions>

/**
 * Notifies the node that holds the charge point: another node or an operator has changed its transactions, so that node
 * reads them again (fences.ts).
 */
export const notifyHolders = statement(
  'notify_holders',
  columnsOf(chargePoints, ['key']),
  (_, rows) => `UPDATE charge_points c SET fenced_in = pg_current_xact_id() FROM ${rows} WHERE c.id = v.id`,
)

export const insertChargePointEvents = append('insert_charge_point_events', chargePointEvents)

export const insertAnomalies = append('insert_anomalies', anomalies)

const logged = otherColumnsOf(messageBlocks, ['id', 'writtenAtMs'])

export type MessageBlockRow = RowOfColumns<typeof logged>

/**
 * The log does not need an fsync of its own: the setting applies to the transaction of this statement only, and a crash
 * may lose the last lines.
 */
export const insertMessageBlocks = statement<MessageBlockRow>(
  'insert_message_blocks',
  logged,
  (names, rows) =>
    `WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true))
     INSERT INTO message_blocks (${names}) SELECT ${names} FROM unhurried, ${rows}`,
)
