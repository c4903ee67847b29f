// Gathers the next frame of every charge point into batches for the workers. A batch is whatever arrived while the last
// one was under way: alone and fast at low load, large at high load. No timer decides it. Long frames go apart from the batches,
// so that nobody waits for them.

import { batchFramesMax } from '../base/limits.ts'
import type { MeterBlock } from '../csms/meter-block.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'

/** What examining some frames came to. */
export interface ExaminedPart {
  readonly tasks: readonly FrameTask[]
  readonly verdicts: readonly Verdict[]
  readonly meter: MeterBlock | null
}

/** Examines frames off the main thread; `workers/pool.ts` is the real one. */
export interface BatchExaminer {
  readonly batchesMax: number
  examine(tasks: readonly FrameTask[]): Promise<readonly ExaminedPart[]>
  /** Examines a frame of more than `shortFrameCharactersMax` characters, apart from the batches. */
  examineLong(task: FrameTask): Promise<ExaminedPart>
}

/** Told about the verdict on one frame, with the meter block of its batch; an error when there is none. */
export type OnVerdict = (verdict: Verdict | Error, meter: MeterBlock | null) => void

interface Waiting {
  readonly task: FrameTask
  readonly onVerdict: OnVerdict
}

/** Cuts what waits into batches. Each charge point has at most one frame here, so the queue is bounded by their number. */
export class Dispatcher {
  readonly #examiner: BatchExaminer
  readonly #onFailure: (error: unknown) => void
  readonly #defer: (callback: () => void) => void
  #waiting: Waiting[] = []
  #batches = 0
  #isScheduled = false

  /**
   * @param onFailure told when an `OnVerdict` throws, which is a defect.
   * @param defer calls back after the current turn of the event loop.
   */
  constructor(
    examiner: BatchExaminer,
    onFailure: (error: unknown) => void,
    defer: (callback: () => void) => void = setImmediate,
  ) {
    this.#examiner = examiner
    this.#onFailure = onFailure
    this.#defer = defer
  }

  submit(task: FrameTask, onVerdict: OnVerdict): void {
    if (isLongFrame(task.text)) {
      void this.#tell([{ task, onVerdict }], async () => [await this.#examiner.examineLong(task)])
      return
    }
    this.#waiting.push({ task, onVerdict })
    this.#schedule()
  }

  // After the current turn of the event loop, so that everything the kernel had ready travels together.
  #schedule(): void {
    if (this.#isScheduled || this.#batches >= this.#examiner.batchesMax) return
    this.#isScheduled = true
    this.#defer(() => {
      this.#isScheduled = false
      const batch = this.#waiting.splice(0, batchFramesMax)
      if (batch.length > 0) void this.#examine(batch)
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  async #examine(batch: readonly Waiting[]): Promise<void> {
    this.#batches++
    await this.#tell(batch, () => this.#examiner.examine(batch.map((waiting) => waiting.task)))
    this.#batches--
    if (this.#waiting.length > 0) this.#schedule()
  }

  async #tell(batch: readonly Waiting[], examine: () => Promise<readonly ExaminedPart[]>): Promise<void> {
    const waiting = batch.values()
    let failure = new Error('The examiner answered fewer verdicts than it was given frames.')
    try {
      for (const part of await examine()) {
        for (const verdict of part.verdicts) this.#tellOne(waiting.next().value, verdict, part.meter)
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    for (const left of waiting) this.#tellOne(left, failure, null)
  }

  /** Each frame is told once, whatever comes of telling another. */
  #tellOne(waiting: Waiting | undefined, verdict: Verdict | Error, meter: MeterBlock | null): void {
    try {
      waiting?.onVerdict(verdict, meter)
    } catch (error) {
      this.#onFailure(error)
    }
  }
}
