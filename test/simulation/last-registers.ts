// What the registers of a transaction are compared with, as the look-ups of the store find it, but from the rows of the
// model (`src/store/last-registers.ts`).

import { transactionRef } from '../../src/blocks/meter-block.ts'
import type { RegisterReading, RegistersNextTo } from '../../src/ocpp/verdict.ts'
import type { StoredMeterRow } from './meter-rows.ts'

interface Row {
  readonly id: number
  readonly chargePointKey: number
  readonly stationTransactionId: string | null
  readonly stationUse: number
  readonly startedAtMs: number
  readonly meterStartWh: number | null
  readonly stoppedAtMs: number | null
  readonly meterStopWh: number | null
  readonly closedBy: 'station' | 'operator' | null
}

/** The last register; of several with one time, the one that arrived last. */
export function lastRegisterOf(
  transaction: Row,
  samples: readonly StoredMeterRow[],
  startedAtMs: number,
): RegisterReading | null {
  return registersOf(transaction, samples, startedAtMs).at(-1) ?? null
}

/**
 * The registers before and after a time, those of the start and of the stop included; null if there is one with this
 * time.
 */
export function registersNextTo(
  transaction: Row,
  samples: readonly StoredMeterRow[],
  atMs: number,
): RegistersNextTo | null {
  const { stationUse, startedAtMs, meterStartWh, stoppedAtMs } = transaction
  // A value that an operator entered is not a reading of the meter.
  const meterStopWh = transaction.closedBy === 'station' ? transaction.meterStopWh : null
  const isKnown = namedBy(transaction, samples).some((row) => row.sampledAtMs === atMs && row.energyWh !== null)
  if (isKnown) return null
  const endMs = stoppedAtMs ?? Number.POSITIVE_INFINITY
  const fromMs = stationUse > 1 ? startedAtMs : Number.NEGATIVE_INFINITY
  const sampled = registersOf(transaction, samples, fromMs).filter(
    (reading) => reading.atMs < endMs || (reading.atMs === endMs && meterStopWh === null),
  )
  const start = endOf(startedAtMs, meterStartWh)
  const stop = endOf(stoppedAtMs, meterStopWh)
  const before = inOrder([...start, ...sampled])
  const after = inOrder([...sampled, ...stop])
  return {
    before: before.findLast((reading) => reading.atMs <= atMs) ?? null,
    after: after.find((reading) => reading.atMs >= atMs) ?? null,
  }
}

function endOf(atMs: number | null, wh: number | null): readonly RegisterReading[] {
  return atMs === null || wh === null ? [] : [{ atMs, wh }]
}

function namedBy({ id, chargePointKey, stationTransactionId }: Row, samples: readonly StoredMeterRow[]) {
  const ref = transactionRef(stationTransactionId ?? id)
  return samples.filter((row) => row.chargePointKey === chargePointKey && row.transactionRef === ref)
}

/** The registers that name a transaction, from a time on, one for each time. */
function registersOf(transaction: Row, samples: readonly StoredMeterRow[], fromMs: number): RegisterReading[] {
  const whAt = new Map<number, number>()
  for (const { sampledAtMs, energyWh, meterValue } of namedBy(transaction, samples)) {
    if (energyWh !== null && sampledAtMs >= fromMs && !isOfBegin(meterValue)) whAt.set(sampledAtMs, energyWh)
  }
  return inOrder([...whAt].map(([atMs, wh]) => ({ atMs, wh })))
}

function inOrder(readings: readonly RegisterReading[]): RegisterReading[] {
  return readings.toSorted((one, other) => one.atMs - other.atMs)
}

/** Whether a meter value has its register only in the context of the begin. */
function isOfBegin(meterValue: string): boolean {
  const { sampledValue } = JSON.parse(meterValue) as { readonly sampledValue: readonly Json[] }
  const registers = sampledValue.filter(({ measurand }) => measurand === undefined || measurand === register)
  return registers.length > 0 && registers.every(({ context }) => context === 'Transaction.Begin')
}

type Json = Readonly<Record<string, unknown>>

const register = 'Energy.Active.Import.Register'
