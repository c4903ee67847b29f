// One transaction of the writer. A group is sent in one trip, as if nothing of it were a retransmission; the keys make
// the whole transaction fail when something is. Then it is done again with care: the ledger first, since it tells which
// messages are new, then everything else of those.

import type { ClientBase } from 'pg'
import { StatorError } from '../base/errors.ts'
import { storedMeanwhileMax } from '../base/limits.ts'
import type { ChangeSet, CommitOutcome } from '../blocks/decision.ts'
import { runBatch, type StatementResult } from './wire/batch.ts'
import { ChangeRows } from './change-rows.ts'
import { cautiousUse, type EarlierLedgerUse } from './earlier-ledger.ts'
import { Ledger } from './ledger.ts'
import { MeterInsert } from './wire/meter-insert.ts'
import { beginTransaction, bind, commitTransaction } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import { discardPlans } from './wire/plans.ts'
import { findOutdated, isOutdated } from './outdated.ts'
import { type SeenRow, updateSeen } from './statements.ts'
import { isAlreadyStored, isConnectionLost } from './store-error.ts'

export interface CommittedGroup {
  /** In the order of the sets. */
  readonly outcomes: readonly CommitOutcome[]
  readonly duplicates: number
  /** Sets of which nothing was stored, since they have to be decided again. */
  readonly outdated: number
  readonly meterRows: number
  /** Whether facts or meter values of it had been stored before. */
  readonly hadStored: boolean
}

/** Commits a group; `commitGroup` is the real one. */
export type CommitGroup = typeof commitGroup

/**
 * Commits `sets` and `seen` in one transaction, but for the sets that are outdated: those come back so. When it throws,
 * nothing is stored, unless the connection was lost at the very commit: then the same call again finds out.
 *
 * @param expectsNew whether to try it in one trip first; worth it unless retransmissions are coming in.
 * @param mayBeStored whether it is such a call: only then can a fact be stored already and be no retransmission.
 * @param earlier what is to be done about the ledger of the version before.
 */
export async function commitGroup(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  expectsNew: boolean,
  mayBeStored = false,
  earlier = cautiousUse,
): Promise<CommittedGroup> {
  const outdated = new Set<ChangeSet>()
  let storedMeanwhile = 0
  for (;;) {
    const left = outdated.size === 0 ? sets : sets.filter((set) => !outdated.has(set))
    try {
      const committed = await commitSets(client, left, seen, expectsNew && storedMeanwhile === 0, mayBeStored, earlier)
      return outdated.size === 0 ? committed : withOutdated(committed, sets, outdated)
    } catch (error) {
      if (!isOutdated(error)) throw error
      const found = await findOutdated(client, new Ledger(left, earlier, false).applied(left))
      // Each turn leaves a set out; what is outdated stays so, unless the very same fact has been stored by another
      // node between the failure and the question. Then the ledger recognises it.
      if (found.length === 0 && ++storedMeanwhile > storedMeanwhileMax) throw error
      for (const set of found) outdated.add(set)
    }
  }
}

/** The outcomes of all `sets` of a group, of which the `outdated` were not committed. */
function withOutdated(
  committed: CommittedGroup,
  sets: readonly ChangeSet[],
  outdated: ReadonlySet<ChangeSet>,
): CommittedGroup {
  const stored = committed.outcomes.values()
  const outcomes = sets.map((set): CommitOutcome => {
    const outcome = outdated.has(set) ? undefined : stored.next().value
    return outcome ?? { isOutdated: true, duplicate: false, answer: set.answer }
  })
  return { ...committed, outcomes, outdated: outdated.size }
}

/** Commits them, all of them or none. */
async function commitSets(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  expectsNew: boolean,
  mayBeStored: boolean,
  earlier: EarlierLedgerUse,
): Promise<CommittedGroup> {
  const ledger = prepared(() => new Ledger(sets, earlier, mayBeStored))
  if (expectsNew) {
    const committed = await commitNew(client, sets, seen, ledger)
    if (committed !== null) return committed
  }
  return commitCarefully(client, sets, seen, ledger)
}

/** In one trip; null, and nothing stored, when a fact or meter value had been stored before. */
async function commitNew(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  ledger: Ledger,
): Promise<CommittedGroup | null> {
  const { statements, meterRows } = prepared(() => {
    const bound = statementsOf(ledger.applied(sets), seen, true)
    return { ...bound, statements: [...ledger.insertsOfNew(), ...bound.statements] }
  })
  try {
    await runTransaction(client, statements)
  } catch (error) {
    if (isAlreadyStored(error) && !isOutdated(error)) return null
    throw error
  }
  return committedGroup(sets, ledger, meterRows, false)
}

/** Where there are facts, the ledger decides what else is stored, which takes a trip of its own. */
async function commitCarefully(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  ledger: Ledger,
): Promise<CommittedGroup> {
  const { rows } = ledger
  if (rows.length === 0) {
    const { statements, meterRows } = prepared(() => statementsOf(sets, seen, false))
    const results = await runTransaction(client, statements)
    return committedGroup(sets, ledger, meterRows, hadStoredValues(results, meterRows))
  }
  try {
    const inserts = prepared(() => ledger.inserts())
    const inserted = (await runBatch(client, [beginTransaction, ...inserts])).at(-1)?.rowCount ?? 0
    await ledger.findStored(client, inserted)
    const { statements, meterRows } = prepared(() => statementsOf(ledger.applied(sets), seen, false))
    const results = await runBatch(client, [...statements, commitTransaction])
    expectCommit(results.at(-1)?.command)
    const hadStored = inserted !== rows.length || hadStoredValues(results, meterRows)
    return committedGroup(sets, ledger, meterRows, hadStored)
  } catch (error) {
    if (!isConnectionLost(error)) await client.query('ROLLBACK')
    throw error
  }
}

/** By the insert of the meter values, which comes first. */
function hadStoredValues([insert]: readonly StatementResult[], meterRows: number): boolean {
  return meterRows > 0 && insert?.rowCount !== meterRows
}

function committedGroup(
  sets: readonly ChangeSet[],
  ledger: Ledger,
  meterRows: number,
  hadStored: boolean,
): CommittedGroup {
  const outcomes = sets.map((set) => ledger.outcomeOf(set))
  const duplicates = outcomes.filter((outcome) => outcome.duplicate).length
  return { outcomes, duplicates, outdated: 0, meterRows, hadStored }
}

/** The insert of the meter values, if there are any, comes first. */
function statementsOf(sets: readonly ChangeSet[], seen: readonly SeenRow[], expectsNew: boolean) {
  const rows = new ChangeRows()
  const meter = new MeterInsert()
  for (const set of sets) {
    rows.add(set)
    if (set.meter !== null) meter.add(set.meter, set.meterPlace)
  }
  const statements: BoundStatement[] = []
  const insertMeter = meter.statement(expectsNew)
  if (insertMeter !== null) statements.push(insertMeter)
  statements.push(...rows.statements())
  // Seen rows come every two seconds, which is often enough for plans that fit the tables.
  if (seen.length > 0) statements.push(bind(updateSeen, seen), discardPlans)
  return { statements, meterRows: meter.rows }
}

// What throws here is wrong with the data, whatever it is called.
function prepared<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new StatorError('INTERNAL', `Changes cannot be written as rows: ${String(error)}`, undefined, error)
  }
}

/**
 * The statements as one transaction, which the end of the batch commits; inside a transaction that somebody left open
 * it would not.
 */
async function runTransaction(
  client: ClientBase,
  statements: readonly BoundStatement[],
): Promise<readonly StatementResult[]> {
  const results = await runBatch(client, statements)
  const status = client.getTransactionStatus()
  if (status === 'I') return results
  throw new StatorError('INTERNAL', `PostgreSQL was in transaction status ${status} after a group; expected I, idle.`)
}

function expectCommit(command: string | undefined): void {
  if (command !== 'COMMIT') throw new StatorError('INTERNAL', `COMMIT was answered with ${command}; expected COMMIT.`)
}
