// When stations send. Closed loop: each as soon as its last message is answered, which finds the saturation of a
// server. Open loop: at a fixed rate whatever the server does, with latency counted from when a message was due, so
// that a stall of the server shows in the figures (no coordinated omission).

import type { Station } from './station.ts'

export type Loop = { readonly kind: 'closed' } | { readonly kind: 'open'; readonly ratePerSecond: number }

export interface Schedule {
  /** Begins to ask the stations for messages. */
  start(stations: readonly Station[]): void
  /** Asks for no more messages; those under way are still answered. */
  stop(): void
  /** When the next message of a free station was due, if it is due by now. */
  due(station: Station, nowMs: number): number | null
}

export function scheduleOf(loop: Loop): Schedule {
  return loop.kind === 'closed' ? new ClosedLoop() : new OpenLoop(loop.ratePerSecond)
}

class ClosedLoop implements Schedule {
  #isRunning = false

  start(stations: readonly Station[]): void {
    this.#isRunning = true
    const nowMs = performance.now()
    for (const station of stations) station.proceed(nowMs)
  }

  stop(): void {
    this.#isRunning = false
  }

  due(_station: Station, nowMs: number): number | null {
    return this.#isRunning ? nowMs : null
  }
}

/** Due times that one station may be behind; if the server is further behind, further ones are dropped. */
const backlogMax = 1_000

class OpenLoop implements Schedule {
  readonly #ratePerSecond: number
  #timer: Timer | null = null

  constructor(ratePerSecond: number) {
    this.#ratePerSecond = ratePerSecond
  }

  start(stations: readonly Station[]): void {
    const startedMs = performance.now()
    const msPerMessage = 1_000 / this.#ratePerSecond
    let sent = 0
    this.#timer = setInterval(() => {
      const nowMs = performance.now()
      // Station after station: each sends at the same pace, and due times never go back.
      for (let dueMs = startedMs + sent * msPerMessage; dueMs <= nowMs; dueMs = startedMs + ++sent * msPerMessage) {
        const station = stations[sent % stations.length]
        if (station === undefined || station.backlog.length >= backlogMax) continue
        station.backlog.push(dueMs)
        station.proceed(nowMs)
      }
    }, 1)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  due(station: Station): number | null {
    return this.#timer === null ? null : (station.backlog.shift() ?? null)
  }
}
