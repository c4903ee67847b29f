// One transaction of the writer. A group is sent in one round trip, as if it contained no retransmission. If it does
// contain one, a unique key makes the whole transaction fail. It is then repeated in two steps: first the ledger, whose
// answer shows which messages are new, then everything else of the new ones.

import type { ClientBase } from 'pg'
import { StatorError } from '../base/errors.ts'
import { storedMeanwhileMax } from '../base/limits.ts'
import type { ChangeSet, CommitOutcome } from '../blocks/decision.ts'
import { runBatch, type StatementResult } from './wire/batch.ts'
import { ChangeRows } from './change-rows.ts'
import { cautiousUse } from './earlier-ledger.ts'
import { Ledger } from './ledger.ts'
import { MeterInsert } from './wire/meter-insert.ts'
import { beginTransaction, bind, commitTransaction } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import { findOutdated, isOutdated } from './outdated.ts'
import { type SeenRow, updateSeen } from './statements.ts'
import { isAlreadyStored, isConnectionLost } from './store-error.ts'

export interface CommittedGroup {
  /** In the order of the sets. */
  readonly outcomes: readonly CommitOutcome[]
  readonly duplicates: number
  /** Sets that were not stored, because they have to be decided again. */
  readonly outdated: number
  readonly meterRows: number
  /** Whether any of its facts or meter values were stored before. */
  readonly hadStored: boolean
}

/** Commits a group; `commitGroup` is the real one. */
export type CommitGroup = typeof commitGroup

/**
 * Commits `sets` and `seen` in one transaction, except the sets that are outdated: those are returned. When it throws,
 * nothing is stored, unless the connection was lost during the COMMIT: then the same call again finds out.
 *
 * @param expectsNew whether to try it in one round trip first; worth it unless retransmissions are arriving.
 * @param mayBeStored whether it is such a call: only then can a fact be stored already and be no retransmission.
 * @param earlier what to do about the ledger of the previous version.
 * @param packs whether meter values are stored packed.
 */
export async function commitGroup(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  expectsNew: boolean,
  mayBeStored = false,
  earlier = cautiousUse,
  packs = false,
): Promise<CommittedGroup> {
  const outdated = new Set<ChangeSet>()
  let storedMeanwhile = 0
  for (;;) {
    const left = outdated.size === 0 ? sets : sets.filter((set) => !outdated.has(set))
    try {
      const ledger = prepared(() => new Ledger(left, earlier, mayBeStored))
      const committed = await commitSets(client, left, seen, expectsNew && storedMeanwhile === 0, ledger, packs)
      return outdated.size === 0 ? committed : withOutdated(committed, sets, outdated)
    } catch (error) {
      if (!isOutdated(error)) throw error
      const found = await findOutdated(client, new Ledger(left, earlier, false).applied(left))
      // Each round leaves out at least one set. A set that is outdated stays so, unless another node has stored the
      // same fact between the failure and the query. Then the ledger recognises it.
      if (found.length === 0 && ++storedMeanwhile > storedMeanwhileMax) throw error
      for (const set of found) outdated.add(set)
    }
  }
}

/** The outcomes of all `sets` of a group. The `outdated` ones were not committed. */
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
  ledger: Ledger,
  packs: boolean,
): Promise<CommittedGroup> {
  if (expectsNew) {
    const committed = await commitNew(client, sets, seen, ledger, packs)
    if (committed !== null) return committed
  }
  return commitCarefully(client, sets, seen, ledger, packs)
}

/** In one round trip; null, and nothing stored, if a fact or meter value was stored before. */
async function commitNew(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  ledger: Ledger,
  packs: boolean,
): Promise<CommittedGroup | null> {
  const { statements, meterRows } = prepared(() => {
    const bound = statementsOf(ledger.applied(sets), seen, true, packs)
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

/** If there are facts, the ledger decides what else is stored, which takes a round trip of its own. */
async function commitCarefully(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  ledger: Ledger,
  packs: boolean,
): Promise<CommittedGroup> {
  const { rows } = ledger
  if (rows.length === 0) {
    const { statements, meterRows } = prepared(() => statementsOf(sets, seen, false, packs))
    const results = await runTransaction(client, statements)
    return committedGroup(sets, ledger, meterRows, hadStoredValues(results, meterRows))
  }
  try {
    const inserts = prepared(() => ledger.inserts())
    const inserted = (await runBatch(client, [beginTransaction, ...inserts])).at(-1)?.rowCount ?? 0
    await ledger.findStored(client, inserted)
    const { statements, meterRows } = prepared(() => statementsOf(ledger.applied(sets), seen, false, packs))
    const results = await runBatch(client, [...statements, commitTransaction])
    expectCommit(results.at(-1)?.command)
    const hadStored = inserted !== rows.length || hadStoredValues(results, meterRows)
    return committedGroup(sets, ledger, meterRows, hadStored)
  } catch (error) {
    if (!isConnectionLost(error)) await client.query('ROLLBACK')
    throw error
  }
}

/** The result of the insert of the meter values, which comes first. */
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
function statementsOf(sets: readonly ChangeSet[], seen: readonly SeenRow[], expectsNew: boolean, packs: boolean) {
  const rows = new ChangeRows()
  const meter = new MeterInsert()
  for (const set of sets) {
    rows.add(set)
    if (set.meter !== null) meter.add(set.meter, set.meterPlace)
  }
  const statements: BoundStatement[] = []
  const insertMeter = meter.statement(expectsNew, packs)
  if (insertMeter !== null) statements.push(insertMeter)
  statements.push(...rows.statements())
  if (seen.length > 0) statements.push(bind(updateSeen, seen))
  return { statements, meterRows: meter.rows }
}

// An error here is always an error in the data, whatever its code.
function prepared<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new StatorError('INTERNAL', `Changes cannot be written as rows: ${String(error)}`, undefined, error)
  }
}

/**
 * Runs the statements as one transaction, which the end of the batch commits. Inside a transaction that was left open
 * it would not commit.
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
