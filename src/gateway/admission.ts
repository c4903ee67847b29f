// Admission control: a semaphore that limits how many charge points connect at once. After a power cut thousands of
// them dial in the same moment. If all were read from the database at once, the charge points that are already
// connected would wait behind them. So a handshake waits in a queue for an admission slot.

import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { handshakesAtOnceMax, handshakeWaitMsMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'

/** Releases an admission slot. Further calls do nothing. */
export type Release = () => void

export interface AdmissionDeps {
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
  /** `Limits.HandshakesWaiting`. */
  readonly waitingMax: number
}

type Turn = (release: Release | null) => void

/** The semaphore of the gateway's handshakes, first come, first served. */
export class Admission {
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #waiting: BoundedQueue<Turn>
  readonly #log: Logger
  #held = 0

  constructor({ clock, counters, log, waitingMax }: AdmissionDeps) {
    this.#waiting = new BoundedQueue(waitingMax)
    this.#clock = clock
    this.#counters = counters
    this.#log = log
  }

  /** Handshakes that wait for a slot. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Acquires an admission slot. Resolves with the function that releases it, or with null when the queue is full or the
   * wait exceeds `handshakeWaitMsMax`.
   */
  async enter(): Promise<Release | null> {
    if (this.#held < handshakesAtOnceMax) return this.#acquire()
    this.#counters.handshakesDelayed++
    if (this.#waiting.size === 0) {
      this.#log.warn(
        { count: this.#held },
        'Charge points connect faster than they can be admitted; handshakes wait for a slot.',
      )
    }
    return new Promise((resolve) => {
      let isOver = false
      const settle: Turn = (release) => {
        // The handshake has timed out already: pass the slot on to the next one.
        if (isOver) release?.()
        isOver = true
        resolve(release)
      }
      const cancel = this.#clock.after(handshakeWaitMsMax, () => settle(null))
      const isQueued = this.#waiting.push((release) => {
        cancel()
        settle(release)
      })
      if (!isQueued) {
        cancel()
        settle(null)
      }
    })
  }

  #acquire(): Release {
    this.#held++
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      this.#held--
      if (this.#held < handshakesAtOnceMax) this.#waiting.shift()?.(this.#acquire())
    }
  }
}
