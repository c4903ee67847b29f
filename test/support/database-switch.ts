// Takes a test's PostgreSQL database away, as a crash or a failover does, and gives it back.

import { Client } from 'pg'
import { serverUrl } from './postgres.ts'

async function onServer(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: await serverUrl(18) })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function nameOf(connectionString: string): string {
  return new URL(connectionString).pathname.slice(1)
}

/** Lets nobody connect to the database any more, and cuts every connection to it. */
export function takeAway(connectionString: string): Promise<void> {
  const name = nameOf(connectionString)
  return onServer(async (client) => {
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
    await cut(client, name)
  })
}

export function giveBack(connectionString: string): Promise<void> {
  return onServer((client) => client.query(`ALTER DATABASE ${nameOf(connectionString)} ALLOW_CONNECTIONS true`))
}

/** Cuts every connection to the database; new ones may be made at once. */
export function cutConnections(connectionString: string): Promise<void> {
  return onServer((client) => cut(client, nameOf(connectionString)))
}

async function cut(client: Client, name: string): Promise<void> {
  await client.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [name],
  )
}
