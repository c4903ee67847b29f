// 1.6 sessions reported message by message on one morning, and the anomalies that operators see.

import type { RawChargePoint } from './raw-charge-point.ts'
import type { TestStator } from './stator.ts'

type Json = Record<string, unknown>

/** A minute of that morning. */
export const at = (minute: number): string => new Date(Date.UTC(2026, 10, 27, 8, minute)).toISOString()

/** The kinds of the anomalies of a charge point, the oldest first. */
export async function anomalyKinds(central: TestStator, identity: string): Promise<unknown[]> {
  const { anomalies } = await central.json(`/api/chargepoints/${identity}/anomalies`)
  return (Array.isArray(anomalies) ? anomalies : []).map(({ kind }) => kind).toReversed()
}

/** Starts a transaction on connector 1; answers its number. */
export async function start(raw: RawChargePoint, minute: number, more: Json = {}): Promise<number> {
  const payload = { connectorId: 1, idTag: 'USER123', meterStart: 1_000, timestamp: at(minute), ...more }
  return Number((await raw.call('StartTransaction', payload))['transactionId'])
}

export const stop = (raw: RawChargePoint, transactionId: number, minute: number, more: Json = {}) =>
  raw.call('StopTransaction', { transactionId, meterStop: 2_000, timestamp: at(minute), ...more })
