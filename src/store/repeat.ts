// Repeated work, with a pause after each run.

import type { Clock } from '../base/clock.ts'

/** Runs `work` repeatedly between `begin` and `end`: `pauseMs` after each run has ended. */
export function repeat(
  clock: Clock,
  pauseMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): { begin(delayMs: number): void; end(): Promise<void> } {
  let cancel = (): void => {}
  let running: Promise<void> = Promise.resolve()
  let isStopped = false
  const turn = (): void => {
    running = work()
      .catch(onError)
      .then(() => {
        if (!isStopped) cancel = clock.after(pauseMs, turn)
      })
  }
  return {
    begin(delayMs) {
      if (delayMs === 0) turn()
      else cancel = clock.after(delayMs, turn)
    },
    async end() {
      isStopped = true
      cancel()
      await running
    },
  }
}
