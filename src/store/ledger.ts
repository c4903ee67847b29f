// The facts of one transaction of the writer, each once: which of them are new, and what those were answered with that
// are not.

import type { ClientBase } from 'pg'
import { StatorError } from '../base/errors.ts'
import type { ChangeSet, CommitOutcome } from '../blocks/decision.ts'
import { insertEarlierFacts, insertNewEarlierFacts, insertOtherEarlierFacts } from './earlier-facts.ts'
import type { EarlierLedgerUse } from './earlier-ledger.ts'
import { factKey, type FactRow, factRow } from './fact-row.ts'
import {
  findStoredFacts,
  findStoredFactsAsking,
  insertFacts,
  insertFactsAsking,
  insertNewFacts,
  insertNewFactsAsking,
  type StoredFact,
} from './fact-statements.ts'
import { bind } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'

interface First {
  readonly set: ChangeSet
  /** Of its row among those of the ledger, from 1. */
  readonly place: number
}

/** The facts among the sets of a group. */
export class Ledger {
  readonly rows: FactRow[] = []
  readonly #firstOf = new Map<string, First>()
  readonly #keyOf = new Map<ChangeSet, string>()
  readonly #stored = new Map<number, StoredFact>()
  readonly #earlier: EarlierLedgerUse
  readonly #mayBeStored: boolean

  /**
   * @param mayBeStored whether the group is committed once more: only then can a fact be stored already and be no
   * retransmission.
   */
  constructor(sets: readonly ChangeSet[], earlier: EarlierLedgerUse, mayBeStored: boolean) {
    this.#earlier = earlier
    this.#mayBeStored = mayBeStored
    for (const set of sets) {
      if (set.fact === undefined) continue
      const row = factRow(set, set.fact)
      const key = factKey(row)
      this.#keyOf.set(set, key)
      if (!this.#firstOf.has(key)) this.#firstOf.set(key, { set, place: this.rows.push(row) })
    }
  }

  /** Stores the facts; fails when one of them is stored already. */
  insertsOfNew(): BoundStatement[] {
    const { rows } = this
    if (rows.length === 0) return []
    if (this.#earlier === 'written') return [bind(insertNewEarlierFacts, rows), bind(insertNewFacts, rows)]
    return [bind(this.#earlier === 'asked' ? insertNewFactsAsking : insertNewFacts, rows)]
  }

  /** Stores those that are new; the last one tells by its row count how many were. */
  inserts(): BoundStatement[] {
    const { rows } = this
    if (this.#earlier === 'unused') return [bind(insertFacts, rows)]
    // First there, where a node of the version before may be storing the same.
    const there = this.#earlier === 'written' ? [insertEarlierFacts, insertOtherEarlierFacts] : []
    return [...there, insertFactsAsking].map((statement) => bind(statement, rows))
  }

  /** Reads the facts that had been there before this transaction inserted the `inserted` others. */
  async findStored(client: ClientBase, inserted: number): Promise<void> {
    const { rows } = this
    if (inserted === rows.length) return
    const find = this.#earlier === 'unused' ? findStoredFacts : findStoredFactsAsking
    const { rows: found } = await client.query<StoredFact>(bind(find, rows))
    if (found.length + inserted !== rows.length) {
      throw new StatorError(
        'INTERNAL',
        `Of ${rows.length} facts ${inserted} were new and ${found.length} known; expected the two to add up.`,
      )
    }
    for (const fact of found) this.#stored.set(fact.place, fact)
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
    // The very same frame is no retransmission: an earlier attempt at this commit went through, and only its outcome
    // was lost. Frames that waited in the socket may bear the same id and time and be two all the same; the ids that
    // they are answered with differ.
    const isSameFrame = stored.messageId === set.messageId && stored.receivedAtMs === set.receivedAtMs
    const isOwn = this.#mayBeStored && isSameFrame && Bun.deepEquals(stored.answer, set.answer)
    return { duplicate: !isOwn, answer }
  }

  /** The first set of the group with the fact of `set`; undefined when it has none. */
  #first(set: ChangeSet): First | undefined {
    return set.fact === undefined ? undefined : this.#firstOf.get(this.#keyOf.get(set) ?? '')
  }
}
