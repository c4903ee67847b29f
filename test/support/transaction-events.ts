// 2.x transactions reported event by event, as a test needs them, and what operators see of them over REST.

import { expect } from 'bun:test'
import type { TestStator } from './stator.ts'

/** A sample of the energy register, in Wh. */
export const registerOf = (value: number, context?: string) => ({
  value,
  ...(context === undefined ? {} : { context }),
  measurand: 'Energy.Active.Import.Register',
  unitOfMeasure: { unit: 'Wh' },
})

/** A meter value of 2026-01-01. */
export function at(time: string, ...sampledValue: object[]) {
  return { timestamp: `2026-01-01T${time}Z`, sampledValue }
}

export interface EventParts {
  readonly seqNo: number
  /** `T-1` when left out. */
  readonly transactionId?: string
  readonly time: string
  readonly chargingState?: string
  readonly idToken?: string
  readonly evse?: object
  readonly offline?: true
  readonly meterValue?: readonly object[]
}

/** A TransactionEvent of 2026-01-01. */
export function event(eventType: 'Started' | 'Updated' | 'Ended', parts: EventParts) {
  const { seqNo, transactionId = 'T-1', time, chargingState, idToken, ...rest } = parts
  return {
    eventType,
    triggerReason: 'Trigger',
    seqNo,
    timestamp: `2026-01-01T${time}Z`,
    transactionInfo: { transactionId, ...(chargingState === undefined ? {} : { chargingState }) },
    ...(idToken === undefined ? {} : { idToken: { idToken, type: 'ISO14443' } }),
    ...rest,
  }
}

export type TransactionEvent = ReturnType<typeof event>

let stations = 0

/** Sends events from a new charge point; answers its transactions, the newest first, and the kinds of its anomalies. */
export async function reportEvents(central: TestStator, events: readonly (TransactionEvent | 'boot')[]) {
  const identity = `EVENTS${++stations}`
  const raw = await central.bootedRaw(identity, '2.0.1')
  for (const each of events) {
    if (each === 'boot') {
      await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
    } else expect(await raw.call('TransactionEvent', each)).toBeObject()
  }
  await raw.close()
  const { transactions } = await central.json(`/api/transactions?chargePointId=${identity}`)
  const { anomalies } = await central.json(`/api/chargepoints/${identity}/anomalies`)
  const kinds = (anomalies as { kind: string }[]).map(({ kind }) => kind).filter((kind) => kind !== 'unauthorizedStart')
  return { transactions: transactions as Record<string, unknown>[], kinds: kinds.toSorted() }
}
