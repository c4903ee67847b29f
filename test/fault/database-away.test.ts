// PostgreSQL goes away under connected charge points and comes back: no message with facts is answered meanwhile,
// nothing is lost, and nothing is stored twice.

import { afterEach, beforeEach, expect, test } from 'bun:test'
import { flows16, idTag } from '../fixtures/seed-flows.ts'
import { cutConnections, giveBack, takeAway } from '../support/database-switch.ts'
import { handshakeAnswer } from '../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../support/stator.ts'
import { until } from '../support/until.ts'

let central: TestStator
let connectionString: string

beforeEach(async () => {
  central = await TestStator.start()
  connectionString = central.connectionString ?? ''
  await central.addIdTag(idTag)
})

afterEach(async () => {
  await giveBack(connectionString)
  await central.stop()
})

test('while the database is unavailable heartbeats are answered, facts wait, and new connections get 503', async () => {
  const raw = await central.bootedRaw('CP001')
  await takeAway(connectionString)
  const start = raw.sendCall('StatusNotification', flows16.status('Charging'))
  await until('readiness to fail', async () => (await fetch(`${central.url}/health/ready`)).status === 503)
  expect((await fetch(`${central.url}/health/live`)).status).toBe(200)
  const refused = await until('newcomers to be turned away', async () => {
    const answer = await handshakeAnswer({ url: central.ocppUrl, identity: 'CP001', password: passwordDefault })
    return answer.status === 503 ? answer : null
  })
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(raw.inbox).toEqual([])

  await giveBack(connectionString)
  expect(await raw.answerTo(start)).toEqual([3, start, {}])
  await until('readiness to return', async () => (await fetch(`${central.url}/health/ready`)).status === 200)
  expect(await central.json('/api/chargepoints/CP001/status')).toMatchObject({ status: 'Charging' })
  expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
})

test('a heartbeat is answered while the database is away', async () => {
  const raw = await central.bootedRaw('CP001')
  await takeAway(connectionString)
  expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
})

test('a transaction continues while the database comes and goes', async () => {
  const raw = await central.bootedRaw('CP001')
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  for (let round = 0; round < 5; round++) {
    const values = raw.sendCall('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: `2025-12-26T12:${10 + round}:00Z`, sampledValue: [{ value: String(1000 + round) }] }],
    })
    await cutConnections(connectionString)
    expect((await raw.answerTo(values))[0]).toBe(3)
  }
  expect(await raw.call('StopTransaction', flows16.stop(Number(transactionId)))).toHaveProperty('idTagInfo')
  await until('the connections of the REST API to be replaced', async () => {
    return (await central.api('/api/transactions')).status === 200
  })
  expect(await central.json(`/api/transactions/${transactionId}/meter-values`)).toMatchObject({ totalCount: 6 })
  expect(await central.json('/api/transactions')).toMatchObject({ totalCount: 1 })
})

test('simulated charge points lose nothing while the database comes and goes', async () => {
  const stations = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      central.station(`SIM${index}`, { version: index % 2 === 0 ? '1.6' : '2.0.1', callTimeoutMs: 1_000 }),
    ),
  )
  for (const station of stations) {
    const retry = station.settings.byKey('TransactionMessageRetryInterval')
    if (retry !== undefined) retry.value = '1'
  }
  const charging = stations.map(async (station) => {
    station.plugIn(1)
    await station.startTransaction(1, idTag)
    const [connector] = station.connectors
    for (let sample = 0; sample < 3; sample++) if (connector !== undefined) station.sample(connector, 'Periodic')
    await station.stopTransaction(1, 'Local', idTag)
  })
  await takeAway(connectionString)
  await until('readiness to fail', async () => (await fetch(`${central.url}/health/ready`)).status === 503)
  await giveBack(connectionString)
  await Promise.all(charging)
  await until('the database to be back', async () => (await central.api('/api/transactions')).status === 200)
  const { totalCount } = await central.json('/api/transactions')
  expect(totalCount).toBe(stations.length)
  for (const { identity } of stations) {
    const history = await central.json(`/api/transactions?chargePointId=${identity}`)
    expect(history).toMatchObject({ totalCount: 1, transactions: [{ idTag, stopReason: 'Local' }] })
  }
}, 60_000)
