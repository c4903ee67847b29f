// The table of promised transactionIds, and what the statements on it do (`src/store/remote-start-promises.ts`).

import { remoteStartPromiseMs, remoteStartPromisesMax } from '../../src/base/limits.ts'
import type { ChangeSet } from '../../src/blocks/decision.ts'
import type { OpenPromise } from '../../src/blocks/records.ts'
import type { RemoteStart } from '../../src/blocks/remote-control/commands.ts'
import { isOf } from '../../src/blocks/stored-rows.ts'

interface StoredPromise {
  readonly chargePointKey: number
  readonly transactionId: number
  readonly start: RemoteStart
  readonly promisedAtMs: number
}

/** A transaction that begins with another id than the one that was promised to it. */
export interface BrokenPromise {
  readonly id: number
  readonly seen: string
}

/** The table `remote_start_promises`. */
export class PromiseModel {
  readonly #transactions: ReadonlyMap<number, unknown>
  #rows: readonly StoredPromise[] = []

  constructor(transactions: ReadonlyMap<number, unknown>) {
    this.#transactions = transactions
  }

  promise(chargePointKey: number, start: RemoteStart, transactionId: number, promisedAtMs: number): void {
    const kept = this.#rows.filter((row) => row.chargePointKey === chargePointKey).slice(1 - remoteStartPromisesMax)
    const others = this.#rows.filter((row) => row.chargePointKey !== chargePointKey)
    this.#rows = [...others, ...kept, { chargePointKey, transactionId, start, promisedAtMs }]
  }

  /** Transactions of the set that are not stored yet, and do not have the ids that were promised to them (2.x). */
  brokenBy({ chargePointKey: key, changes }: ChangeSet, nowMs: number): readonly BrokenPromise[] {
    const open = this.openOf(key, nowMs)
    return changes.flatMap((change) => {
      if (!isOf('transactions', change) || this.#transactions.has(change.row.transactionId)) return []
      const { transactionId: id, remoteStartId } = change.row
      const promised = open.find(({ start }) => 'remoteStartId' in start && start.remoteStartId === remoteStartId)
      if (promised === undefined || promised.transactionId === id) return []
      return [{ id, seen: `CP${key} began ${id} for the remote start that ${promised.transactionId} was promised to.` }]
    })
  }

  withdraw(chargePointKey: number, transactionId: number): void {
    this.#rows = this.#rows.filter(
      (row) => row.chargePointKey !== chargePointKey || row.transactionId !== transactionId,
    )
  }

  /** Those of a charge point that have not expired, and whose transactions have not begun; the oldest first. */
  openOf(chargePointKey: number, nowMs: number): OpenPromise[] {
    return this.#rows.flatMap(({ promisedAtMs, ...row }) => {
      const leftMs = promisedAtMs + remoteStartPromiseMs - nowMs
      const isOpen = row.chargePointKey === chargePointKey && leftMs > 0 && !this.#transactions.has(row.transactionId)
      return isOpen ? [{ transactionId: row.transactionId, start: row.start, leftMs }] : []
    })
  }

  /** Executes the statement of this name; null if it is not one of these. */
  answer(name: string, values: readonly unknown[], nowMs: number): { readonly rows: readonly unknown[] } | null {
    const [key, ...more] = values
    if (name === 'stator_promise_transaction') {
      this.promise(Number(key), JSON.parse(String(more[1])) as RemoteStart, Number(more[0]), nowMs)
    } else if (name === 'stator_withdraw_promise') {
      this.withdraw(Number(key), Number(more[0]))
    } else {
      return null
    }
    return { rows: [] }
  }
}
