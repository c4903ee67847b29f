// What a node of the version before does with its ledger, `transaction_events`: the statements and the steps of that
// version.

import type { ClientBase } from 'pg'
import type { ChangeSet, CommitOutcome } from '../../src/blocks/decision.ts'
import { factRow, type FactRow, refOfOther } from '../../src/store/fact-row.ts'

type Json = CommitOutcome['answer']

/** Stores the fact of a set, or recognises it, in a transaction of its own. */
export async function commitAtEarlierNode(client: ClientBase, set: ChangeSet): Promise<CommitOutcome> {
  await client.query('BEGIN')
  const outcome = await storeAtEarlierNode(client, set)
  await client.query('COMMIT')
  return outcome
}

/** The same, in a transaction that somebody else commits. */
export async function storeAtEarlierNode(client: ClientBase, set: ChangeSet): Promise<CommitOutcome> {
  if (set.fact === undefined) throw new Error('The set has no fact.')
  const row = factRow(set, set.fact)
  const stored = await insertOrFind(client, row)
  if (stored === null) return { duplicate: false, answer: set.answer }
  const isOther = row.content !== null && stored.content !== null && stored.content !== String(row.content)
  if (!isOther) return { duplicate: true, answer: stored.answer }
  const other = await insertOrFind(client, { ...row, ref: refOfOther(row) })
  return other === null ? { duplicate: false, answer: set.answer } : { duplicate: true, answer: other.answer }
}

interface Stored {
  readonly content: string | null
  readonly answer: Json
}

async function insertOrFind(client: ClientBase, row: FactRow): Promise<Stored | null> {
  const inserted = await client.query(
    `INSERT INTO transaction_events (charge_point_id, ref, seq_no, content, event, transaction_id, message_id,
       occurred_at, received_at, payload, answer)
     VALUES ($1, $2, $3, $4, $5, $6, $7, to_timestamp($8::float8 / 1000), to_timestamp($9::float8 / 1000), $10, $11)
     ON CONFLICT (charge_point_id, ref, seq_no) DO NOTHING`,
    [
      row.chargePointKey,
      row.ref,
      row.seqNo,
      row.content,
      row.event,
      row.transactionId,
      row.messageId,
      row.occurredAtMs,
      row.receivedAtMs,
      row.payload,
      row.answer,
    ],
  )
  if (inserted.rowCount === 1) return null
  const { rows } = await client.query<Stored>(
    `SELECT content::text, answer FROM transaction_events
     WHERE charge_point_id = $1 AND ref = $2 AND seq_no = $3 AND xmin <> pg_current_xact_id()::xid`,
    [row.chargePointKey, row.ref, row.seqNo],
  )
  const [stored] = rows
  if (stored === undefined) throw new Error('Of 1 facts 0 were new and 0 known.')
  return stored
}
