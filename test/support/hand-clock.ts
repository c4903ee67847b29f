// A clock that stands still until a test moves it.

import type { Clock } from '../../src/base/clock.ts'

interface Alarm {
  readonly atMs: number
  readonly callback: () => void
}

/** A clock moved by hand. Alarms ring in the order of their times, each at its own time. */
export class HandClock implements Clock {
  #nowMs: number
  #alarms: Alarm[] = []

  constructor(nowMs = Date.parse('2025-12-26T12:00:00Z')) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const alarm = { atMs: this.#nowMs + delayMs, callback }
    this.#alarms.push(alarm)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
    }
  }

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.length
  }

  /** Lets `ms` milliseconds pass, ringing what falls due meanwhile, alarms set by alarms included. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const due = this.#alarms.filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#alarms = this.#alarms.filter((other) => other !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.callback()
    }
    this.#nowMs = endMs
  }
}
