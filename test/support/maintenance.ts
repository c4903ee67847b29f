// The upkeep of the tables as a test wants it: everything kept for ten years, and no ghosts, unless it says otherwise.

import type { Clock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { Database } from '../../src/store/database.ts'
import type { MaintenanceOptions, Retention } from '../../src/store/maintenance.ts'

const tenYearsMs = 3_650 * 86_400_000

export function maintenanceOf(
  database: Database,
  clock: Clock,
  retention: Partial<Retention> = {},
): MaintenanceOptions {
  return {
    database,
    clock,
    log: silentLogger,
    retention: {
      messageLogDays: 3_650,
      anomalyDays: 3_650,
      eventDays: 3_650,
      transactionEventDays: 3_650,
      historyMonths: 240,
      transactionMonths: 0,
      auditLogDays: 36_500,
      jobDays: 3_650,
      uploadDays: 3_650,
      ...retention,
    },
    ghostDeadlines: { availableMs: tenYearsMs, goneMs: tenYearsMs },
    onGhost: () => {},
  }
}
