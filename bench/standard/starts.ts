// How long `bun start` takes until charge points can connect: on PostgreSQL, and on an embedded database that exists.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStator } from '../servers/stator.ts'
import { createDatabase } from '../servers/database.ts'
import type { Context } from './context.ts'

/** Roughly how long it takes, in seconds. */
export function startsSeconds({ starts }: Context['size']): number {
  return 6 + starts * 5
}

export async function startTimes(context: Context): Promise<void> {
  const { size, results, progress, postgres } = context
  progress.step('starts on PostgreSQL', size.starts * 2)
  const connectionString = await createDatabase(postgres.connectionString, 'starts')
  await inFolder(context, (dataFolder) => startAgain({ connectionString, dataFolder }, results.startMs.PostgreSQL))
  progress.step('starts on the embedded database', 6 + size.starts * 3)
  await inFolder(context, (dataFolder) => startAgain({ connectionString: null, dataFolder }, results.startMs.Embedded))

  // The first start creates tables and secrets; it is not counted.
  async function startAgain(
    where: { readonly connectionString: string | null; readonly dataFolder: string },
    into: number[],
  ): Promise<void> {
    for (let count = 0; count <= size.starts; count++) {
      // Started as in production, without pinning.
      const server = await startStator({ ...where, core: null })
      if (count > 0) into.push(server.startMs)
      await server.stop()
    }
  }
}

async function inFolder({ atEnd }: Context, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-bench-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  await work(folder)
}
