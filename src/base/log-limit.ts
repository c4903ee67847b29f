// A limit on the log lines about one charge point. Lines are written before the call returns, so a charge point that
// causes thousands of them a second takes time from all others, fills the disk, and hides what the others do. It limits
// lines by what they say they are about, never by their level or by the connection: a reconnect gives nobody a new
// allowance.

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

/** Lines that may be written: so many at once, and so many a second after that. */
class Bucket {
  readonly #linesMax: number
  readonly #linesPerSecond: number
  #lines: number
  #atMs: number
  /** Lines that were left out since `takeLeftOut`. */
  #leftOut = 0

  constructor(linesMax: number, linesPerSecond: number, nowMs: number) {
    this.#linesMax = linesMax
    this.#linesPerSecond = linesPerSecond
    this.#lines = linesMax
    this.#atMs = nowMs
  }

  /** Whether one more line may be written now; counts it as left out when not. */
  take(nowMs: number): boolean {
    // A clock that is set back gives nothing and takes nothing.
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
  /** The log to be limited, which takes its lines from now on through here. */
  readonly log: Logger
  /** Says at once how many lines were left out, and sets no timer any more. */
  stop(): void
}

/**
 * `log` with a limit on lines that carry `identity` (`logLinesAtOnceMax`, then `logLinesPerSecondMax`), and one on lines that
 * carry `path` (`logRefusalsAtOnceMax`, then `logRefusalsPerSecondMax`): those are handshakes that were refused, under
 * identities that nobody has proven, so all of them share one allowance as well. Lines of any level are left out past a
 * limit, and counted; within `logSummaryMs` one line says how many, and about whom.
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
      this.#tell(bucket, { identity })
      this.#buckets.delete(identity)
      return
    }
  }

  #summarize(): void {
    this.#isSummaryDue = false
    for (const [identity, bucket] of this.#buckets) this.#tell(bucket, { identity })
    this.#tell(this.#refusals, {})
  }

  #tell(bucket: Bucket, about: LogFields): void {
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
