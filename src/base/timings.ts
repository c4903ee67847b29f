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

/** What one process measures of itself since its start. */
export class Timings {
  /** Of every CALL that is answered with a CALLRESULT: from its arrival to its answer. */
  readonly answers = new Histogram({
    name: 'stator_answer_seconds',
    help: 'From the arrival of a CALL to its answer, by its `action`.',
    labelNames: ['action'],
    buckets: secondsBuckets,
    registers: [],
  })
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
  readonly #answersOf = new Map<string, Histogram.Internal<'action'>>()
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
    let histogram = this.#answersOf.get(action)
    if (histogram === undefined) {
      histogram = this.answers.labels(action)
      this.#answersOf.set(action, histogram)
    }
    histogram.observe(ms / 1_000)
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
