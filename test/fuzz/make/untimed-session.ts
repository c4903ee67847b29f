// A session of a charge point whose messages have no usable times: it sends each as it happens, and again if it is not
// sure of the answer.

import type { Random } from '../../support/random.ts'
import { type Json, type Message, type Session, shuffled, written } from '../../support/sessions.ts'

/** Texts instead of a time. */
const noTimes: readonly Json[] = [
  {},
  { timestamp: '' },
  { timestamp: null },
  { timestamp: 'n/a' },
  { timestamp: '05/01/2026 10:00' },
  { timestamp: '1970-01-01T00:00:00Z' },
]

/** @param name the id that a 2.x charge point gave it. @param startWh its register at the start. */
export function untimedSession(random: Random, version: '1.6' | '2.0.1', name: string, startWh: number): Session {
  const noTime = random.pick(noTimes)
  const steps = random.between(1, 6)
  const endsWithRegister = random.chance(0.6)
  const reportedWh = new Set<number>()
  const value = (wh: number, context: string): Json => {
    reportedWh.add(wh)
    const { value: number, text, unit } = written(random, wh)
    const register = version === '1.6' ? { value: text, unit } : { value: number, unitOfMeasure: { unit } }
    const power = { value: version === '1.6' ? '7400' : 7_400, measurand: 'Power.Active.Import' }
    return { ...noTime, sampledValue: shuffled(random, [{ ...register, context }, power]) }
  }
  const event = (eventType: string, seqNo: number, rest: Json): Message => ({
    action: 'TransactionEvent',
    payload: {
      ...noTime,
      eventType,
      seqNo,
      triggerReason: eventType === 'Updated' ? 'MeterValuePeriodic' : 'CablePluggedIn',
      evse: { id: 1, connectorId: 1 },
      transactionInfo: { transactionId: name },
      ...rest,
    },
  })
  const idToken = { idToken: 'CARD-1', type: 'ISO14443' }
  const start: Message =
    version === '1.6'
      ? { action: 'StartTransaction', payload: { ...noTime, connectorId: 1, idTag: 'CARD-1', meterStart: startWh } }
      : event('Started', 0, { idToken, meterValue: [value(startWh, 'Transaction.Begin')] })
  let wh = startWh
  const values = Array.from({ length: steps }, () => value((wh += random.between(2, 900)), 'Sample.Periodic'))
  const stopWh = endsWithRegister ? wh + random.between(1, 900) : wh
  const endValue = endsWithRegister && version !== '1.6' ? [value(stopWh, 'Transaction.End')] : []
  return {
    start,
    following: (transactionId) =>
      version === '1.6'
        ? [
            ...values.map((each) => ({
              action: 'MeterValues',
              payload: { connectorId: 1, transactionId, meterValue: [each] },
            })),
            {
              action: 'StopTransaction',
              payload: { ...noTime, transactionId, ...(endsWithRegister ? { meterStop: stopWh } : {}) },
            },
          ]
        : [
            ...values.map((each, index) => event('Updated', index + 1, { meterValue: [each] })),
            event('Ended', steps + 1, endValue.length === 0 ? {} : { meterValue: endValue }),
          ],
    reportedWh,
    // The time cannot be known.
    stopAtMs: Number.NaN,
    stopWh,
    truth: { connectorId: 1, idTag: 'CARD-1', meterStart: startWh, energySoFar: null },
    energies: [
      {
        energyConsumed: (stopWh - startWh) / 1_000,
        energySource: endsWithRegister ? 'register' : 'lastRegister',
      },
    ],
  }
}
