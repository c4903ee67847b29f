// The ledger of the previous version: table `transaction_events`, key charge point, ref and seqNo. It has the facts
// from before the upgrade, and during a deploy nodes of that version look there. Until no such node is left, new facts
// are written there as well. All statements are idempotent.

import { erasedRef, type FactRow, refOfOther } from './fact-row.ts'
import { transactionEvents, transactionFacts } from './schema.ts'
import { statement } from './statement.ts'
import { text } from './wire/columns.ts'
import { type Columns, columnsOf } from './table-statement.ts'

/** The key of a fact in it, besides the charge point. */
export const earlierKeyColumns: Columns<FactRow> = {
  ...columnsOf(transactionEvents, ['ref']),
  other_ref: text(refOfOther),
  erased_ref: text(({ ref }) => erasedRef(ref)),
  erased_other_ref: text((row) => erasedRef(refOfOther(row))),
  ...columnsOf(transactionEvents, ['seqNo', 'content']),
}

const columns: Columns<FactRow> = columnsOf(transactionEvents)

/** Columns of the new ledger that identify a fact there. */
const newKeyColumns: Columns<FactRow> = columnsOf(transactionFacts, ['sentAtMs', 'digest'])

/**
 * The rows of `transaction_events`, as `e`, that are the fact of `v`; rows that this transaction wrote have its id in
 * xmin. A key that two facts share is that of the first; the others have a ref with their content in it. Where the ref
 * had an id token that was erased, there is a digest of it. The content of the oldest rows is not known.
 */
export const sameEarlierFact = `FROM transaction_events e
  WHERE e.charge_point_id = v.charge_point_id AND e.ref IN (v.ref, v.other_ref, v.erased_ref, v.erased_other_ref)
    AND e.seq_no = v.seq_no
    AND (e.content = v.content) IS NOT FALSE AND e.xmin <> pg_current_xact_id()::xid`

/** Fails if one of the keys is taken, by the same fact or by another one. */
export const insertNewEarlierFacts = statement<FactRow>(
  'insert_new_earlier_facts',
  columns,
  (names, rows) => `INSERT INTO transaction_events (${names}) SELECT * FROM ${rows}`,
)

const isNew = `NOT EXISTS (SELECT FROM transaction_facts f
  WHERE f.charge_point_id = v.charge_point_id AND f.sent_at = v.sent_at AND f.digest = v.digest)`

/**
 * Those that the new ledger does not have. It waits for a node of the previous version that is storing the same fact.
 */
export const insertEarlierFacts = statement<FactRow>(
  'insert_earlier_facts',
  { ...columns, ...newKeyColumns },
  (_, rows) => `INSERT INTO transaction_events (${Object.keys(columns).join(', ')})
    SELECT ${Object.keys(columns).join(', ')} FROM ${rows} WHERE ${isNew} ON CONFLICT DO NOTHING`,
)

/** After `insertEarlierFacts`: the facts whose key belongs to another fact with different content. */
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
