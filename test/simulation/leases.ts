// What the statements on leases do to the model of the tables (`src/store/node-leases.ts`).

import { leaseMs } from '../../src/base/limits.ts'
import { numbers } from './binary-arrays.ts'

interface Answer {
  readonly rows: readonly unknown[]
  readonly rowCount: number
}

/** What leases change of a charge point. */
export interface HeldChargePoint {
  readonly key: number
  connected: boolean
  /** The node that holds the connection. */
  node: string | null
  epoch: number
}

/** The table `nodes`, and who holds which charge points. */
export class LeaseModel {
  readonly #chargePoints: ReadonlyMap<number, HeldChargePoint>
  /** When each node renewed its lease, in milliseconds since the epoch. */
  readonly #seenAtMs = new Map<string, number>()

  constructor(chargePoints: ReadonlyMap<number, HeldChargePoint>) {
    this.#chargePoints = chargePoints
  }

  /** Marks a charge point as not connected, unless it has a newer connection. */
  release(key: number, epoch: number): void {
    const row = this.#chargePoints.get(key)
    if (row?.epoch !== epoch) return
    row.connected = false
    row.node = null
  }

  /** Executes the statement of this name; null if it is not one of these. */
  answer(name: string, values: readonly unknown[], nowMs: number): Answer | null {
    const node = String(values[0])
    const isAlive = (id: string): boolean => nowMs - (this.#seenAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < leaseMs
    const expired = [...this.#seenAtMs.keys()].filter((id) => !isAlive(id))
    switch (name) {
      case 'stator_take_lease':
        this.#seenAtMs.set(node, nowMs)
        return answered([])
      case 'stator_renew_lease':
        if (!isAlive(node)) return answered([])
        this.#seenAtMs.set(node, nowMs)
        return answered([node])
      case 'stator_lease_to_unknown':
        for (const { node: holder } of this.#rows()) {
          if (holder !== null && !this.#seenAtMs.has(holder)) this.#seenAtMs.set(holder, nowMs - leaseMs)
        }
        return answered([])
      case 'stator_lease_run_out':
        return answered([{ hasRunOut: expired.length > 0 && isAlive(node) }])
      case 'stator_sweep_leases':
        return answered([{ swept: isAlive(node) ? this.#release(({ node: id }) => expired.includes(id ?? '')) : 0 }])
      case 'stator_forget_leases':
        for (const id of expired) if (!this.#rows().some((row) => row.node === id)) this.#seenAtMs.delete(id)
        return answered([])
      case 'stator_confirm_connections':
        return answered(this.#confirm(numbers(values[0]), numbers(values[1]), String(values[2])))
      case 'stator_overtaken_connections': {
        const epochs = numbers(values[1])
        const rows = numbers(values[0]).map((key, i) => ({
          row: this.#chargePoints.get(key),
          epoch: epochs[i] ?? 0,
        }))
        return answered(rows.flatMap(({ row, epoch }) => (row !== undefined && row.epoch > epoch ? [row] : [])))
      }
      case 'stator_held_connections': {
        const held = this.#rows().filter((row) => row.node === node && row.key > Number(values[1]))
        return answered(held.toSorted((a, b) => a.key - b.key))
      }
      case 'stator_release_connections': {
        const epochs = numbers(values[1])
        for (const [i, key] of numbers(values[0]).entries()) this.release(key, epochs[i] ?? -1)
        return answered([])
      }
      case 'stator_give_back_connections':
        this.#release((row) => row.node === node)
        return answered([])
      case 'stator_end_lease':
        this.#seenAtMs.delete(node)
        return answered([])
      default:
        return null
    }
  }

  #rows(): HeldChargePoint[] {
    return [...this.#chargePoints.values()]
  }

  #release(isMeant: (row: HeldChargePoint) => boolean): number {
    const rows = this.#rows().filter(isMeant)
    for (const { key, epoch } of rows) this.release(key, epoch)
    return rows.length
  }

  #confirm(keys: readonly number[], epochs: readonly number[], node: string): HeldChargePoint[] {
    return keys.flatMap((key, i) => {
      const row = this.#chargePoints.get(key)
      if (row === undefined || row.epoch !== epochs[i] || (row.connected && row.node === node)) return []
      row.connected = true
      row.node = node
      return [row]
    })
  }
}

function answered(rows: readonly unknown[]): Answer {
  return { rows: rows.map((row) => (typeof row === 'object' ? { ...row } : row)), rowCount: rows.length }
}
