// Starts one of the servers that the bench knows, with its database and everything that its stations need.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverCore } from '../affinity.ts'
import type { Startable } from '../cli.ts'
import { launch, type ServerProcess } from './child.ts'
import type { PostgresServer } from '../../test/support/postgres-server.ts'
import { createDatabase } from './database.ts'
import { provisionInDatabase, startStator } from './stator.ts'

/** A server under test, and the database behind it. */
export interface Subject {
  readonly server: ServerProcess
  /** Null for a server without one. */
  readonly database: { readonly url: string; readonly pid: number } | null
  stop(): Promise<void>
}

export interface SubjectOptions {
  /** Charge points that Stator needs. */
  readonly identities: readonly string[]
  readonly profileFolder?: string | null
  /** Name of its database. */
  readonly databaseName?: string
  /** Settings of Stator that differ from its defaults, as environment variables. */
  readonly settings?: Readonly<Record<string, string>>
  /** Core of the server; null: all of them. */
  readonly core?: number | null
}

/** Starts `which` on a database of its own in `postgres`, ready for stations of these identities. */
export async function startSubject(
  which: Exclude<Startable, 'floor'>,
  postgres: PostgresServer,
  options: SubjectOptions,
): Promise<Subject> {
  const { identities, profileFolder = null, databaseName = which, settings = {}, core = serverCore } = options
  const url = await createDatabase(postgres.connectionString, databaseName)
  const database = { url, pid: postgres.pid }
  if (which === 'peer') {
    const server = await startPeer(url)
    return { server, database, stop: () => server.stop() }
  }
  const dataFolder = await mkdtemp(join(tmpdir(), 'stator-bench-'))
  const removeFolder = (): Promise<void> => rm(dataFolder, { recursive: true, force: true })
  try {
    const server = await startStator({ connectionString: url, dataFolder, core, profileFolder, settings })
    await provisionInDatabase(url, identities)
    return {
      server,
      database,
      async stop() {
        await server.stop()
        await removeFolder()
      },
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

/** `ready URL` on standard output is how the small servers announce themselves. */
function announcedReady(line: string): string | null {
  return /^ready (\S+)$/.exec(line)?.[1] ?? null
}

/** Starts the floor, which has no database and accepts every station. */
export async function startFloorSubject(): Promise<Subject> {
  const server = await launch({
    name: 'The floor server',
    command: [process.execPath, join(import.meta.dir, 'floor.ts')],
    env: {},
    core: serverCore,
    announced: announcedReady,
  })
  return { server, database: null, stop: () => server.stop() }
}

function startPeer(databaseUrl: string): Promise<ServerProcess> {
  return launch({
    name: 'The peer server',
    command: ['node', join(import.meta.dir, 'peer.mjs')],
    env: { DATABASE_URL: databaseUrl },
    core: serverCore,
    announced: announcedReady,
  })
}
