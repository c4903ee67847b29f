// What the tables need from time to time: partitions for the days to come, and room from those that are over.

import type { Clock } from '../base/clock.ts'
import { maintenanceMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Database } from './database.ts'
import { dropOldMessages, maintenanceLock, makePartitions } from './partitions.ts'

/** What `startMaintenance` needs. `messageLogDays` is how long OCPP messages are kept. */
export interface MaintenanceOptions {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly messageLogDays: number
}

/** Keeps partitions ready and drops old OCPP messages, now and every `maintenanceMs`; the returned function ends it. */
export function startMaintenance(options: MaintenanceOptions): () => Promise<void> {
  const { database, clock, log, messageLogDays } = options
  let cancel = (): void => {}
  let running: Promise<void> = Promise.resolve()
  let isStopped = false
  const turn = (): void => {
    running = maintain(database, clock.nowMs(), messageLogDays)
      .catch((error: unknown) =>
        log.warn({ error }, 'Partitions could not be brought up to date; the next turn tries again.'),
      )
      .then(() => {
        if (!isStopped) cancel = clock.after(maintenanceMs, turn)
      })
  }
  turn()
  return async () => {
    isStopped = true
    cancel()
    await running
  }
}

async function maintain(database: Database, nowMs: number, messageLogDays: number): Promise<void> {
  const client = await database.pool.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [maintenanceLock])
    try {
      await makePartitions(client, nowMs)
      await dropOldMessages(client, nowMs, messageLogDays)
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [maintenanceLock])
    }
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}
