// The worker pool: batches of frames go in, verdicts and meter columns come out. Small batches never leave the main
// thread, because the crossing costs more than the work (docs/decisions.md has the measurement).

import { Packr } from 'msgpackr'
import { Piscina } from 'piscina'
import { StatorError } from '../base/errors.ts'
import { inlineFramesMax, taskAttemptsMax, tasksPerWorkerMax } from '../base/limits.ts'
import type { MeterBlock } from '../csms/meter-block.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { type ExaminedBatch, examineBatch } from './examine-batch.ts'

/** A batch as a worker sends it back. */
export interface PackedBatch {
  /** msgpack of `Verdict[]`. */
  readonly verdicts: Uint8Array
  readonly meter: MeterBlock | null
}

export interface PoolOptions {
  /** Worker threads. */
  readonly threads: number
  /** Batches up to this size are examined on the main thread. */
  readonly inlineFrames?: number
  /** The worker's module; tests put one there that fails. */
  readonly workerUrl?: URL
}

/** What examining one batch came to: a part for each task that its frames travelled in. */
export interface ExaminedPart extends ExaminedBatch {
  readonly tasks: readonly FrameTask[]
}

/** The pool of worker threads that examine frames. */
export class FramePool {
  readonly #piscina: Piscina<Uint8Array, PackedBatch>
  readonly #packr = new Packr()
  readonly #inlineFrames: number
  /** How many batches may be under way at once without one of them only waiting. */
  readonly batchesMax: number
  #closed = false

  constructor(options: PoolOptions) {
    this.#inlineFrames = options.inlineFrames ?? inlineFramesMax
    this.batchesMax = options.threads * tasksPerWorkerMax
    this.#piscina = new Piscina({
      filename: (options.workerUrl ?? new URL('./worker.ts', import.meta.url)).href,
      minThreads: options.threads,
      maxThreads: options.threads,
      concurrentTasksPerWorker: tasksPerWorkerMax,
    })
  }

  /**
   * Examines `tasks` and returns their verdicts in order, in one part unless a worker died under them: then the frames
   * are done again by another worker, in smaller and smaller parts, until the frame that kills workers stands alone and
   * is refused alone.
   */
  async examine(tasks: readonly FrameTask[]): Promise<readonly ExaminedPart[]> {
    if (tasks.length <= this.#inlineFrames) return [{ tasks, ...examineBatch(tasks) }]
    return this.#examineInWorker(tasks, 1)
  }

  /** Ends the worker threads once their tasks are done. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#piscina.close()
  }

  async #examineInWorker(tasks: readonly FrameTask[], attempt: number): Promise<readonly ExaminedPart[]> {
    try {
      const { verdicts, meter } = await this.#piscina.run(new Uint8Array(this.#packr.pack(tasks)))
      const unpacked: readonly Verdict[] = this.#packr.unpack(verdicts)
      return [{ tasks, verdicts: unpacked, meter }]
    } catch (error) {
      if (this.#closed) throw new StatorError('SHUTTING_DOWN', 'The worker pool is closed.', undefined, error)
      if (attempt < taskAttemptsMax) return this.#examineInWorker(tasks, attempt + 1)
      if (tasks.length === 1) return [{ tasks, verdicts: tasks.map(refuse), meter: null }]
      const half = tasks.length >> 1
      const parts = await Promise.all([
        this.#examineInWorker(tasks.slice(0, half), taskAttemptsMax),
        this.#examineInWorker(tasks.slice(half), taskAttemptsMax),
      ])
      return parts.flat()
    }
  }
}

const callHead = /^\s*\[\s*2\s*,\s*"([^"\\]{1,36})"/

/** The verdict on a frame that kills workers: its id is read without parsing it. */
function refuse(task: FrameTask): Verdict {
  const messageId = callHead.exec(task.text)?.[1]
  if (messageId === undefined)
    return { kind: 'dropped', reason: 'the frame makes its worker fail, and has no readable message id' }
  return {
    kind: 'refused',
    messageId,
    action: '',
    code: 'InternalError',
    description: 'The central system failed on this message.',
    details: {},
  }
}
