// Collects frames for the workers into batches: those that are worth sending to a worker, the next one of every charge
// point. The frames of one turn of the event loop are collected until its end. If enough bytes wait, a batch goes to a
// worker; fewer are examined on this thread, where they cost less. While every worker has a batch, frames are collected
// for the next one. No timer is involved. Long frames are examined separately, so that no batch waits for them.

import { batchBytesMax } from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import type { AnswerTask, ReadAnswer } from '../examine/answer.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'

/** The result of examining one frame. */
export interface ExaminedFrame {
  readonly verdict: Verdict
  /** The meter block that the frame shares with others; null if it contains no meter values. */
  readonly meter: MeterBlock | null
}

/** The result of examining some frames. */
export interface ExaminedPart {
  readonly tasks: readonly FrameTask[]
  readonly verdicts: readonly Verdict[]
  readonly meter: MeterBlock | null
}

/** Examines batches of frames, in workers and on this thread. */
export interface BatchExaminer {
  /** Batches that may be with the workers at once: one for each thread. */
  readonly batchesMax: number
  /** Bytes that are worth sending to a worker, counted in UTF-16 units. */
  readonly crossingBytesMin: number
  /** Examines a batch in a worker. */
  examine(tasks: readonly FrameTask[]): Promise<readonly ExaminedPart[]>
  /** Examines a batch on this thread. */
  examineHere(tasks: readonly FrameTask[]): ExaminedPart
  /** Examines a frame of more than `shortFrameCharactersMax` characters, outside of the batches. */
  examineLong(task: FrameTask): Promise<ExaminedPart>
}

/** Examines frames and reads answers; `workers/pool.ts` is the real one. */
export interface FrameExaminer extends BatchExaminer {
  /** Examines a frame that is not worth a batch; null if it is. */
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
 * Splits the waiting frames into batches. At most `batchBytesMax` wait for each worker; further frames are examined at
 * once.
 */
export class Dispatcher {
  readonly #examiner: BatchExaminer
  readonly #defer: (callback: () => void) => void
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #batches = 0
  #isScheduled = false

  /** @param defer calls back after the current turn of the event loop. */
  constructor(examiner: BatchExaminer, defer: (callback: () => void) => void = setImmediate) {
    this.#examiner = examiner
    this.#defer = defer
  }

  /** Resolves with the verdict on one frame, and the meter block of its batch; rejects if there is none. */
  examine(task: FrameTask): Promise<ExaminedFrame> {
    return new Promise((resolve, reject) => {
      const waiting = { task, resolve, reject }
      if (isLongFrame(task.text)) {
        void this.#settle([waiting], async () => [await this.#examiner.examineLong(task)])
      } else if (this.#waitingBytes >= batchBytesMax * this.#examiner.batchesMax) {
        void this.#examineHere([waiting])
      } else {
        this.#waiting.push(waiting)
        this.#waitingBytes += task.text.length
        this.#schedule()
      }
    })
  }

  // After the current turn of the event loop, so that everything that the kernel had ready is in one batch.
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#defer(() => {
      this.#isScheduled = false
      this.#cut()
    })
  }

  #cut(): void {
    const { batchesMax, crossingBytesMin } = this.#examiner
    while (this.#waiting.length > 0 && this.#waitingBytes >= crossingBytesMin) {
      const idle = batchesMax - this.#batches
      if (idle <= 0) return
      const shareBytes = Math.max(crossingBytesMin, this.#waitingBytes / idle)
      void this.#examineBatch(this.#take(Math.min(shareBytes, batchBytesMax)))
    }
    if (this.#waiting.length > 0) void this.#examineHere(this.#take(Number.POSITIVE_INFINITY))
  }

  /** The frames that have waited longest, up to `bytes` in total; at least one. */
  #take(bytes: number): Waiting[] {
    let taken = 0
    let count = 0
    for (const { task } of this.#waiting) {
      if (count > 0 && taken >= bytes) break
      taken += task.text.length
      count++
    }
    this.#waitingBytes -= taken
    return this.#waiting.splice(0, count)
  }

  async #examineBatch(batch: readonly Waiting[]): Promise<void> {
    this.#batches++
    await this.#settle(batch, () => this.#examiner.examine(tasksOf(batch)))
    this.#batches--
    if (this.#waiting.length > 0) this.#schedule()
  }

  #examineHere(batch: readonly Waiting[]): Promise<void> {
    return this.#settle(batch, () => [this.#examiner.examineHere(tasksOf(batch))])
  }

  async #settle(
    batch: readonly Waiting[],
    examine: () => readonly ExaminedPart[] | Promise<readonly ExaminedPart[]>,
  ): Promise<void> {
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

function tasksOf(batch: readonly Waiting[]): FrameTask[] {
  return batch.map(({ task }) => task)
}
