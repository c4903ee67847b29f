// A meter value as lists and exports show it.

import { isoTime } from '../../base/clock.ts'
import type { AssignedMeterValueRecord, MeterValueRecord } from '../records.ts'

/** A meter value: the samples as sent, and the common measurements in fixed units. */
export function meterValueView(record: MeterValueRecord) {
  const { sampledAtMs, receivedAtMs, meterValue, ...rest } = record
  const { sampledValue } = meterValue
  return {
    timestamp: isoTime(sampledAtMs),
    sampledValue: Array.isArray(sampledValue) ? sampledValue : [],
    receivedAt: isoTime(receivedAtMs),
    ...rest,
  }
}

/** A meter value in the list of a transaction. */
export function assignedMeterValueView({ assignedBy, ...record }: AssignedMeterValueRecord) {
  return { ...meterValueView(record), assignedBy }
}
