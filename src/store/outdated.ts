// Change sets that were decided from outdated state, because another node has stored something since: the charge point
// has a newer connection (the fencing token of the set is too old), or more of the transaction was reported through
// another connection. The statements of the writer check this themselves and fail, which costs almost nothing if no
// other node interferes. Only after such a failure a query finds which sets are outdated.

import type { ClientBase } from 'pg'
import type { ChangeSet } from '../blocks/decision.ts'
import { isFenced } from '../blocks/overtaken.ts'
import { isOf, isTransactionPatch, type NewRow, type TransactionPatch } from '../blocks/stored-rows.ts'
import { transactions } from '../blocks/transactions/tables.ts'
import { fenceOf } from './gathered-rows.ts'
import { isPlaceTaken } from './jobs.ts'
import { sameEarlierFact } from './earlier-facts.ts'
import { erasedRef, type FactRow, factRow, refOfOther } from './fact-row.ts'
import { bind, statement } from './statement.ts'
import { instant, int4, int8, text } from './wire/columns.ts'
import { isBehind, isOtherTransaction, isOvertaken, patchedOfTransaction } from './statements.ts'
import { patchColumnsOf } from './table-statement.ts'
import { databaseError } from './store-error.ts'

const divisionByZero = '22012'
const uniqueViolation = '23505'

/** Whether a statement failed by `failsIf`, or because that transaction, or a move of that job, is stored already. */
export function isOutdated(error: unknown): boolean {
  const refused = databaseError(error)
  if (refused?.code === divisionByZero) return true
  return (refused?.code === uniqueViolation && refused.constraint === 'transactions_station_id') || isPlaceTaken(error)
}

/** What a set assumes; null, or left out: no assumption. */
interface Premise extends TransactionPatch {
  readonly chargePointKey: number
  readonly epoch: number | null
  readonly transactionId?: number
  /** The transaction that it begins. */
  readonly started?: NewRow<'transactions'>
  /** The move of a job. */
  readonly moved?: NewRow<'jobEvents'>
  readonly receivedAtMs: number
  readonly fact: FactRow | null
}

function premiseOf(set: ChangeSet): Premise {
  const { chargePointKey, receivedAtMs, changes } = set
  const patches = changes.filter(isTransactionPatch)
  const started = changes.find((change) => isOf('transactions', change))
  const moved = changes.find((change) => isOf('jobEvents', change))
  return {
    ...Object.assign({}, ...patches.map(({ transactionId, patch }) => ({ transactionId, ...patch }))),
    ...(started === undefined ? {} : { started: started.row }),
    ...(moved === undefined ? {} : { moved: moved.row }),
    chargePointKey,
    epoch: changes.some(isFenced) ? fenceOf(set) : null,
    receivedAtMs,
    fact: set.fact === undefined ? null : factRow(set, set.fact),
  }
}

// A fact that is stored already does not have to be decided again: an earlier attempt of the same commit may have
// succeeded.
const isInLedger = `EXISTS (SELECT FROM transaction_facts f
    WHERE f.charge_point_id = v.charge_point_id AND f.sent_at = v.sent_at AND f.digest = v.digest)
  OR EXISTS (SELECT ${sameEarlierFact})`

const findPremises = statement<Premise>(
  'find_outdated',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    epoch: int8((row) => row.epoch),
    id: int8((row) => row.transactionId ?? null),
    ...patchColumnsOf(transactions, patchedOfTransaction),
    started: int8((row) => row.started?.transactionId ?? null),
    received_at: instant((row) => row.receivedAtMs),
    station_transaction_id: text((row) => row.started?.stationTransactionId ?? null),
    station_use: int4((row) => row.started?.stationUse ?? null),
    job_id: int8((row) => row.moved?.jobId ?? null),
    job_place: int4((row) => row.moved?.place ?? null),
    sent_at: instant((row) => row.fact?.sentAtMs ?? null),
    digest: int8((row) => row.fact?.digest ?? null),
    ref: text((row) => row.fact?.ref ?? null),
    other_ref: text((row) => (row.fact === null ? null : refOfOther(row.fact))),
    erased_ref: text((row) => (row.fact === null ? null : erasedRef(row.fact.ref))),
    erased_other_ref: text((row) => (row.fact === null ? null : erasedRef(refOfOther(row.fact)))),
    seq_no: int8((row) => row.fact?.seqNo ?? null),
    content: int8((row) => row.fact?.content ?? null),
  },
  (names, _, arrays) =>
    `SELECT v.place::int4 AS place FROM unnest(${arrays}) WITH ORDINALITY AS v(${names}, place)
     WHERE NOT (${isInLedger}) AND (
       EXISTS (SELECT FROM charge_points c WHERE c.id = v.charge_point_id AND ${isOvertaken})
       OR EXISTS (SELECT FROM transactions t WHERE ${isBehind})
       OR EXISTS (SELECT FROM transactions t WHERE t.id = v.started AND (${isOtherTransaction('t', 'v')}))
       OR EXISTS (SELECT FROM job_events e WHERE e.job_id = v.job_id AND e.place = v.job_place)
       OR EXISTS (SELECT FROM station_transactions s WHERE s.charge_point_id = v.charge_point_id
         AND s.station_transaction_id = left(v.station_transaction_id, 255) AND s.station_use = v.station_use
         AND s.transaction_id <> v.started))`,
)

/** Those of `sets` that were decided from outdated state. */
export async function findOutdated(client: ClientBase, sets: readonly ChangeSet[]): Promise<readonly ChangeSet[]> {
  const { rows } = await client.query<{ readonly place: number }>(bind(findPremises, sets.map(premiseOf)))
  return rows.flatMap(({ place }) => sets[place - 1] ?? [])
}
