// A timeout for waiting on the database.

import type { Clock } from './clock.ts'
import { StatorError } from './errors.ts'

/**
 * Returns the outcome of `promise`.
 *
 * @throws {StatorError} `STORE_UNAVAILABLE` after `ms`; a later outcome is ignored.
 */
export function inTime<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      reject(new StatorError('STORE_UNAVAILABLE', `The database has not answered for ${ms} ms.`))
    })
    promise.then(resolve, reject).finally(cancel)
  })
}
