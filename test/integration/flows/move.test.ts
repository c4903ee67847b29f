// An installation on the embedded database goes on, on PostgreSQL, in the middle of a transaction of a charge point.

import { afterEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { flows16, idTag } from '../../fixtures/seed-flows.ts'
import { testDatabase } from '../../support/postgres.ts'
import { TestStator } from '../../support/stator.ts'
import { embeddedFolder } from '../../support/store.ts'

const main = join(import.meta.dir, '../../../src/main.ts')

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task()
})

async function migrate(dataFolder: string, to: string) {
  const command = Bun.spawn([process.execPath, main, 'migrate', '--to', to], {
    env: { ...process.env, Database__DataFolder: dataFolder },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([command.stdout.text(), command.stderr.text()])
  return { exitCode: await command.exited, stdout, stderr }
}

test('an installation that was moved to PostgreSQL goes on where it was', async () => {
  const { dataFolder, remove } = await embeddedFolder()
  cleanUp.push(remove)
  const { connectionString, drop } = await testDatabase()
  cleanUp.push(drop)
  const before = await TestStator.start({
    provider: 'Embedded',
    settings: { Database: { DataFolder: dataFolder } },
  })
  await before.addIdTag(idTag)
  const raw = await before.bootedRaw('CP001')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)

  const refused = await migrate(dataFolder, connectionString)
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('Another process has its embedded database in')
  expect(refused.stderr.trim().split('\n')).toHaveLength(1)
  await before.stop()

  const moved = await migrate(dataFolder, connectionString)
  expect(moved).toMatchObject({ exitCode: 0, stderr: '' })
  expect(moved.stdout).toMatch(/^charge_points +1 rows$/m)
  expect(moved.stdout).toContain('Moved and compared: ')
  expect(moved.stdout).not.toContain('{"level"')
  expect((await migrate(dataFolder, connectionString)).stdout).toContain('An earlier run had moved everything')

  const after = await TestStator.start({
    settings: { Database: { DataFolder: dataFolder, ConnectionString: connectionString } },
  })
  cleanUp.push(() => after.stop())
  // Credentials, open transaction and card are known; a retransmission gets the answer of the first time.
  const back = await after.raw('CP001')
  expect(await back.call('StartTransaction', flows16.start)).toMatchObject({ transactionId })
  await back.call('StopTransaction', flows16.stop(Number(transactionId)))
  expect(await after.json(`/api/transactions/${transactionId}`)).toMatchObject({ energyConsumed: 14 })
  const next = await back.call('StartTransaction', {
    ...flows16.start,
    meterStart: 15_000,
    timestamp: '2027-03-01T00:00:00Z',
  })
  expect(Number(next['transactionId'])).toBeGreaterThan(Number(transactionId))
  await after.provision('CP002')
  expect((await after.json('/api/chargepoints/CP001/anomalies'))['anomalies']).toEqual([])
}, 60_000)
