// Durations that this process measures, as Prometheus histograms; GET /metrics shows them.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Histogram } from 'prom-client'

/** Upper bounds of the buckets of durations, in seconds. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** Upper bounds of the buckets of group sizes. */
const groupBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]
/** Sampling interval of the event loop lag, in milliseconds. */
const eventLoopResolutionMs = 20

/** Event loop lag since the last scrape, in seconds. */
export interface EventLoopLag {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Durations of one action. */
export interface Durations {
  /** Cumulative count by upper bound, in seconds, as in the Prometheus format. */
  readonly buckets: readonly (readonly [le: string, count: number])[]
  readonly seconds: number
  readonly count: number
}

/** Durations by action. Each message adds one; a histogram of prom-client would take fifty times as long. */
class ActionDurations {
  /** Per action: the count of each bucket (not cumulative), then the sum. */
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

/** What this process has measured since its start. */
export class Timings {
  /** From the arrival of a CALL to its CALLRESULT. */
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
  readonly requests = new Histogram({
    name: 'stator_rest_seconds',
    help: 'From the arrival of REST requests to their answers, in seconds, by `method` and `status`.',
    labelNames: ['method', 'status'],
    buckets: secondsBuckets,
    registers: [],
  })
  readonly #eventLoop = monitorEventLoopDelay({ resolution: eventLoopResolutionMs })

  /** Starts to sample the event loop lag. */
  start(): void {
    this.#eventLoop.enable()
  }

  stop(): void {
    this.#eventLoop.disable()
  }

  /** Records an answer. */
  answered(action: string, ms: number): void {
    this.answers.add(action, ms / 1_000)
  }

  /** Records a transaction of the writer. */
  committed(messages: number, ms: number): void {
    this.commits.observe(ms / 1_000)
    this.groups.observe(messages)
  }

  /** Lag since the last call, so that each scrape reports its own interval. */
  takeEventLoopLag(): EventLoopLag {
    const [p50, p99, max] = [this.#eventLoop.percentile(50), this.#eventLoop.percentile(99), this.#eventLoop.max]
    const isEmpty = this.#eventLoop.count === 0
    this.#eventLoop.reset()
    return isEmpty ? { p50: 0, p99: 0, max: 0 } : { p50: p50 / 1e9, p99: p99 / 1e9, max: max / 1e9 }
  }
}
