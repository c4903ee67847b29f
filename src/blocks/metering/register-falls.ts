// Finds registers of a transaction that fall by more than rounding. The energy of such a transaction is unknown. The
// registers of each message are compared with those known before it.

import { isoTime } from '../../base/clock.ts'
import type {
  EnergyRegisters,
  RegisterFall,
  RegisterReading,
  RegistersAround,
  RegistersNextTo,
} from '../../ocpp/verdict.ts'
import type { Anomaly, Change, Known, KnownTransaction } from '../decision.ts'
import type { TransactionEnd } from '../stored-rows.ts'
import { hasReadingFallen, registerFall } from './energy.ts'
import type { FrameMeter } from '../meter-block.ts'
import { readingAtStart, type RegisterOfStart } from './transaction-registers.ts'

/** The fields of a transaction that its registers are compared with. */
type Begun = RegisterOfStart & Pick<KnownTransaction, 'transactionId'>

/** The latest register of a message; undefined if it has none. */
export function lastReading(meter: FrameMeter | null): RegisterReading | undefined {
  if (meter === null) return undefined
  const { last, lastAtMs } = meter.registers
  return last === null || lastAtMs === null ? undefined : { wh: last, atMs: lastAtMs }
}

/** The later of two readings; of two with the same time the new one. It is remembered. */
export function laterReading(reading: RegisterReading, before: RegisterReading | undefined): RegisterReading {
  return before !== undefined && reading.atMs < before.atMs ? before : reading
}

/**
 * Where a register fell within a message, or below the last known register (`before`); null if none fell. Registers
 * sampled earlier than `before` are not compared with it.
 */
export function fallIn(meter: FrameMeter | null, before: RegisterReading | undefined): RegisterFall | null {
  if (meter === null) return null
  const { earlier, fall, last, lastAtMs } = meter.registers
  if (before === undefined) return fall
  const fallOfFirst = earlier === null ? null : fallTo(earlier.wh, earlier.atMs, before)
  return fallOfFirst ?? fall ?? (last === null || lastAtMs === null ? null : fallTo(last, lastAtMs, before))
}

/** When the earliest register of a message was sampled; null if it has none. */
export function firstAtMs({ earlier, lastAtMs }: EnergyRegisters): number | null {
  return earlier === null ? lastAtMs : earlier.atMs
}

/** Where a register fell, according to a late message; null if none fell or its registers are already stored. */
export function fallAround(meter: FrameMeter | null, around: RegistersAround | null): RegisterFall | null {
  const last = lastReading(meter)
  if (meter === null || last === undefined || (around?.first ?? around?.last ?? null) === null) return null
  const first = meter.registers.earlier ?? last
  return fallNextTo(first, around?.first) ?? meter.registers.fall ?? fallNextTo(last, around?.last)
}

/** The fall from the register of a late start to a later register; null if there is none. */
export function fallAfterStart(begun: Begun, around: RegistersAround | null): RegisterFall | null {
  const start = readingAtStart(begun)
  return start === undefined ? null : fallNextTo(start, around?.first)
}

function fallNextTo(reading: RegisterReading, nextTo: RegistersNextTo | null | undefined): RegisterFall | null {
  if (!nextTo) return null
  const { before, after } = nextTo
  const fall = before === null ? null : fallTo(reading.wh, reading.atMs, before)
  return fall ?? (after === null ? null : fallTo(after.wh, after.atMs, reading))
}

function fallTo(wh: number, atMs: number, before: RegisterReading): RegisterFall | null {
  if (atMs < before.atMs || !hasReadingFallen(before.wh, wh)) return null
  return { fromWh: before.wh, toWh: wh, atMs }
}

/**
 * Where a register fell within the message of a stop, or from the last register to that of the stop; null if none fell.
 * Null also if the stop is below the start: that already is the anomaly `meterBackwards`.
 *
 * @param begun undefined if only the stop has come.
 */
export function fallAtStop(
  begun: Begun | undefined,
  { meterStopWh, stoppedAtMs }: Pick<TransactionEnd, 'meterStopWh' | 'stoppedAtMs'>,
  known: Known,
): RegisterFall | null {
  const atStart = begun && readingAtStart(begun)
  if (meterStopWh !== null && atStart && registerFall(atStart.wh, meterStopWh) === 'backwards') return null
  const lastKnown = begun && known.lastRegister(begun.transactionId)
  // A register with the time of the end is ignored: the register of the stop counts.
  const before = lastKnown !== undefined && lastKnown.atMs < stoppedAtMs ? lastKnown : atStart
  const around = begun === undefined ? null : known.registersAround(begun.transactionId)
  const fall = fallIn(known.meter, before) ?? fallAround(known.meter, around)
  const reading = lastReading(known.meter)
  const last = reading === undefined ? before : laterReading(reading, before)
  if (fall !== null || meterStopWh === null || last === undefined) return fall
  return fallTo(meterStopWh, stoppedAtMs, last)
}

const nothing = { changes: [], anomalies: [] } as const

/**
 * The change and the anomaly for a register that fell.
 *
 * @param name the charge point's name for the transaction; our transactionId if left out.
 */
export function ofFall(
  fall: RegisterFall | null,
  transactionId: number,
  name?: string,
): { readonly changes: readonly Change[]; readonly anomalies: readonly Anomaly[] } {
  if (fall === null) return nothing
  const detail = { register: fall.toWh, before: fall.fromWh, at: isoTime(fall.atMs) }
  return {
    changes: [
      { table: 'transactions', transactionId, patch: { registerFellFromWh: fall.fromWh, registerFellAtMs: fall.atMs } },
    ],
    anomalies: [{ kind: 'registerFell', transaction: name ?? String(transactionId), detail }],
  }
}
