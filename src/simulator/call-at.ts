// A timer for a moment that may be years away.

import type { Clock } from '../base/clock.ts'

// Timers hold 31 bits of milliseconds, less than 25 days.
const timerMsMax = 2 ** 31 - 1

/** Calls `callback` at `atMs`, however far away that is; the returned function cancels it. */
export function callAt(clock: Clock, atMs: number, callback: () => void): () => void {
  let cancel: () => void
  const wait = (): void => {
    const delayMs = Math.max(0, atMs - clock.nowMs())
    cancel = delayMs > timerMsMax ? clock.after(timerMsMax, wait) : clock.after(delayMs, callback)
  }
  wait()
  return () => cancel()
}
