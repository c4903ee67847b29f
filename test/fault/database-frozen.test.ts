// PostgreSQL is frozen: packets are dropped, not refused, so that connections stay open but are never answered.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rememberedIdTokenMsMax } from '../../src/base/limits.ts'
import { flows16, idTag } from '../fixtures/seed-flows.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { handshakeAnswer } from '../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../support/stator.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

/** Longest until a remembered id token is answered, in milliseconds. */
const authorizeMsMax = 2_000
/** Longest until Stator notices, in milliseconds. */
const noticeMsMax = 5_000

let database: TestDatabase
let proxy: TcpProxy
let central: TestStator

beforeAll(async () => {
  database = await testDatabase()
  const url = new URL(database.connectionString)
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  central = await TestStator.start({ settings: { Database: { ConnectionString: url.href } } })
  await central.addIdTag(idTag)
})

afterAll(async () => {
  await central.stop()
  await proxy.stop()
  await database.drop()
})

test('a card that is known is let in within two seconds, newcomers are sent away within five, and nothing is lost', async () => {
  await central.provision('CP002')
  const raw = await central.bootedRaw('CP001')
  const accepted = { idTagInfo: { status: 'Accepted' } }
  expect(await raw.call('Authorize', { idTag })).toEqual(accepted)

  proxy.freeze()
  const frozenMs = performance.now()
  for (let time = 0; time < 2; time++) {
    const askedMs = performance.now()
    expect(await raw.call('Authorize', { idTag })).toEqual(accepted)
    expect(performance.now() - askedMs).toBeLessThan(authorizeMsMax)
    expect(performance.now() - askedMs).toBeGreaterThan(rememberedIdTokenMsMax / 2)
  }
  const status = raw.sendCall('StatusNotification', flows16.status('Charging'))
  const sentMs = performance.now()
  let turnedAway = false
  let newcomers = 0
  await until('newcomers to be turned away', () => {
    // Charge points that came before it was detected wait for their credentials to be read.
    if (performance.now() - sentMs < newcomers * 250) return turnedAway
    newcomers++
    const newcomer = { url: central.ocppUrl, identity: 'CP002', password: passwordDefault }
    void handshakeAnswer(newcomer).then(
      ({ status: answered }) => (turnedAway ||= answered === 503),
      () => {},
    )
    return turnedAway
  })
  expect(performance.now() - sentMs).toBeLessThan(noticeMsMax)
  const askedMs = performance.now()
  expect((await fetch(`${central.url}/health/ready`)).status).toBe(503)
  expect(performance.now() - askedMs).toBeLessThan(noticeMsMax)
  expect(raw.inbox).toEqual([])

  await proxy.close()
  await proxy.open()
  expect(await raw.answerTo(status)).toEqual([3, status, {}])
  await until('readiness to return', async () => (await fetch(`${central.url}/health/ready`)).status === 200)
  expect(await central.json('/api/chargepoints/CP001/status')).toMatchObject({ status: 'Charging' })
  expect(performance.now() - frozenMs).toBeLessThan(60_000)
}, 120_000)
