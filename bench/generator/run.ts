// CALLs of a station that were prepared and are sent by its socket, one after the other.

import type { Ahead } from './ahead.ts'
import type { Message } from './dialect.ts'
import { frameCharactersMax, headerBytesMax, writeTextFrameOf } from './frames.ts'
import type { MessageIds } from './message-id.ts'
import type { Runs } from './station-socket.ts'
import type { Wire } from './wire.ts'

export interface RunOptions {
  readonly message: Message
  readonly ahead: Ahead
  readonly group: number
  /** The number under which its answers are counted. */
  readonly number: number
}

// The socket copies a run before `play` returns, so one buffer serves all.
const outgoing = Buffer.alloc(frameCharactersMax + headerBytesMax)

export class RunUnderWay {
  readonly #runs: Runs
  /** Frames that the station knows to be settled. */
  #settled = 0

  private constructor(runs: Runs) {
    this.#runs = runs
  }

  /** Begins it with the last id of `ids`; null if the connection cannot have a run now. */
  static begin(wire: Wire, ids: MessageIds, { message, ahead, group, number }: RunOptions): RunUnderWay | null {
    const { action, payload } = message
    const length = writeTextFrameOf(outgoing, ids.call, `","${action}",${payload}]`)
    const payloadAt = length - payload.length - 1
    const runs = wire.play(group, {
      action: number,
      frame: outgoing.subarray(0, length),
      count: ahead.count,
      counters: ahead.counters.map((counter) => ({ ...counter, at: payloadAt + counter.at })),
      id: ids.bytes,
    })
    return runs === null ? null : new RunUnderWay(runs)
  }

  /** How many were answered since the last call. */
  answeredMeanwhile(): number {
    const count = this.#runs.done - this.#settled
    this.#settled += count
    return count
  }

  /** How long the frame under way has waited for its answer; null if there is none. */
  get waitsMs(): number | null {
    return this.#runs.waitsMs
  }

  /** The station has settled the frame under way; true if it was the last. */
  step(): boolean {
    this.#settled++
    return this.#runs.step()
  }
}
