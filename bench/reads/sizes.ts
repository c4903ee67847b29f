// The sizes of `bun bench reads`: how much is filled, and how long each list is measured.

export interface FillSize {
  readonly transactions: number
  /** Meter samples, spread evenly over the transactions. */
  readonly samples: number
  readonly logLines: number
  readonly chargePoints: number
}

export interface ReadsSize extends FillSize {
  /** Meter values that charge points send in a second while lists are read; 0 measures no lists under load. */
  readonly ratePerSecond: number
  /** Charge points that send them. */
  readonly stations: number
  /** Requests of one list with one filter, for one page: at most, and also if they are slow. */
  readonly requestsMax: number
  readonly requestsMin: number
  /** After this time no further request of it is sent but for the fewest, in milliseconds. */
  readonly requestsMsMax: number
}

export const readsSizes = {
  standard: {
    transactions: 500_000,
    samples: 2_500_000,
    logLines: 2_000_000,
    chargePoints: 10_000,
    ratePerSecond: 1_000,
    stations: 200,
    requestsMax: 30,
    requestsMin: 4,
    requestsMsMax: 100,
  },
  large: {
    transactions: 20_000_000,
    samples: 100_000_000,
    logLines: 100_000_000,
    chargePoints: 100_000,
    ratePerSecond: 5_000,
    stations: 1_000,
    requestsMax: 100,
    requestsMin: 5,
    requestsMsMax: 2_000,
  },
  small: {
    transactions: 2_000,
    samples: 10_000,
    logLines: 4_000,
    chargePoints: 100,
    ratePerSecond: 50,
    stations: 5,
    requestsMax: 1,
    requestsMin: 1,
    requestsMsMax: 15,
  },
} as const satisfies Record<string, ReadsSize>

export type ReadsSizeName = keyof typeof readsSizes

/** The database is measured when it has this share of its size, and when it is full. */
export const partOfSize = 10

/** Of these many transactions one is of the busiest charge point, and so is one of as many log lines. */
export const busiestOneIn = 1_000
/** Of these many transactions one is of the id token that is used most. */
export const busiestTokenOneIn = 200
/** Of these many transactions one never got its end. */
export const endlessOneIn = 1_000

/** How many of a whole belong to the first part of the fill. */
export function partOf(whole: number): number {
  return Math.floor(whole / partOfSize)
}

/** Samples of one transaction. */
export function samplesPerTransaction({ samples, transactions }: FillSize): number {
  return Math.round(samples / transactions)
}

/** Id tokens that are known. */
export function idTokensOf({ transactions }: FillSize): number {
  return Math.max(partOfSize, Math.floor(transactions / 50))
}
