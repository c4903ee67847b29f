// Statements that may lose against another one in a deadlock, sent again.

import { databaseError } from './store-error.ts'

/** How often a statement is sent again that lost against another one in a deadlock. */
const deadlockAttemptsMax = 5

// The rows are updated by several connections and processes, in whatever order their plans take; PostgreSQL ends a
// deadlock by refusing one statement, which does no harm to send again.
export async function untilNoDeadlock<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      if (attempt >= deadlockAttemptsMax || databaseError(error)?.code !== '40P01') throw error
    }
  }
}
