import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settingsFrom, type Settings } from '../../../src/base/config.ts'
import { type Demo, startDemo } from '../../../src/simulator/demo.ts'
import { basic } from '../../support/raw-charge-point.ts'
import { until } from '../../support/until.ts'

let folder: string
let settings: Settings
let demo: Demo
const lines: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
  settings = settingsFrom({
    Logging: { LogLevel: { Default: 'None' } },
    OCPP: { ServerEndpoint: '127.0.0.1', ServerPort: 0 },
    Database: { DataFolder: folder },
    Workers: { PoolSize: 1 },
  })
  demo = await startDemo(settings, (line) => lines.push(line))
}, 60_000)

afterAll(async () => {
  await demo.stop()
  await rm(folder, { recursive: true, force: true })
})

async function get(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${demo.stator.url}${path}`, { headers: { 'X-API-Key': demo.stator.adminApiKey } })
  return (await response.json()) as Record<string, unknown>
}

test('the demo has six charge points of both versions, all booted', async () => {
  const { chargePoints, totalCount } = await get('/api/chargepoints')
  expect(totalCount).toBe(6)
  const identities = (chargePoints as { chargePointId: string }[]).map(({ chargePointId }) => chargePointId)
  expect(identities).toEqual(['CP001', 'CP002', 'CP003', 'CP004', 'CP005', 'CP006'])
  for (const [identity, version] of [
    ['CP001', '1.6'],
    ['CP004', '2.0.1'],
  ]) {
    expect(await get(`/api/chargepoints/${identity}`)).toMatchObject({ ocppVersion: version, bootStatus: 'Accepted' })
  }
  expect(lines).toContain('CP001  boot Accepted')
})

test('the remote start that the demo prints works with the credentials that it prints', async () => {
  const response = await fetch(`${demo.stator.url}/api/chargepoints/CP001/start-transaction`, {
    method: 'POST',
    headers: { Authorization: basic('CP001', 'secretpassword'), 'Content-Type': 'application/json' },
    body: '{"connectorId": 1, "idTag": "USER123"}',
  })
  expect(response.status).toBe(200)
  const { transactionId } = (await response.json()) as { transactionId: number }
  await until('the transaction to begin', async () => {
    const { currentTransaction } = (
      (await get('/api/chargepoints/CP001/status'))['connectors'] as Record<string, unknown>[]
    )[0] ?? { currentTransaction: null }
    return currentTransaction === transactionId
  })
})

test('the demo starts again on what it left behind', async () => {
  const { adminApiKey } = demo.stator
  await demo.stop()
  demo = await startDemo(settings, (line) => lines.push(line))
  expect(demo.stator.adminApiKey).toBe(adminApiKey)
  expect((await get('/api/chargepoints'))['totalCount']).toBe(6)
}, 60_000)

test('a demo beside another program on its port takes a free one, and says so', async () => {
  await demo.stop()
  const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('other') })
  try {
    const port = other.port ?? 0
    demo = await startDemo({ ...settings, ocpp: { ...settings.ocpp, port } }, (line) => lines.push(line))
    expect(lines).toContain(`Port ${port} is in use, by bun start or another program: the demo takes a free one.`)
    expect(demo.stator.port).not.toBe(port)
    expect((await get('/api/chargepoints'))['totalCount']).toBe(6)
  } finally {
    await other.stop(true)
  }
}, 60_000)
