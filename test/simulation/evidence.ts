// What the meter values that name a transaction tell of its energy, as the look-up of the store finds it among the rows of the model.

import { type EnergyEvidence, intervalsWh, noEvidence } from '../../src/csms/energy.ts'
import type { Payload } from '../../src/csms/decision.ts'
import { transactionRef } from '../../src/csms/meter-block.ts'
import type { StoredMeterRow } from './meter-rows.ts'

interface Row {
  readonly id: number
  readonly chargePointKey: number
  readonly stationTransactionId: string | null
  readonly stationUse: number
  readonly startedAtMs: number
}

/** The samples that name a transaction, and of several uses of its id those from its start to the start of the next. */
export function samplesOf(
  transaction: Row,
  transactions: readonly Row[],
  samples: readonly StoredMeterRow[],
): readonly StoredMeterRow[] {
  const { id, chargePointKey, stationTransactionId, stationUse, startedAtMs } = transaction
  const next = transactions.find(
    (other) =>
      stationTransactionId !== null &&
      other.chargePointKey === chargePointKey &&
      other.stationTransactionId === stationTransactionId &&
      other.stationUse === stationUse + 1,
  )
  const fromMs = stationUse > 1 ? startedAtMs : Number.NEGATIVE_INFINITY
  const untilMs = next?.startedAtMs ?? Number.POSITIVE_INFINITY
  const ref = transactionRef(stationTransactionId ?? id)
  return samples.filter(
    (sample) =>
      sample.chargePointKey === chargePointKey &&
      sample.transactionRef === ref &&
      sample.sampledAtMs >= fromMs &&
      sample.sampledAtMs < untilMs,
  )
}

/** @param fellAtMs when a register fell in the middle; null when none did. */
export function evidenceOf(samples: readonly StoredMeterRow[], fellAtMs: number | null): EnergyEvidence {
  const inOrder = samples.toSorted((a, b) => a.sampledAtMs - b.sampledAtMs)
  const registers = inOrder.filter(({ energyWh }) => energyWh !== null)
  const [first, last] = [registers[0], registers.at(-1)]
  if (first !== undefined && last !== undefined) {
    const isOneReading = first.sampledAtMs === last.sampledAtMs
    const afterFall = registers.find(({ sampledAtMs }) => fellAtMs !== null && sampledAtMs > fellAtMs)
    const ends = { firstRegisterWh: first.energyWh, lastRegisterWh: last.energyWh, isOneReading }
    return { ...noEvidence, ...ends, afterFallWh: afterFall?.energyWh ?? null }
  }
  return { ...noEvidence, intervalsWh: intervalsWh(samples.map(valueOf)) }
}

/** A sample as the energy of intervals is read from it. */
export function valueOf({ sampledAtMs, meterValue }: StoredMeterRow): { sampledAt: number; meterValue: Payload } {
  return { sampledAt: sampledAtMs, meterValue: JSON.parse(meterValue) as Payload }
}
