// The people in front of a simulated charge point: they come, charge for a while, and drive away, at a pace that can be
// watched. They leave transactions alone that an operator starts or stops meanwhile.

import type { Clock } from '../base/clock.ts'
import type { SimulatedChargePoint } from './charge-point.ts'
import type { Connector } from './station.ts'

export interface DriverOptions {
  readonly clock: Clock
  /** Numbers in [0, 1). */
  readonly random: () => number
  /** Id tags that drivers carry. */
  readonly idTags: readonly string[]
}

/** Longest and shortest waits, in milliseconds. */
const arrivalMs = [5_000, 40_000] as const
const chargingMs = [60_000, 240_000] as const
const leavingMs = [4_000, 15_000] as const
// A refused driver does not try again: the car is unplugged before the next one comes.
const paymentMs = [1_000, 3_000] as const

/**
 * Sends drivers to every connector of `station` until the returned function is called.
 *
 * Each step uses the current state of the connector: a transaction that an operator began is also ended after a while,
 * and a connector that is out of order is left alone.
 */
export function drive(station: SimulatedChargePoint, options: DriverOptions): () => void {
  const { clock, random, idTags } = options
  const cancels = new Map<Connector, () => void>()

  const plan = (connector: Connector, [fromMs, toMs]: readonly [number, number], step: () => void | Promise<void>) => {
    cancels.set(
      connector,
      clock.after(fromMs + random() * (toMs - fromMs), () => void step()),
    )
  }

  const next = (connector: Connector): void => {
    if (connector.transaction !== null) plan(connector, chargingMs, () => stop(connector))
    else if (connector.car !== null) plan(connector, leavingMs, () => leave(connector))
    else plan(connector, arrivalMs, () => arrive(connector))
  }

  const arrive = (connector: Connector): void => {
    const { connectorId, status } = connector
    if (status === 'Available' && station.isAccepted) {
      station.plugIn(connectorId)
      plan(connector, paymentMs, () => pay(connector))
    } else next(connector)
  }

  const pay = async (connector: Connector): Promise<void> => {
    const idTag = idTags[Math.floor(random() * idTags.length)] ?? ''
    try {
      const { status } = await station.authorize(idTag)
      // Does not wait for the answer: without a connection it comes after the reconnect.
      if (status === 'Accepted' && connector.transaction === null) {
        void station.startTransaction(connector.connectorId, idTag)
      }
    } catch {
      // The central system did not answer the authorisation; the driver leaves like one whose card is refused.
    }
    next(connector)
  }

  const stop = (connector: Connector): void => {
    void station.stopTransaction(connector.connectorId, 'Local', connector.transaction?.idTag)
    next(connector)
  }

  const leave = async (connector: Connector): Promise<void> => {
    if (connector.transaction === null) await station.unplug(connector.connectorId)
    next(connector)
  }

  for (const connector of station.connectors) next(connector)
  return () => {
    for (const cancel of cancels.values()) cancel()
    cancels.clear()
  }
}
