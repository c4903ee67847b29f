// Latencies and counts of a run, in slices of a second and in total.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Latencies are kept in microseconds, to three digits, up to ten minutes. */
const options = { lowest: 1, highest: 600_000_000, figures: 3 }

export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** In milliseconds; null when nothing was recorded. */
export function percentilesOf(histogram: RecordableHistogram): Percentiles | null {
  if (histogram.count === 0) return null
  const max = histogram.max / 1_000
  // A percentile is the upper edge of its bucket, which may lie past the largest value.
  const ms = (percentile: number): number => Math.min(max, histogram.percentile(percentile) / 1_000)
  return { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max }
}

/** What one slice of a run saw. */
export interface SliceCount {
  readonly messages: number
  readonly latencyMs: Percentiles | null
}

/** Counts what was answered between `reset` and now. */
export class Recorder {
  readonly #total = createHistogram(options)
  readonly #slice = createHistogram(options)
  readonly #lag = createHistogram(options)
  #byAction = new Map<string, { messages: number }>()
  #sliceCount = 0

  /** Begins anew. */
  reset(): void {
    this.#total.reset()
    this.#slice.reset()
    this.#lag.reset()
    this.#byAction = new Map()
    this.#sliceCount = 0
  }

  /** A message was answered; `lagMs` is how long after its due time it was sent. */
  answered(action: string, latencyMs: number, lagMs: number): void {
    const count = this.#byAction.get(action)
    if (count === undefined) this.#byAction.set(action, { messages: 1 })
    else count.messages++
    this.#sliceCount++
    this.#slice.record(toMicroseconds(latencyMs))
    if (lagMs > 0) this.#lag.record(toMicroseconds(lagMs))
  }

  /** Ends the slice and begins the next. */
  takeSlice(): SliceCount {
    const slice = { messages: this.#sliceCount, latencyMs: percentilesOf(this.#slice) }
    if (this.#slice.count > 0) this.#total.add(this.#slice)
    this.#slice.reset()
    this.#sliceCount = 0
    return slice
  }

  /** Of all slices taken since `reset`. */
  get latencyMs(): Percentiles | null {
    return percentilesOf(this.#total)
  }

  /** How late the generator itself sent what a free station was due to send. */
  get lagMs(): Percentiles | null {
    return percentilesOf(this.#lag)
  }

  get byAction(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byAction].map(([action, { messages }]) => [action, messages]))
  }
}

function toMicroseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000))
}
