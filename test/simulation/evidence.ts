// The energy from the meter values that name a transaction, as the look-up of the store computes it, but from the rows
// of the model.

import { type EnergyEvidence, firstFall, intervalsWh, noEvidence } from '../../src/blocks/metering/energy.ts'
import type { Payload } from '../../src/blocks/decision.ts'
import { transactionRef } from '../../src/blocks/meter-block.ts'
import type { StoredMeterRow } from './meter-rows.ts'

interface Row {
  readonly id: number
  readonly chargePointKey: number
  readonly stationTransactionId: string | null
  readonly stationUse: number
  readonly startedAtMs: number
}

/**
 * The samples that name a transaction, and if its id was used several times, only those from its start to the start of
 * the next.
 */
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

/** The parts of a transaction that its registers are compared with. */
interface Ends {
  readonly startedAtMs: number
  readonly meterStartWh: number | null
  readonly stoppedAtMs: number | null
  readonly meterStopWh: number | null
  readonly registerFellAtMs: number | null
}

/** Of samples with one time the last counts. If the end has a register, samples from the end on do not count. */
function fell(registers: readonly StoredMeterRow[], transaction: Ends): boolean {
  const { startedAtMs, meterStartWh, stoppedAtMs, meterStopWh, registerFellAtMs } = transaction
  if (stoppedAtMs === null && registerFellAtMs === null) return false
  const whAt = new Map<number, number>()
  for (const { sampledAtMs: atMs, energyWh } of registers) {
    const isAfterEnd = meterStopWh !== null && stoppedAtMs !== null && atMs >= stoppedAtMs
    if (energyWh !== null && !isAfterEnd) whAt.set(atMs, energyWh)
  }
  const readings = [...whAt].map(([atMs, wh]) => ({ atMs, wh }))
  const start = meterStartWh === null ? [] : [{ atMs: startedAtMs, wh: meterStartWh }]
  const stop = meterStopWh === null || stoppedAtMs === null ? [] : [{ atMs: stoppedAtMs, wh: meterStopWh }]
  const inOrder = [...start, ...readings, ...stop].toSorted((one, other) => one.atMs - other.atMs)
  return firstFall(inOrder) !== null
}

export function evidenceOf(samples: readonly StoredMeterRow[], transaction: Ends): EnergyEvidence {
  const inOrder = samples.toSorted((a, b) => a.sampledAtMs - b.sampledAtMs)
  const registers = inOrder.filter(({ energyWh }) => energyWh !== null)
  const [first, last] = [registers[0], registers.at(-1)]
  if (first !== undefined && last !== undefined) {
    const isOneReading = first.sampledAtMs === last.sampledAtMs
    const ends = { firstRegisterWh: first.energyWh, lastRegisterWh: last.energyWh, isOneReading }
    return { ...noEvidence, ...ends, fell: fell(registers, transaction) }
  }
  return { ...noEvidence, intervalsWh: intervalsWh(samples.map(valueOf)) }
}

/** A sample as the energy of intervals is read from it. */
export function valueOf({ sampledAtMs, meterValue }: StoredMeterRow): { sampledAt: number; meterValue: Payload } {
  return { sampledAt: sampledAtMs, meterValue: JSON.parse(meterValue) as Payload }
}
