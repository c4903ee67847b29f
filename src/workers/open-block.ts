// The block that frames share if they are examined one by one. A block of its own for each of them costs the main
// thread 3.3 µs more a frame, in groups of 64, a tenth of a durable MeterValues (bench/measurements.md, "Work for each
// message").

import type { MeterBlock } from '../blocks/meter-block.ts'

/** A block to which rows may still be added. Reading it ends that. */
export class OpenBlock implements MeterBlock {
  readonly #finish: () => MeterBlock
  #filled: MeterBlock | null = null

  constructor(finish: () => MeterBlock) {
    this.#finish = finish
  }

  get rows(): number {
    return this.#block.rows
  }

  get columns(): readonly Uint8Array[] {
    return this.#block.columns
  }

  get offsets(): Uint32Array {
    return this.#block.offsets
  }

  /** The collector has completed it. */
  fill(block: MeterBlock): void {
    this.#filled = block
  }

  get #block(): MeterBlock {
    return (this.#filled ??= this.#finish())
  }
}
