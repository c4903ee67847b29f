// Databases for tests: each gets an empty one of its own with all tables in it, copied from a template, so that it costs milliseconds.
//
// The server is the one that test/run.ts has started (STATOR_TEST_POSTGRES), or else one that this process starts for itself.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Client } from 'pg'
import { silentLogger } from '../../src/base/log.ts'
import { openDatabase } from '../../src/store/database.ts'
import { type PostgresVersion, startPostgres } from './postgres-server.ts'

export interface TestDatabase {
  readonly connectionString: string
  /** Removes the database, whoever is still connected to it. */
  drop(): Promise<void>
}

/** Environment variables that hold the URL of a running server. */
export const serverVariables = { 15: 'STATOR_TEST_POSTGRES_15', 18: 'STATOR_TEST_POSTGRES' } as const

/** A fresh database with the tables of Stator. */
export async function testDatabase(version: PostgresVersion = 18): Promise<TestDatabase> {
  const template = await templateOn(version)
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  await withClient(version, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`))
  return {
    connectionString: urlOf(await serverUrl(version), name),
    async drop() {
      await withClient(version, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
  }
}

const servers = new Map<PostgresVersion, Promise<string>>()
const templates = new Map<PostgresVersion, Promise<string>>()

/** URL of the database `postgres` on the server of `version`. */
export function serverUrl(version: PostgresVersion): Promise<string> {
  const running = process.env[serverVariables[version]]
  if (running !== undefined && running !== '') return Promise.resolve(running)
  let server = servers.get(version)
  if (server === undefined) {
    server = startPostgres(version).then(({ connectionString }) => connectionString)
    servers.set(version, server)
  }
  return server
}

function templateOn(version: PostgresVersion): Promise<string> {
  let template = templates.get(version)
  if (template === undefined) {
    template = makeTemplate(version)
    templates.set(version, template)
  }
  return template
}

const templateLock = 20_261_123

async function makeTemplate(version: PostgresVersion): Promise<string> {
  const journal = readFileSync(join(resolve(import.meta.dir, '../../drizzle'), 'meta/_journal.json'))
  const name = `template_${createHash('sha256').update(journal).digest('hex').slice(0, 16)}`
  await withClient(version, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [templateLock])
    const existing = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (existing.rowCount === 1) return
    await client.query(`CREATE DATABASE ${name}_new`)
    const connectionString = urlOf(await serverUrl(version), `${name}_new`)
    const database = await openDatabase({
      provider: 'PostgreSQL',
      connectionString,
      dataFolder: '',
      poolSize: 1,
      log: silentLogger,
    })
    await database.close()
    await client.query(`ALTER DATABASE ${name}_new RENAME TO ${name}`)
  })
  return name
}

function urlOf(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}

async function withClient<T>(version: PostgresVersion, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: await serverUrl(version) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
