// The rate limit of one charge point: a token bucket of bytes. Its frames take from an allowance that refills by the
// second, across all of its connections. So a charge point that sends without a pause is throttled to a rate that does
// not affect others. Frames beyond it are queued, and then the socket is paused (back pressure).

import type { Clock } from '../base/clock.ts'
import {
  allowanceBytesMax,
  allowanceBytesPerSecond,
  allowanceDebtBytesMax,
  allowanceWaitBytes,
  frameBytesMin,
  turnBytesMax,
} from '../base/limits.ts'

/**
 * A token bucket of bytes. A frame that is larger than the rest of the allowance is served and becomes a debt. An
 * earlier debt counts up to `allowanceDebtBytesMax`; the last frame counts completely. Besides, each charge point has a
 * share of each turn of the event loop.
 */
export class Allowance {
  #bytes = allowanceBytesMax
  #atMs: number
  #turn = -1
  #turnBytes = 0

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  /** Takes a frame of `bytes` from the allowance; a small frame costs as much as one of `frameBytesMin`. */
  spend(bytes: number, nowMs: number): void {
    this.#refill(nowMs)
    const cost = Math.max(bytes, frameBytesMin)
    this.#bytes = Math.max(this.#bytes, -allowanceDebtBytesMax) - cost
    this.#turnBytes += cost
  }

  /** Whether the charge point has had its share of `turn` (`Turns.number`), so that others come first. */
  hasHadItsTurn(turn: number): boolean {
    if (turn !== this.#turn) {
      this.#turn = turn
      this.#turnBytes = 0
    }
    return this.#turnBytes >= turnBytesMax
  }

  /** How long the next frame has to wait, in milliseconds; 0 while some allowance is left. */
  waitMs(nowMs: number): number {
    if (this.#bytes > 0) return 0
    this.#refill(nowMs)
    if (this.#bytes > 0) return 0
    return Math.ceil(((allowanceWaitBytes - this.#bytes) / allowanceBytesPerSecond) * 1_000)
  }

  /** Whether it has refilled to a quarter. A station that keeps sending too much never gets this far. */
  isRested(nowMs: number): boolean {
    this.#refill(nowMs)
    return this.#bytes >= allowanceBytesMax / 4
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs)
    return this.#bytes >= allowanceBytesMax
  }

  // A clock that is set back refills nothing.
  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    this.#bytes = Math.min(allowanceBytesMax, this.#bytes + (elapsedMs * allowanceBytesPerSecond) / 1_000)
  }
}

/** How many connections may be opened between two searches for unused allowances. */
const sweepEvery = 1_024

/** The allowance of each charge point. It outlives the connection until it is full again. */
export class Allowances {
  readonly #clock: Clock
  readonly #allowances = new Map<string, Allowance>()
  #opened = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many are kept. */
  get size(): number {
    return this.#allowances.size
  }

  /** A connection of the charge point `identity` has opened. */
  opened(identity: string): Allowance {
    if (++this.#opened % sweepEvery === 0) for (const kept of this.#allowances.keys()) this.closed(kept)
    let allowance = this.#allowances.get(identity)
    if (allowance === undefined) {
      allowance = new Allowance(this.#clock.nowMs())
      this.#allowances.set(identity, allowance)
    }
    return allowance
  }

  /** A connection of it has closed. A full allowance is not kept, because a new one is full as well. */
  closed(identity: string): void {
    if (this.#allowances.get(identity)?.isFull(this.#clock.nowMs())) this.#allowances.delete(identity)
  }
}

/** Numbers the turns of the event loop in which frames are served, for all connections. */
export class Turns {
  readonly defer: (callback: () => void) => void
  #number = 0
  #isNumbered = false

  /** @param defer calls back after the current turn of the event loop. */
  constructor(defer: (callback: () => void) => void) {
    this.defer = defer
  }

  /** The number of the current turn. */
  get number(): number {
    if (!this.#isNumbered) {
      this.#isNumbered = true
      this.defer(() => {
        this.#isNumbered = false
        this.#number++
      })
    }
    return this.#number
  }

  /** Calls back when the others have had their turn; the returned function cancels it. */
  next(callback: () => void): () => void {
    let isCancelled = false
    this.defer(() => {
      if (!isCancelled) callback()
    })
    return () => (isCancelled = true)
  }
}
