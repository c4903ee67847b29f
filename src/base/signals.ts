// What the signals of the operating system do to a process of Stator.

import { shutdownMsMax } from './limits.ts'

/** What a process does when it is told to. */
export interface SignalHandlers {
  readonly stop: () => Promise<void>
  /** At SIGHUP; null: SIGHUP stops the process. */
  readonly reload: (() => Promise<void>) | null
  /** Called with the error of a stop that failed; ends the process. */
  readonly fail: (error: unknown) => void
}

/**
 * Whether a terminal is attached. A SIGHUP then says that the terminal was closed; without a terminal it is sent by an
 * operator or a service manager.
 */
export function hasTerminal(): boolean {
  return process.stdout.isTTY || process.stdin.isTTY
}

/**
 * SIGTERM and SIGINT stop the process once, with code 0. It ends after `shutdownMsMax` with code 1 if the stop takes
 * longer.
 */
export function onSignals({ stop, reload, fail }: SignalHandlers): void {
  let isStopping = false
  const end = (): void => {
    if (isStopping) return
    isStopping = true
    setTimeout(() => process.exit(1), shutdownMsMax).unref()
    stop().then(() => process.exit(0), fail)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('SIGHUP', () => {
    if (reload === null) end()
    else if (!isStopping) void reload()
  })
}
