// The rate limit of one charge point: a token bucket of bytes. Its frames take from an allowance that refills by the
// second, across all of its connections. So a charge point that sends without a pause is throttled to a rate that does
// not affect others. Frames beyond it are queued, and then the socket is paused (back pressure). Slower buckets limit
// what it sends and what it makes us store in a day.

import { type Clock, dayMs } from '../base/clock.ts'
import type { LimitSettings } from '../base/config.ts'
import { allowanceDebtBytesMax, allowanceWaitBytes, turnBytesMax } from '../base/limits.ts'
import { DailyBuckets, type DailyKind, type DailyLimitKind, type StoredCounts } from './daily-limits.ts'

const daySeconds = 86_400

/**
 * A token bucket of bytes. A frame that is larger than the rest of the allowance is served and becomes a debt. An
 * earlier debt counts up to `allowanceDebtBytesMax`; the last frame counts completely. Besides, each charge point has a
 * share of each turn of the event loop.
 */
export class Allowance {
  readonly #limits: StationLimits
  #bytes: number
  /** What is left of the bytes of a day. */
  #dayBytes: number
  #atMs: number
  #turn = -1
  #turnBytes = 0
  /** The rows that it may make us store in a day; null until it has made us store one. */
  #daily: DailyBuckets | null = null
  /** When limits of the day were last found used up; null: none was. */
  #usedUpAtMs: Map<DailyLimitKind, number> | null = null

  constructor(limits: StationLimits, nowMs: number) {
    this.#limits = limits
    this.#bytes = limits.burstBytes
    this.#dayBytes = limits.perDay.bytes
    this.#atMs = nowMs
  }

  /** The limits that it has. */
  get limits(): StationLimits {
    return this.#limits
  }

  /**
   * Takes what a message made us store. Returns the kinds of which nothing is left from now on; each is named once a
   * day, though a charge point that is paced uses it up again and again.
   */
  spendStored(stored: StoredCounts, nowMs: number): readonly DailyKind[] {
    const daily = (this.#daily ??= new DailyBuckets(this.#limits.perDay, nowMs))
    return stored
      .filter(([kind, amount]) => daily.spend(kind, amount, nowMs) && this.#isNews(kind, nowMs))
      .map(([kind]) => kind)
  }

  /**
   * Takes a frame of `bytes` from the allowance; a small frame costs its share of a second. Returns whether the bytes
   * of the day are used up from now on: once a day, as `spendStored`.
   */
  spend(bytes: number, nowMs: number): boolean {
    this.#refill(nowMs)
    const cost = Math.max(bytes, this.#limits.bytesPerSecond / this.#limits.framesPerSecond)
    this.#bytes = Math.max(this.#bytes, -allowanceDebtBytesMax) - cost
    const dayBytes = this.#dayBytes
    this.#dayBytes = Math.max(dayBytes, -allowanceDebtBytesMax) - bytes
    this.#turnBytes += cost
    return dayBytes > 0 && this.#dayBytes <= 0 && this.#isNews('bytes', nowMs)
  }

  #isNews(kind: DailyLimitKind, nowMs: number): boolean {
    const usedUpAtMs = (this.#usedUpAtMs ??= new Map())
    const beforeMs = usedUpAtMs.get(kind) ?? Number.NEGATIVE_INFINITY
    if (nowMs - beforeMs < dayMs) return false
    usedUpAtMs.set(kind, nowMs)
    return true
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
    const dailyMs = this.#daily === null ? 0 : this.#daily.waitMs(nowMs)
    if (this.#bytes > 0 && this.#dayBytes > 0) return dailyMs
    this.#refill(nowMs)
    const { bytesPerSecond, perDay } = this.#limits
    const secondsOf = (left: number, perSecond: number): number =>
      left > 0 ? 0 : (allowanceWaitBytes - left) / perSecond
    const seconds = Math.max(
      secondsOf(this.#bytes, bytesPerSecond),
      secondsOf(this.#dayBytes, perDay.bytes / daySeconds),
    )
    return Math.max(dailyMs, Math.ceil(seconds * 1_000))
  }

  /** Whether it has refilled to a quarter. A station that keeps sending too much never gets this far. */
  isRested(nowMs: number): boolean {
    this.#refill(nowMs)
    return this.#bytes >= this.#limits.burstBytes / 4
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs)
    const { burstBytes, perDay } = this.#limits
    return this.#bytes >= burstBytes && this.#dayBytes >= perDay.bytes && (this.#daily?.isFull(nowMs) ?? true)
  }

  // A clock that is set back refills nothing.
  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    const { burstBytes, bytesPerSecond, perDay } = this.#limits
    this.#bytes = Math.min(burstBytes, this.#bytes + (elapsedMs * bytesPerSecond) / 1_000)
    this.#dayBytes = Math.min(perDay.bytes, this.#dayBytes + (elapsedMs * perDay.bytes) / (daySeconds * 1_000))
  }
}

/** The limits of one charge point. */
export type StationLimits = Pick<LimitSettings, 'framesPerSecond' | 'bytesPerSecond' | 'burstBytes' | 'perDay'>

/** How many connections may be opened between two searches for unused allowances. */
const sweepEvery = 1_024

/** The allowance of each charge point. It outlives the connection until it is full again. */
export class Allowances {
  readonly #clock: Clock
  readonly #limits: StationLimits
  readonly #allowances = new Map<string, Allowance>()
  #opened = 0

  constructor(clock: Clock, limits: StationLimits) {
    this.#clock = clock
    this.#limits = limits
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
      allowance = new Allowance(this.#limits, this.#clock.nowMs())
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
