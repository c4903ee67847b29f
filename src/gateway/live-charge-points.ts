// The connected charge points, as the REST API sees and commands them.

import type { LiveChargePoint, Registry } from '../../actors/registry.ts'
import { StatorError } from '../base/errors.ts'
import type { ActorEvent, ConnectorRef, Payload } from '../csms/decision.ts'
import { triggeredActions } from '../csms/triggers.ts'

type ChargePointSettings = Parameters<LiveChargePoint['provisioned']>[0]
type CallAnswer = Awaited<ReturnType<LiveChargePoint['call']>>
type RemoteStart = (ConnectorRef & { readonly idToken: string }) | { readonly remoteStartId: number }

// RFC 6455 §7.4.1: the endpoint's policy does not allow the connection any more.
const closePolicyViolation = 1008

/** Reads and commands connected charge points by their identity. */
export class LiveChargePoints {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  get(identity: string) {
    const live = this.#registry.get(identity)
    return live === undefined
      ? undefined
      : {
          version: live.chargePoint.version,
          bootStatus: live.chargePoint.bootStatus,
          lastSeenAtMs: live.lastSeenAtMs,
          lastHeartbeatAtMs: live.lastHeartbeatAtMs,
        }
  }

  /**
   * Sends a CALL when its turn comes, and waits for the answer.
   *
   * @throws {StatorError} `NOT_CONNECTED`, `CALL_TIMEOUT`, `CALL_QUEUE_FULL`.
   */
  async call(identity: string, action: string, payload: Payload, timeoutMs?: number): Promise<CallAnswer> {
    const live = this.#registry.get(identity)
    if (live === undefined) {
      throw new StatorError('NOT_CONNECTED', `Charge point '${identity}' is not connected`)
    }
    // Before the answer is in: some charge points send what they were asked for first, and the answer after it.
    live.askFor(triggeredActions(action, payload))
    return live.call(action, payload, timeoutMs)
  }

  /** Moves the actor of the charge point, if it is connected or about to be, after a COMMIT. */
  apply(identity: string, events: readonly ActorEvent[]): void {
    this.#registry.apply(identity, events)
  }

  promiseTransaction(identity: string, start: RemoteStart, transactionId: number): void {
    this.#registry.get(identity)?.promiseTransaction(start, transactionId)
  }

  withdrawPromise(identity: string, start: RemoteStart, transactionId: number): void {
    this.#registry.get(identity)?.withdrawPromise(start, transactionId)
  }

  /** An operator changed how the charge point is to be treated. */
  provisioned(identity: string, settings: ChargePointSettings): void {
    this.#registry.provisioned(identity, settings)
  }

  /** Closes the socket of the charge point, if there is one: its credentials changed, or it is no longer welcome. */
  disconnect(identity: string, reason: string): void {
    this.#registry.disconnect(identity, closePolicyViolation, reason)
  }
}
