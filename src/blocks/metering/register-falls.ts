// Registers of a transaction that go down by more than rounding explains: such a register tells no energy. Each message
// is held against what was known before it.

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

/** What of a transaction its registers are held against. */
type Begun = RegisterOfStart & Pick<KnownTransaction, 'transactionId'>

/** The latest register of a message; undefined when it has none. */
export function lastReading(meter: FrameMeter | null): RegisterReading | undefined {
  if (meter === null) return undefined
  const { last, lastAtMs } = meter.registers
  return last === null || lastAtMs === null ? undefined : { wh: last, atMs: lastAtMs }
}

/** What is to be remembered: what comes late tells of no later moment than what is known. */
export function laterReading(reading: RegisterReading, before: RegisterReading | undefined): RegisterReading {
  return before !== undefined && reading.atMs < before.atMs ? before : reading
}

/**
 * Where a register fell in a message, or from what was known `before` it; null when none did. What was sampled earlier
 * than that tells nothing.
 */
export function fallIn(meter: FrameMeter | null, before: RegisterReading | undefined): RegisterFall | null {
  if (meter === null) return null
  const { earlier, fall, last, lastAtMs } = meter.registers
  if (before === undefined) return fall
  const fallOfFirst = earlier === null ? null : fallTo(earlier.wh, earlier.atMs, before)
  return fallOfFirst ?? fall ?? (last === null || lastAtMs === null ? null : fallTo(last, lastAtMs, before))
}

/** When the earliest register of a message was sampled; null when it has none. */
export function firstAtMs({ earlier, lastAtMs }: EnergyRegisters): number | null {
  return earlier === null ? lastAtMs : earlier.atMs
}

/** Where what came late shows that a register fell; null when it does not, and when what it says is known already. */
export function fallAround(meter: FrameMeter | null, around: RegistersAround | null): RegisterFall | null {
  const last = lastReading(meter)
  if (meter === null || last === undefined || (around?.first ?? around?.last ?? null) === null) return null
  const first = meter.registers.earlier ?? last
  return fallNextTo(first, around?.first) ?? meter.registers.fall ?? fallNextTo(last, around?.last)
}

/** Where the register of a start that came late stands above what was told after it; null when it does not. */
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
 * Where a register fell in the message of a stop, or its register is lower than the one before it; null when neither is
 * so. A stop below the start is `meterBackwards`, which needs no second word.
 *
 * @param begun undefined when nothing but the stop has come.
 */
export function fallAtStop(
  begun: Begun | undefined,
  { meterStopWh, stoppedAtMs }: Pick<TransactionEnd, 'meterStopWh' | 'stoppedAtMs'>,
  known: Known,
): RegisterFall | null {
  const atStart = begun && readingAtStart(begun)
  if (meterStopWh !== null && atStart && registerFall(atStart.wh, meterStopWh) === 'backwards') return null
  const told = begun && known.lastRegister(begun.transactionId)
  // Of the moment of the end its own register counts.
  const before = told !== undefined && told.atMs < stoppedAtMs ? told : atStart
  const around = begun === undefined ? null : known.registersAround(begun.transactionId)
  const fall = fallIn(known.meter, before) ?? fallAround(known.meter, around)
  const reading = lastReading(known.meter)
  const last = reading === undefined ? before : laterReading(reading, before)
  if (fall !== null || meterStopWh === null || last === undefined) return fall
  return fallTo(meterStopWh, stoppedAtMs, last)
}

const nothing = { changes: [], anomalies: [] } as const

/**
 * What there is to note and to keep of a register that fell.
 *
 * @param name the transaction as its charge point names it, if not by our number.
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
