// CALLs of a station that were made ahead and are sent by its socket, one after the other.

import type { Ahead, Message } from './dialect.ts'
import { frameCharactersMax, headerBytesMax, writeTextFrameOf } from './frames.ts'
import type { MessageIds } from './message-id.ts'
import type { Runs } from './station-socket.ts'
import type { Wire } from './wire.ts'

export interface RunOptions {
  readonly message: Message
  readonly ahead: Ahead
  readonly group: number
  readonly action: number
}

const lengthBytes = 4

// The socket copies a run before `play` returns, so one buffer serves all.
const outgoing = Buffer.alloc(frameCharactersMax + headerBytesMax + lengthBytes)

export class RunUnderWay {
  readonly #runs: Runs
  /** Frames that the station knows to be settled. */
  #settled = 0

  private constructor(runs: Runs) {
    this.#runs = runs
  }

  /** Begins it with the id that `ids` has made last; null when the connection cannot have one now. */
  static begin(wire: Wire, ids: MessageIds, { message, ahead, group, action }: RunOptions): RunUnderWay | null {
    const repeats = ahead.message === null
    let end = append(0, ids, message)
    if (ahead.message !== null)
      for (let offset = 1; offset < ahead.count; offset++) end = append(end, ids, ahead.message(offset))
    const bytes = outgoing.subarray(0, end)
    const runs = wire.play(group, { action, bytes, frames: ahead.count, repeats, id: ids.bytes })
    return runs === null ? null : new RunUnderWay(runs)
  }

  /** How many were answered since the last call. */
  answeredMeanwhile(): number {
    const count = this.#runs.done - this.#settled
    this.#settled += count
    return count
  }

  /** How long the frame under way waits for its answer; null when none does. */
  get waitsMs(): number | null {
    return this.#runs.waitsMs
  }

  /** The station has settled the frame under way; true when it was the last. */
  step(): boolean {
    this.#settled++
    return this.#runs.step()
  }
}

/** Writes a frame behind its length; where the next begins. Its id is written when it is sent. */
function append(at: number, { call }: MessageIds, { action, payload }: Message): number {
  const length = writeTextFrameOf(outgoing.subarray(at + lengthBytes), call, `","${action}",${payload}]`)
  outgoing.writeUInt32LE(length, at)
  return at + lengthBytes + length
}
