// Which uploads are under way: one of each job, and a bounded number of jobs. So a charge point with one URL cannot
// take the places of others, however often it begins.

/** A place for the upload of one job. */
export interface UploadSlot {
  /** Aborted when a later upload of the job takes the place. */
  readonly signal: AbortSignal
  release(): void
}

export class UploadSlots {
  readonly #atOnceMax: number
  /** By job. */
  readonly #held = new Map<number, AbortController>()

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax
  }

  get isFull(): boolean {
    return this.#held.size >= this.#atOnceMax
  }

  /** A later upload of a job takes the place of the earlier one, which ends. Null: none is free. */
  take(jobId: number): UploadSlot | null {
    const earlier = this.#held.get(jobId)
    if (earlier === undefined && this.isFull) return null
    const controller = new AbortController()
    this.#held.set(jobId, controller)
    earlier?.abort()
    const release = (): void => {
      if (this.#held.get(jobId) === controller) this.#held.delete(jobId)
    }
    return { signal: controller.signal, release }
  }
}
