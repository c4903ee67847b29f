// The only source of time, so that tests and the simulation can control it.

/** A source of time. `nowMs` is milliseconds since the Unix epoch. */
export interface Clock {
  nowMs(): number
  /** Calls `callback` once after `delayMs` milliseconds; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

// A busy node writes each millisecond dozens of times: to keep its text saves a twentieth of a Heartbeat
// (bench/measurements.md, "Work for each message").
let lastMs = Number.NaN
let lastText = ''

/**
 * `ms` since the Unix epoch as OCPP writes it: RFC 3339 in UTC with milliseconds (OCPP-J 1.6 §3.15 asks for ISO 8601).
 */
export function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}

/** A day in milliseconds. */
export const dayMs = 86_400_000
