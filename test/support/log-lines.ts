// The log of a Stator under test, kept to be looked at.

import { createLogger, type Logger, type LogLevel } from '../../src/base/log.ts'

/** Collects the lines of `level` and above, the latest of them. */
export function collectedLog(level: LogLevel): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const log = createLogger({ Default: level }, { write: (line) => void lines.push(line) })
  return { log, lines }
}
