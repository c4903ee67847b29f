// Transaction ids that remote starts promised to operators, until the charge point starts the transaction. They outlive the
// connection: a charge point may reconnect between the command and the start.

import type { Clock } from '../src/base/clock.ts'
import { remoteStartPromiseMs, remoteStartPromisesMax } from '../src/base/limits.ts'
import type { RemoteStart } from '../src/csms/remote-control.ts'

interface RemoteStartPromise {
  readonly start: RemoteStart
  readonly transactionId: number
  readonly expiresAtMs: number
}

/** Promises by charge point (`charge_points.id`). */
export class RemoteStartPromises {
  readonly #clock: Clock
  readonly #promises = new Map<number, readonly RemoteStartPromise[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Promises `transactionId` to the transaction that `start` brings about within `remoteStartPromiseMs`. The oldest
   * promise to a charge point is forgotten when it has `remoteStartPromisesMax`.
   */
  add(chargePointKey: number, start: RemoteStart, transactionId: number): void {
    const expiresAtMs = this.#clock.nowMs() + remoteStartPromiseMs
    const promises = [...this.#currentOf(chargePointKey), { start, transactionId, expiresAtMs }]
    this.#promises.set(chargePointKey, promises.slice(-remoteStartPromisesMax))
  }

  /** The transactionId promised to `start`; of several the one promised first. It stays promised until it is kept or withdrawn. */
  find(chargePointKey: number, start: RemoteStart): number | undefined {
    return this.#currentOf(chargePointKey).find((promise) => isSame(promise.start, start))?.transactionId
  }

  /** The transaction has started: its promise is kept. */
  keep(chargePointKey: number, transactionId: number): void {
    this.#remove(chargePointKey, (promise) => promise.transactionId === transactionId)
  }

  /** The charge point will not start the transaction: the promise of `transactionId` to `start` is void. */
  withdraw(chargePointKey: number, start: RemoteStart, transactionId: number): void {
    this.#remove(chargePointKey, (promise) => promise.transactionId === transactionId && isSame(promise.start, start))
  }

  #currentOf(chargePointKey: number): readonly RemoteStartPromise[] {
    const nowMs = this.#clock.nowMs()
    this.#remove(chargePointKey, (promise) => promise.expiresAtMs <= nowMs)
    return this.#promises.get(chargePointKey) ?? []
  }

  #remove(chargePointKey: number, isOver: (promise: RemoteStartPromise) => boolean): void {
    const promises = this.#promises.get(chargePointKey)
    if (promises === undefined || !promises.some(isOver)) return
    const left = promises.filter((promise) => !isOver(promise))
    if (left.length === 0) this.#promises.delete(chargePointKey)
    else this.#promises.set(chargePointKey, left)
  }
}

/** Letter case of an id token does not count (CiString20Type, IdTokenType). */
function isSame(one: RemoteStart, other: RemoteStart): boolean {
  if ('remoteStartId' in one) return 'remoteStartId' in other && one.remoteStartId === other.remoteStartId
  return (
    !('remoteStartId' in other) &&
    one.evseId === other.evseId &&
    one.connectorId === other.connectorId &&
    one.idToken.toLowerCase() === other.idToken.toLowerCase()
  )
}
