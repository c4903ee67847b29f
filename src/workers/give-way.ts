// Priority of the threads beside the main thread: what takes them milliseconds must not take a core from the thread
// that serves everybody.

import { setPriority } from 'node:os'

/** As `nice` counts: 0 is ordinary, 19 the least. */
const priority = 10

/** Lets all other threads go first. Does nothing but on Linux: elsewhere it would slow down the whole process. */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(0, priority)
}
