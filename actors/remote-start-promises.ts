// Transaction ids that were promised to operators for remote starts of one connected charge point. A promise is kept
// until the charge point starts the transaction. The database stores them, too (store/remote-start-promises.ts),
// because the charge point may reconnect between the command and the start.

import { remoteStartPromiseMs, remoteStartPromisesMax } from '../src/base/limits.ts'
import type { BegunStart } from '../src/blocks/decision.ts'
import type { OpenPromise } from '../src/blocks/records.ts'
import type { RemoteStart } from '../src/blocks/remote-control/commands.ts'

interface RemoteStartPromise {
  readonly start: RemoteStart
  readonly transactionId: number
  readonly expiresAtMs: number
}

/** The promises to one charge point. */
export class RemoteStartPromises {
  readonly #nowMs: () => number
  #promises: readonly RemoteStartPromise[] = []

  /** @param stored the promises in the database, oldest first. */
  constructor(nowMs: () => number, stored: readonly OpenPromise[] = []) {
    this.#nowMs = nowMs
    for (const { start, transactionId, leftMs } of stored) this.add(start, transactionId, leftMs)
  }

  /**
   * Promises `transactionId` to the transaction that `start` causes within `leftMs` milliseconds. If there are already
   * `remoteStartPromisesMax`, the oldest promise is dropped.
   */
  add(start: RemoteStart, transactionId: number, leftMs = remoteStartPromiseMs): void {
    this.end(transactionId)
    const promise = { start, transactionId, expiresAtMs: this.#nowMs() + leftMs }
    this.#promises = [...this.#current(), promise].slice(-remoteStartPromisesMax)
  }

  /**
   * The transactionId promised to `start`; if several promises match, the oldest. It stays promised until `end`. An
   * exact match is preferred. An id token with something appended, or a 2.x start without its remoteStartId, matches
   * only if its connector has no other promise.
   */
  find(start: BegunStart): number | undefined {
    const promises = this.#current()
    return (exactly(promises, start) ?? theOnlyOne(promises, start))?.transactionId
  }

  /** The promised transactionIds, oldest first. */
  ids(): readonly number[] {
    return this.#current().map(({ transactionId }) => transactionId)
  }

  /** The transaction has started, or the charge point will not start it. */
  end(transactionId: number): void {
    this.#promises = this.#promises.filter((promise) => promise.transactionId !== transactionId)
  }

  #current(): readonly RemoteStartPromise[] {
    const nowMs = this.#nowMs()
    this.#promises = this.#promises.filter((promise) => promise.expiresAtMs > nowMs)
    return this.#promises
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

/** The only promise for the connector of `start`, if its id token can be that of `start`. */
function theOnlyOne(promises: Promises, start: BegunStart): RemoteStartPromise | undefined {
  if ('remoteStartId' in start) return undefined
  const open = promises.filter((promise) => promise.start.evseId === start.evseId || promise.start.evseId === 0)
  const [only] = open
  if (only === undefined || open.length > 1 || !only.start.idToken) return undefined
  const [promised, sent] = [only.start.idToken.toLowerCase(), start.idToken.trim().toLowerCase()]
  const isIt = sent === promised || (start.mayBeDecorated === true && sent.startsWith(promised))
  return isIt ? only : undefined
}

/** Case of id tokens is ignored (CiString20Type, IdTokenType). */
function isSame(one: RemoteStart, other: RemoteStart | BegunStart): boolean {
  if ('remoteStartId' in one) return 'remoteStartId' in other && one.remoteStartId === other.remoteStartId
  return (
    !('remoteStartId' in other) &&
    one.evseId === other.evseId &&
    one.connectorId === other.connectorId &&
    one.idToken.toLowerCase() === other.idToken.toLowerCase()
  )
}
