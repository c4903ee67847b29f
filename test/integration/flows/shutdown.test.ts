// `bun start` as a process of its own: how it refuses to start, and how it ends.

import { describe, expect, test } from 'bun:test'
import { benchPasswordDefault } from '../../../bench/cli.ts'
import { drainConnectionsMin } from '../../../src/base/limits.ts'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { cleanUpAfterEach } from '../../support/clean-up.ts'
import { testDatabase } from '../../support/postgres.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import { keptKey } from '../../support/started-process.ts'
import { StatorProcess } from '../../support/stator-process.ts'
import { until } from '../../support/until.ts'

const { add, newFolder, madeFolder, run } = cleanUpAfterEach()

async function provisioned(url: string, key: string): Promise<void> {
  const response = await fetch(`${url}/api/chargepoints`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': key },
    body: JSON.stringify({ chargePointId: 'CP001', password: 'secretpassword' }),
  })
  expect(response.status).toBe(201)
}

function connected(url: string): Promise<RawChargePoint> {
  return RawChargePoint.connect({
    url: `${url.replace(/^http/, 'ws')}/ocpp`,
    identity: 'CP001',
    password: 'secretpassword',
  })
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('finishes what is under way, closes the sockets with 1001 and ends with 0', async () => {
    const database = await testDatabase()
    add(() => database.drop())
    const folder = await newFolder()
    const env = { Database__ConnectionString: database.connectionString, Database__DataFolder: folder }
    const stator = run(env)
    const url = await stator.url()
    await provisioned(url, await keptKey(folder))
    const raw = await connected(url)
    await raw.call('BootNotification', flows16.boot)
    const messageId = raw.sendCall('StartTransaction', flows16.start)
    const answered = raw.answerTo(messageId)
    stator.signal(signal)
    // Either it was answered, and then it is stored, or it was not, and then the charge point keeps it.
    const frame = await answered.catch(() => null)
    expect((await raw.closed()).code).toBe(1001)
    expect(await stator.exit()).toBe(0)
    expect(stator.errors).toBe('')

    const again = run({ ...env, Security__AdminApiKey: 'another-admin-key' })
    const response = await fetch(`${await again.url()}/api/transactions`, {
      headers: { 'X-API-Key': 'another-admin-key' },
    })
    const { totalCount } = (await response.json()) as { totalCount: number }
    if (frame?.[0] === 3) expect(totalCount).toBe(1)
    again.signal('SIGTERM')
    expect(await again.exit()).toBe(0)
  }, 60_000)
})

test('a node that stops is not ready, and says so until its last connection is closed', async () => {
  const identities = Array.from({ length: 4 * drainConnectionsMin }, (_, index) => `CP${index}`)
  const database = await testDatabase()
  add(() => database.drop())
  const stator = await StatorProcess.start({ connectionString: database.connectionString, identities })
  add(() => stator.remove())
  const raws = await Promise.all(
    identities.map((identity) =>
      RawChargePoint.connect({ url: stator.ocppUrl, identity, password: benchPasswordDefault }),
    ),
  )
  expect(await stator.readyStatus()).toBe(200)
  const ended = stator.terminate()
  await until('the node not to be ready', async () => (await stator.readyStatus()) === 503)
  expect(raws.filter(({ closing }) => closing === null).length).toBeGreaterThan(0)
  expect((await ended).code).toBe(0)
}, 60_000)

test('what was acknowledged survives SIGKILL with the embedded database', async () => {
  const folder = await madeFolder()
  const env = { Database__DataFolder: folder, Security__AdminApiKey: 'an-admin-key' }
  const first = run(env)
  const firstUrl = await first.url()
  await provisioned(firstUrl, 'an-admin-key')
  const raw = await connected(firstUrl)
  await raw.call('BootNotification', flows16.boot)
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  first.signal('SIGKILL')
  await first.exit()

  const second = run(env)
  const url = await second.url()
  const response = await fetch(`${url}/api/transactions/${transactionId}`, { headers: { 'X-API-Key': 'an-admin-key' } })
  expect(response.status).toBe(200)
}, 60_000)

describe('a start that cannot be says why in one sentence, and ends with 1', () => {
  test.each([
    ['an unknown key', { OCPP__ServerPorr: '9000' }, 'ServerPorr'],
    ['a value that is none', { OCPP__HeartbeatInterval: 'often' }, 'OCPP.HeartbeatInterval is "often"'],
    ['another database', { Database__Provider: 'SqlServer' }, 'Embedded'],
    [
      'a database that cannot be reached',
      { Database__ConnectionString: 'postgres://nobody:secret@127.0.0.1:1/nothing' },
      'PostgreSQL',
    ],
  ])(
    '%s',
    async (_what, env, expected) => {
      const stator = run({ Database__DataFolder: await newFolder(), ...env })
      expect(await stator.exit()).toBe(1)
      const reported = stator.errors.trim()
      expect(reported).toContain(expected)
      expect(reported).not.toContain('secret@')
      expect(reported.split('\n').length).toBe(1)
    },
    60_000,
  )
})

test('two processes cannot share the embedded database', async () => {
  const folder = await madeFolder()
  const first = run({ Database__DataFolder: folder })
  await first.url()
  const second = run({ Database__DataFolder: folder })
  expect(await second.exit()).toBe(1)
  expect(second.errors).toContain(folder)
}, 60_000)
