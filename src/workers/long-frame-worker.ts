// The inside of the thread for long frames. It does what worker.ts does, and makes way for all other threads: a frame that takes it
// a tenth of a second must not take a core from the thread that serves everybody.

import { setPriority } from 'node:os'

export { default } from './worker.ts'

/** As `nice` counts: 0 is ordinary, 19 the least. */
const priority = 10

// Linux alone has a priority for each thread; elsewhere this would slow down the whole process.
if (process.platform === 'linux') setPriority(0, priority)
