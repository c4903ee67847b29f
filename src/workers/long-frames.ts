// The thread for long frames: it examines one at a time, in the order of arrival, so that no batch waits for them and
// no frame fails because of another. It starts with the first long frame.

import { Piscina } from 'piscina'
import { type Clock, systemClock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import { taskAttemptsMax, taskMsMax } from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import { type AnswerTask, gaveUp, type ReadAnswer } from '../examine/answer.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, giveUpOn } from './examine-batch.ts'

/** What the thread does: it examines a CALL, or reads an answer to one of ours. */
export type LongTask =
  { readonly kind: 'call'; readonly task: FrameTask } | { readonly kind: 'answer'; readonly task: AnswerTask }

/** A verdict as the thread returns it. */
export interface PackedVerdict {
  readonly kind: 'call'
  /** JSON, which preserves any string; without `sentText`. */
  readonly verdict: string
  readonly sentText: string | undefined
  readonly meter: MeterBlock | null
}

/** An answer as the thread returns it. */
export interface PackedAnswer {
  readonly kind: 'answer'
  /** JSON; without the `text` of a `LongResultAnswer`. */
  readonly answer: string
  readonly text: string | undefined
}

export interface LongFramesOptions {
  /** The module of the thread; tests use one that fails. */
  readonly longFrameWorkerUrl?: URL
  /** Says when the thread has taken too long for a frame. */
  readonly clock?: Clock
}

/**
 * Examines long CALLs and reads long answers. Waiting CALLs are limited by the number of charge points, and by
 * `receivedBytesMax`. An answer waits only if one of our CALLs awaits it, so one at a time for each charge point.
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
   * Examines a frame after those before it. A frame that repeatedly crashes or blocks the thread is refused.
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
   * Reads an answer after the frames before it. One that repeatedly crashes or blocks the thread counts as unreadable.
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

  /** The result of `task`; null if it failed each time. */
  async #try(task: LongTask): Promise<PackedVerdict | PackedAnswer | null> {
    for (let attempt = 0; attempt < taskAttemptsMax; attempt++) {
      if (this.#isClosed) throw new StatorError('SHUTTING_DOWN', 'The worker pool is closed.')
      try {
        return await this.#run(task)
      } catch {
        // The thread has crashed, or was terminated because it was stuck. The next attempt gets a new one.
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
    const cancelTimer = (this.#options.clock ?? systemClock).after(taskMsMax, () => stuck.abort())
    try {
      return await this.#thread.run(task, { signal: stuck.signal })
    } finally {
      cancelTimer()
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
