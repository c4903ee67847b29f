// The worker pool: batches of frames go in, verdicts and meter columns come out. Small batches never leave the main
// thread, because the crossing costs more than the work (docs/decisions.md has the measurement).

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
import type { MeterBlock } from '../csms/meter-block.ts'
import type { AnswerTask, ReadAnswer } from '../ocpp/answer.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, examineBatch, examineOne, giveUpOn } from './examine-batch.ts'

/** A batch as a worker sends it back. */
export interface PackedBatch {
  /** msgpack of `Verdict[]`; of long frames their JSON text, which keeps all that strings may hold. */
  readonly verdicts: Uint8Array | string
  readonly meter: MeterBlock | null
}

export interface PoolOptions {
  /** Worker threads; without any, this thread examines every batch. */
  readonly threads: number
  /** Batches up to this size are examined on the main thread. */
  readonly inlineFrames?: number
  /** Frames up to this length are examined on the main thread at once. */
  readonly inlineCharacters?: number
  /** The worker's module; tests put one there that fails. */
  readonly workerUrl?: URL
  /** Longest that a worker may take for a task, in milliseconds. */
  readonly taskMs?: number
}

type Workers = Piscina<Uint8Array, PackedBatch | string>

/** What examining one batch came to: a part for each task that its frames travelled in. */
export interface ExaminedPart extends ExaminedBatch {
  readonly tasks: readonly FrameTask[]
}

/** The pool of worker threads that examine frames. */
export class FramePool {
  readonly #options: PoolOptions
  readonly #workers: Workers | null
  /** A thread for long frames, which take it milliseconds each: no batch waits for them. Made for the first of them. */
  #longFrames: Workers | null = null
  /** One thread, one task: whoever makes a thread die here has done it alone. Made when a thread has died. */
  #quarantine: Workers | null = null
  readonly #packr = new Packr()
  /** How many batches may be under way at once without one of them only waiting. */
  readonly batchesMax: number
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
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
    this.#longFrames ??= this.#makeWorkers(1, 1)
    try {
      return await this.#run(this.#longFrames, [task])
    } catch (error) {
      this.#throwIfClosed(error)
      const [part] = await this.#examineInQuarantine([task], 1)
      return part ?? { tasks: [task], verdicts: [giveUpOn(task)], meter: null }
    }
  }

  /**
   * Reads a long answer in the thread for long frames. An answer that ends that thread, or is too much for it, cannot
   * be read.
   */
  async readLongAnswer(task: AnswerTask): Promise<ReadAnswer> {
    this.#longFrames ??= this.#makeWorkers(1, 1)
    try {
      return JSON.parse(String(await this.#runAlone(this.#longFrames, task)))
    } catch (error) {
      this.#throwIfClosed(error)
      return { kind: 'unreadable', problem: 'The central system failed on it.' }
    }
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
    await Promise.all([this.#workers?.close(), this.#longFrames?.close(), this.#quarantine?.close()])
  }

  #makeWorkers(threads: number, concurrentTasksPerWorker: number): Workers {
    return new Piscina({
      filename: (this.#options.workerUrl ?? new URL('./worker.ts', import.meta.url)).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker,
    })
  }

  async #run(workers: Workers, tasks: readonly FrameTask[]): Promise<ExaminedPart> {
    const packed = await this.#runAlone(workers, tasks)
    if (typeof packed === 'string') throw new TypeError('A worker read an answer where it was to examine frames.')
    return { tasks, verdicts: this.#unpacked(packed.verdicts), meter: packed.meter }
  }

  /** Hands one task to a thread, and ends the thread when the task takes too long. */
  async #runAlone(workers: Workers, task: AnswerTask | readonly FrameTask[]): Promise<PackedBatch | string> {
    const stuck = new AbortController()
    const timer = setTimeout(() => stuck.abort(), this.#options.taskMs ?? taskMsMax)
    try {
      return await workers.run(new Uint8Array(this.#packr.pack(task)), { signal: stuck.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  #unpacked(verdicts: Uint8Array | string): readonly Verdict[] {
    return typeof verdicts === 'string' ? JSON.parse(verdicts) : this.#packr.unpack(verdicts)
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

// msgpack writes texts as UTF-8, in which half a surrogate pair becomes U+FFFD, and msgpackr renames `__proto__`. Both come from
// hostile frames only; but an answer under another message id than the one sent, or a fact stored in another spelling than
// when it came alone, is none. An escape may spell either, so whoever writes any is examined here.
function survivesCrossing(text: string): boolean {
  return !text.includes('\\u') && !text.includes('__proto__')
}
