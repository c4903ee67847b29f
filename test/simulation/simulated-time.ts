// Time that passes only when the simulation steps. Everything that happens is an event here: timers, frames, database
// requests, turns of the event loop. All promises are settled after each of them.

import { drainMicrotasks } from 'bun:jsc'

interface Event {
  readonly atMs: number
  readonly number: number
  readonly run: () => void
  isCancelled: boolean
}

/** A queue of events, earliest first; events of the same time in the order in which they were set. */
export class SimulatedTime {
  #nowMs: number
  #numbers = 0
  readonly #heap: Event[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Calls `run` after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), number: this.#numbers++, run, isCancelled: false }
    this.#push(event)
    return () => {
      event.isCancelled = true
    }
  }

  /** Runs the next event and every promise that it settles; false if there is none before `endMs`. */
  step(endMs = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > endMs) {
        if (endMs !== Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, endMs)
        return false
      }
      this.#pop()
      if (next.isCancelled) continue
      this.#nowMs = next.atMs
      next.run()
      drainMicrotasks()
      return true
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, event)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const least = isRight ? right : left
      if (isBefore(last, least)) break
      heap[at] = least
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = last
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number)
}
