// The energy of a transaction, from the best source: its own registers at start and stop, else the registers of its
// meter values, else the intervals in them. Stator does not guess: if a register fell, the energy is unknown.

import { isObject } from '../../base/json.ts'
import { meterRoundingWhMax, registerStepsWh } from '../../base/limits.ts'
import { withoutSpaces } from '../../ocpp/number-text.ts'
import { figureOf } from '../../ocpp/sample-figure.ts'
import type { RegisterFall, RegisterReading } from '../../ocpp/verdict.ts'
import type { Payload } from '../decision.ts'
import { endRegistersOf, type TransactionRegisters } from './transaction-registers.ts'

/** The source of an energy figure. */
export type EnergySource = 'register' | 'lastRegister' | 'intervals' | 'operator'

/** What the meter values of a transaction say, in Wh; null for what they do not say. */
export interface EnergyEvidence {
  /** The earliest and the latest register, by sample time. */
  readonly firstRegisterWh: number | null
  readonly lastRegisterWh: number | null
  /** Whether the two are one reading: they have the same sample time, or the last one repeats that of the start. */
  readonly isOneReading: boolean
  /** The highest register until the end of a closed transaction; null if it was not looked up. */
  readonly highestRegisterWh: number | null
  /** Whether a register fell in between, according to `firstFall`; false if it was not looked up. */
  readonly fell: boolean
  /** The sum of the intervals. */
  readonly intervalsWh: number | null
}

/** The energy of a transaction, in Wh. */
export interface TransactionEnergy {
  /** Null while the transaction is open, if there is no source, or if a register fell. */
  readonly consumedWh: number | null
  readonly source: EnergySource | null
  /** The energy of an open transaction; null once it has stopped. */
  readonly soFarWh: number | null
}

export const noEvidence: EnergyEvidence = {
  firstRegisterWh: null,
  lastRegisterWh: null,
  isOneReading: false,
  highestRegisterWh: null,
  fell: false,
  intervalsWh: null,
}

/** Whether the energy of a transaction can only be computed from its meter values. */
export function needsEvidence(registers: TransactionRegisters): boolean {
  const { startWh, stopWh } = endRegistersOf(registers)
  return registers.open || startWh === null || stopWh === null || registers.registerFellFromWh !== null
}

interface Ends {
  readonly startWh: number
  readonly endWh: number
  /** The two are one reading, of one moment. */
  readonly isOneReading: boolean
}

/** The registers at start and end of a transaction; null if one of them is unknown. */
function endsOf(registers: TransactionRegisters, evidence: EnergyEvidence): Ends | null {
  const own = endRegistersOf(registers)
  const startWh = own.startWh ?? evidence.firstRegisterWh
  const endWh = own.stopWh ?? evidence.lastRegisterWh
  if (startWh === null || endWh === null) return null
  const isOneReading = evidence.isOneReading && Math.abs(endWh - startWh) <= meterRoundingWhMax
  return { startWh, endWh, isOneReading }
}

/** Whether the intervals are needed because the registers do not give the energy of a transaction. */
export function needsIntervals(registers: TransactionRegisters, evidence: EnergyEvidence): boolean {
  return endsOf(registers, evidence)?.isOneReading !== false
}

/** The energy of a transaction. */
export function energyOf(registers: TransactionRegisters, evidence: EnergyEvidence): TransactionEnergy {
  const { open, meterStopWh, closedBy } = registers
  const ends = endsOf(registers, evidence)
  const { energyWh, source } =
    ends === null || ends.isOneReading
      ? { energyWh: evidence.intervalsWh ?? nothingYet(registers, ends), source: 'intervals' as const }
      : {
          energyWh: hasFallen(ends.endWh, registers, evidence) ? null : risenWh(ends.startWh, ends.endWh),
          source: sourceOf(registers),
        }
  if (open) return { consumedWh: null, source: null, soFarWh: energyWh }
  const isEntered = closedBy === 'operator' && meterStopWh !== null
  return { consumedWh: energyWh, source: energyWh === null ? null : isEntered ? 'operator' : source, soFarWh: null }
}

/** 0 for an open transaction whose only reading so far is the known register of its start; else null. */
function nothingYet(registers: TransactionRegisters, ends: Ends | null): 0 | null {
  return registers.open && endRegistersOf(registers).startWh !== null && ends !== null ? 0 : null
}

function sourceOf(registers: TransactionRegisters): EnergySource {
  const { startWh, stopWh } = endRegistersOf(registers)
  return startWh !== null && stopWh !== null ? 'register' : 'lastRegister'
}

/** How far an energy register went down from `beforeWh` to `afterWh`. */
export function registerFall(beforeWh: number, afterWh: number): 'none' | 'rounding' | 'backwards' {
  if (afterWh >= beforeWh) return 'none'
  // Registers in kWh have been multiplied: 269.456 - 268.456 kWh is a little more than 1,000 Wh in binary fractions.
  const fallWh = Math.round((beforeWh - afterWh) * 1_000) / 1_000
  return fallWh <= meterRoundingWhMax ? 'rounding' : 'backwards'
}

/**
 * Whether a register fell from one reading to the next during a transaction. It did not if one of them is rounded to
 * coarser steps and that explains the difference: 6.01 kWh before 6,005 Wh.
 */
export function hasReadingFallen(beforeWh: number, afterWh: number): boolean {
  if (registerFall(beforeWh, afterWh) !== 'backwards') return false
  for (const stepWh of registerStepsWh) {
    const isCoarser = (beforeWh % stepWh === 0) !== (afterWh % stepWh === 0)
    if (isCoarser && beforeWh - afterWh < stepWh) return false
  }
  return true
}

/**
 * The first fall of a register that did not rise again with the next reading; a single low reading does not count. A
 * fall at the last reading counts, although the next reading may show that it was a single one.
 *
 * @param readings ordered by time.
 */
export function firstFall(readings: readonly RegisterReading[]): RegisterFall | null {
  let highestWh = Number.NEGATIVE_INFINITY
  for (const [index, { wh, atMs }] of readings.entries()) {
    const nextWh = readings[index + 1]?.wh ?? wh
    const hasFallen = hasReadingFallen(highestWh, wh) && registerFall(highestWh, nextWh) === 'backwards'
    if (hasFallen) return { fromWh: highestWh, toWh: wh, atMs }
    highestWh = Math.max(highestWh, wh)
  }
  return null
}

/**
 * Whether the register fell before the end, so that the energy is unknown. A single low reading does not count. If an
 * operator entered the register of the end, no fall counts.
 */
function hasFallen(endWh: number, registers: TransactionRegisters, evidence: EnergyEvidence): boolean {
  if (registers.closedBy === 'operator' && registers.meterStopWh !== null) return false
  return evidence.fell || isBelow(endWh, evidence.highestRegisterWh) || isBelow(endWh, registers.registerFellFromWh)
}

function isBelow(wh: number, beforeWh: number | null): boolean {
  return beforeWh !== null && registerFall(beforeWh, wh) === 'backwards'
}

/** By how much a register has risen; null if it fell by more than rounding. */
function risenWh(fromWh: number, toWh: number): number | null {
  return registerFall(fromWh, toWh) === 'backwards' ? null : Math.max(0, toWh - fromWh)
}

/** A meter value as it is stored. */
export interface StoredMeterValue {
  /** Any text or number that identifies the time. */
  readonly sampledAt: string | number
  readonly meterValue: Payload | null
}

// Meter values are stored as they were sent, so these words are in the form that `wordOf` returns.
const intervalMeasurand = 'energy.active.import.interval'
/** Contexts whose intervals cover the whole transaction. If both are present, each has all of the energy. */
const regularContexts = ['sample.periodic', 'sample.clock']

/** `sent` in lower case and without spaces; `otherwise` if nothing was sent. */
function wordOf(sent: unknown, otherwise: string): string {
  if (sent === undefined || sent === null) return otherwise
  return withoutSpaces(String(sent)).toLowerCase()
}

/**
 * The sum of the intervals of one context; an interval that was sent twice counts once. Null if there are none. Of the
 * two regular contexts the one with the greater sum counts, because the other has gaps. Other contexts count only if
 * there is no regular one.
 */
export function intervalsWh(values: readonly StoredMeterValue[]): number | null {
  const byContext = new Map<string, Map<string, number>>()
  for (const { sampledAt, meterValue } of values) {
    for (const { context, phase, wh } of intervalsIn(meterValue)) {
      const intervals = byContext.get(context) ?? new Map<string, number>()
      byContext.set(context, intervals.set(`${sampledAt}/${phase}`, wh))
    }
  }
  const regular = regularContexts.filter((context) => byContext.has(context))
  const sums = (regular.length > 0 ? regular : [...byContext.keys()]).map((context) => sumOf(byContext.get(context)))
  return sums.length === 0 ? null : Math.max(...sums)
}

function sumOf(intervals: ReadonlyMap<string, number> | undefined): number {
  let sum = 0
  for (const wh of intervals?.values() ?? []) sum += wh
  return sum
}

interface Interval {
  readonly context: string
  /** Empty for the total. */
  readonly phase: string
  readonly wh: number
}

/** The intervals of one meter value: the total of each context, or its phases if it has no total. */
function intervalsIn(meterValue: Payload | null): readonly Interval[] {
  const sampledValue = meterValue?.sampledValue
  const samples = Array.isArray(sampledValue) ? sampledValue.filter(isObject) : []
  const intervals = samples.flatMap((sample): Interval[] => {
    const { measurand, location, context, phase } = sample
    if (wordOf(measurand, '') !== intervalMeasurand || wordOf(location, 'outlet') !== 'outlet') return []
    const wh = figureOf(sample, 'Wh')
    return Number.isNaN(wh) ? [] : [{ context: wordOf(context, 'sample.periodic'), phase: wordOf(phase, ''), wh }]
  })
  const totals = new Set(intervals.filter(({ phase }) => phase === '').map(({ context }) => context))
  return intervals.filter(({ context, phase }) => phase === '' || !totals.has(context))
}
