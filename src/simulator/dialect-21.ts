// What a simulated charge point says in OCPP 2.1: what it says in 2.0.1, and answers to what 2.1 adds.

import type { OCPP21 } from 'typed-ocpp'
import { answers21, type Requests21 } from './answers-21.ts'
import type { Reply } from './connection.ts'
import { Dialect201 } from './dialect-201.ts'
import type { Station } from './station.ts'

/** OCPP 2.1, from the charge point's side. */
export class Dialect21 extends Dialect201 {
  override readonly subprotocol = 'ocpp2.1'
  readonly #station: Station
  readonly #answers: Readonly<Record<string, ((request: never) => Reply) | undefined>>

  constructor(station: Station) {
    super(station)
    this.#station = station
    this.#answers = answers21(station, this.monitors)
  }

  override reply(action: string, payload: unknown): Reply {
    if (action === 'Reset' && (payload as OCPP21.ResetRequest).type === 'ImmediateAndResume') {
      return { answer: { status: 'Accepted' }, afterwards: () => this.#station.rebootAndResume() }
    }
    const handle = this.#answers[action] as ((request: Requests21[keyof Requests21]) => Reply) | undefined
    return handle === undefined ? super.reply(action, payload) : handle(payload as Requests21[keyof Requests21])
  }
}
