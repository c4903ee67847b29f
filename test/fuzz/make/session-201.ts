// A session of a 2.x charge point: events with registers, or with intervals.

import type { Random } from '../../support/random.ts'
import {
  endValues,
  fallsAt,
  fallWh,
  type Json,
  type Message,
  minuteMs,
  type Session,
  shuffled,
  timeText,
  written,
} from '../../support/sessions.ts'

/** @param stationId the id that the charge point gave it. @param startWh its register at the start. */
export function session201(random: Random, stationId: string, startMs: number, startWh: number): Session {
  const steps = random.between(1, 8)
  const stopSeqNo = steps + 1
  const hasIntervals = random.chance(0.2)
  const endsWithRegister = !hasIntervals && random.chance(0.7)
  const reportedWh = new Set<number>()
  const event = (eventType: string, seqNo: number, rest: Json): Message => ({
    action: 'TransactionEvent',
    payload: {
      eventType,
      seqNo,
      timestamp: timeText(random, startMs + seqNo * minuteMs),
      triggerReason: eventType === 'Updated' ? 'MeterValuePeriodic' : 'CablePluggedIn',
      evse: { id: 1, connectorId: 1 },
      transactionInfo: { transactionId: stationId },
      ...rest,
    },
  })
  const meterValue = (seqNo: number, sampledValue: Json[]): Json => ({
    timestamp: timeText(random, startMs + seqNo * minuteMs),
    sampledValue,
  })
  const register = (seqNo: number, wh: number, context: string): Json => {
    reportedWh.add(wh)
    return meterValue(seqNo, samples(random, 'Energy.Active.Import.Register', wh, context))
  }
  const begin = register(0, startWh, 'Transaction.Begin')
  const started = event('Started', 0, {
    idToken: { idToken: 'CARD-1', type: 'ISO14443' },
    ...(hasIntervals ? {} : { meterValue: [begin] }),
  })
  const fallIndex = hasIntervals || startWh < fallWh ? -1 : fallsAt(random, steps)
  let wh = startWh
  const updates = Array.from({ length: steps }, (_, index) => {
    const seqNo = index + 1
    const risenWh = random.between(0, 900)
    wh += risenWh - (index === fallIndex ? fallWh : 0)
    const value = hasIntervals ? intervals(random, risenWh) : null
    return event('Updated', seqNo, {
      meterValue: [value === null ? register(seqNo, wh, 'Sample.Periodic') : meterValue(seqNo, value)],
    })
  })
  const beforeEndWh = wh
  if (endsWithRegister) wh += random.between(0, 900)
  const atEnd = endsWithRegister
    ? [
        begin,
        ...endValues(random, register(stopSeqNo, wh, 'Transaction.End'), (context) =>
          register(stopSeqNo, beforeEndWh, context),
        ),
      ]
    : []
  const end = endsWithRegister ? { meterValue: shuffled(random, atEnd) } : {}
  const energySource = hasIntervals ? 'intervals' : endsWithRegister ? 'register' : 'lastRegister'
  const stopAtMs = startMs + stopSeqNo * minuteMs
  return {
    start: started,
    following: () => [...updates, event('Ended', stopSeqNo, end)],
    reportedWh,
    stopAtMs,
    stopWh: wh,
    truth: {
      connectorId: 1,
      idTag: 'CARD-1',
      startTime: new Date(startMs).toISOString(),
      stopTime: new Date(stopAtMs).toISOString(),
      meterStart: hasIntervals ? null : startWh,
      energySoFar: null,
    },
    energies: [
      fallIndex < 0
        ? { energyConsumed: (wh - startWh) / 1_000, energySource }
        : { energyConsumed: null, energySource: null },
    ],
  }
}

function energySample(random: Random, measurand: string, wh: number, context: string): Json {
  const { value, text, unit } = written(random, wh)
  return { value: random.chance(0.3) ? text : value, measurand, unitOfMeasure: { unit }, context }
}

/** A figure of energy, alone or among others. */
function samples(random: Random, measurand: string, wh: number, context: string): Json[] {
  const others = [
    { value: 7_400, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
    { value: 231, measurand: 'Voltage', phase: 'L1', unitOfMeasure: { unit: 'V' } },
  ]
  return shuffled(random, [energySample(random, measurand, wh, context), ...others.slice(random.below(3))])
}

/** The energy of one interval, sometimes in both of the contexts that contain all of it. */
function intervals(random: Random, wh: number): Json[] {
  const measurand = 'Energy.Active.Import.Interval'
  const periodic = samples(random, measurand, wh, 'Sample.Periodic')
  return random.chance(0.5) ? [...periodic, energySample(random, measurand, wh, 'Sample.Clock')] : periodic
}
