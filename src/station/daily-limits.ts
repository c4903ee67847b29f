// How many rows one charge point may make us store in a day, by kind: a token bucket each, which is full at first and
// refills over a day. Nothing is refused: a charge point that is over a limit is served at the pace of the refill.

import { dayMs } from '../base/clock.ts'
import { isOf } from '../blocks/stored-rows.ts'
import type { DailyLimits } from '../base/config.ts'
import { dailyKinds, type dailyLimitKinds } from '../base/limits.ts'
import type { Change } from '../blocks/decision.ts'
import type { FunctionalBlock } from '../blocks/message-row.ts'

export type DailyKind = (typeof dailyKinds)[number]

/** Rows, or the bytes of frames. */
export type DailyLimitKind = (typeof dailyLimitKinds)[number]

/** How many rows of each kind a message made us store. */
export type StoredCounts = readonly (readonly [DailyKind, number])[]

/** The buckets of one charge point. */
export class DailyBuckets {
  readonly #limits: DailyLimits
  /** What is left of each kind; below 0: a debt. */
  readonly #left: Float64Array
  #atMs: number
  /** Whether nothing is left of some kind. */
  #isOver = false

  constructor(limits: DailyLimits, nowMs: number) {
    this.#limits = limits
    this.#left = Float64Array.from(dailyKinds, (kind) => limits[kind])
    this.#atMs = nowMs
  }

  /** Takes `amount` of a kind. Returns whether that used up what was left. */
  spend(kind: DailyKind, amount: number, nowMs: number): boolean {
    this.#refill(nowMs)
    const at = dailyKinds.indexOf(kind)
    const before = this.#left[at] ?? 0
    const after = before - amount
    this.#left[at] = after
    this.#isOver ||= after < 1
    return before >= 1 && after < 1
  }

  /** How long the next frame has to wait, in milliseconds; 0 while something is left of each kind. */
  waitMs(nowMs: number): number {
    if (!this.#isOver) return 0
    this.#refill(nowMs)
    let waitMs = 0
    for (const [at, kind] of dailyKinds.entries()) {
      const left = this.#left[at] ?? 0
      if (left < 1) waitMs = Math.max(waitMs, Math.ceil(((1 - left) * dayMs) / this.#limits[kind]))
    }
    this.#isOver = waitMs > 0
    return waitMs
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs)
    return dailyKinds.every((kind, at) => (this.#left[at] ?? 0) >= this.#limits[kind])
  }

  // A clock that is set back refills nothing.
  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    if (elapsedMs === 0) return
    this.#atMs = nowMs
    for (const [at, kind] of dailyKinds.entries()) {
      const limit = this.#limits[kind]
      this.#left[at] = Math.min(limit, (this.#left[at] ?? 0) + (elapsedMs * limit) / dayMs)
    }
  }
}

const nothingStored: StoredCounts = []

/**
 * What a message made us store, by kind.
 *
 * @param isNew whether a connector of `changes` was not known before the message.
 */
export function storedBy(
  block: FunctionalBlock,
  changes: readonly Change[],
  isNew: (connector: { readonly evseId: number; readonly connectorId: number }) => boolean,
): StoredCounts {
  if (changes.length === 0) return nothingStored
  const counts = new Map<DailyKind, number>()
  const count = (kind: DailyKind): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const change of changes) {
    if (isOf('connectors', change)) {
      if (isNew(change.row)) count('connectors')
    } else if (isOf('variables', change)) count('variables')
    else if (isOf('transactions', change)) count('transactions')
    else if (isOf('chargePointEvents', change)) count(block === 'data-transfer' ? 'dataTransfers' : 'events')
  }
  return [...counts]
}
