// The statements of the ledger of transaction messages. All of them are idempotent: a COMMIT whose outcome was lost is
// repeated. Those that read the ledger of the previous version are needed until it is empty.

import { earlierKeyColumns, sameEarlierFact } from './earlier-facts.ts'
import type { FactRow } from './fact-row.ts'
import { transactionFacts } from './schema.ts'
import { statement } from './statement.ts'
import { columnsOf } from './table-statement.ts'

const keyColumns = columnsOf(transactionFacts, ['chargePointKey', 'sentAtMs', 'digest'])
const factColumns = columnsOf(transactionFacts)

const names = Object.keys(factColumns).join(', ')
const insert = `INSERT INTO transaction_facts (${names}) SELECT ${names}`
const isStoredEarlier = `EXISTS (SELECT ${sameEarlierFact})`

/** Fails when one of the facts is stored already. */
export const insertNewFacts = statement<FactRow>('insert_new_facts', factColumns, (_, rows) => `${insert} FROM ${rows}`)

/** The same, in both ledgers. A fact that the previous one has is inserted twice, which the key refuses. */
export const insertNewFactsAsking = statement<FactRow>(
  'insert_new_facts_asking',
  { ...factColumns, ...earlierKeyColumns },
  (_, rows) => `${insert} FROM ${rows}, generate_series(1, CASE WHEN ${isStoredEarlier} THEN 2 ELSE 1 END)`,
)

/** Its row count is the number of new facts. */
export const insertFacts = statement<FactRow>(
  'insert_facts',
  factColumns,
  (_, rows) => `${insert} FROM ${rows} ON CONFLICT DO NOTHING`,
)

/** The same, in both ledgers. */
export const insertFactsAsking = statement<FactRow>(
  'insert_facts_asking',
  { ...factColumns, ...earlierKeyColumns },
  (_, rows) => `${insert} FROM ${rows} WHERE NOT ${isStoredEarlier} ON CONFLICT DO NOTHING`,
)

/** What was in the ledger before this transaction. */
export interface StoredFact {
  /** Position of the row that was asked for, from 1. */
  readonly place: number
  readonly messageId: string
  readonly receivedAtMs: number
  readonly answer: Readonly<Record<string, unknown>>
}

const whatStood = 'message_id AS "messageId", received_at AS "receivedAtMs", answer'
const sameFact = `FROM transaction_facts f
  WHERE f.charge_point_id = v.charge_point_id AND f.sent_at = v.sent_at AND f.digest = v.digest
    AND f.xmin <> pg_current_xact_id()::xid`

/**
 * Which of the rows that `insertFacts` was given in this transaction were there before, and their answers. Rows that
 * this transaction inserted have its id in xmin.
 */
export const findStoredFacts = statement<FactRow>(
  'find_stored_facts',
  keyColumns,
  (columns, _, arrays) => `SELECT v.place, s.* FROM unnest(${arrays}) WITH ORDINALITY AS v(${columns}, place)
    CROSS JOIN LATERAL (SELECT ${whatStood} ${sameFact}) s`,
)

/** The same after `insertFactsAsking`. A fact that is in both ledgers is the same in both. */
export const findStoredFactsAsking = statement<FactRow>(
  'find_stored_facts_asking',
  { ...keyColumns, ...earlierKeyColumns },
  (columns, _, arrays) => `SELECT v.place, s.* FROM unnest(${arrays}) WITH ORDINALITY AS v(${columns}, place)
    CROSS JOIN LATERAL (SELECT ${whatStood} ${sameFact} UNION ALL SELECT ${whatStood} ${sameEarlierFact} LIMIT 1) s`,
)
