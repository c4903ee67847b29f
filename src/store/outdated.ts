// Sets that were decided from what is not true any more, because another node has stored something since: a newer
// connection has taken the charge point over, or has told more of the transaction. The statements of the writer find it out
// as they go, and fail: it costs next to nothing where nobody else is at work. Only then is it asked which sets these are.

import type { ClientBase } from 'pg'
import type { ChangeSet } from '../blocks/decision.ts'
import { isFenced } from '../blocks/overtaken.ts'
import { fenceOf } from './gathered-rows.ts'
import { sameEarlierFact } from './earlier-facts.ts'
import { factRow, refOfOther } from './fact-row.ts'
import { bind, statement } from './statement.ts'
import { bool, instant, int4, int8, text } from './wire/columns.ts'
import { isBehind, isOtherTransaction, isOvertaken } from './statements.ts'
import { databaseError } from './store-error.ts'

const divisionByZero = '22012'
const uniqueViolation = '23505'

/** Whether a statement failed by `failsIf`, or because a transaction of that name is stored already. */
export function isOutdated(error: unknown): boolean {
  const refused = databaseError(error)
  if (refused?.code === divisionByZero) return true
  return refused?.code === uniqueViolation && refused.constraint === 'transactions_station_id'
}

/** What a set takes for granted; null: it does not. */
interface Premise {
  readonly chargePointKey: number
  readonly epoch: number | null
  transactionId: number | null
  closedBy: string | null
  chargingState: string | null
  isStartTold: boolean | null
  lastEventAtMs: number | null
  lastSeqNo: number | null
  started: number | null
  readonly receivedAtMs: number
  stationTransactionId: string | null
  use: number | null
  readonly sentAtMs: number | null
  readonly digest: bigint | null
  readonly ref: string | null
  readonly otherRef: string | null
  readonly seqNo: number | null
  readonly content: bigint | null
}

function premiseOf(set: ChangeSet): Premise {
  const fact = set.fact === undefined ? null : factRow(set, set.fact)
  const premise: Premise = {
    chargePointKey: set.chargePointKey,
    epoch: set.changes.some(isFenced) ? fenceOf(set) : null,
    transactionId: null,
    closedBy: null,
    chargingState: null,
    isStartTold: null,
    lastEventAtMs: null,
    lastSeqNo: null,
    started: null,
    receivedAtMs: set.receivedAtMs,
    stationTransactionId: null,
    use: null,
    sentAtMs: fact?.sentAtMs ?? null,
    digest: fact?.digest ?? null,
    ref: fact?.ref ?? null,
    otherRef: fact === null ? null : refOfOther(fact),
    seqNo: fact?.seqNo ?? null,
    content: fact?.content ?? null,
  }
  for (const change of set.changes) {
    if ('table' in change) {
      if (change.table !== 'transactions') continue
      premise.started = change.row.transactionId
      premise.stationTransactionId = change.row.stationTransactionId
      premise.use = change.row.stationUse
    } else if (change.kind === 'transactionUpdated') {
      premise.transactionId = change.transactionId
      premise.chargingState = change.chargingState ?? null
      premise.isStartTold = change.isStartTold ?? null
      premise.lastEventAtMs = change.lastEventAtMs ?? null
      premise.lastSeqNo = change.lastSeqNo ?? null
    } else if (change.kind === 'transactionStopped') {
      premise.transactionId = change.transactionId
      premise.closedBy = change.closedBy
    }
  }
  return premise
}

// What is stored already does not have to be decided again: an earlier attempt at this very commit may have gone through.
const isInLedger = `EXISTS (SELECT FROM transaction_facts f
    WHERE f.charge_point_id = v.charge_point_id AND f.sent_at = v.sent_at AND f.digest = v.digest)
  OR EXISTS (SELECT ${sameEarlierFact})`

const findPremises = statement<Premise>(
  'find_outdated',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    epoch: int8((row) => row.epoch),
    id: int8((row) => row.transactionId),
    closed_by: text((row) => row.closedBy),
    charging_state: text((row) => row.chargingState),
    is_start_told: bool((row) => row.isStartTold),
    last_event_at: instant((row) => row.lastEventAtMs),
    last_seq_no: int8((row) => row.lastSeqNo),
    started: int8((row) => row.started),
    received_at: instant((row) => row.receivedAtMs),
    station_transaction_id: text((row) => row.stationTransactionId),
    station_use: int4((row) => row.use),
    sent_at: instant((row) => row.sentAtMs),
    digest: int8((row) => row.digest),
    ref: text((row) => row.ref),
    other_ref: text((row) => row.otherRef),
    seq_no: int8((row) => row.seqNo),
    content: int8((row) => row.content),
  },
  (names, _, arrays) =>
    `SELECT v.place::int4 AS place FROM unnest(${arrays}) WITH ORDINALITY AS v(${names}, place)
     WHERE NOT (${isInLedger}) AND (
       EXISTS (SELECT FROM charge_points c WHERE c.id = v.charge_point_id AND ${isOvertaken})
       OR EXISTS (SELECT FROM transactions t WHERE ${isBehind})
       OR EXISTS (SELECT FROM transactions t WHERE t.id = v.started AND (${isOtherTransaction('t', 'v')}))
       OR EXISTS (SELECT FROM transactions t WHERE t.charge_point_id = v.charge_point_id AND t.station_use = v.station_use
         AND left(t.station_transaction_id, 255) = left(v.station_transaction_id, 255) AND t.id <> v.started))`,
)

/** Those of `sets` that were decided from what is not true any more. */
export async function findOutdated(client: ClientBase, sets: readonly ChangeSet[]): Promise<readonly ChangeSet[]> {
  const { rows } = await client.query<{ readonly place: number }>(bind(findPremises, sets.map(premiseOf)))
  return rows.flatMap(({ place }) => sets[place - 1] ?? [])
}
