// One transaction of the writer. A group is sent in one trip, as if nothing of it were a retransmission; the keys make the whole
// transaction fail when something is. Then it is done again with care: the ledger first, since it tells which messages are new, then
// everything else of those.

import type { ClientBase } from 'pg'
import { StatorError } from '../base/errors.ts'
import type { ChangeSet, CommitOutcome } from '../csms/decision.ts'
import { runBatch, type StatementResult } from './batch.ts'
import { ChangeRows, factRow, refOfOther } from './change-rows.ts'
import { MeterInsert } from './meter-insert.ts'
import { type FactRow, findStoredFacts, insertFacts, insertNewFacts, type StoredFact } from './fact-statements.ts'
import { beginTransaction, bind, type BoundStatement, commitTransaction, discardPlans } from './statement.ts'
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
 * @param sets of those whose facts have the same key, none says something else than another.
 * @param expectsNew whether to try it in one trip first; worth it unless retransmissions are coming in.
 * @param mayBeStored whether it is such a call: only then can a fact be stored already and be no retransmission.
 */
export async function commitGroup(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  expectsNew: boolean,
  mayBeStored = false,
): Promise<CommittedGroup> {
  const outdated = new Set<ChangeSet>()
  for (;;) {
    const left = outdated.size === 0 ? sets : sets.filter((set) => !outdated.has(set))
    try {
      const committed = await commitSets(client, left, seen, expectsNew, mayBeStored)
      return outdated.size === 0 ? committed : withOutdated(committed, sets, outdated)
    } catch (error) {
      if (!isOutdated(error)) throw error
      const found = await findOutdated(client, new Ledger(left, false).applied(left))
      // Each turn leaves a set out; what is outdated stays so.
      if (found.length === 0) throw error
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
): Promise<CommittedGroup> {
  const ledger = prepared(() => new Ledger(sets, mayBeStored))
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
  const { rows } = ledger
  const { statements, meterRows } = prepared(() => {
    const bound = statementsOf(ledger.applied(sets), seen, true)
    if (rows.length > 0) bound.statements.unshift(bind(insertNewFacts, rows))
    return bound
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
    const insert = prepared(() => bind(insertFacts, rows))
    const inserted = (await runBatch(client, [beginTransaction, insert]))[1]?.rowCount ?? 0
    if (inserted !== rows.length) await ledger.insertOthers(client, await ledger.findStored(client, inserted))
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

/** What the ledger knows a fact by. */
export function factKey(chargePointKey: number, { seqNo, ref }: Pick<FactRow, 'seqNo' | 'ref'>): string {
  return `${chargePointKey}\0${seqNo}\0${ref}`
}

interface First {
  readonly set: ChangeSet
  /** Of its row among those of the ledger, from 1. */
  readonly place: number
}

/** The facts among the sets of a group, each once. */
class Ledger {
  readonly rows: FactRow[] = []
  readonly #firstOf = new Map<string, First>()
  readonly #keyOf = new Map<ChangeSet, string>()
  readonly #stored = new Map<number, StoredFact>()
  readonly #mayBeStored: boolean

  constructor(sets: readonly ChangeSet[], mayBeStored: boolean) {
    this.#mayBeStored = mayBeStored
    for (const set of sets) {
      if (set.fact === undefined) continue
      const row = factRow(set, set.fact)
      const key = factKey(row.chargePointKey, row)
      this.#keyOf.set(set, key)
      if (!this.#firstOf.has(key)) this.#firstOf.set(key, { set, place: this.rows.push(row) })
    }
  }

  /**
   * Reads the facts that had been there before this transaction inserted the `inserted` others.
   *
   * @returns the places of those that are other facts under the same key: they say something else.
   */
  async findStored(client: ClientBase, inserted: number): Promise<readonly number[]> {
    const found = await storedAmong(client, this.rows, inserted)
    const others: number[] = []
    for (const fact of found) {
      const content = this.rows[fact.place - 1]?.content ?? null
      const isOther = content !== null && fact.content !== null && fact.content !== String(content)
      if (isOther) others.push(fact.place)
      else this.#stored.set(fact.place, fact)
    }
    return others
  }

  /** Inserts facts whose keys others have, under keys that tell them apart, and finds those that had been there before. */
  async insertOthers(client: ClientBase, places: readonly number[]): Promise<void> {
    if (places.length === 0) return
    const rows = places.flatMap((place) => {
      const row = this.rows[place - 1]
      return row === undefined ? [] : [{ ...row, ref: refOfOther(row.ref, row.content) }]
    })
    const [result] = await runBatch(client, [bind(insertFacts, rows)])
    const inserted = result?.rowCount ?? 0
    if (inserted === rows.length) return
    for (const fact of await storedAmong(client, rows, inserted)) {
      const place = places[fact.place - 1]
      if (place !== undefined) this.#stored.set(place, fact)
    }
  }

  /** The sets of which not everything is stored already. */
  applied(sets: readonly ChangeSet[]): readonly ChangeSet[] {
    if (this.#stored.size === 0 && this.#firstOf.size === this.#keyOf.size) return sets
    return sets.filter((set) => {
      const first = this.#first(set)
      return first === undefined || (first.set === set && !this.#stored.has(first.place))
    })
  }

  outcomeOf(set: ChangeSet): CommitOutcome {
    const first = this.#first(set)
    if (first === undefined) return { duplicate: false, answer: set.answer }
    const stored = this.#stored.get(first.place)
    const answer = stored?.answer ?? first.set.answer
    if (first.set !== set) return { duplicate: true, answer }
    if (stored === undefined) return { duplicate: false, answer }
    // The very same frame is no retransmission: an earlier attempt at this commit went through, and only its outcome was lost. Frames
    // that waited in the socket may bear the same id and time and be two all the same; the ids that they are answered with differ.
    const isSameFrame = stored.messageId === set.messageId && stored.receivedAtMs === set.receivedAtMs
    const isOwn = this.#mayBeStored && isSameFrame && Bun.deepEquals(stored.answer, set.answer)
    return { duplicate: !isOwn, answer }
  }

  /** The first set of the group with the fact of `set`; undefined when it has none. */
  #first(set: ChangeSet): First | undefined {
    return set.fact === undefined ? undefined : this.#firstOf.get(this.#keyOf.get(set) ?? '')
  }
}

/** Those of `rows` that had been there before this transaction inserted the `inserted` others. */
async function storedAmong(client: ClientBase, rows: readonly FactRow[], inserted: number): Promise<StoredFact[]> {
  const { rows: found } = await client.query<StoredFact>(bind(findStoredFacts, rows))
  if (found.length + inserted === rows.length) return found
  throw new StatorError(
    'INTERNAL',
    `Of ${rows.length} facts ${inserted} were new and ${found.length} known; expected the two to add up.`,
  )
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

/** The statements as one transaction, which the end of the batch commits; inside a transaction that somebody left open it would not. */
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
