// The thread for long frames: it takes one at a time, in the order in which they came, so that no batch waits for them
// and no two of them share a fate. It starts with the first long frame.

import { Piscina } from 'piscina'
import { StatorError } from '../base/errors.ts'
import { taskAttemptsMax, taskMsMax } from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import { type AnswerTask, gaveUp, type ReadAnswer } from '../examine/answer.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, giveUpOn } from './examine-batch.ts'

/** What the thread does: it examines a CALL, or reads an answer to one of ours. */
export type LongTask =
  { readonly kind: 'call'; readonly task: FrameTask } | { readonly kind: 'answer'; readonly task: AnswerTask }

/** A verdict as the thread sends it back. */
export interface PackedVerdict {
  readonly kind: 'call'
  /** JSON, which keeps all that strings may hold; without `sentText`. */
  readonly verdict: string
  readonly sentText: string | undefined
  readonly meter: MeterBlock | null
}

/** An answer as the thread sends it back. */
export interface PackedAnswer {
  readonly kind: 'answer'
  /** JSON; without the `text` of a `LongResultAnswer`. */
  readonly answer: string
  readonly text: string | undefined
}

export interface LongFramesOptions {
  /** The module of the thread; tests put one there that fails. */
  readonly longFrameWorkerUrl?: URL
  /** Longest that the thread may take for a frame, in milliseconds. */
  readonly taskMs?: number
}

/**
 * Examines long CALLs and reads long answers. CALLs that wait are bounded by the number of charge points, and by
 * `receivedBytesMax`. An answer waits only when a CALL of ours awaits it, one at a time for each charge point.
 */
export class LongFrames {
  readonly #options: LongFramesOptions
  #thread: Piscina<LongTask, PackedVerdict | PackedAnswer> | null = null
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: LongFramesOptions) {
    this.#options = options
  }

  /**
   * Examines a frame once those before it are done. A frame that makes the thread die or hang, again and again, is
   * refused.
   *
   * @throws {StatorError} `SHUTTING_DOWN` when this is closed meanwhile.
   */
  examine(task: FrameTask): Promise<ExaminedBatch> {
    return this.#inTurn(async () => {
      const done = await this.#try({ kind: 'call', task })
      return done?.kind === 'call' ? unpackedVerdict(done) : { verdicts: [giveUpOn(task)], meter: null }
    })
  }

  /**
   * Reads an answer once the frames before it are done. One that makes the thread die or hang, again and again, cannot
   * be read.
   *
   * @throws {StatorError} `SHUTTING_DOWN` when this is closed meanwhile.
   */
  readAnswer(task: AnswerTask): Promise<ReadAnswer> {
    return this.#inTurn(async () => {
      const done = await this.#try({ kind: 'answer', task })
      return done?.kind === 'answer' ? unpackedAnswer(done) : gaveUp
    })
  }

  /** Ends the thread once its frame is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#thread?.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  /** What the thread made of `task`; null when it failed each time. */
  async #try(task: LongTask): Promise<PackedVerdict | PackedAnswer | null> {
    for (let attempt = 0; attempt < taskAttemptsMax; attempt++) {
      if (this.#isClosed) throw new StatorError('SHUTTING_DOWN', 'The worker pool is closed.')
      try {
        return await this.#run(task)
      } catch {
        // The thread has died, or was ended because it hung. The next attempt gets a new one.
      }
    }
    return null
  }

  async #run(task: LongTask): Promise<PackedVerdict | PackedAnswer> {
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

function unpackedVerdict({ verdict, sentText, meter }: PackedVerdict): ExaminedBatch {
  const unpacked: Verdict = JSON.parse(verdict)
  const whole = sentText === undefined ? unpacked : { ...unpacked, sentText }
  return { verdicts: [whole], meter }
}

function unpackedAnswer({ answer, text }: PackedAnswer): ReadAnswer {
  const unpacked: ReadAnswer = JSON.parse(answer)
  const whole = text === undefined ? unpacked : { ...unpacked, text }
  return whole
}
