// Waiting for the database, but not for ever.

import type { Clock } from './clock.ts'
import { StatorError } from './errors.ts'

/**
 * The outcome of `promise`.
 *
 * @throws {StatorError} `STORE_UNAVAILABLE` when it takes longer than `ms`; its outcome is then ignored.
 */
export function inTime<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      reject(new StatorError('STORE_UNAVAILABLE', `The database has not answered for ${ms} ms.`))
    })
    promise.then(resolve, reject).finally(cancel)
  })
}
