// A case that is played from a record, without a central system.

import { Deviation } from '../../../src/simulator/cases/match.ts'
import { Play, type PlayOptions, type Seen } from '../../../src/simulator/cases/play.ts'
import type { Site } from '../../../src/simulator/cases/site.ts'

/** From a record. */
export class Replay extends Play {
  readonly #seen: readonly Seen[]
  #next = 0

  constructor(id: string, options: PlayOptions, seen: readonly Seen[]) {
    super(id, options)
    this.#seen = seen
  }

  see<T>(what: string): Promise<T> {
    const seen = this.#seen[this.#next++]
    if (seen?.what !== what) return Promise.reject(new Deviation(`${what}: did not come`))
    // It was recorded as what the same step returned.
    return Promise.resolve(seen.value as T)
  }

  own<T>(what: string): Promise<T> {
    return this.see<T>(what)
  }

  async prepare(): Promise<void> {}

  site(): Promise<Site> {
    return Promise.reject(new Error('A replay has no central system: only see, own and prepare may use it.'))
  }
}
