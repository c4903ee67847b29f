// Computes one figure from the samples of one measurand in one meter value: of several contexts one counts, and the
// phases of that one are combined.

/** How the phases of a measurand become one figure if the charge point sends no total. */
export type Fold = 'sum' | 'max' | 'mean'

/**
 * Contexts (ReadingContext, 1.6 §7.35, and ReadingContextEnumType of 2.x) in the order in which they count: the regular
 * sample first, then what else was read at the time of the meter value, then what was read at an earlier event and is
 * repeated.
 */
const contexts = [
  'Sample.Periodic',
  'Sample.Clock',
  'Trigger',
  'Other',
  'Transaction.End',
  'Interruption.End',
  'Interruption.Begin',
  'Transaction.Begin',
] as const

const ranks: ReadonlyMap<unknown, number> = new Map(contexts.map((context, rank) => [context, rank]))
const periodicRank = 0
const beginRank = contexts.indexOf('Transaction.Begin')
/** An unknown word takes precedence over `Trigger`: vendors invent words for samples. */
const unknownRank = 1.5

/**
 * The rank of a context; the smallest counts. Without a context a sample is periodic (the default of both versions).
 */
export function rankOf(context: unknown): number {
  // Nearly all samples are periodic, and a comparison is cheaper than a look-up.
  if (context === undefined || context === 'Sample.Periodic') return periodicRank
  return ranks.get(context) ?? unknownRank
}

/** Phases as they are reported; a phase to neutral counts as the phase. */
const phaseSlots: ReadonlyMap<unknown, number> = new Map([
  ['L1', 0],
  ['L2', 1],
  ['L3', 2],
  ['L1-N', 0],
  ['L2-N', 1],
  ['L3-N', 2],
  ['L1-L2', 3],
  ['L2-L3', 4],
  ['L3-L1', 5],
])
const otherSlot = 6
const slots = 7

/** A phase whose voltage is less than this fraction of the highest is not in use. */
const usedVoltagePart = 0.5

/**
 * The samples of one measurand in one meter value. The object is reused, so that nothing is allocated for a meter
 * value.
 */
export class Measurand {
  readonly #fold: Fold
  readonly #phases = new Float64Array(slots).fill(Number.NaN)
  #rank = Number.POSITIVE_INFINITY
  #total = Number.NaN
  #hasPhases = false

  constructor(fold: Fold) {
    this.#fold = fold
  }

  /** Removes all samples. */
  reset(): void {
    if (this.#rank === Number.POSITIVE_INFINITY) return
    this.#rank = Number.POSITIVE_INFINITY
    this.#total = Number.NaN
    if (this.#hasPhases) this.#phases.fill(Number.NaN)
    this.#hasPhases = false
  }

  /** Adds a sample; NaN adds nothing. If a phase or a total occurs twice, the later sample counts. */
  add(value: number, phase: unknown, rank: number): void {
    if (Number.isNaN(value) || rank > this.#rank) return
    if (rank < this.#rank) {
      this.reset()
      this.#rank = rank
    }
    if (phase === undefined) {
      this.#total = value
      return
    }
    // The current in the neutral is the return of the phases, and its voltage is not a phase voltage.
    if (phase === 'N') return
    this.#phases[phaseSlots.get(phase) ?? otherSlot] = value
    this.#hasPhases = true
  }

  /** Whether there is no total, and the phases are in the context that counts in `moment`, too. */
  addsTo(moment: Measurand): boolean {
    return this.#hasPhases && Number.isNaN(this.#total) && this.#rank === moment.#rank
  }

  /** Whether the figure was read when the transaction began and is repeated: there is none from a later time. */
  get isOfBegin(): boolean {
    return this.#rank === beginRank
  }

  /** The figure; NaN if there is none. A total takes precedence over its phases. */
  get value(): number {
    if (!Number.isNaN(this.#total) || !this.#hasPhases) return this.#total
    return this.#fold === 'mean' ? this.#mean() : this.#folded()
  }

  #folded(): number {
    let folded = Number.NaN
    for (const value of this.#phases) {
      if (Number.isNaN(value)) continue
      if (Number.isNaN(folded)) folded = value
      else folded = this.#fold === 'max' ? Math.max(folded, value) : folded + value
    }
    return folded
  }

  #mean(): number {
    let highest = Number.NEGATIVE_INFINITY
    for (const value of this.#phases) if (value > highest) highest = value
    let sum = 0
    let count = 0
    for (const value of this.#phases) {
      if (!(value >= highest * usedVoltagePart)) continue
      sum += value
      count++
    }
    return sum / count
  }
}

/**
 * The register of one meter value. Some charge points report each phase in a meter value of its own: those with the
 * same time and context are combined, so that the last of them has the register. A total that is reported beside them
 * takes precedence.
 */
export class MomentRegister {
  readonly #own = new Measurand('sum')
  readonly #moment = new Measurand('sum')

  /** Begins the next meter value, which may have the time of the one before. */
  next(isSameMoment: boolean): void {
    this.#own.reset()
    if (!isSameMoment) this.#moment.reset()
  }

  /** As `Measurand.add`. */
  add(value: number, phase: unknown, rank: number): void {
    this.#own.add(value, phase, rank)
    this.#moment.add(value, phase, rank)
  }

  get value(): number {
    return this.#shown.value
  }

  get isOfBegin(): boolean {
    return this.#shown.isOfBegin
  }

  /** Whether it combines the phases with one time: then it replaces the one before. */
  get isOfMoment(): boolean {
    return this.#own.addsTo(this.#moment)
  }

  get #shown(): Measurand {
    return this.isOfMoment ? this.#moment : this.#own
  }
}
