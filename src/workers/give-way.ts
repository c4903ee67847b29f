// Lowers the priority of worker threads: their work of milliseconds must not take a core from the main thread, which
// serves all charge points.

import { setPriority } from 'node:os'

/** As `nice` counts: 0 is ordinary, 19 the least. */
const priority = 10

/**
 * Gives all other threads precedence. It has an effect on Linux only: elsewhere it would slow down the whole process.
 */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(0, priority)
}
