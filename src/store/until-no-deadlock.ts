// Retries statements that lose in a deadlock.

import { databaseError } from './store-error.ts'

/** How often a statement that lost in a deadlock is sent again. */
const deadlockAttemptsMax = 5

// The rows are updated by several connections and processes, in whatever order their plans take; PostgreSQL ends a
// deadlock by refusing one statement, which can safely be sent again.
export async function untilNoDeadlock<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      if (attempt >= deadlockAttemptsMax || databaseError(error)?.code !== '40P01') throw error
    }
  }
}
