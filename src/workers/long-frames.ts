// The thread for long frames: it takes one at a time, in the order in which they came, so that no batch waits for them and no two of
// them share a fate. It starts with the first long frame.

import { Piscina } from 'piscina'
import { StatorError } from '../base/errors.ts'
import { taskAttemptsMax, taskMsMax } from '../base/limits.ts'
import type { MeterBlock } from '../csms/meter-block.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, giveUpOn } from './examine-batch.ts'

/** A verdict as the thread sends it back. */
export interface PackedVerdict {
  /** JSON, which keeps all that strings may hold; without `sentText`. */
  readonly verdict: string
  readonly sentText: string | undefined
  readonly meter: MeterBlock | null
}

export interface LongFramesOptions {
  /** The module of the thread; tests put one there that fails. */
  readonly longFrameWorkerUrl?: URL
  /** Longest that the thread may take for a frame, in milliseconds. */
  readonly taskMs?: number
}

/** Examines long frames; what waits here is bounded by the number of charge points, and by `receivedBytesMax`. */
export class LongFrames {
  readonly #options: LongFramesOptions
  #thread: Piscina<FrameTask, PackedVerdict> | null = null
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: LongFramesOptions) {
    this.#options = options
  }

  /**
   * Examines a frame once those before it are done. A frame that makes the thread die or hang, again and again, is refused.
   *
   * @throws {StatorError} `SHUTTING_DOWN` when this is closed meanwhile.
   */
  examine(task: FrameTask): Promise<ExaminedBatch> {
    const examined = this.#last.then(() => this.#examine(task))
    this.#last = examined.catch(() => {})
    return examined
  }

  /** Ends the thread once its frame is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#thread?.close()
  }

  async #examine(task: FrameTask): Promise<ExaminedBatch> {
    for (let attempt = 0; attempt < taskAttemptsMax; attempt++) {
      if (this.#isClosed) throw new StatorError('SHUTTING_DOWN', 'The worker pool is closed.')
      try {
        const { verdict, sentText, meter } = await this.#run(task)
        const unpacked: Verdict = JSON.parse(verdict)
        const whole = sentText === undefined ? unpacked : { ...unpacked, sentText }
        return { verdicts: [whole], meter }
      } catch {
        // The thread has died, or was ended because it hung. The next attempt gets a new one.
      }
    }
    return { verdicts: [giveUpOn(task)], meter: null }
  }

  async #run(task: FrameTask): Promise<PackedVerdict> {
    this.#thread ??= new Piscina({
      filename: (this.#options.longFrameWorkerUrl ?? new URL('./long-frame-worker.ts', import.meta.url)).href,
      minThreads: 1,
      maxThreads: 1,
    })
    const stuck = new AbortController()
    const timer = setTimeout(() => stuck.abort(), this.#options.taskMs ?? taskMsMax)
    try {
      return await this.#thread.run(task, { signal: stuck.signal })
    } finally {
      clearTimeout(timer)
    }
  }
}
