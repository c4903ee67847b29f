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
import type { ActorEvent } from '../src/csms/decision.ts'
import type { Hydration } from '../src/csms/records.ts'
import type { RemoteStart } from '../src/csms/remote-control.ts'
import { AskedMessages } from './asked-messages.ts'
import type { ChargePointSettings } from './charge-point.ts'
import { LiveChargePoint, type CallCounts, type Link, type Surroundings } from './live-charge-point.ts'

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

type Move = (live: LiveChargePoint) => void

/** One charge point. The key tells it from another one that was deleted and had the same identity. */
export interface ChargePointRef {
  readonly key: number
  readonly identity: string
}

/** A connection that is being begun. */
export interface Arrival {
  readonly key: number
  readonly link: Link
  /** What has been changed of its charge point since its state began to be read; null before that. */
  moves: Move[] | null
}

export class Registry {
  readonly counts: CallCounts = { sent: 0, answered: 0, timedOut: 0, late: 0, unknown: 0 }
  readonly #surroundings: Surroundings
  readonly #live = new Map<string, LiveChargePoint>()
  readonly #onFailure: NonNullable<RegistryOptions['onFailure']>
  readonly #arrivals = new Map<string, Set<Arrival>>()

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
      asked: new AskedMessages(clock),
      counts: this.counts,
      callTimeoutMs,
    }
  }

  /** How many charge points are connected. */
  get size(): number {
    return this.#live.size
  }

  /** The charge point that is connected under `identity`. */
  get(identity: string): LiveChargePoint | undefined {
    return this.#live.get(identity)
  }

  /** The charge point, if it is connected; another one that has its identity does not count. */
  find({ key, identity }: ChargePointRef): LiveChargePoint | undefined {
    const live = this.#live.get(identity)
    return live?.chargePoint.key === key ? live : undefined
  }

  /** Whether a connection of the charge point is being begun. */
  isArriving(chargePoint: ChargePointRef): boolean {
    return this.#arrivalsOf(chargePoint).length > 0
  }

  /** Moves the charge point by what has been committed, if it is connected or about to be. */
  apply(chargePoint: ChargePointRef, events: readonly ActorEvent[]): void {
    this.#move(chargePoint, (live) => live.apply(events))
  }

  /** Keeps `transactionId` for the transaction that `start` will bring about, for `remoteStartPromiseMs`. */
  promiseTransaction(chargePoint: ChargePointRef, start: RemoteStart, transactionId: number): void {
    this.#move(chargePoint, (live) => live.promiseTransaction(start, transactionId))
  }

  /** The remote start failed: `transactionId` is kept for nobody any more. */
  withdrawPromise(chargePoint: ChargePointRef, transactionId: number): void {
    this.#move(chargePoint, (live) => live.withdrawPromise(transactionId))
  }

  /** An operator changed how the charge point is to be treated. */
  provisioned(chargePoint: ChargePointRef, settings: ChargePointSettings): void {
    this.#move(chargePoint, (live) => live.provisioned(settings))
  }

  /** Closes every link of the charge point at once, also those that are still being begun. */
  disconnect(chargePoint: ChargePointRef, code: number, reason: string): void {
    this.find(chargePoint)?.link.close(code, reason)
    for (const { link } of this.#arrivalsOf(chargePoint)) link.close(code, reason)
  }

  /** Closes the link of the charge point if its epoch is below `epoch`: somebody else has taken the connection away. */
  fence(chargePoint: ChargePointRef, epoch: number, code: number, reason: string): void {
    this.#move(chargePoint, (live) => {
      if (live.epoch < epoch) live.link.close(code, reason)
    })
  }

  /** Somebody else changed what is stored of the charge point: it is read again before anything more is decided. */
  doubt(chargePoint: ChargePointRef): void {
    this.#move(chargePoint, (live) => {
      live.isDoubtful = true
    })
  }

  /** Lets a connected charge point start once more from what `read` finds, and from what was committed meanwhile. */
  async rehydrate(live: LiveChargePoint, read: () => Promise<Hydration>): Promise<void> {
    const { identity } = live
    const arrival = this.arriving({ key: live.chargePoint.key, identity }, live.link)
    this.reading(arrival)
    try {
      const hydration = await read()
      live.isDoubtful = false
      live.rehydrate(hydration)
      for (const move of arrival.moves ?? []) move(live)
    } finally {
      this.arrived(identity, arrival)
    }
  }

  [Symbol.iterator](): MapIterator<LiveChargePoint> {
    return this.#live.values()
  }

  /**
   * A connection of the charge point has opened: `disconnect` finds it from now on. `arrived` ends it, whatever came of
   * it.
   */
  arriving({ key, identity }: ChargePointRef, link: Link): Arrival {
    const arrival: Arrival = { key, link, moves: null }
    this.#arrivals.set(identity, (this.#arrivals.get(identity) ?? new Set()).add(arrival))
    return arrival
  }

  /**
   * The state of the charge point is being read from the database. What is committed from now on may have come too late
   * for the reading, and `connect` makes up for it.
   */
  reading(arrival: Arrival): void {
    arrival.moves = []
  }

  arrived(identity: string, arrival: Arrival): void {
    const arrivals = this.#arrivals.get(identity)
    arrivals?.delete(arrival)
    if (arrivals?.size === 0) this.#arrivals.delete(identity)
  }

  /**
   * Starts the actor of a charge point from what the database knows of it. Of two connections of one charge point the one
   * with the higher epoch stays: the link of the other is closed, its calls fail, and its actor moves no more. That other
   * is the new one when two handshakes overtook each other; it is returned `closed` then.
   *
   * @param arrival moves the actor once more by what was committed meanwhile; what had been read already moves nothing.
   */
  connect(hydration: Hydration, link: Link, arrival?: Arrival): LiveChargePoint {
    const live = new LiveChargePoint(hydration, link, this.#surroundings)
    for (const move of arrival?.moves ?? []) move(live)
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
   * The parent of the actors of all charge points, so that they share one system. It receives the error of a child that
   * failed: the state of that child is lost, and its charge point has to connect again.
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

  #move(chargePoint: ChargePointRef, move: Move): void {
    const live = this.find(chargePoint)
    if (live !== undefined) move(live)
    for (const { moves } of this.#arrivalsOf(chargePoint)) moves?.push(move)
  }

  #arrivalsOf({ key, identity }: ChargePointRef): Arrival[] {
    return [...(this.#arrivals.get(identity) ?? [])].filter((arrival) => arrival.key === key)
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
