// Which charge points the database says are connected, beside those that are: it may be wrong for as long as a lease takes to
// run out and the others to find out, and no longer.

import { leaseMs, leaseRenewalsBeforeSweep, leaseRenewMs } from '../../src/base/limits.ts'
import type { StoredChargePoint } from './database-model.ts'

/** Trips to the database take up to 200 ms each way, and a turn of a lease makes several, one after another. */
const tripsMs = 5_000

/** Longest that the database may be wrong once nothing fails any more, in milliseconds. */
export const wrongMsMax = leaseMs + leaseRenewMs * (leaseRenewalsBeforeSweep + 1) + tripsMs

/** Keeps in mind since when the database has been wrong about each charge point. */
export class Presence {
  readonly #wrongSinceMs = new Map<number, number>()

  /** Whether the database is right about all charge points. */
  get isRight(): boolean {
    return this.#wrongSinceMs.size === 0
  }

  /**
   * What is wrong with `row` for too long, as a text; null while nothing is.
   *
   * @param liveEpoch epoch of its connection, null when it has none.
   * @param soundSinceMs since when nothing has failed at the database.
   */
  check(row: StoredChargePoint, liveEpoch: number | null, nowMs: number, soundSinceMs: number): string | null {
    const { key, identity, connected, epoch } = row
    if (connected === (liveEpoch === epoch)) {
      this.#wrongSinceMs.delete(key)
      return null
    }
    const sinceMs = this.#wrongSinceMs.get(key) ?? nowMs
    this.#wrongSinceMs.set(key, sinceMs)
    const wrongMs = nowMs - Math.max(sinceMs, soundSinceMs)
    if (wrongMs <= wrongMsMax) return null
    const stored = connected ? 'connected' : 'not connected'
    const truth = `it lives under epoch ${liveEpoch ?? 'none'}`
    return `${identity} has been stored as ${stored} under epoch ${epoch} for ${wrongMs} ms, and ${truth}.`
  }
}
