// Lets charge points in a few at a time. After a power cut thousands dial in the same moment; were all of them read
// from the database at once, those that are connected would wait behind them. So the others wait for their turn, in
// order, with their handshakes open.

import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { handshakesAtOnceMax, handshakesWaitingMax, handshakeWaitMsMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'

/** A newcomer that was let in calls this once, when the next one may come. */
export type Leave = () => void

export interface AdmissionDeps {
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
}

type Turn = (leave: Leave | null) => void

/** The door of the gateway. */
export class Admission {
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #waiting = new BoundedQueue<Turn>(handshakesWaitingMax)
  readonly #log: Logger
  #inside = 0

  constructor({ clock, counters, log }: AdmissionDeps) {
    this.#clock = clock
    this.#counters = counters
    this.#log = log
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves when it is the newcomer's turn; with null when too many wait already, or it has waited for too long. */
  async enter(): Promise<Leave | null> {
    if (this.#inside < handshakesAtOnceMax) return this.#letIn()
    this.#counters.handshakesDelayed++
    if (this.#waiting.size === 0) {
      this.#log.warn(
        { count: this.#inside },
        'Charge points come faster than they can be let in; they wait for their turn.',
      )
    }
    return new Promise((resolve) => {
      let isOver = false
      const settle: Turn = (leave) => {
        // Who has given up hands the place on.
        if (isOver) leave?.()
        isOver = true
        resolve(leave)
      }
      const cancel = this.#clock.after(handshakeWaitMsMax, () => settle(null))
      const isQueued = this.#waiting.push((leave) => {
        cancel()
        settle(leave)
      })
      if (!isQueued) {
        cancel()
        settle(null)
      }
    })
  }

  #letIn(): Leave {
    this.#inside++
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      this.#inside--
      if (this.#inside < handshakesAtOnceMax) this.#waiting.shift()?.(this.#letIn())
    }
  }
}
