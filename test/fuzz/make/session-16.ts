// A session of a 1.6 charge point: a start and a stop, with or without registers of their own, and meter values that
// name the transaction, one or several in a message.

import type { Random } from '../../support/random.ts'
import {
  endValues,
  fallsAt,
  fallWh,
  type Energy,
  type Json,
  type Message,
  minuteMs,
  type Session,
  shuffled,
  timeText,
  written,
} from '../../support/sessions.ts'

/**
 * Where the energy at the end is: in the field of the stop, its transaction data, the meter values before it, or
 * nowhere.
 */
type Ending = 'meterStop' | 'transactionData' | 'both' | 'none'

/** The measurands of the meter values. */
type Samples = 'registers' | 'intervals' | 'power'

/** @param startWh the register of the connector at the start. */
export function session16(random: Random, connectorId: number, startMs: number, startWh: number): Session {
  const ending = random.weighted<Ending>({ meterStop: 5, transactionData: 2, both: 1, none: 3 })
  const samples = random.weighted<Samples>({ registers: 6, intervals: 2, power: 1 })
  const steps = random.between(0, 8)
  const reportedWh = new Set<number>()
  const value = (minute: number, sampledValue: Json[]): Json => ({
    timestamp: timeText(random, startMs + minute * minuteMs),
    sampledValue,
  })
  const register = (minute: number, wh: number, context: string): Json => {
    reportedWh.add(wh)
    return value(minute, registerSamples(random, wh, context))
  }
  const stopMinute = steps + 1
  // Some charge points send only the place with their meter values, not the transaction.
  const namesTransaction = random.chance(0.85)
  const mayFall = namesTransaction && samples === 'registers' && startWh >= fallWh
  const fallIndex = mayFall ? fallsAt(random, steps) : -1
  let wh = startWh
  const values = Array.from({ length: steps }, (_, index) => {
    const minute = index + 1
    const risenWh = random.between(0, 900)
    wh += risenWh - (index === fallIndex ? fallWh : 0)
    if (samples === 'registers') return register(minute, wh, 'Sample.Periodic')
    return value(minute, samples === 'intervals' ? intervalSamples(random, risenWh) : [power])
  })
  const beforeEndWh = wh
  if (ending !== 'none') wh += random.between(0, 900)
  const hasData = ending === 'transactionData' || ending === 'both'
  const transactionData = hasData
    ? [
        register(0, startWh, 'Transaction.Begin'),
        ...endValues(random, register(stopMinute, wh, 'Transaction.End'), (context) =>
          register(stopMinute, beforeEndWh, context),
        ),
      ]
    : undefined
  // The register of the start may be only in the transaction data.
  const startIsReadable = !hasData || random.chance(0.7)
  const meterStop = ending === 'meterStop' || ending === 'both' ? field(random, wh) : unreadable(random, wh)
  const stopAtMs = startMs + stopMinute * minuteMs
  const stop = {
    meterStop,
    timestamp: timeText(random, stopAtMs),
    ...(random.chance(0.5) ? { idTag: 'CARD-1' } : {}),
    ...(random.chance(0.5) ? { reason: 'Local' } : {}),
    ...(transactionData === undefined ? {} : { transactionData: shuffled(random, transactionData) }),
  }
  const groups = grouped(random, values)
  const ofValues = samples === 'intervals' && !hasData ? 'intervals' : 'lastRegister'
  const energySource = ending !== 'none' && startIsReadable ? 'register' : ofValues
  const isReported = ending !== 'none' || (steps > 0 && samples !== 'power')
  const energy = isReported && fallIndex < 0 ? { energyConsumed: (wh - startWh) / 1_000, energySource } : nothing
  return {
    start: {
      action: 'StartTransaction',
      payload: {
        connectorId: random.chance(0.1) ? String(connectorId) : connectorId,
        idTag: 'CARD-1',
        meterStart: startIsReadable ? field(random, startWh) : unreadable(random, startWh),
        timestamp: timeText(random, startMs),
      },
    },
    following: (transactionId): Message[] => [
      ...groups.map((meterValue) => ({
        action: 'MeterValues',
        payload: { connectorId, ...(namesTransaction ? { transactionId } : {}), meterValue },
      })),
      { action: 'StopTransaction', payload: { transactionId, ...stop } },
    ],
    reportedWh,
    stopAtMs,
    stopWh: wh,
    truth: {
      connectorId,
      idTag: 'CARD-1',
      startTime: new Date(startMs).toISOString(),
      stopTime: new Date(stopAtMs).toISOString(),
      meterStart: startIsReadable ? startWh : null,
      energySoFar: null,
    },
    energies:
      ending !== 'none' || fallIndex >= 0 || (namesTransaction && wh - startWh > 1) ? [energy] : [energy, nothing],
  }
}

const nothing: Energy = { energyConsumed: null, energySource: null }

const power: Json = { value: '7400', measurand: 'Power.Active.Import', unit: 'W' }
const voltage: Json = { value: '231', measurand: 'Voltage', phase: 'L1', unit: 'V' }

/** A register as a field of a message, in Wh. */
function field(random: Random, wh: number): number | string {
  return random.pick([wh, wh, wh, String(wh), ` ${wh}`, `${wh},0`])
}

/**
 * A field without a usable register: missing, a word, or a comma that may be a decimal comma or a thousands separator.
 */
function unreadable(random: Random, wh: number): number | string | null | undefined {
  const text = `${1 + (wh % 900)},${String(wh % 1_000).padStart(3, '0')}`
  return random.pick([undefined, null, '', 'n/a', text])
}

function energySample(random: Random, measurand: string | null, wh: number, context: string | null): Json {
  const { value, text, unit } = written(random, wh)
  return {
    value: random.chance(0.1) ? value : text,
    unit,
    ...(measurand === null ? {} : { measurand: random.chance(0.1) ? `${measurand} ` : measurand }),
    ...(context === null ? {} : { context: random.chance(0.1) ? ` ${context}` : context }),
    ...(random.chance(0.3) ? { format: 'Raw', location: 'Outlet' } : {}),
  }
}

/** The register, alone or among others, as a total or by phase. */
function registerSamples(random: Random, wh: number, context: string): Json[] {
  const isDefault = context === 'Sample.Periodic' && random.chance(0.5)
  const measurand = random.chance(0.3) ? null : 'Energy.Active.Import.Register'
  const one = (part: number): Json => energySample(random, measurand, part, isDefault ? null : context)
  const third = Math.floor(wh / 3)
  const phases = [third, third, wh - 2 * third].map((part, index) => ({ ...one(part), phase: `L${index + 1}` }))
  const isByPhase = random.chance(0.2)
  const energy = isByPhase ? phases : random.chance(0.2) ? [one(wh), ...phases] : [one(wh)]
  return shuffled(random, [...energy, ...[power, voltage].slice(random.below(3))])
}

/** The energy of one interval, sometimes in both of the contexts that contain all of it. */
function intervalSamples(random: Random, wh: number): Json[] {
  const measurand = 'Energy.Active.Import.Interval'
  const periodic = energySample(random, measurand, wh, random.chance(0.5) ? 'Sample.Periodic' : null)
  const both = [periodic, energySample(random, measurand, wh, 'Sample.Clock')]
  return shuffled(random, [...(random.chance(0.5) ? both : [periodic]), power])
}

/** The values of each message, in any order. */
function grouped(random: Random, values: readonly Json[]): Json[][] {
  const left = [...values]
  const groups: Json[][] = []
  while (left.length > 0) groups.push(shuffled(random, left.splice(0, random.between(1, 3))))
  return groups
}
