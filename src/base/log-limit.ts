// A rate limit on the log lines about one charge point: a token bucket per identity. Lines are written synchronously,
// so a charge point that causes thousands per second would delay all others and fill the disk. The bucket belongs to
// the identity, not to the connection or the level: a reconnect does not refill it.

import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import {
  logIdentitiesMax,
  logLinesAtOnceMax,
  logLinesPerSecondMax,
  logRefusalsAtOnceMax,
  logRefusalsPerSecondMax,
  logSummaryMs,
} from './limits.ts'
import type { LogCategory, LogFields, Logger, LogLevel } from './log.ts'

/** A token bucket: a burst of lines, then a rate per second. */
class Bucket {
  readonly #linesMax: number
  readonly #linesPerSecond: number
  #lines: number
  #atMs: number
  /** Lines suppressed since `takeLeftOut`. */
  #leftOut = 0

  constructor(linesMax: number, linesPerSecond: number, nowMs: number) {
    this.#linesMax = linesMax
    this.#linesPerSecond = linesPerSecond
    this.#lines = linesMax
    this.#atMs = nowMs
  }

  /** Whether one more line may be written now. If not, it counts as suppressed. */
  take(nowMs: number): boolean {
    // A clock that is set back changes nothing.
    const refill = (Math.max(0, nowMs - this.#atMs) / 1_000) * this.#linesPerSecond
    this.#lines = Math.min(this.#linesMax, this.#lines + refill)
    this.#atMs = nowMs
    if (this.#lines < 1) {
      this.#leftOut++
      return false
    }
    this.#lines--
    return true
  }

  takeLeftOut(): number {
    const leftOut = this.#leftOut
    this.#leftOut = 0
    return leftOut
  }
}

export interface LogLimit {
  /** The limited log, to be used instead of the original. */
  readonly log: Logger
  /** Reports the suppressed lines at once, and stops the timer. */
  stop(): void
}

/**
 * Limits the lines of `log`.
 *
 * Lines with an `identity` take from the bucket of that identity (`logLinesAtOnceMax`, then `logLinesPerSecondMax`).
 * Lines with a `path` are refused handshakes, whose identities are unproven: they also take from one shared bucket
 * (`logRefusalsAtOnceMax`, then `logRefusalsPerSecondMax`). Lines of any level beyond the limit are suppressed and
 * counted. Within `logSummaryMs` one line reports how many, and about which identities.
 */
export function limitLog(log: Logger, clock: Clock, counters: Counters): LogLimit {
  const limiter = new Limiter(log, clock, counters)
  return { log: new LimitedLog(log, limiter, {}), stop: () => limiter.stop() }
}

class Limiter {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #buckets = new Map<string, Bucket>()
  readonly #refusals: Bucket
  #isSummaryDue = false
  #isStopped = false
  #cancelSummary = (): void => {}

  constructor(log: Logger, clock: Clock, counters: Counters) {
    this.#log = log.category('OCPP')
    this.#clock = clock
    this.#counters = counters
    this.#refusals = new Bucket(logRefusalsAtOnceMax, logRefusalsPerSecondMax, clock.nowMs())
  }

  /** Whether a line with these fields may be written. */
  allows({ identity, path }: LogFields): boolean {
    if (identity === undefined && path === undefined) return true
    const nowMs = this.#clock.nowMs()
    const isWithin =
      (typeof identity !== 'string' || this.#bucketOf(identity, nowMs).take(nowMs)) &&
      (path === undefined || this.#refusals.take(nowMs))
    if (isWithin) return true
    this.#counters.logLinesSuppressed++
    if (!this.#isSummaryDue && !this.#isStopped) {
      this.#isSummaryDue = true
      this.#cancelSummary = this.#clock.after(logSummaryMs, () => this.#summarize())
    }
    return false
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelSummary()
    this.#summarize()
  }

  #bucketOf(identity: string, nowMs: number): Bucket {
    let bucket = this.#buckets.get(identity)
    if (bucket === undefined) {
      if (this.#buckets.size >= logIdentitiesMax) this.#forgetOldest()
      bucket = new Bucket(logLinesAtOnceMax, logLinesPerSecondMax, nowMs)
      this.#buckets.set(identity, bucket)
    }
    return bucket
  }

  #forgetOldest(): void {
    for (const [identity, bucket] of this.#buckets) {
      this.#report(bucket, { identity })
      this.#buckets.delete(identity)
      return
    }
  }

  #summarize(): void {
    this.#isSummaryDue = false
    for (const [identity, bucket] of this.#buckets) this.#report(bucket, { identity })
    this.#report(this.#refusals, {})
  }

  #report(bucket: Bucket, about: LogFields): void {
    const count = bucket.takeLeftOut()
    if (count > 0) this.#log.warn({ ...about, count }, 'Log lines were left out: there were too many.')
  }
}

class LimitedLog implements Logger {
  readonly #log: Logger
  readonly #limiter: Limiter
  /** Fields of this log that every line has. */
  readonly #fields: LogFields

  constructor(log: Logger, limiter: Limiter, fields: LogFields) {
    this.#log = log
    this.#limiter = limiter
    this.#fields = fields
  }

  category(category: LogCategory): Logger {
    return new LimitedLog(this.#log.category(category), this.#limiter, this.#fields)
  }

  child(fields: LogFields): Logger {
    return new LimitedLog(this.#log.child(fields), this.#limiter, { ...this.#fields, ...fields })
  }

  isEnabled(level: LogLevel): boolean {
    return this.#log.isEnabled(level)
  }

  trace(...line: Parameters<Logger['trace']>): void {
    if (this.#log.isEnabled('Trace') && this.#allows(line)) this.#log.trace(...line)
  }

  debug(...line: Parameters<Logger['debug']>): void {
    if (this.#log.isEnabled('Debug') && this.#allows(line)) this.#log.debug(...line)
  }

  info(...line: Parameters<Logger['info']>): void {
    if (this.#log.isEnabled('Information') && this.#allows(line)) this.#log.info(...line)
  }

  warn(...line: Parameters<Logger['warn']>): void {
    if (this.#log.isEnabled('Warning') && this.#allows(line)) this.#log.warn(...line)
  }

  error(...line: Parameters<Logger['error']>): void {
    if (this.#log.isEnabled('Error') && this.#allows(line)) this.#log.error(...line)
  }

  fatal(...line: Parameters<Logger['fatal']>): void {
    if (this.#log.isEnabled('Critical') && this.#allows(line)) this.#log.fatal(...line)
  }

  #allows(line: Parameters<Logger['info']>): boolean {
    const [first] = line
    const { identity, path } = typeof first === 'string' ? this.#fields : first
    return this.#limiter.allows({
      identity: identity ?? this.#fields.identity,
      path: path ?? this.#fields.path,
    })
  }
}
