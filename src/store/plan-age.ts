// When the writer lets PostgreSQL plan its statements again. A plan is kept, and one from when a table was small reads
// all of it for each group once it is larger. PostgreSQL finds that out at the next ANALYZE, the embedded database
// never does.

import type { Clock } from '../base/clock.ts'
import { plansKeptMsMax, plansKeptMsMin } from '../base/limits.ts'

/** The age of the plans of one connection. They may be ever older: under a steady load a table doubles ever later. */
export class PlanAge {
  readonly #clock: Clock
  #keptMs = plansKeptMsMin
  #endsAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.begin()
  }

  /** A connection was opened: it has no plans yet. */
  begin(): void {
    this.#keptMs = plansKeptMsMin
    this.#endsAtMs = this.#clock.nowMs() + plansKeptMsMin
  }

  /** Whether the plans should be discarded now. If so, the next ones are kept for twice as long. */
  isOver(): boolean {
    const nowMs = this.#clock.nowMs()
    // A clock that was set back does not keep them for longer.
    const isOver = nowMs >= this.#endsAtMs || nowMs < this.#endsAtMs - this.#keptMs
    if (!isOver) return false
    this.#keptMs = Math.min(this.#keptMs * 2, plansKeptMsMax)
    this.#endsAtMs = nowMs + this.#keptMs
    return true
  }
}
