// How long this process takes for what it does, as histograms of Prometheus; GET /metrics shows them.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Histogram } from 'prom-client'

/** Upper ends of the classes of durations, in seconds. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** Upper ends of the classes of the sizes of groups. */
const groupBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]
/** How often the event loop is looked at, in milliseconds. */
const eventLoopResolutionMs = 20

/** How late the event loop was since it was last asked, in seconds. */
export interface EventLoopLag {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Durations of one action. */
export interface Durations {
  /** How many took as long as a class says, or less; the class in seconds, as Prometheus writes it. */
  readonly buckets: readonly (readonly [le: string, count: number])[]
  readonly seconds: number
  readonly count: number
}

/** Durations by action. Every message adds one, and a histogram of prom-client would take fifty times as long for it. */
class ActionDurations {
  /** Per action how many fell into each class, those of lower classes left out; after the last class the sum. */
  readonly #counts = new Map<string, Float64Array>()

  add(action: string, seconds: number): void {
    let counts = this.#counts.get(action)
    if (counts === undefined) {
      counts = new Float64Array(secondsBuckets.length + 2)
      this.#counts.set(action, counts)
    }
    let at = 0
    while (seconds > (secondsBuckets[at] ?? Number.POSITIVE_INFINITY)) at++
    counts[at] = (counts[at] ?? 0) + 1
    counts[secondsBuckets.length + 1] = (counts[secondsBuckets.length + 1] ?? 0) + seconds
  }

  *[Symbol.iterator](): Generator<readonly [action: string, durations: Durations]> {
    for (const [action, counts] of this.#counts) {
      let count = 0
      const buckets = [...secondsBuckets, '+Inf'].map((le, at) => {
        count += counts[at] ?? 0
        return [String(le), count] as const
      })
      yield [action, { buckets, seconds: counts[secondsBuckets.length + 1] ?? 0, count }]
    }
  }
}

/** What one process measures of itself since its start. */
export class Timings {
  /** Of every CALL that is answered with a CALLRESULT: from its arrival to its answer. */
  readonly answers = new ActionDurations()
  readonly commits = new Histogram({
    name: 'stator_commit_seconds',
    help: 'From the first statement of a transaction of the writer to its COMMIT, with what had to be done again.',
    buckets: secondsBuckets,
    registers: [],
  })
  readonly groups = new Histogram({
    name: 'stator_commit_messages',
    help: 'Messages that were committed together.',
    buckets: groupBuckets,
    registers: [],
  })
  readonly #eventLoop = monitorEventLoopDelay({ resolution: eventLoopResolutionMs })

  /** Begins to look at the event loop. */
  start(): void {
    this.#eventLoop.enable()
  }

  stop(): void {
    this.#eventLoop.disable()
  }

  /** Notes an answer. */
  answered(action: string, ms: number): void {
    this.answers.add(action, ms / 1_000)
  }

  /** Notes a transaction of the writer. */
  committed(messages: number, ms: number): void {
    this.commits.observe(ms / 1_000)
    this.groups.observe(messages)
  }

  /** Since the last call, so that each scrape tells of its own time. */
  takeEventLoopLag(): EventLoopLag {
    const [p50, p99, max] = [this.#eventLoop.percentile(50), this.#eventLoop.percentile(99), this.#eventLoop.max]
    const isEmpty = this.#eventLoop.count === 0
    this.#eventLoop.reset()
    return isEmpty ? { p50: 0, p99: 0, max: 0 } : { p50: p50 / 1e9, p99: p99 / 1e9, max: max / 1e9 }
  }
}
