// The facts of one charging transaction. Everything that a station sends about it is a function of this record, so the
// audit needs only how far each transaction got.

/** Time from one sample of a transaction to the next. */
export const sampleStep = { ms: 1_000, wh: 3 } as const
/** Currents, in tenths of an ampere: odd ones, so that each has one decimal place. */
export const currentTenths = { first: 101, step: 14, count: 60, end: 161 } as const

/** The card that every bench station uses. */
export const benchIdTag = 'BENCH'

/** One transaction, and how much of it the server has acknowledged. */
export interface Charging {
  readonly connectorId: number
  readonly idTag: string
  readonly startedAtMs: number
  readonly meterStartWh: number
  /** Chosen by the station in 2.0.1; not used in 1.6. */
  readonly stationTransactionId: string
  /** Whether its samples are sent with its end, all in one message. */
  readonly samplesWithEnd: boolean
  /** Given by a server of 1.6; 0 before. */
  transactionId: number
  isStartAcknowledged: boolean
  /** Samples sent so far; the answer to the last one may still be out. */
  samplesSent: number
  samplesAcknowledged: number
  /** Numbers of the samples that the server refused. */
  readonly samplesRefused: number[]
  isEndSent: boolean
  isEndAcknowledged: boolean
}

/** A transaction that begins. */
export function beginCharging(
  start: Pick<Charging, 'startedAtMs' | 'meterStartWh' | 'stationTransactionId' | 'samplesWithEnd'>,
): Charging {
  return {
    connectorId: 1,
    idTag: benchIdTag,
    ...start,
    transactionId: 0,
    isStartAcknowledged: false,
    samplesSent: 0,
    samplesAcknowledged: 0,
    samplesRefused: [],
    isEndSent: false,
    isEndAcknowledged: false,
  }
}

export interface SampleValues {
  readonly sampledAtMs: number
  readonly energyWh: number
  readonly currentA: number
  readonly voltageV: number
}

/** When sample `index` of the transaction was taken, and what the meter showed. */
export function sampleOf({ startedAtMs, meterStartWh }: Charging, index: number): SampleValues {
  const { first, step, count } = currentTenths
  return {
    sampledAtMs: startedAtMs + (index + 1) * sampleStep.ms,
    energyWh: meterStartWh + (index + 1) * sampleStep.wh,
    // A different current every time, so that swapped rows are detected.
    currentA: (first + ((index * step + 2 * meterStartWh) % count)) / 10,
    voltageV: 230,
  }
}

/** The samples that are sent with the end, as `meterValue` elements that `element` makes; null if there are none. */
export function samplesOfEnd(
  charging: Charging,
  element: (charging: Charging, index: number) => string,
): string | null {
  if (!charging.samplesWithEnd) return null
  return `[${Array.from({ length: charging.samplesSent }, (_, index) => element(charging, index)).join(',')}]`
}

/** When the transaction ended and what the meter showed, given the samples it had. */
export function endOf(charging: Charging): { readonly endedAtMs: number; readonly meterStopWh: number } {
  const { sampledAtMs, energyWh } = sampleOf(charging, charging.samplesSent)
  return { endedAtMs: sampledAtMs, meterStopWh: energyWh }
}
