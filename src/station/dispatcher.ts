// Gathers the next frame of every charge point into batches for the workers. A batch is whatever arrived while the
// last one was under way: alone and fast at low load, large at high load. No timer decides it. Long frames go apart
// from the batches, so that nobody waits for them.

import { batchFramesMax } from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import type { AnswerTask, ReadAnswer } from '../examine/answer.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'

/** What examining one frame came to. */
export interface ExaminedFrame {
  readonly verdict: Verdict
  /** The meter block that the frame shares with others; null when it carried no meter values. */
  readonly meter: MeterBlock | null
}

/** What examining some frames came to. */
export interface ExaminedPart {
  readonly tasks: readonly FrameTask[]
  readonly verdicts: readonly Verdict[]
  readonly meter: MeterBlock | null
}

/** Examines frames off the main thread. */
export interface BatchExaminer {
  readonly batchesMax: number
  examine(tasks: readonly FrameTask[]): Promise<readonly ExaminedPart[]>
  /** Examines a frame of more than `shortFrameCharactersMax` characters, apart from the batches. */
  examineLong(task: FrameTask): Promise<ExaminedPart>
}

/** Examines frames and reads answers; `workers/pool.ts` is the real one. */
export interface FrameExaminer extends BatchExaminer {
  /** Examines a frame that is not worth a batch; null when it is. */
  examineAtOnce(task: FrameTask): ExaminedFrame | null
  /** Reads an answer of more than `shortFrameCharactersMax` characters, off the main thread. */
  readLongAnswer(task: AnswerTask): Promise<ReadAnswer>
}

interface Waiting {
  readonly task: FrameTask
  readonly resolve: (examined: ExaminedFrame) => void
  readonly reject: (error: Error) => void
}

/**
 * Cuts what waits into batches. Each charge point has at most one frame here, so the queue is bounded by their
 * number.
 */
export class Dispatcher {
  readonly #examiner: BatchExaminer
  readonly #defer: (callback: () => void) => void
  #waiting: Waiting[] = []
  #batches = 0
  #isScheduled = false

  /** @param defer calls back after the current turn of the event loop. */
  constructor(examiner: BatchExaminer, defer: (callback: () => void) => void = setImmediate) {
    this.#examiner = examiner
    this.#defer = defer
  }

  /** Resolves with the verdict on one frame, and the meter block of its batch; rejects when there is none. */
  examine(task: FrameTask): Promise<ExaminedFrame> {
    return new Promise((resolve, reject) => {
      const waiting = { task, resolve, reject }
      if (isLongFrame(task.text)) {
        void this.#settle([waiting], async () => [await this.#examiner.examineLong(task)])
      } else {
        this.#waiting.push(waiting)
        this.#schedule()
      }
    })
  }

  // After the current turn of the event loop, so that everything the kernel had ready travels together.
  #schedule(): void {
    if (this.#isScheduled || this.#batches >= this.#examiner.batchesMax) return
    this.#isScheduled = true
    this.#defer(() => {
      this.#isScheduled = false
      const batch = this.#waiting.splice(0, batchFramesMax)
      if (batch.length > 0) void this.#examineBatch(batch)
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  async #examineBatch(batch: readonly Waiting[]): Promise<void> {
    this.#batches++
    await this.#settle(batch, () => this.#examiner.examine(batch.map((waiting) => waiting.task)))
    this.#batches--
    if (this.#waiting.length > 0) this.#schedule()
  }

  async #settle(batch: readonly Waiting[], examine: () => Promise<readonly ExaminedPart[]>): Promise<void> {
    const waiting = batch.values()
    let failure = new Error('The examiner answered fewer verdicts than it was given frames.')
    try {
      for (const { verdicts, meter } of await examine()) {
        for (const verdict of verdicts) waiting.next().value?.resolve({ verdict, meter })
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    for (const left of waiting) left.reject(failure)
  }
}
