// Brings the tables up to date at start.

import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import type { Client } from 'pg'
import { maintenanceLock, makePartitions } from './partitions.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/**
 * On a connection that is closed afterwards: applies the migrations that this database has not seen, and makes the partitions for now. Processes that start together take
 * turns; each migration is applied once.
 */
export async function migrate(client: Client, nowMs: number): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [maintenanceLock])
  try {
    // drizzle says in notices that its own table exists already.
    await client.query('SET client_min_messages = warning')
    await applyMigrations(drizzle(client), { migrationsFolder })
    await makePartitions(client, nowMs)
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [maintenanceLock])
  }
}
