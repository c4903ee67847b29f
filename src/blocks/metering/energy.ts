// The energy of a transaction, from the best evidence there is: its own registers at start and stop, else the registers
// of its meter values, else the intervals that they tell. It never guesses: a register that falls gives no figure.

import { isObject } from '../../base/json.ts'
import { meterRoundingWhMax, registerStepsWh } from '../../base/limits.ts'
import { withoutSpaces } from '../../ocpp/number-text.ts'
import { figureOf } from '../../ocpp/sample-figure.ts'
import type { RegisterFall, RegisterReading } from '../../ocpp/verdict.ts'
import type { Payload } from '../decision.ts'
import { endRegistersOf, type TransactionRegisters } from './transaction-registers.ts'

/** What a figure of energy rests on. */
export type EnergySource = 'register' | 'lastRegister' | 'intervals' | 'operator'

/** What the meter values of a transaction tell, in Wh; null where they tell nothing. */
export interface EnergyEvidence {
  /** The earliest and the latest register, by the time at which they were sampled. */
  readonly firstRegisterWh: number | null
  readonly lastRegisterWh: number | null
  /** Whether those two are one reading: they were sampled at one time, or the last one tells the begin again. */
  readonly isOneReading: boolean
  /** The highest register up to the end of a transaction that is over; null where it was not looked for. */
  readonly highestRegisterWh: number | null
  /** Whether a register fell on the way, as `firstFall` has it; false where it was not looked for. */
  readonly fell: boolean
  /** The sum of the intervals. */
  readonly intervalsWh: number | null
}

/** What is known of the energy of a transaction, in Wh. */
export interface TransactionEnergy {
  /** Null while the transaction is open, and when nothing tells it or a register fell. */
  readonly consumedWh: number | null
  readonly source: EnergySource | null
  /** Of an open transaction; null of one that has stopped. */
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

/** Whether the meter values have to be read to tell the energy of a transaction. */
export function needsEvidence(registers: TransactionRegisters): boolean {
  const { startWh, stopWh } = endRegistersOf(registers)
  return registers.open || startWh === null || stopWh === null || registers.registerFellFromWh !== null
}

interface Ends {
  readonly startWh: number
  readonly endWh: number
  /** The two are one reading, and that stands for one moment. */
  readonly isOneReading: boolean
}

/** The registers that a transaction began and ended with, as far as is known; null when one of them is not. */
function endsOf(registers: TransactionRegisters, evidence: EnergyEvidence): Ends | null {
  const told = endRegistersOf(registers)
  const startWh = told.startWh ?? evidence.firstRegisterWh
  const endWh = told.stopWh ?? evidence.lastRegisterWh
  if (startWh === null || endWh === null) return null
  const isOneReading = evidence.isOneReading && Math.abs(endWh - startWh) <= meterRoundingWhMax
  return { startWh, endWh, isOneReading }
}

/** Whether the intervals have to be read to tell the energy of a transaction: its registers do not. */
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
  const told = energyWh === null ? null : closedBy === 'operator' && meterStopWh !== null ? 'operator' : source
  return { consumedWh: energyWh, source: told, soFarWh: null }
}

/** The one reading of a start that is known tells what an open transaction has taken up to then: nothing. */
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
 * Whether a register fell from one reading to another in the middle of a transaction. It did not where one of them is
 * told in coarser steps, and that explains it: 6.01 kWh before 6,005 Wh.
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
 * The first fall of a register that did not rise again with the next reading: a single odd reading is none. What the
 * last one fell to may prove to be such a reading.
 *
 * @param readings in the order of their times.
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
 * Whether the register fell on the way to the end, and so tells nothing of what came before. A single reading that is
 * lower than those on both sides of it is none: nor is anything where an operator, who knows better, has entered the
 * end.
 */
function hasFallen(endWh: number, registers: TransactionRegisters, evidence: EnergyEvidence): boolean {
  if (registers.closedBy === 'operator' && registers.meterStopWh !== null) return false
  return evidence.fell || isBelow(endWh, evidence.highestRegisterWh) || isBelow(endWh, registers.registerFellFromWh)
}

function isBelow(wh: number, beforeWh: number | null): boolean {
  return beforeWh !== null && registerFall(beforeWh, wh) === 'backwards'
}

/** By how much a register has risen; null when it fell by more than rounding explains. */
function risenWh(fromWh: number, toWh: number): number | null {
  return registerFall(fromWh, toWh) === 'backwards' ? null : Math.max(0, toWh - fromWh)
}

/** A meter value as it is stored. */
export interface StoredMeterValue {
  /** Any text or number that is another for another time. */
  readonly sampledAt: string | number
  readonly meterValue: Payload | null
}

// Meter values are stored as they were sent, so their words stand here as `wordOf` reads them.
const intervalMeasurand = 'energy.active.import.interval'
/** Contexts that tell all of the energy of a transaction; both may, and then they tell it twice. */
const regularContexts = ['sample.periodic', 'sample.clock']

/** A word in any letter case, with stray spaces; `otherwise` when none was sent. */
function wordOf(sent: unknown, otherwise: string): string {
  if (sent === undefined || sent === null) return otherwise
  return withoutSpaces(String(sent)).toLowerCase()
}

/**
 * The sum of the intervals of one context, each counted once however often it was told; null when there is none. Of the
 * two regular contexts the one that tells more counts, since the other has gaps; other contexts count only where there
 * is neither.
 */
export function intervalsWh(values: readonly StoredMeterValue[]): number | null {
  const byContext = new Map<string, Map<string, number>>()
  for (const { sampledAt, meterValue } of values) {
    for (const { context, phase, wh } of intervalsIn(meterValue)) {
      const told = byContext.get(context) ?? new Map<string, number>()
      byContext.set(context, told.set(`${sampledAt}/${phase}`, wh))
    }
  }
  const regular = regularContexts.filter((context) => byContext.has(context))
  const sums = (regular.length > 0 ? regular : [...byContext.keys()]).map((context) => sumOf(byContext.get(context)))
  return sums.length === 0 ? null : Math.max(...sums)
}

function sumOf(told: ReadonlyMap<string, number> | undefined): number {
  let sum = 0
  for (const wh of told?.values() ?? []) sum += wh
  return sum
}

interface Interval {
  readonly context: string
  /** Empty for the total. */
  readonly phase: string
  readonly wh: number
}

/** The intervals of one meter value: the totals, or the phases where there is no total. */
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
