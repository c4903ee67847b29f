// The fences: how nodes are notified of charge points that others have changed, as in `src/store/fences.ts`.

import type { Fence } from '../../src/store/fences.ts'

/** The column `fenced_in`, with a number for each transaction that sets it. */
export class FenceModel {
  readonly #chargePoints: ReadonlyMap<number, Fence>
  readonly #fencedIn = new Map<number, number>()
  #transactions = 0

  constructor(chargePoints: ReadonlyMap<number, Fence>) {
    this.#chargePoints = chargePoints
  }

  /** Notifies the node that holds the charge point. */
  set(key: number): void {
    this.#fencedIn.set(key, ++this.#transactions)
  }

  /** Number of the last change of the charge point that its holder is notified of. */
  of(key: number): number {
    return this.#fencedIn.get(key) ?? 0
  }

  /** Where the next poll begins. */
  get next(): string {
    return String(this.#transactions + 1)
  }

  since(since: string): readonly object[] {
    return [...this.#chargePoints.values()]
      .filter(({ key }) => this.of(key) >= Number(since))
      .map(({ key, identity, epoch, connected, strictness, registrationStatus, timeZone }) => ({
        key,
        identity,
        epoch,
        connected,
        strictness,
        registrationStatus,
        timeZone,
      }))
  }
}
