// Every charge point that is connected to this process, by identity. Each has one connection: a newer one replaces an
// older one, and a late end of the older one does not affect the newer one.

import type { ChargePointSettings } from '../../actors/charge-point.ts'
import { LiveChargePoint, type LiveChargePointDeps } from '../../actors/live-charge-point.ts'
import { startRoot } from '../../actors/root.ts'
import type { Clock } from '../base/clock.ts'
import { callTimeoutMsDefault } from '../base/limits.ts'
import type { Hydration } from '../blocks/records.ts'
import type { RemoteStart } from '../blocks/remote-control/commands.ts'
import type { ChargePointRef, Committed } from '../feed/feed.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { AskedMessages } from './asked-messages.ts'
import { type CallDeps, closeInternalError, closeNormal, type Connected, type Connection } from './connection.ts'

export interface RegistryOptions {
  readonly clock: Clock
  /** How long the answer to a CALL may take by default, in milliseconds. */
  readonly callTimeoutMs?: number
  /** Called when the actor of a charge point fails, which is a defect: its connection is closed. */
  readonly onFailure?: (identity: string, error: unknown) => void
  /** Makes the message ids of CALLs; random ones by default. */
  readonly newMessageId?: () => string
}

type Move = (connection: Connected) => void

/** A connection that is being set up. */
export interface Arrival {
  readonly key: number
  readonly connection: Connection
  /** Changes of its charge point since its state began to be read; null before that. */
  moves: Move[] | null
}

/** The charge points that are connected to this node, and those whose connection is being set up. */
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

  /** Connected charge points by version, and CALLs that wait for their turn or their answer. Walks all connections. */
  count(): { readonly byVersion: Readonly<Record<OcppVersion, number>>; readonly callsWaiting: number } {
    const byVersion: Record<OcppVersion, number> = { '1.6': 0, '2.0.1': 0, '2.1': 0 }
    let callsWaiting = 0
    for (const connected of this.#connected.values()) {
      byVersion[connected.version]++
      callsWaiting += connected.callsWaiting
    }
    return { byVersion, callsWaiting }
  }

  /** The charge point that is connected under `identity`. */
  get(identity: string): Connected | undefined {
    return this.#connected.get(identity)
  }

  /** The charge point, if it is connected. Another one with its identity does not count. */
  find({ key, identity }: ChargePointRef): Connected | undefined {
    const connected = this.#connected.get(identity)
    return connected?.chargePointKey === key ? connected : undefined
  }

  /** Whether a connection of the charge point is being set up. */
  isArriving(chargePoint: ChargePointRef): boolean {
    return this.#arrivalsOf(chargePoint).length > 0
  }

  /**
   * Moves the charge point by what is committed. A change from its own connection moves that connection. A change from
   * elsewhere (an operator) moves every connection, also one that is being set up.
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
    // Another connection may have stored it after this one had read its state: then its content is not known here.
    if (isDuplicate) live.isDoubtful = true
    else live.apply(changes, remembered)
  }

  /** Reserves `transactionId` for the transaction that `start` will cause, for `remoteStartPromiseMs`. */
  promiseTransaction(chargePoint: ChargePointRef, start: RemoteStart, transactionId: number): void {
    this.#move(chargePoint, ({ live }) => live.promiseTransaction(start, transactionId))
  }

  /** The remote start failed: `transactionId` is not reserved any more. */
  withdrawPromise(chargePoint: ChargePointRef, transactionId: number): void {
    this.#move(chargePoint, ({ live }) => live.withdrawPromise(transactionId))
  }

  /** An operator changed the settings of the charge point. They count at once, also while a CALL is served. */
  provisioned(chargePoint: ChargePointRef, settings: ChargePointSettings): void {
    this.#move(chargePoint, ({ live }) => live.provisioned(settings))
  }

  /** Closes every connection of the charge point at once, also those that are still being set up. */
  disconnect(chargePoint: ChargePointRef, code: number, reason: string): void {
    this.find(chargePoint)?.close(code, reason)
    for (const { connection } of this.#arrivalsOf(chargePoint)) connection.close(code, reason)
  }

  /**
   * Closes the connection of the charge point if its epoch (fencing token) is below `epoch`: another node or an
   * operator has taken the charge point over.
   */
  fence(chargePoint: ChargePointRef, epoch: number, code: number, reason: string): void {
    this.#move(chargePoint, (connected) => {
      if (connected.live.epoch < epoch) connected.close(code, reason)
    })
  }

  /**
   * Another node or an operator changed what is stored of the charge point: it is read again before the next decision.
   */
  doubt(chargePoint: ChargePointRef): void {
    this.#move(chargePoint, ({ live }) => {
      live.isDoubtful = true
    })
  }

  /** Restarts the actor of a connected charge point from what `read` finds, and from what was committed meanwhile. */
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
   * A connection of the charge point has opened: `disconnect` finds it from now on, until `arrived`, whatever the
   * outcome.
   */
  arriving(connection: Connection): Arrival {
    const { chargePointKey, identity } = connection
    const arrival: Arrival = { key: chargePointKey, connection, moves: null }
    this.#arrivals.set(identity, (this.#arrivals.get(identity) ?? new Set()).add(arrival))
    return arrival
  }

  /**
   * The state of the charge point is being read from the database. A change that is committed from now on may be too
   * late for this read; `connect` applies it.
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
   * Starts the actor of a charge point from its state in the database. Of two connections of one charge point the one
   * with the higher epoch stays. The other is closed, its calls fail, and its actor moves no more. If two handshakes
   * overtook each other, that other is the new one.
   *
   * @param arrival moves the actor by what was committed meanwhile; a change that was already read moves nothing.
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

  /** The connection has ended. A newer one of the same charge point is not affected. */
  release(connection: Connection): void {
    if (this.#connected.get(connection.identity) === connection) this.#connected.delete(connection.identity)
    connection.detach('closed')
  }

  /** An actor has failed: its state is lost, and its charge point has to reconnect. */
  #failed(identity: string, error: unknown): void {
    this.#onFailure(identity, error)
    this.#connected.get(identity)?.close(closeInternalError, 'The central system failed; connect again.')
  }

  #move(chargePoint: ChargePointRef, move: Move): void {
    const connected = this.find(chargePoint)
    if (connected !== undefined) move(connected)
    for (const { moves } of this.#arrivalsOf(chargePoint)) moves?.push(move)
  }

  /** Moves it between two of its CALLs, so it goes through its inbox. */
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
