// Every charge point that is connected to this process, by identity. One owner each: a newer connection replaces an
// older one, and the late end of the older one takes nothing away from the newer.

import type { ChargePointSettings } from '../../actors/charge-point.ts'
import { LiveChargePoint, type LiveChargePointDeps } from '../../actors/live-charge-point.ts'
import { startRoot } from '../../actors/root.ts'
import type { Clock } from '../base/clock.ts'
import { callTimeoutMsDefault } from '../base/limits.ts'
import type { Hydration } from '../blocks/records.ts'
import type { RemoteStart } from '../blocks/remote-control/commands.ts'
import type { ChargePointRef, Committed } from '../feed/feed.ts'
import { AskedMessages } from './asked-messages.ts'
import { type CallDeps, closeInternalError, closeNormal, type Connected, type Connection } from './connection.ts'

export interface RegistryOptions {
  readonly clock: Clock
  /** How long the answer to a CALL may take when its caller does not say, in milliseconds. */
  readonly callTimeoutMs?: number
  /** Called when the actor of a charge point fails, which is a defect: its connection is closed. */
  readonly onFailure?: (identity: string, error: unknown) => void
  /** Makes the message ids of CALLs; random ones by default. */
  readonly newMessageId?: () => string
}

type Move = (connection: Connected) => void

/** A connection that is being begun. */
export interface Arrival {
  readonly key: number
  readonly connection: Connection
  /** What has been changed of its charge point since its state began to be read; null before that. */
  moves: Move[] | null
}

/** The charge points that are connected to this node, and those whose connection is being begun. */
export class Registry {
  /** What the CALLs to all charge points share. */
  readonly calls: CallDeps
  readonly #deps: LiveChargePointDeps
  readonly #connected = new Map<string, Connected>()
  readonly #onFailure: NonNullable<RegistryOptions['onFailure']>
  readonly #arrivals = new Map<string, Set<Arrival>>()

  constructor({
    clock,
    callTimeoutMs = callTimeoutMsDefault,
    newMessageId = randomId,
    onFailure = (_, error) => reportError(error),
  }: RegistryOptions) {
    this.#onFailure = onFailure
    this.calls = {
      newMessageId,
      timeoutMs: callTimeoutMs,
      asked: new AskedMessages(clock),
      counts: { sent: 0, answered: 0, timedOut: 0, late: 0, unknown: 0 },
    }
    this.#deps = {
      nowMs: () => clock.nowMs(),
      root: startRoot(clock, (identity, error) => this.#failed(identity, error)),
    }
  }

  /** How many charge points are connected. */
  get size(): number {
    return this.#connected.size
  }

  /** The charge point that is connected under `identity`. */
  get(identity: string): Connected | undefined {
    return this.#connected.get(identity)
  }

  /** The charge point, if it is connected; another one that has its identity does not count. */
  find({ key, identity }: ChargePointRef): Connected | undefined {
    const connected = this.#connected.get(identity)
    return connected?.chargePointKey === key ? connected : undefined
  }

  /** Whether a connection of the charge point is being begun. */
  isArriving(chargePoint: ChargePointRef): boolean {
    return this.#arrivalsOf(chargePoint).length > 0
  }

  /**
   * Moves the charge point by what is committed. What its own connection brought moves that one; what came from
   * elsewhere (an operator) moves every connection, also one that is being begun.
   */
  take({ chargePoint, set, isDuplicate, remembered }: Committed): void {
    const { changes } = set
    if (changes.length === 0 && remembered === undefined) return
    if (set.epoch === 0) {
      if (!isDuplicate) this.#moveBetween(chargePoint, ({ live }) => live.apply(changes))
      return
    }
    const live = this.find(chargePoint)?.live
    if (live?.epoch !== set.epoch) return
    // Another connection may have stored it after this one had read what is: what it said is not known here then.
    if (isDuplicate) live.isDoubtful = true
    else live.apply(changes, remembered)
  }

  /** Keeps `transactionId` for the transaction that `start` will bring about, for `remoteStartPromiseMs`. */
  promiseTransaction(chargePoint: ChargePointRef, start: RemoteStart, transactionId: number): void {
    this.#move(chargePoint, ({ live }) => live.promiseTransaction(start, transactionId))
  }

  /** The remote start failed: `transactionId` is kept for nobody any more. */
  withdrawPromise(chargePoint: ChargePointRef, transactionId: number): void {
    this.#move(chargePoint, ({ live }) => live.withdrawPromise(transactionId))
  }

  /** An operator changed how the charge point is to be treated. */
  provisioned(chargePoint: ChargePointRef, settings: ChargePointSettings): void {
    this.#move(chargePoint, ({ live }) => live.provisioned(settings))
  }

  /** Closes every connection of the charge point at once, also those that are still being begun. */
  disconnect(chargePoint: ChargePointRef, code: number, reason: string): void {
    this.find(chargePoint)?.close(code, reason)
    for (const { connection } of this.#arrivalsOf(chargePoint)) connection.close(code, reason)
  }

  /** Closes the connection of the charge point if its epoch is below `epoch`: another node has taken it away. */
  fence(chargePoint: ChargePointRef, epoch: number, code: number, reason: string): void {
    this.#move(chargePoint, (connected) => {
      if (connected.live.epoch < epoch) connected.close(code, reason)
    })
  }

  /** Somebody else changed what is stored of the charge point: it is read again before anything more is decided. */
  doubt(chargePoint: ChargePointRef): void {
    this.#move(chargePoint, ({ live }) => {
      live.isDoubtful = true
    })
  }

  /** Lets a connected charge point start once more from what `read` finds, and from what was committed meanwhile. */
  async rehydrate(connected: Connected, read: () => Promise<Hydration>): Promise<void> {
    const { identity, live } = connected
    const arrival = this.arriving(connected)
    this.reading(arrival)
    try {
      const hydration = await read()
      live.isDoubtful = false
      live.rehydrate(hydration)
      for (const move of arrival.moves ?? []) move(connected)
    } finally {
      this.arrived(identity, arrival)
    }
  }

  [Symbol.iterator](): MapIterator<Connected> {
    return this.#connected.values()
  }

  /**
   * A connection of the charge point has opened: `disconnect` finds it from now on. `arrived` ends it, whatever came of
   * it.
   */
  arriving(connection: Connection): Arrival {
    const { chargePointKey, identity } = connection
    const arrival: Arrival = { key: chargePointKey, connection, moves: null }
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
   * Starts the actor of a charge point from what the database knows of it. Of two connections of one charge point the
   * one with the higher epoch stays: the other is closed, its calls fail, and its actor moves no more. That other is
   * the new one when two handshakes overtook each other.
   *
   * @param arrival moves the actor once more by what was committed meanwhile; what had been read already moves
   *   nothing.
   */
  connect(hydration: Hydration, connection: Connection, arrival?: Arrival): Connected {
    const connected: Connected = attached(connection, new LiveChargePoint(hydration, connection, this.#deps))
    for (const move of arrival?.moves ?? []) move(connected)
    const current = this.#connected.get(connection.identity)
    if (current !== undefined && current.live.epoch > connected.live.epoch) {
      this.#replace(connected)
      return connected
    }
    this.#connected.set(connection.identity, connected)
    if (current !== undefined) this.#replace(current)
    return connected
  }

  /** The connection is gone. A newer one of the same charge point stays where it is. */
  release(connection: Connection): void {
    if (this.#connected.get(connection.identity) === connection) this.#connected.delete(connection.identity)
    connection.detach('closed')
  }

  /** An actor has failed: what it knew is lost, and its charge point has to connect again. */
  #failed(identity: string, error: unknown): void {
    this.#onFailure(identity, error)
    this.#connected.get(identity)?.close(closeInternalError, 'The central system failed; connect again.')
  }

  #move(chargePoint: ChargePointRef, move: Move): void {
    const connected = this.find(chargePoint)
    if (connected !== undefined) move(connected)
    for (const { moves } of this.#arrivalsOf(chargePoint)) moves?.push(move)
  }

  /** Moves its chart, and so goes through its inbox. */
  #moveBetween(chargePoint: ChargePointRef, move: Move): void {
    const connected = this.find(chargePoint)
    if (connected !== undefined) connected.between(() => move(connected))
    for (const { moves } of this.#arrivalsOf(chargePoint)) moves?.push(move)
  }

  #arrivalsOf({ key, identity }: ChargePointRef): Arrival[] {
    return [...(this.#arrivals.get(identity) ?? [])].filter((arrival) => arrival.key === key)
  }

  #replace(connected: Connected): void {
    connected.detach('replaced')
    connected.close(closeNormal, 'Replaced by a newer connection')
  }
}

function attached(connection: Connection, live: LiveChargePoint): Connected {
  connection.attach(live)
  return connection
}

function randomId(): string {
  return crypto.randomUUID()
}
