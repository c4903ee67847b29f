// Limits the REST requests that each principal has under way, with a semaphore per principal. One client that reads
// without a pause then leaves capacity for the others. A request that waits too long, or finds the queue full, is
// answered 429 after a short delay.

import type { MiddlewareHandler } from 'hono'
import type { Principal } from '../operators/principal.ts'
import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import {
  chargePointCommandsAtOnceMax,
  chargePointReadsAtOnceMax,
  chargePointRequestsWaitingMax,
  operatorCommandsAtOnceMax,
  operatorReadsAtOnceMax,
  operatorRequestsWaitingMax,
  restRefusalMs,
  restRefusalsHeldMax,
  restWaitMsMax,
} from '../base/limits.ts'
import type { ApiEnv } from './env.ts'
import { isRead } from './methods.ts'

/** How many requests of one principal may run at once, and how many may wait. */
export interface Allowance {
  readonly atOnceMax: number
  readonly waitingMax: number
}

interface Semaphore {
  held: number
  /** Each entry hands the released permit to its request. */
  readonly waiting: (() => void)[]
}

const releaseNothing = (): void => {}

/** A semaphore per name. It is removed once no request holds it, since requests wait only while others hold it. */
export class Semaphores {
  readonly #clock: Clock
  readonly #semaphores = new Map<string, Semaphore>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Number of names with a request under way. */
  get size(): number {
    return this.#semaphores.size
  }

  /**
   * Acquires a permit of the semaphore `name`. Resolves with the function that releases it.
   *
   * When `signal` aborts during the wait, the client is gone: the request leaves the queue without a permit, and the
   * function does nothing.
   *
   * @throws {StatorError} `TOO_MANY_REQUESTS` when `waitingMax` requests wait already, or after `restWaitMsMax`.
   */
  acquire(name: string, { atOnceMax, waitingMax }: Allowance, signal?: AbortSignal): Promise<() => void> {
    const semaphore = this.#semaphores.get(name) ?? { held: 0, waiting: [] }
    this.#semaphores.set(name, semaphore)
    const release = (): void => {
      const next = semaphore.waiting.shift()
      if (next !== undefined) next()
      else if (--semaphore.held === 0) this.#semaphores.delete(name)
    }
    if (semaphore.held < atOnceMax) {
      semaphore.held++
      return Promise.resolve(release)
    }
    if (semaphore.waiting.length >= waitingMax) return Promise.reject(tooMany(atOnceMax))
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        cancel()
        signal?.removeEventListener('abort', abandon)
      }
      const abandon = (): void => {
        leave()
        semaphore.waiting.splice(semaphore.waiting.indexOf(next), 1)
        resolve(releaseNothing)
      }
      const next = (): void => {
        leave()
        resolve(release)
      }
      const cancel = this.#clock.after(restWaitMsMax, () => {
        leave()
        semaphore.waiting.splice(semaphore.waiting.indexOf(next), 1)
        reject(tooMany(atOnceMax))
      })
      signal?.addEventListener('abort', abandon)
      semaphore.waiting.push(next)
    })
  }
}

/**
 * Middleware that acquires a permit for each request, per principal, in order of arrival.
 *
 * Commands may wait minutes for a charge point, so they have a semaphore of their own and do not block reads. Must come
 * after `authenticated`.
 */
export function limited({ clock }: { readonly clock: Clock }): MiddlewareHandler<ApiEnv> {
  const semaphores = new Semaphores(clock)
  let refusalsHeld = 0
  const holdBack = async (): Promise<void> => {
    if (refusalsHeld >= restRefusalsHeldMax) return
    refusalsHeld++
    await new Promise<void>((resolve) => void clock.after(restRefusalMs, resolve))
    refusalsHeld--
  }
  return async (c, next) => {
    const principal = c.get('principal')
    const reads = isRead(c.req.method)
    const name = `${reads ? 'read' : 'command'}/${nameOf(principal)}`
    const acquiring = semaphores.acquire(name, allowanceOf(principal, reads), c.req.raw.signal)
    const release = await acquiring.catch(async (error: unknown) => {
      await holdBack()
      throw error
    })
    try {
      await next()
    } finally {
      release()
    }
  }
}

/** An API key by its id: names can be given again. */
function nameOf(principal: Principal): string {
  if (principal.kind === 'chargePoint') return `chargePoint/${principal.key}`
  return principal.key === undefined ? `operator/${principal.name}` : `key/${principal.key.id}`
}

function allowanceOf({ kind }: Principal, isRead: boolean): Allowance {
  if (kind === 'operator') {
    const atOnceMax = isRead ? operatorReadsAtOnceMax : operatorCommandsAtOnceMax
    return { atOnceMax, waitingMax: operatorRequestsWaitingMax }
  }
  const atOnceMax = isRead ? chargePointReadsAtOnceMax : chargePointCommandsAtOnceMax
  return { atOnceMax, waitingMax: chargePointRequestsWaitingMax }
}

function tooMany(atOnceMax: number): StatorError {
  const sentence = `Too many requests with these credentials at once; ${atOnceMax} of this kind are served side by side`
  return new StatorError('TOO_MANY_REQUESTS', sentence)
}
