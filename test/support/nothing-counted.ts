// Counts of a process that has done nothing yet.

import type { PartCounts } from '../../src/base/counters.ts'

export const nothingCounted: PartCounts = {
  node: { name: 'localhost:8080', provider: 'PostgreSQL' },
  connections: { '1.6': 0, '2.0.1': 0 },
  isDatabaseAvailable: true,
  areTokenKeysAvailable: true,
  isOpen: true,
  statementsWaiting: { chargePoints: 0, rest: 0, upkeep: 0 },
  calls: { waiting: 0, sent: 0, answered: 0, timedOut: 0, late: 0, unknown: 0 },
  writer: {
    transactions: 0,
    changeSets: 0,
    duplicates: 0,
    meterRows: 0,
    retries: 0,
    outdated: 0,
    refused: 0,
    waiting: 0,
    waitingBytes: 0,
    committingMs: 0,
    messageLogLines: 0,
    messageLogLinesDropped: 0,
    messageLogLinesWaiting: 0,
  },
  gateway: { receivedBytes: 0, handshakes: 0, handshakesMax: 0 },
  jobs: [],
  certificateExpirySeconds: { server: 1_900_000_000 },
}
