// Counts of a process that has done nothing yet.

import type { PartCounts } from '../../src/base/counters.ts'

export const nothingCounted: PartCounts = {
  connections: 0,
  isDatabaseAvailable: true,
  calls: { sent: 0, answered: 0, timedOut: 0, late: 0, unknown: 0 },
  writer: {
    transactions: 0,
    changeSets: 0,
    duplicates: 0,
    meterRows: 0,
    retries: 0,
    outdated: 0,
    refused: 0,
    waiting: 0,
    messageLogLines: 0,
    messageLogLinesDropped: 0,
    messageLogLinesWaiting: 0,
  },
  gateway: { receivedBytes: 0, handshakes: 0 },
}
