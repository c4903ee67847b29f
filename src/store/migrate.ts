// Brings the tables up to date at start.

import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import type { Client } from 'pg'
import { migrationAttemptsMax } from '../base/limits.ts'
import { maintenanceLock, makePartitions } from './partitions.ts'
import { databaseError } from './store-error.ts'

// SQLSTATE, PostgreSQL documentation, appendix A.
const deadlockDetected = '40P01'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/**
 * On a connection that is closed afterwards: applies the migrations that this database has not seen, and makes the partitions for now. Processes that start together take
 * turns; each migration is applied once.
 */
export async function migrate(client: Client, nowMs: number, folder = migrationsFolder): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [maintenanceLock])
  try {
    // drizzle says in notices that its own table exists already.
    await client.query('SET client_min_messages = warning')
    await bringUpToDate(client, nowMs, folder)
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [maintenanceLock])
  }
}

// Whoever alters tables in another order than a writer locks them may run into a deadlock with it, as during a deploy. Then nothing of
// it is done, and it is begun again.
async function bringUpToDate(client: Client, nowMs: number, folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await applyMigrations(drizzle(client), { migrationsFolder: folder })
      // What cannot be made at once is made by the upkeep, which comes next.
      await makePartitions(client, nowMs, 1)
      return
    } catch (error) {
      const isDeadlock = databaseError(error)?.code === deadlockDetected
      if (!isDeadlock || attempt === migrationAttemptsMax) throw error
    }
  }
}
