// Actions that a charge point was asked for, by a TriggerMessage or by a command that causes reports. They outlive the
// connection: a charge point may reconnect between the command and the report.

import type { Clock } from '../base/clock.ts'
import { askedMessageMs } from '../base/limits.ts'

/** Asked actions by charge point (`charge_points.id`). The message tables limit their number. */
export class AskedMessages {
  readonly #clock: Clock
  readonly #untilMs = new Map<number, Map<string, number>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The charge point will send `actions`, within `askedMessageMs`. */
  add(chargePointKey: number, actions: readonly string[]): void {
    if (actions.length === 0) return
    const untilMs = this.#clock.nowMs() + askedMessageMs
    const asked = this.#untilMs.get(chargePointKey) ?? new Map<string, number>()
    for (const action of actions) asked.set(action, untilMs)
    this.#untilMs.set(chargePointKey, asked)
  }

  /** Whether the charge point was asked for `action`, and may still be about to send it. */
  has(chargePointKey: number, action: string): boolean {
    const asked = this.#untilMs.get(chargePointKey)
    const untilMs = asked?.get(action)
    if (asked === undefined || untilMs === undefined) return false
    if (untilMs > this.#clock.nowMs()) return true
    asked.delete(action)
    if (asked.size === 0) this.#untilMs.delete(chargePointKey)
    return false
  }
}
