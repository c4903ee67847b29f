// Lowers the priority of worker threads: their work of milliseconds must not take a core from the main thread, which
// serves all charge points.

import { setPriority } from 'node:os'

/** As `nice` counts: 0 is ordinary, 19 the least. */
const priority = 10

/**
 * Gives all other threads precedence. It has an effect on Linux only: elsewhere it would slow down the whole process.
 *
 * Where a system call filter forbids it, the thread works at ordinary priority.
 */
export function giveWay(lower: (pid: number, priority: number) => void = setPriority): void {
  if (process.platform !== 'linux') return
  try {
    lower(0, priority)
  } catch {
    // An uncaught error of a worker would end the process.
  }
}
