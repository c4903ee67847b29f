// Starts one of the servers that the bench knows, with its database and everything that its stations need.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverCore } from '../affinity.ts'
import type { Startable } from '../cli.ts'
import { launch, type ServerProcess } from './child.ts'
import { createDatabase, startDatabase } from './database.ts'
import { provisionInDatabase, startStator } from './stator.ts'

/** A server under test, and the database behind it. */
export interface Subject {
  readonly server: ServerProcess
  /** Null for a server without one. */
  readonly database: { readonly url: string; readonly pid: number } | null
  stop(): Promise<void>
}

export interface SubjectOptions {
  readonly identities: readonly string[]
  readonly profileFolder: string | null
}

/** Starts `which`, ready for stations of these identities. */
export async function startSubject(which: Startable, options: SubjectOptions): Promise<Subject> {
  if (which === 'floor') {
    const server = await startFloor()
    return { server, database: null, stop: () => server.stop() }
  }
  const postgres = await startDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'stator-bench-'))
  const release = async (): Promise<void> => {
    await postgres.stop()
    await rm(dataFolder, { recursive: true, force: true })
  }
  try {
    const url = await createDatabase(postgres.connectionString, which)
    const server =
      which === 'peer'
        ? await startPeer(url)
        : await startStator({
            connectionString: url,
            dataFolder,
            core: serverCore,
            profileFolder: options.profileFolder,
          })
    if (which === 'stator') await provisionInDatabase(url, options.identities)
    return {
      server,
      database: { url, pid: postgres.pid },
      async stop() {
        await server.stop()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** `ready URL` on standard output is how the small servers announce themselves. */
function announcedReady(line: string): string | null {
  return /^ready (\S+)$/.exec(line)?.[1] ?? null
}

/** The floor: no database, no facts. */
export function startFloor(): Promise<ServerProcess> {
  return launch({
    name: 'The floor server',
    command: [process.execPath, join(import.meta.dir, 'floor.ts')],
    env: {},
    core: serverCore,
    announced: announcedReady,
  })
}

/** The peer, on a database of its own. */
export function startPeer(databaseUrl: string): Promise<ServerProcess> {
  return launch({
    name: 'The peer server',
    command: ['node', join(import.meta.dir, 'peer.mjs')],
    env: { DATABASE_URL: databaseUrl },
    core: serverCore,
    announced: announcedReady,
  })
}
