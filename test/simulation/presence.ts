// Compares which charge points the database says are connected with those that are. It may be wrong only until a lease
// has expired and other nodes have detected that.

import { leaseMs, leaseRenewalsBeforeSweep, leaseRenewMs } from '../../src/base/limits.ts'
import type { Registry } from '../../src/station/registry.ts'
import type { DatabaseModel } from './database-model.ts'
import type { SimulatedStation } from './station.ts'

/** Database requests take up to 200 ms each way, and a lease renewal makes several, one after another. */
const tripsMs = 5_000

/** Longest time that the database may be wrong without faults, in milliseconds. */
export const wrongMsMax = leaseMs + leaseRenewMs * (leaseRenewalsBeforeSweep + 1) + tripsMs

/** Records since when the database has been wrong about each charge point. */
export class Presence {
  readonly #wrongSinceMs = new Map<number, number>()

  /** Whether the database is right about all charge points. */
  get isRight(): boolean {
    return this.#wrongSinceMs.size === 0
  }

  /**
   * What has been wrong for too long, as a text; null if nothing.
   *
   * @param nodes the living processes.
   * @param soundSinceMs since when the database has had no fault.
   */
  check(
    model: DatabaseModel,
    nodes: readonly { readonly isFrozen: boolean; readonly registry: Registry }[],
    stations: readonly SimulatedStation[],
    nowMs: number,
    soundSinceMs: number,
  ): string | null {
    for (const { key, identity } of stations) {
      const row = model.chargePoints.get(key)
      if (row === undefined) continue
      const held = nodes.filter(
        ({ isFrozen, registry }) => !isFrozen && registry.get(identity)?.live.epoch === row.epoch,
      )
      if (row.connected === held.length > 0) {
        this.#wrongSinceMs.delete(key)
        continue
      }
      const sinceMs = this.#wrongSinceMs.get(key) ?? nowMs
      this.#wrongSinceMs.set(key, sinceMs)
      const wrongMs = nowMs - Math.max(sinceMs, soundSinceMs)
      if (wrongMs <= wrongMsMax) continue
      const stored = `${row.connected ? 'connected' : 'not connected'} under epoch ${row.epoch}`
      return `${identity} has been stored as ${stored} for ${wrongMs} ms, and ${held.length} processes hold it.`
    }
    return null
  }
}
