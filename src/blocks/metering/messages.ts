// Functional block J: meter values.

import { rowsOf, timedBy } from '../rows.ts'
import { meterValues16, meterValues201 } from './meter-values.ts'

const { served, servedTransactional } = rowsOf('metering')

export const metering16 = {
  // Also a transaction message (§3.7.1): transactions are billed by their samples.
  MeterValues: timedBy('meterValue', servedTransactional('1.6 §4.7', meterValues16)),
}

export const metering201 = {
  MeterValues: timedBy('meterValue', served('2.0.1 J01', 'committed', meterValues201)),
}

export const metering21 = {
  MeterValues: timedBy('meterValue', served('2.1 J01', 'committed', meterValues201)),
}
