// Whose secret hashes the credentials of a database: nodes with different secrets never work on it side by side.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settingsFrom } from '../../../src/base/config.ts'
import { startStator, type Stator } from '../../../src/main.ts'
import { type TestDatabase, testDatabase } from '../../support/postgres.ts'

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await testDatabase()
  folder = await mkdtemp(join(tmpdir(), 'stator-installation-'))
})
afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

/** A node with a data folder, and so a secret, of its own. */
function start(name: string): Promise<Stator> {
  return startStator(
    settingsFrom({
      Logging: { LogLevel: { Default: 'None' } },
      OCPP: { ServerEndpoint: '127.0.0.1', ServerPort: 0 },
      Database: { DataFolder: join(folder, name), ConnectionString: database.connectionString },
      Workers: { PoolSize: 1 },
    }),
  )
}

test('of nodes with different secrets that start together on an empty database one works; when it has stopped, another may', async () => {
  const names = ['a', 'b', 'c']
  const starts = await Promise.allSettled(names.map(start))
  const running = starts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const refused = starts.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  expect(running).toHaveLength(1)
  for (const reason of refused) expect(reason).toMatchObject({ code: 'CREDENTIAL_SECRET_DIFFERS' })
  await running[0]?.stop()

  // Nothing was hashed with the secret of the first.
  const other = names[starts.findIndex((one) => one.status === 'rejected')] ?? ''
  await (await start(other)).stop()
})
