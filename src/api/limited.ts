// A semaphore for each principal: it limits the requests under way at once, so that one station or client that reads
// without a pause leaves room for the others. A request that waits too long or finds the queue full is answered 429, a
// little later.

import type { MiddlewareHandler } from 'hono'
import type { Principal } from '../auth/operator-auth.ts'
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

/** What one principal may have under way, and waiting. */
export interface Allowance {
  readonly atOnceMax: number
  readonly waitingMax: number
}

interface Places {
  taken: number
  /** Each gives its request the place that has become free. */
  readonly line: (() => void)[]
}

const giveBackNothing = (): void => {}

/**
 * Places by name. A name without a request under way is dropped: requests wait only for requests that are under way.
 */
export class PlacesByName {
  readonly #clock: Clock
  readonly #places = new Map<string, Places>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Names of which something is under way. */
  get size(): number {
    return this.#places.size
  }

  /**
   * A place, when one is free; call what it resolves with to give it back. When `signal` aborts during the wait, it
   * leaves the queue with a place that counts nothing: the client is gone.
   *
   * @throws {StatorError} `TOO_MANY_REQUESTS` when `waitingMax` wait already, or after `restWaitMsMax`.
   */
  take(name: string, { atOnceMax, waitingMax }: Allowance, signal?: AbortSignal): Promise<() => void> {
    const places = this.#places.get(name) ?? { taken: 0, line: [] }
    this.#places.set(name, places)
    const giveBack = (): void => {
      const next = places.line.shift()
      if (next !== undefined) next()
      else if (--places.taken === 0) this.#places.delete(name)
    }
    if (places.taken < atOnceMax) {
      places.taken++
      return Promise.resolve(giveBack)
    }
    if (places.line.length >= waitingMax) return Promise.reject(tooMany(atOnceMax))
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        cancel()
        signal?.removeEventListener('abort', abandon)
      }
      const abandon = (): void => {
        leave()
        places.line.splice(places.line.indexOf(next), 1)
        resolve(giveBackNothing)
      }
      const next = (): void => {
        leave()
        resolve(giveBack)
      }
      const cancel = this.#clock.after(restWaitMsMax, () => {
        leave()
        places.line.splice(places.line.indexOf(next), 1)
        reject(tooMany(atOnceMax))
      })
      signal?.addEventListener('abort', abandon)
      places.line.push(next)
    })
  }
}

/**
 * Gives each request a place of its principal, in turn. Commands may wait minutes for a charge point, so they have places of their own,
 * and never keep their sender from reading. Comes after `authenticated`.
 */
export function limited({ clock }: { readonly clock: Clock }): MiddlewareHandler<ApiEnv> {
  const places = new PlacesByName(clock)
  let held = 0
  const holdBack = async (): Promise<void> => {
    if (held >= restRefusalsHeldMax) return
    held++
    await new Promise<void>((resolve) => void clock.after(restRefusalMs, resolve))
    held--
  }
  return async (c, next) => {
    const principal = c.get('principal')
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    const name = `${isRead ? 'read' : 'command'}/${nameOf(principal)}`
    const taking = places.take(name, allowanceOf(principal, isRead), c.req.raw.signal)
    const giveBack = await taking.catch(async (error: unknown) => {
      await holdBack()
      throw error
    })
    try {
      await next()
    } finally {
      giveBack()
    }
  }
}

function nameOf(principal: Principal): string {
  return principal.kind === 'operator' ? `operator/${principal.name}` : `chargePoint/${principal.key}`
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
