// Latencies and counts of a run, in slices of a second and in total.

import { Histogram } from './histogram.ts'

export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** In milliseconds; null when nothing was recorded. */
export function percentilesOf(histogram: Histogram): Percentiles | null {
  const [p50, p90, p99, p999, max] = histogram.percentiles([0.5, 0.9, 0.99, 0.999, 1]).map((us) => us / 1_000)
  if (p50 === undefined || p90 === undefined || p99 === undefined || p999 === undefined || max === undefined)
    return null
  return { p50, p90, p99, p999, max }
}

/** The figures of one slice of a run. */
export interface SliceCount {
  readonly messages: number
  readonly latencyMs: Percentiles | null
}

/** Different actions that are counted separately. */
const actionsMax = 64

/** Counts what was answered between `reset` and now. `engine.c` counts into its arrays too. */
export class Recorder {
  /** Of the slice under way. */
  readonly latencies = new Histogram()
  /** By number of action. */
  readonly counts = new Uint32Array(new ArrayBuffer(actionsMax * Uint32Array.BYTES_PER_ELEMENT))
  readonly #total = new Histogram()
  readonly #lag = new Histogram()
  readonly #actions = new Map<string, number>()

  /** Starts over. */
  reset(): void {
    this.latencies.reset()
    this.counts.fill(0)
    this.#total.reset()
    this.#lag.reset()
  }

  /** The number under which an action is counted. */
  numberOf(action: string): number {
    const known = this.#actions.get(action)
    if (known !== undefined) return known
    const number = this.#actions.size
    if (number === actionsMax) throw new RangeError(`More than ${actionsMax} actions are spoken.`)
    this.#actions.set(action, number)
    return number
  }

  /** A message was answered; `lagMs` is how long after its due time it was sent. */
  answered(action: string, latencyMs: number, lagMs: number): void {
    const number = this.numberOf(action)
    this.counts[number] = (this.counts[number] ?? 0) + 1
    this.latencies.record(latencyMs * 1_000)
    if (lagMs > 0) this.#lag.record(lagMs * 1_000)
  }

  /** Ends the slice and begins the next. */
  takeSlice(): SliceCount {
    const slice = { messages: this.latencies.count, latencyMs: percentilesOf(this.latencies) }
    this.#total.add(this.latencies)
    this.latencies.reset()
    return slice
  }

  /** Of all slices taken since `reset`. */
  get latencyMs(): Percentiles | null {
    return percentilesOf(this.#total)
  }

  /** How late the generator itself sent the due messages of free stations. */
  get lagMs(): Percentiles | null {
    return percentilesOf(this.#lag)
  }

  get byAction(): Readonly<Record<string, number>> {
    const counted = [...this.#actions].map(([action, number]): [string, number] => [action, this.counts[number] ?? 0])
    return Object.fromEntries(counted.filter(([, count]) => count > 0))
  }
}
