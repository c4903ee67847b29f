// Transaction ids that remote starts promised to operators, until the charge point starts the transaction. They outlive the
// connection: a charge point may reconnect between the command and the start.

import type { Clock } from '../src/base/clock.ts'
import { remoteStartPromiseMs, remoteStartPromisesMax } from '../src/base/limits.ts'
import type { BegunStart } from '../src/csms/decision.ts'
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

  /**
   * The transactionId promised to `start`; of several that look the same the one promised first. It stays promised
   * until it is kept or withdrawn. What matches exactly comes first; an id token with something appended, or a 2.x
   * start without its remoteStartId, is taken for the promised one only while no other promise of that connector is
   * open.
   */
  find(chargePointKey: number, start: BegunStart): number | undefined {
    const promises = this.#currentOf(chargePointKey)
    return (exactly(promises, start) ?? theOnlyOne(promises, start))?.transactionId
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

type Promises = readonly RemoteStartPromise[]

function exactly(promises: Promises, start: BegunStart): RemoteStartPromise | undefined {
  const onAnyConnector = 'remoteStartId' in start ? start : { ...start, evseId: 0, connectorId: 0 }
  return (
    promises.find((promise) => isSame(promise.start, start)) ??
    promises.find((promise) => isSame(promise.start, onAnyConnector))
  )
}

/** The promise that is the only one for the connector of `start`, if its id token can be that of `start`. */
function theOnlyOne(promises: Promises, start: BegunStart): RemoteStartPromise | undefined {
  if ('remoteStartId' in start) return undefined
  const open = promises.filter((promise) => promise.start.evseId === start.evseId || promise.start.evseId === 0)
  const [only] = open
  if (only === undefined || open.length > 1 || !only.start.idToken) return undefined
  const [promised, sent] = [only.start.idToken.toLowerCase(), start.idToken.trim().toLowerCase()]
  const isIt = sent === promised || (start.mayBeDecorated === true && sent.startsWith(promised))
  return isIt ? only : undefined
}

/** Letter case of an id token does not count (CiString20Type, IdTokenType). */
function isSame(one: RemoteStart, other: RemoteStart | BegunStart): boolean {
  if ('remoteStartId' in one) return 'remoteStartId' in other && one.remoteStartId === other.remoteStartId
  return (
    !('remoteStartId' in other) &&
    one.evseId === other.evseId &&
    one.connectorId === other.connectorId &&
    one.idToken.toLowerCase() === other.idToken.toLowerCase()
  )
}
