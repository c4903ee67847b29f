// A real PostgreSQL 18 that waits for the disk as it would in production, on the core of the generator.

import { Client } from 'pg'
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts'
import { otherCore, pinned } from '../affinity.ts'

// The defaults of PostgreSQL except for memory, and for checkpoints as rare as on a larger server.
const settings = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
}

/** Starts PostgreSQL for a bench, on `core`; null: on all cores. */
export function startDatabase(core = otherCore): Promise<PostgresServer> {
  return startPostgres(18, { settings, runner: core === null ? [] : pinned(core, []) })
}

/** An empty database on that server; returns its URL. */
export async function createDatabase(server: string, name: string): Promise<string> {
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE ${name}`)
  } finally {
    await client.end()
  }
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/**
 * Does now what autovacuum would do during a measurement, after thousands of rows have changed. After a checkpoint the
 * files of the write-ahead log are reused, as on a server that has run for hours; a new one creates a file every 16
 * MiB, and every commit waits for it.
 */
export async function tidyDatabase(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  // When PostgreSQL is stopped meanwhile, the query that is under way fails, too.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('VACUUM ANALYZE')
    await client.query('CHECKPOINT')
  } finally {
    await client.end()
  }
}
