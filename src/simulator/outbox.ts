// The messages about transactions that a charge point must not lose: kept in order and sent one after another, each
// repeated until the central system has answered (OCPP 1.6 §3.7.1, 2.0.1 Part 4 §5.4). Messages from offline times wait
// here.

import type { Clock } from '../base/clock.ts'
import { CallRejected, type Answer, type Call } from './connection.ts'

/** What an outbox needs of its charge point. */
export interface OutboxLine {
  readonly clock: Clock
  call(call: Call): Promise<Answer>
  /** How often a message that is refused with a CALLERROR is tried before it is given up. */
  readonly attemptsMax: () => number
  /** Wait before the second attempt; before the nth it is n - 1 times as long. */
  readonly retryMs: () => number
  /** A message was discarded: the central system refused it too often. */
  readonly gaveUp: (error: CallRejected) => void
}

interface Entry {
  readonly make: () => Call
  readonly settle: (answer: Answer | null) => void
  attempts: number
}

/** An ordered queue of transaction messages that survives lost connections. */
export class Outbox {
  readonly #line: OutboxLine
  readonly #entries: Entry[] = []
  #open = false
  #busy = false
  #cancelRetry: (() => void) | null = null

  constructor(line: OutboxLine) {
    this.#line = line
  }

  /** Messages that have not been answered yet. */
  get size(): number {
    return this.#entries.length
  }

  /**
   * Appends a message. `make` creates it when its turn has come, because a 1.6 message needs the transactionId from the
   * answer to an earlier one. Resolves with the answer, or with null when the message was given up.
   */
  push(make: () => Call): Promise<Answer | null> {
    return new Promise((settle) => {
      this.#entries.push({ make, settle, attempts: 0 })
      void this.#work()
    })
  }

  /** The charge point is accepted and connected: messages may be sent. */
  resume(): void {
    this.#open = true
    void this.#work()
  }

  /** The connection has ended: messages wait. */
  pause(): void {
    this.#open = false
    this.#cancelRetry?.()
    this.#cancelRetry = null
  }

  async #work(): Promise<void> {
    if (this.#busy || this.#cancelRetry !== null) return
    this.#busy = true
    while (this.#open) {
      const entry = this.#entries[0]
      if (entry === undefined) break
      try {
        const answer = await this.#line.call(entry.make())
        this.#entries.shift()
        entry.settle(answer)
      } catch (error) {
        entry.attempts++
        if (error instanceof CallRejected && entry.attempts >= this.#line.attemptsMax()) {
          this.#entries.shift()
          this.#line.gaveUp(error)
          entry.settle(null)
        } else if (this.#open) {
          this.#cancelRetry = this.#line.clock.after(this.#line.retryMs() * entry.attempts, () => {
            this.#cancelRetry = null
            void this.#work()
          })
          break
        }
      }
    }
    this.#busy = false
  }
}
