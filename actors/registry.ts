// Every charge point that is connected to this process, by identity. One owner each: a newer connection replaces an older
// one, and the late end of the older one takes nothing away from the newer.

import {
  type ActorOptions,
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  type ErrorActorEvent,
  fromTransition,
} from 'xstate'
import type { Clock } from '../src/base/clock.ts'
import { callTimeoutMsDefault } from '../src/base/limits.ts'
import type { Hydration } from '../src/csms/records.ts'
import { LiveChargePoint, type CallCounts, type Link, type Surroundings } from './live-charge-point.ts'
import { RemoteStartPromises } from './remote-start-promises.ts'

export type { LiveChargePoint } from './live-charge-point.ts'

export interface RegistryOptions {
  readonly clock: Clock
  /** How long the answer to a CALL may take when its caller does not say, in milliseconds. */
  readonly callTimeoutMs?: number
  /** Told when the actor of a charge point fails, which is a defect: its connection is closed. */
  readonly onFailure?: (identity: string, error: unknown) => void
  /** Makes the message ids of CALLs; random ones unless told otherwise. */
  readonly newMessageId?: () => string
}

// RFC 6455 §7.4.1: the connection did what it was there for; something unexpected prevents the server from serving it.
const closeNormal = 1000
const closeInternalError = 1011

export class Registry {
  readonly counts: CallCounts = { sent: 0, answered: 0, timedOut: 0, late: 0, unknown: 0 }
  readonly #surroundings: Surroundings
  readonly #live = new Map<string, LiveChargePoint>()
  readonly #onFailure: NonNullable<RegistryOptions['onFailure']>

  constructor({
    clock,
    callTimeoutMs = callTimeoutMsDefault,
    newMessageId = randomId,
    onFailure = (_, error) => reportError(error),
  }: RegistryOptions) {
    this.#onFailure = onFailure
    this.#surroundings = {
      nowMs: () => clock.nowMs(),
      newMessageId,
      root: this.#startRoot(clock),
      promises: new RemoteStartPromises(clock),
      counts: this.counts,
      callTimeoutMs,
    }
  }

  /** How many charge points are connected. */
  get size(): number {
    return this.#live.size
  }

  get(identity: string): LiveChargePoint | undefined {
    return this.#live.get(identity)
  }

  [Symbol.iterator](): MapIterator<LiveChargePoint> {
    return this.#live.values()
  }

  /**
   * Starts the actor of a charge point from what the database knows of it. Of two connections of one charge point the one
   * with the higher epoch stays: the link of the other is closed, its calls fail, and its actor moves no more. That other
   * is the new one when two handshakes overtook each other; it is returned `closed` then.
   */
  connect(hydration: Hydration, link: Link): LiveChargePoint {
    const live = new LiveChargePoint(hydration, link, this.#surroundings)
    const current = this.#live.get(live.identity)
    if (current !== undefined && current.epoch > live.epoch) {
      this.#replace(live)
      return live
    }
    this.#live.set(live.identity, live)
    if (current !== undefined) this.#replace(current)
    return live
  }

  /** The connection of `live` is gone. A newer one of the same charge point stays where it is. */
  release(live: LiveChargePoint): void {
    if (this.#live.get(live.identity) === live) this.#live.delete(live.identity)
    live.end('closed')
  }

  /**
   * The actor whose children those of the charge points are, so that they share one system. It hears of a child that failed:
   * then what the child knew is worth nothing, and its charge point has to connect anew.
   */
  #startRoot(clock: Clock): AnyActorRef {
    const logic = fromTransition((state: null, event: { type: string } | ErrorActorEvent) => {
      if ('error' in event) this.#failed(event.actorId, event.error)
      return state
    }, null)
    return createActor(logic, { clock: machineClock(clock) }).start()
  }

  #failed(identity: string, error: unknown): void {
    this.#onFailure(identity, error)
    this.#live.get(identity)?.link.close(closeInternalError, 'The central system failed; connect again.')
  }

  #replace(live: LiveChargePoint): void {
    live.end('replaced')
    live.link.close(closeNormal, 'Replaced by a newer connection')
  }
}

function randomId(): string {
  return crypto.randomUUID()
}

/** `clock` as XState wants it: the function that cancels a timer serves as its id. */
function machineClock(clock: Clock): NonNullable<ActorOptions<AnyActorLogic>['clock']> {
  return {
    setTimeout: (callback, delayMs) => clock.after(delayMs, callback),
    clearTimeout: (cancel: () => void) => cancel(),
  }
}
