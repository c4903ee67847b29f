// The statements of the ledger of transaction messages. All of them may run twice on the same rows (a COMMIT whose outcome was lost is
// done again) and leave the same behind.

import { type Column, instant, int4, int8, json, statement, text } from './statement.ts'

export interface FactRow {
  readonly chargePointKey: number
  readonly ref: string
  readonly seqNo: number
  readonly content: bigint | null
  readonly event: string
  readonly transactionId: number | null
  readonly messageId: string
  readonly occurredAtMs: number
  readonly receivedAtMs: number
  readonly payload: string
  readonly answer: string
}

const factColumns: Readonly<Record<string, Column<FactRow>>> = {
  charge_point_id: int4((row) => row.chargePointKey),
  ref: text((row) => row.ref),
  seq_no: int8((row) => row.seqNo),
  content: int8((row) => row.content),
  event: text((row) => row.event),
  transaction_id: int8((row) => row.transactionId),
  message_id: text((row) => row.messageId),
  occurred_at: instant((row) => row.occurredAtMs),
  received_at: instant((row) => row.receivedAtMs),
  payload: json((row) => row.payload),
  answer: json((row) => row.answer),
}

/** Fails when one of the facts is stored already. */
export const insertNewFacts = statement<FactRow>(
  'insert_new_facts',
  factColumns,
  (names, rows) => `INSERT INTO transaction_events (${names}) SELECT * FROM ${rows}`,
)

/** Tells by its row count how many facts were new. */
export const insertFacts = statement<FactRow>(
  'insert_facts',
  factColumns,
  (names, rows) =>
    `INSERT INTO transaction_events (${names}) SELECT * FROM ${rows} ON CONFLICT (charge_point_id, ref, seq_no) DO NOTHING`,
)

/** What stood in the ledger before this transaction. */
export interface StoredFact {
  /** Place of the row that was asked for, from 1. */
  readonly place: number
  readonly messageId: string
  readonly receivedAtMs: number
  /** A decimal; null for what was stored before it was kept. */
  readonly content: string | null
  readonly answer: Readonly<Record<string, unknown>>
}

/**
 * Which of the rows that `insertFacts` was given in this transaction had been there before, and their answers. Rows that this
 * very transaction inserted bear its id in xmin.
 */
export const findStoredFacts = statement<FactRow>(
  'find_stored_facts',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    ref: text((row) => row.ref),
    seq_no: int8((row) => row.seqNo),
  },
  (names, _, arrays) =>
    `SELECT v.place, e.message_id AS "messageId", e.received_at AS "receivedAtMs", e.content::text, e.answer
     FROM unnest(${arrays}) WITH ORDINALITY AS v(${names}, place) JOIN transaction_events e USING (${names})
     WHERE e.xmin <> pg_current_xact_id()::xid`,
)
