// The connected charge points, as the REST API reads and commands them.

import { type CallAnswer, CallFailedError } from '../../actors/call-queue.ts'
import type { ChargePointSettings } from '../../actors/charge-point.ts'
import type { Payload } from '../blocks/decision.ts'
import type { RemoteStart } from '../blocks/remote-control/commands.ts'
import { rowOf } from '../blocks/messages.ts'
import { accessChanged, newerConnection } from '../blocks/records.ts'
import { closeGoingAway, closePolicyViolation } from './connection.ts'
import type { ChargePointRef } from '../feed/feed.ts'
import type { Quirks } from '../ocpp/quirk-profile.ts'
import type { CommandQuirkCode } from '../ocpp/quirks.ts'
import type { Registry } from './registry.ts'

/** Where promised transactionIds are stored. Each change commits before it resolves. */
interface PromiseStore {
  promiseTransaction(chargePointKey: number, start: RemoteStart, transactionId: number): Promise<void>
  withdrawPromise(chargePointKey: number, transactionId: number): Promise<void>
}

/**
 * Reads and commands connected charge points. A deleted one is not reached through an identity that another one has
 * now.
 */
export class LiveChargePoints {
  readonly #registry: Registry
  readonly #promises: PromiseStore
  readonly #quirks: Quirks

  constructor(registry: Registry, promises: PromiseStore, quirks: Quirks) {
    this.#registry = registry
    this.#promises = promises
    this.#quirks = quirks
  }

  get(chargePoint: ChargePointRef) {
    const connected = this.#registry.find(chargePoint)
    if (connected === undefined) return undefined
    const { live } = connected
    const { version, bootStatus } = live.chargePoint
    const { lastSeenAtMs, lastHeartbeatAtMs } = connected
    const mayBeSent = (action: string): boolean => live.mayBeSent(rowOf(version, action)?.isOfTransaction === true)
    const treatment = this.#quirks.profiles.of(live.chargePoint)
    return { version, bootStatus, mayBeSent, lastSeenAtMs, lastHeartbeatAtMs, treatment }
  }

  /** Counts what its quirk profile has done about a command. */
  noteQuirk(chargePoint: ChargePointRef, quirk: CommandQuirkCode): void {
    const live = this.#registry.find(chargePoint)?.live
    if (live !== undefined)
      this.#quirks.note(chargePoint.key, this.#quirks.profiles.of(live.chargePoint).profile, quirk)
  }

  /** The connection of the charge point: its number, when it was opened, and whether a boot came on it. */
  connectionOf(chargePoint: ChargePointRef) {
    const connected = this.#registry.find(chargePoint)
    if (connected === undefined) return undefined
    const { live, openedAtMs } = connected
    const { lastBootAtMs } = live.chargePoint
    return { epoch: live.epoch, openedAtMs, hasBooted: lastBootAtMs !== null && lastBootAtMs >= openedAtMs }
  }

  /**
   * Sends a CALL when its turn comes, and waits for the answer.
   *
   * @param epoch the connection on which it must leave; left out: the one that there is.
   * @throws {CallFailedError} `NOT_CONNECTED`, `CALL_TIMEOUT`, `CALL_QUEUE_FULL`.
   */
  async call(
    chargePoint: ChargePointRef,
    action: string,
    payload: Payload,
    timeoutMs?: number,
    epoch?: number,
  ): Promise<CallAnswer> {
    const connected = this.#registry.find(chargePoint)
    if (connected === undefined || (epoch !== undefined && connected.live.epoch !== epoch)) {
      const message = `Charge point '${chargePoint.identity}' is not connected`
      throw new CallFailedError({ kind: 'failed', code: 'NOT_CONNECTED', message, wasSent: false })
    }
    // Before the answer arrives: some charge points send the requested message first, and then the answer.
    connected.askFor(rowOf(connected.version, action)?.requests(payload) ?? [])
    return connected.call(action, payload, timeoutMs)
  }

  /**
   * Keeps `transactionId` for the transaction that `start` will cause, for `remoteStartPromiseMs`: on every connection
   * of the charge point, at any node.
   *
   * @throws {StatorError} `STORE_UNAVAILABLE`: the reservation may exist or not, and the id must not be used.
   */
  async promiseTransaction(chargePoint: ChargePointRef, start: RemoteStart, transactionId: number): Promise<void> {
    await this.#promises.promiseTransaction(chargePoint.key, start, transactionId)
    this.#registry.promiseTransaction(chargePoint, start, transactionId)
  }

  /**
   * `transactionId` is not reserved any more.
   *
   * @throws {StatorError} `STORE_UNAVAILABLE`: other connections of the charge point may still reserve it.
   */
  async withdrawPromise(chargePoint: ChargePointRef, transactionId: number): Promise<void> {
    this.#registry.withdrawPromise(chargePoint, transactionId)
    await this.#promises.withdrawPromise(chargePoint.key, transactionId)
  }

  /** An operator changed the settings of the charge point. */
  provisioned(chargePoint: ChargePointRef, settings: ChargePointSettings): void {
    this.#registry.provisioned(chargePoint, settings)
  }

  /**
   * Closes every socket of the charge point, also one that is still being set up: its credentials changed, or it was
   * deleted.
   */
  disconnect(chargePoint: ChargePointRef, reason: string): void {
    this.#registry.disconnect(chargePoint, closePolicyViolation, reason)
  }
}

/** A charge point, as another node has changed it. */
type Changed = ChargePointRef & Required<ChargePointSettings> & { readonly epoch: number; readonly connected: boolean }

/**
 * Applies the changes of another node to a connected charge point; a transaction may have been reported there. Its
 * connection is closed if its fencing token is too old: there is a newer connection, or the credentials are not valid
 * any more.
 */
export function changedElsewhere(registry: Registry, changed: Changed): void {
  const { key, identity, epoch, connected, strictness, quirkProfile, registrationStatus, timeZone } = changed
  registry.provisioned({ key, identity }, { strictness, quirkProfile, registrationStatus, timeZone })
  registry.doubt({ key, identity })
  if (connected) registry.fence({ key, identity }, epoch, closeGoingAway, newerConnection)
  else registry.fence({ key, identity }, epoch, closePolicyViolation, accessChanged)
}

/** Every connection of this process, for the lease keeper. */
export function holdingsOf(registry: Registry) {
  return {
    *all() {
      for (const { chargePointKey: key, identity, live } of registry) yield { key, identity, epoch: live.epoch }
    },
    has: (held: ChargePointRef & { readonly epoch: number }) => registry.find(held)?.live.epoch === held.epoch,
    expects: (held: ChargePointRef) => registry.isArriving(held),
    overtaken: (changed: Changed) => changedElsewhere(registry, changed),
  }
}
