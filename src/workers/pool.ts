// The worker pool: batches of frames go in, verdicts and meter columns come out. Small batches never leave the main
// thread, because the crossing costs more than the work (bench/measurements.md has the figures).

import { Packr } from 'msgpackr'
import { Piscina } from 'piscina'
import { StatorError } from '../base/errors.ts'
import {
  inlineCharactersMax,
  inlineFramesMax,
  quarantinePartsMax,
  taskAttemptsMax,
  taskMsMax,
  tasksPerWorkerMax,
} from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import type { AnswerTask, ReadAnswer } from '../examine/answer.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, examineBatch, examineOne, giveUpOn } from './examine-batch.ts'
import { LongFrames, type LongFramesOptions } from './long-frames.ts'

/** A batch as a worker sends it back. */
export interface PackedBatch {
  /** msgpack of `Verdict[]`. */
  readonly verdicts: Uint8Array
  readonly meter: MeterBlock | null
}

export interface PoolOptions extends LongFramesOptions {
  /** Worker threads; without any, this thread examines every batch. */
  readonly threads: number
  /** Batches up to this size are examined on the main thread. */
  readonly inlineFrames?: number
  /** Frames up to this length are examined on the main thread at once. */
  readonly inlineCharacters?: number
  /** The worker's module; tests put one there that fails. */
  readonly workerUrl?: URL
}

/** What examining one batch came to: a part for each task that its frames travelled in. */
export interface ExaminedPart extends ExaminedBatch {
  readonly tasks: readonly FrameTask[]
}

/** The pool of worker threads that examine frames. */
export class FramePool {
  readonly #options: PoolOptions
  readonly #workers: Piscina<Uint8Array, PackedBatch> | null
  readonly #longFrames: LongFrames
  /** One thread, one task: a frame that makes a thread die here has done it alone. Made when a thread has died. */
  #quarantine: Piscina<Uint8Array, PackedBatch> | null = null
  readonly #packr = new Packr()
  /** How many batches may be under way at once without one of them only waiting. */
  readonly batchesMax: number
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#longFrames = new LongFrames(options)
    this.batchesMax = Math.max(1, options.threads * tasksPerWorkerMax)
    this.#workers = options.threads === 0 ? null : this.#makeWorkers(options.threads, tasksPerWorkerMax)
  }

  /**
   * Examines `tasks` and returns their verdicts in order, in one part unless a worker died under them, or was stuck and
   * ended: then the frames are done again in quarantine, in smaller and smaller parts, until the frame that kills workers stands alone and is
   * refused alone. Other batches that the dead worker had are done again, too, and unharmed.
   */
  async examine(tasks: readonly FrameTask[]): Promise<readonly ExaminedPart[]> {
    const isSmall = tasks.length <= (this.#options.inlineFrames ?? inlineFramesMax)
    if (this.#workers === null || isSmall) return [{ tasks, ...examineBatch(tasks) }]
    try {
      return [await this.#run(this.#workers, tasks)]
    } catch (error) {
      this.#throwIfClosed(error)
      return this.#examineInQuarantine(tasks, 1)
    }
  }

  /** Examines a long frame in the thread for long frames, whatever else waits. */
  async examineLong(task: FrameTask): Promise<ExaminedPart> {
    return { tasks: [task], ...(await this.#longFrames.examine(task)) }
  }

  /** Reads a long answer in the thread for long frames. */
  readLongAnswer(task: AnswerTask): Promise<ReadAnswer> {
    return this.#longFrames.readAnswer(task)
  }

  /**
   * Examines a frame on this thread, at once, when it is shorter than is worth a crossing or must not cross, and any frame that is
   * not long when there are no worker threads; null when the frame is to travel in a batch, or is long.
   */
  examineAtOnce(task: FrameTask): { readonly verdict: Verdict; readonly meter: MeterBlock | null } | null {
    const { text } = task
    if (isLongFrame(text)) return null
    const isWorthCrossing = text.length > (this.#options.inlineCharacters ?? inlineCharactersMax)
    return this.#workers !== null && isWorthCrossing && survivesCrossing(text) ? null : examineOne(task)
  }

  /** Ends the worker threads once their tasks are done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#workers?.close(), this.#longFrames.close(), this.#quarantine?.close()])
  }

  #makeWorkers(threads: number, concurrentTasksPerWorker: number): Piscina<Uint8Array, PackedBatch> {
    return new Piscina({
      filename: (this.#options.workerUrl ?? new URL('./worker.ts', import.meta.url)).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker,
    })
  }

  async #run(workers: Piscina<Uint8Array, PackedBatch>, tasks: readonly FrameTask[]): Promise<ExaminedPart> {
    // Ends the thread when the task takes too long.
    const stuck = new AbortController()
    const timer = setTimeout(() => stuck.abort(), this.#options.taskMs ?? taskMsMax)
    try {
      const envelope = new Uint8Array(this.#packr.pack(tasks))
      const { verdicts, meter } = await workers.run(envelope, { signal: stuck.signal })
      const unpacked: readonly Verdict[] = this.#packr.unpack(verdicts)
      return { tasks, verdicts: unpacked, meter }
    } finally {
      clearTimeout(timer)
    }
  }

  async #examineInQuarantine(tasks: readonly FrameTask[], attempt: number): Promise<readonly ExaminedPart[]> {
    this.#quarantine ??= this.#makeWorkers(1, 1)
    try {
      return [await this.#run(this.#quarantine, tasks)]
    } catch (error) {
      this.#throwIfClosed(error)
      if (tasks.length > 1) {
        const partFrames = Math.ceil(tasks.length / quarantinePartsMax)
        const parts: ExaminedPart[] = []
        for (let from = 0; from < tasks.length; from += partFrames) {
          parts.push(...(await this.#examineInQuarantine(tasks.slice(from, from + partFrames), 1)))
        }
        return parts
      }
      if (attempt < taskAttemptsMax) return this.#examineInQuarantine(tasks, attempt + 1)
      return [{ tasks, verdicts: tasks.map(giveUpOn), meter: null }]
    }
  }

  #throwIfClosed(error: unknown): void {
    if (this.#isClosed) throw new StatorError('SHUTTING_DOWN', 'The worker pool is closed.', undefined, error)
  }
}

// msgpack writes texts as UTF-8, in which half a surrogate pair becomes U+FFFD, and msgpackr renames `__proto__`. Both
// come from hostile frames only; but an answer needs the message id that was sent, and a fact is stored in the spelling
// that it has when it comes alone. An escape may spell either, so a frame with any escape is examined here.
function survivesCrossing(text: string): boolean {
  return !text.includes('\\u') && !text.includes('__proto__')
}
