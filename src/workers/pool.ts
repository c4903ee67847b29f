// The worker pool: batches of frames go in, verdicts and meter columns come out. Only frames with meter values are
// worth sending to a worker: the values stay outside of JavaScript, and little comes back. Other frames that are not
// long are examined on the main thread, where they cost less (bench/measurements.md has the figures).

import { Packr } from 'msgpackr'
import { Piscina } from 'piscina'
import { systemClock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import {
  crossingBytesMin,
  inlineCharactersMax,
  quarantinePartsMax,
  taskAttemptsMax,
  taskMsMax,
} from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import type { AnswerTask, ReadAnswer } from '../examine/answer.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, examineBatch, examineOne, giveUpOn } from './examine-batch.ts'
import { LongFrames, type LongFramesOptions } from './long-frames.ts'

/** A batch as a worker returns it. */
export interface PackedBatch {
  /** msgpack of `Verdict[]`. */
  readonly verdicts: Uint8Array
  readonly meter: MeterBlock | null
}

export interface PoolOptions extends LongFramesOptions {
  /** Number of worker threads. With 0, this thread examines every frame that is not long. */
  readonly threads: number
  /** Bytes that are worth sending to a worker, counted in UTF-16 units. */
  readonly crossingBytesMin?: number
  /** Whether the frame with this text costs less in a batch for a worker than on this thread. */
  readonly paysToCross?: (text: string) => boolean
  /** The worker's module; tests use one that fails. */
  readonly workerUrl?: URL
}

/** The result of examining one batch: a part for each task that its frames were sent in. */
export interface ExaminedPart extends ExaminedBatch {
  readonly tasks: readonly FrameTask[]
}

/** The pool of worker threads that examine frames. */
export class FramePool {
  readonly #options: PoolOptions
  readonly #workers: Piscina<Uint8Array, PackedBatch> | null
  readonly #longFrames: LongFrames
  /**
   * The quarantine, with one thread and one task at a time: if a thread crashes here, it is known which frames did it.
   * Created when a thread has crashed.
   */
  #quarantine: Piscina<Uint8Array, PackedBatch> | null = null
  readonly #packr = new Packr()
  /** Batches that may be with the workers at once: one for each thread, so that batches grow while they work. */
  readonly batchesMax: number
  readonly crossingBytesMin: number
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#longFrames = new LongFrames(options)
    this.batchesMax = options.threads
    this.crossingBytesMin = options.crossingBytesMin ?? crossingBytesMin
    this.#workers = options.threads === 0 ? null : this.#makeWorkers(options.threads)
  }

  /**
   * Examines `tasks` in a worker and returns their verdicts in order, in one part unless the worker crashed, or was
   * stuck and was terminated. Then the frames are examined again in quarantine, in smaller and smaller parts, until the
   * frame that crashes workers is alone and is refused.
   */
  async examine(tasks: readonly FrameTask[]): Promise<readonly ExaminedPart[]> {
    if (this.#workers === null) return [this.examineHere(tasks)]
    try {
      return [await this.#run(this.#workers, tasks)]
    } catch (error) {
      this.#throwIfClosed(error)
      return this.#examineInQuarantine(tasks, 1)
    }
  }

  /** Examines `tasks` on this thread. */
  examineHere(tasks: readonly FrameTask[]): ExaminedPart {
    return { tasks, ...examineBatch(tasks) }
  }

  /** Examines a long frame in the thread for long frames, independently of other frames. */
  async examineLong(task: FrameTask): Promise<ExaminedPart> {
    return { tasks: [task], ...(await this.#longFrames.examine(task)) }
  }

  /** Reads a long answer in the thread for long frames. */
  readLongAnswer(task: AnswerTask): Promise<ReadAnswer> {
    return this.#longFrames.readAnswer(task)
  }

  /**
   * Examines a frame on this thread, at once, if it is not worth sending to a worker or must not be sent; without
   * worker threads, any frame that is not long. Null if the frame belongs into a batch, or is long.
   */
  examineAtOnce(task: FrameTask): { readonly verdict: Verdict; readonly meter: MeterBlock | null } | null {
    const { text } = task
    if (isLongFrame(text)) return null
    const pays = this.#workers !== null && (this.#options.paysToCross ?? paysToCross)(text)
    return pays && survivesCrossing(text) ? null : examineOne(task)
  }

  /** Ends the worker threads once their tasks are done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#workers?.close(), this.#longFrames.close(), this.#quarantine?.close()])
  }

  #makeWorkers(threads: number): Piscina<Uint8Array, PackedBatch> {
    return new Piscina({
      filename: (this.#options.workerUrl ?? new URL('./worker.ts', import.meta.url)).href,
      minThreads: threads,
      maxThreads: threads,
    })
  }

  async #run(workers: Piscina<Uint8Array, PackedBatch>, tasks: readonly FrameTask[]): Promise<ExaminedPart> {
    // Terminates the thread if the task takes too long.
    const stuck = new AbortController()
    const cancelTimer = (this.#options.clock ?? systemClock).after(taskMsMax, () => stuck.abort())
    try {
      const envelope = new Uint8Array(this.#packr.pack(tasks))
      const { verdicts, meter } = await workers.run(envelope, { signal: stuck.signal })
      const unpacked: readonly Verdict[] = this.#packr.unpack(verdicts)
      return { tasks, verdicts: unpacked, meter }
    } finally {
      cancelTimer()
    }
  }

  async #examineInQuarantine(tasks: readonly FrameTask[], attempt: number): Promise<readonly ExaminedPart[]> {
    this.#quarantine ??= this.#makeWorkers(1)
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

// In the worker, the values of a MeterValues, StopTransaction or TransactionEvent become columns, and its facts a
// digest. The content of all other messages comes back as objects, which costs this thread as much as parsing it.
function paysToCross(text: string): boolean {
  return text.length > inlineCharactersMax && (text.includes('"meterValue"') || text.includes('"transactionData"'))
}

// msgpack writes texts as UTF-8, in which half of a surrogate pair becomes U+FFFD, and msgpackr renames `__proto__`.
// Both occur in hostile frames only. But an answer needs the message id that was sent, and a fact must be stored the
// same way whether it is examined here or in a worker. An escape may contain either, so a frame with any escape is
// examined here.
function survivesCrossing(text: string): boolean {
  return !text.includes('\\u') && !text.includes('__proto__')
}
