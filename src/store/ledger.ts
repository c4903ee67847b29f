// The facts of one transaction of the writer, stored once each. The ledger says which of them are new, and what the
// others were answered with. Its unique index is the idempotency key (fact-row.ts).

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
  /** Position of its row among those of the ledger, from 1. */
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
   * @param mayBeStored whether the group is committed again: only then can a stored fact be anything else than a
   *   retransmission.
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

  /** Stores those that are new; the row count of the last one is the number of new facts. */
  inserts(): BoundStatement[] {
    const { rows } = this
    if (this.#earlier === 'unused') return [bind(insertFacts, rows)]
    // First in the earlier ledger: a node of the previous version may be storing the same fact.
    const there = this.#earlier === 'written' ? [insertEarlierFacts, insertOtherEarlierFacts] : []
    return [...there, insertFactsAsking].map((statement) => bind(statement, rows))
  }

  /** Reads the facts that were there before this transaction, which inserted `inserted` others. */
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

  /** The sets that are not completely stored yet. */
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
    // The same frame is not a retransmission: an earlier attempt of this commit succeeded, and only its outcome was
    // lost. Two frames that waited in the socket may have the same message id and time; the ids in their answers
    // differ.
    const isSameFrame = stored.messageId === set.messageId && stored.receivedAtMs === set.receivedAtMs
    const isOwn = this.#mayBeStored && isSameFrame && Bun.deepEquals(stored.answer, set.answer)
    return { duplicate: !isOwn, answer }
  }

  /** The first set of the group with the fact of `set`; undefined if there is none. */
  #first(set: ChangeSet): First | undefined {
    return set.fact === undefined ? undefined : this.#firstOf.get(this.#keyOf.get(set) ?? '')
  }
}
