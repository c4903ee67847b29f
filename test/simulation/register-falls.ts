// Registers that fall within a session, compared with what its charge point reported: the energy is not guessed, and an
// anomaly says why.

import { energyOf, needsEvidence, noEvidence, type TransactionEnergy } from '../../src/blocks/metering/energy.ts'
import type { DatabaseModel, StoredTransaction } from './database-model.ts'
import type { Message } from './message.ts'
import { hasUsableTimes } from './plan.ts'
import { type Histories, type Whole, wholeOf } from './reported.ts'

/** What operators see: meter values are read only if the stored transaction requires it. */
export function energyShown(model: DatabaseModel, row: StoredTransaction): TransactionEnergy {
  const registers = { ...row, open: row.stoppedAtMs === null }
  return energyOf(registers, needsEvidence(registers) ? model.evidenceOf(row) : noEvidence)
}

/**
 * Whether a register fell from the start of a session to its end, by what its charge point reported. If the end has a
 * register, later values do not belong to the session.
 */
export function hasFallen(row: StoredTransaction, whole: Whole): boolean {
  const { part, fact } = whole.end
  const stopWh = part?.registerWh ?? null
  return isFalling(registersOf(row, whole, stopWh === null ? Number.POSITIVE_INFINITY : fact.occurredAtMs))
}

/** The registers of a session up to a time, in order. */
function registersOf({ startedAtMs, meterStartWh }: StoredTransaction, { session, end }: Whole, untilMs: number) {
  const stopWh = end.part?.registerWh ?? null
  const between = session.truth.registers
    .filter(({ atMs }) => atMs > startedAtMs && (stopWh === null ? atMs <= untilMs : atMs < untilMs))
    .toSorted((one, other) => one.atMs - other.atMs)
    .map(({ wh }) => wh)
  return [meterStartWh, ...between, stopWh].filter((wh) => wh !== null)
}

/** A single reading that is lower than those on both sides of it is an odd one. */
function isFalling(readings: readonly number[]): boolean {
  return readings.some((wh, place) => {
    const nextWh = readings[place + 1] ?? wh
    return readings.slice(0, place).some((beforeWh) => beforeWh - Math.max(wh, nextWh) > roundingWh)
  })
}

/** A register that falls by this is rounded. */
const roundingWh = 1

/** The first problem with registers that fell or did not fall; null if there is none. */
export function fallProblem(model: DatabaseModel, histories: Histories, messages: readonly Message[]): string | null {
  for (const [transactionId, history] of histories) {
    const row = model.transactions.get(transactionId)
    const whole = wholeOf(history)
    if (row === undefined || whole === null || whole.session.truth.isReportedThroughTwo || !hasFallen(row, whole))
      continue
    const { consumedWh } = energyShown(model, row)
    if (consumedWh !== null) return `Transaction ${transactionId}: its register fell, and its energy is ${consumedWh}.`
    // After an end without a register, not every fall is noted.
    if (!isFalling(registersOf(row, whole, whole.end.fact.occurredAtMs)) || isBelowStart(row)) continue
    const name = row.stationTransactionId ?? String(transactionId)
    if (!fallsNoted(model, row.chargePointKey).includes(name)) {
      return `Transaction ${transactionId}: its register fell, and nothing is noted.`
    }
  }
  return madeUpProblem(model, messages)
}

/** A stop below the start is noted as such. */
function isBelowStart({ meterStartWh, meterStopWh }: StoredTransaction): boolean {
  return meterStartWh !== null && meterStopWh !== null && meterStopWh < meterStartWh
}

/**
 * For a charge point whose meters only rise, no fall is noted. It may report two registers in one second, in either
 * order.
 */
function madeUpProblem(model: DatabaseModel, messages: readonly Message[]): string | null {
  const rising = new Set<number>()
  for (const { station } of messages) {
    const { sessions } = station.habits
    if (sessions.meter === 'rises' && !sessions.isCoarse && hasUsableTimes(station.habits)) rising.add(station.key)
  }
  for (const key of rising) {
    const [name] = fallsNoted(model, key)
    if (name !== undefined) return `CP${key}: a fall is noted of ${name}, whose register only rose.`
  }
  return null
}

/** The names of a charge point's transactions with a noted fall. */
function fallsNoted({ anomalies }: DatabaseModel, key: number): readonly string[] {
  return [...anomalies.values()].flatMap(({ kind, chargePointKey, transaction }) =>
    kind === 'registerFell' && chargePointKey === key && transaction !== null ? [transaction] : [],
  )
}
