// One figure out of the samples of one measurand in one meter value: of several contexts one counts, and the phases of
// that one are folded together.

/** How the phases of a measurand become one figure when the charge point gives no total of its own. */
export type Fold = 'sum' | 'max' | 'mean'

/**
 * Contexts (ReadingContext, 1.6 §7.35, and ReadingContextEnumType of 2.x) in the order in which they count: the regular
 * sample first, then what else was read at the time of the meter value, then what was read at an earlier event and is
 * told again.
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
/** An unknown word goes before `Trigger`: vendors make words up for samples. */
const unknownRank = 1.5

/**
 * The smaller, the more a sample in this context counts. Without a context it is periodic (the default of both
 * versions).
 */
export function rankOf(context: unknown): number {
  // Nearly all are: a comparison is cheaper than a look-up.
  if (context === undefined || context === 'Sample.Periodic') return periodicRank
  return ranks.get(context) ?? unknownRank
}

/** Phases as they are told; a phase to neutral is the phase. */
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

/** A phase whose voltage is less than this part of the highest is not in use. */
const usedVoltagePart = 0.5

/** The samples of one measurand in one meter value. Used again and again: nothing is allocated for a meter value. */
export class Measurand {
  readonly #fold: Fold
  readonly #phases = new Float64Array(slots).fill(Number.NaN)
  #rank = Number.POSITIVE_INFINITY
  #total = Number.NaN
  #hasPhases = false

  constructor(fold: Fold) {
    this.#fold = fold
  }

  /** Forgets all samples. */
  reset(): void {
    if (this.#rank === Number.POSITIVE_INFINITY) return
    this.#rank = Number.POSITIVE_INFINITY
    this.#total = Number.NaN
    if (this.#hasPhases) this.#phases.fill(Number.NaN)
    this.#hasPhases = false
  }

  /** Adds a sample; NaN adds nothing. A phase that comes twice counts once, and so does a total: the later sample. */
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
    // The current to neutral comes back from the phases, and its voltage is none.
    if (phase === 'N') return
    this.#phases[phaseSlots.get(phase) ?? otherSlot] = value
    this.#hasPhases = true
  }

  /** Whether there is no total, and the figure is made of phases in the context that counts in `moment`, too. */
  addsTo(moment: Measurand): boolean {
    return this.#hasPhases && Number.isNaN(this.#total) && this.#rank === moment.#rank
  }

  /** Whether the figure was read when the transaction began, and is told again: there is none of a later time. */
  get isOfBegin(): boolean {
    return this.#rank === beginRank
  }

  /** The figure; NaN when there is none. A total goes before its phases. */
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
 * The register of one meter value. Some charge points tell each phase in a meter value of its own: those of one moment
 * and context are folded together, so that the last of them has the register, and a total told beside them goes before
 * them.
 */
export class MomentRegister {
  readonly #own = new Measurand('sum')
  readonly #moment = new Measurand('sum')

  /** Begins with the next meter value, which may be of the moment of the one before. */
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

  /** Whether it is made of the phases of the moment: then it takes the place of the one before. */
  get isOfMoment(): boolean {
    return this.#own.addsTo(this.#moment)
  }

  get #shown(): Measurand {
    return this.isOfMoment ? this.#moment : this.#own
  }
}
