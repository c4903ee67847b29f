// The ledger of the version before, table `transaction_events`, key charge point, ref and seqNo. It knows facts that
// were stored before the upgrade, and is where a node of that version looks during a deploy: until none is left, what
// is stored here is written there as well. All statements may run twice on the same rows and leave the same behind.

import { type FactRow, refOfOther } from './fact-row.ts'
import { transactionEvents, transactionFacts } from './schema.ts'
import { statement } from './statement.ts'
import { text } from './wire/columns.ts'
import { type Columns, columnsOf } from './table-statement.ts'

/** By which a fact is looked for in it, beside the charge point. */
export const earlierKeyColumns: Columns<FactRow> = {
  ...columnsOf(transactionEvents, ['ref']),
  other_ref: text(refOfOther),
  ...columnsOf(transactionEvents, ['seqNo', 'content']),
}

const columns: Columns<FactRow> = columnsOf(transactionEvents)

/** Columns of the new ledger by which it is looked for there. */
const newKeyColumns: Columns<FactRow> = columnsOf(transactionFacts, ['sentAtMs', 'digest'])

/**
 * The rows of `transaction_events`, as `e`, that are the fact of `v`; those that this very transaction wrote bear its
 * id in xmin. A key that two facts share is that of the first; the others have a ref with their content in it. Of the
 * oldest rows no content is known.
 */
export const sameEarlierFact = `FROM transaction_events e
  WHERE e.charge_point_id = v.charge_point_id AND e.ref IN (v.ref, v.other_ref) AND e.seq_no = v.seq_no
    AND (e.content = v.content) IS NOT FALSE AND e.xmin <> pg_current_xact_id()::xid`

/** Fails when one of the keys is taken, be it by the fact itself or by another one. */
export const insertNewEarlierFacts = statement<FactRow>(
  'insert_new_earlier_facts',
  columns,
  (names, rows) => `INSERT INTO transaction_events (${names}) SELECT * FROM ${rows}`,
)

const isNew = `NOT EXISTS (SELECT FROM transaction_facts f
  WHERE f.charge_point_id = v.charge_point_id AND f.sent_at = v.sent_at AND f.digest = v.digest)`

/** Those that the new ledger does not have. It waits for a node of the version before that is storing the same. */
export const insertEarlierFacts = statement<FactRow>(
  'insert_earlier_facts',
  { ...columns, ...newKeyColumns },
  (_, rows) => `INSERT INTO transaction_events (${Object.keys(columns).join(', ')})
    SELECT ${Object.keys(columns).join(', ')} FROM ${rows} WHERE ${isNew} ON CONFLICT DO NOTHING`,
)

/** After `insertEarlierFacts`: those whose key another fact has that says something else. */
export const insertOtherEarlierFacts = statement<FactRow>(
  'insert_other_earlier_facts',
  { ...columns, ...newKeyColumns, other_ref: text(refOfOther) },
  (_, rows) => `INSERT INTO transaction_events (${Object.keys(columns).join(', ')})
    SELECT ${Object.keys(columns)
      .map((name) => (name === 'ref' ? 'other_ref' : name))
      .join(', ')} FROM ${rows}
    WHERE ${isNew} AND EXISTS (SELECT FROM transaction_events e WHERE e.charge_point_id = v.charge_point_id
      AND e.ref = v.ref AND e.seq_no = v.seq_no AND e.content <> v.content) ON CONFLICT DO NOTHING`,
)
