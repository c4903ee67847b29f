// One transaction of the writer. A group is sent in one trip, as if nothing of it were a retransmission; the keys make the whole
// transaction fail when something is. Then it is done again with care: the ledger first, since it tells which messages are new, then
// everything else of those.

import type { ClientBase } from 'pg'
import { StatorError } from '../base/errors.ts'
import type { ChangeSet, CommitOutcome, Payload } from '../csms/decision.ts'
import { runBatch } from './batch.ts'
import { ChangeRows, factRow } from './change-rows.ts'
import { MeterInsert } from './meter-insert.ts'
import {
  beginTransaction,
  bind,
  type BoundStatement,
  commitTransaction,
  type FactRow,
  findStoredFacts,
  insertFacts,
  insertNewFacts,
  type SeenRow,
  type StoredFact,
  updateSeen,
} from './statements.ts'
import { isAlreadyStored, isConnectionLost } from './store-error.ts'

export interface CommittedGroup {
  /** In the order of the sets. */
  readonly outcomes: readonly CommitOutcome[]
  readonly duplicates: number
  readonly meterRows: number
  /** Whether facts or meter values of it had been stored before. */
  readonly hadStored: boolean
}

/** Commits a group; `commitGroup` is the real one. */
export type CommitGroup = typeof commitGroup

/** What is known of one set after the ledger has been asked. */
interface Verdict {
  readonly isDuplicate: boolean
  /** False when everything it wants is stored already. */
  readonly isToBeApplied: boolean
  readonly answer: Payload
}

/**
 * Commits `sets` and `seen` in one transaction. When it throws, nothing is stored, unless the
 * connection was lost at the very COMMIT: then the same call again finds out.
 *
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
  const { verdicts, statements, meterRows } = prepared(() => {
    const verdicts = sets.map((set) => ledger.verdictOn(set))
    const bound = statementsOf(applied(sets, verdicts), seen, true)
    if (rows.length > 0) bound.statements.unshift(bind(insertNewFacts, rows))
    return { verdicts, ...bound }
  })
  try {
    if (statements.length > 0) await runBatch(client, statements)
  } catch (error) {
    if (isAlreadyStored(error)) return null
    throw error
  }
  return committedGroup(verdicts, meterRows, false)
}

/** What the ledger says about the facts, if there are any, decides what else is stored: that takes a trip of its own. */
async function commitCarefully(
  client: ClientBase,
  sets: readonly ChangeSet[],
  seen: readonly SeenRow[],
  ledger: Ledger,
): Promise<CommittedGroup> {
  const { rows } = ledger
  try {
    const insert = rows.length === 0 ? [] : [prepared(() => bind(insertFacts, rows))]
    const inserted = (await runBatch(client, [beginTransaction, ...insert]))[1]?.rowCount ?? 0
    if (inserted !== rows.length) await ledger.findStored(client, inserted)
    const verdicts = sets.map((set) => ledger.verdictOn(set))
    const { statements, meterRows } = prepared(() => statementsOf(applied(sets, verdicts), seen, false))
    const results = await runBatch(client, [...statements, commitTransaction])
    expectCommit(results.at(-1)?.command)
    const hadStoredValues = meterRows > 0 && results[0]?.rowCount !== meterRows
    return committedGroup(verdicts, meterRows, hadStoredValues || inserted !== rows.length)
  } catch (error) {
    if (!isConnectionLost(error)) await client.query('ROLLBACK')
    throw error
  }
}

function applied(sets: readonly ChangeSet[], verdicts: readonly Verdict[]): readonly ChangeSet[] {
  return verdicts.every((verdict) => verdict.isToBeApplied) ? sets : sets.filter((_, i) => verdicts[i]?.isToBeApplied)
}

function committedGroup(verdicts: readonly Verdict[], meterRows: number, hadStored: boolean): CommittedGroup {
  return {
    outcomes: verdicts.map(({ isDuplicate, answer }) => ({ duplicate: isDuplicate, answer })),
    duplicates: verdicts.filter((verdict) => verdict.isDuplicate).length,
    meterRows,
    hadStored,
  }
}

/** The facts among the sets of a group, each once. */
class Ledger {
  readonly rows: FactRow[] = []
  readonly #firstOf = new Map<string, { readonly set: ChangeSet; readonly place: number }>()
  readonly #keyOf = new Map<ChangeSet, string>()
  readonly #stored = new Map<number, StoredFact>()
  readonly #mayBeStored: boolean

  constructor(sets: readonly ChangeSet[], mayBeStored: boolean) {
    this.#mayBeStored = mayBeStored
    for (const set of sets) {
      if (set.fact === undefined) continue
      const row = factRow(set, set.fact)
      const key = `${row.chargePointKey}\0${row.seqNo}\0${row.ref}`
      this.#keyOf.set(set, key)
      if (!this.#firstOf.has(key)) this.#firstOf.set(key, { set, place: this.rows.push(row) })
    }
  }

  /** Reads the facts that had been there before this transaction inserted the `inserted` others. */
  async findStored(client: ClientBase, inserted: number): Promise<void> {
    const found = await client.query<StoredFact>(bind(findStoredFacts, this.rows))
    for (const fact of found.rows) this.#stored.set(fact.place, fact)
    if (this.#stored.size + inserted !== this.rows.length) {
      throw new StatorError(
        'INTERNAL',
        `Of ${this.rows.length} facts ${inserted} were new and ${this.#stored.size} known; expected the two to add up.`,
      )
    }
  }

  verdictOn(set: ChangeSet): Verdict {
    const first = this.#firstOf.get(this.#keyOf.get(set) ?? '')
    if (first === undefined) return { isDuplicate: false, isToBeApplied: true, answer: set.answer }
    const stored = this.#stored.get(first.place)
    const answer = stored?.answer ?? first.set.answer
    if (first.set !== set) return { isDuplicate: true, isToBeApplied: false, answer }
    if (stored === undefined) return { isDuplicate: false, isToBeApplied: true, answer }
    // The very same frame is no retransmission: an earlier attempt at this commit went through, and only its outcome was lost. Frames
    // that waited in the socket may bear the same id and time and be two all the same; the ids that they are answered with differ.
    const isSameFrame = stored.messageId === set.messageId && stored.receivedAtMs === set.receivedAtMs
    const isOwn = this.#mayBeStored && isSameFrame && Bun.deepEquals(stored.answer, set.answer)
    return { isDuplicate: !isOwn, isToBeApplied: false, answer }
  }
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
  if (seen.length > 0) statements.push(bind(updateSeen, seen))
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

function expectCommit(command: string | undefined): void {
  if (command !== 'COMMIT') throw new StatorError('INTERNAL', `COMMIT was answered with ${command}; expected COMMIT.`)
}
