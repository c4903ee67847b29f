// GET /metrics of a Stator that has done something.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { metricsRegistry } from '../../../src/api/metrics.ts'
import { createAuthDeps } from '../../../src/auth/auth-deps.ts'
import { isScraper } from '../../../src/auth/operator-auth.ts'
import { settingsFrom } from '../../../src/base/config.ts'
import { Counters } from '../../../src/base/counters.ts'
import { Timings } from '../../../src/base/timings.ts'
import { MemoryCredentialStore, noOperators } from '../../support/credential-store.ts'
import { nothingCounted } from '../../support/nothing-counted.ts'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { adminApiKey, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator

const metricsToken = 'token-of-the-scraper'

beforeAll(async () => {
  stator = await TestStator.start({ settings: { Security: { MetricsToken: metricsToken } } })
})

afterAll(() => stator.stop())

/** The values by metric and labels. */
async function metrics(): Promise<Map<string, number>> {
  const text = String((await stator.json('/metrics'))['text'])
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('answers, commits, commands and the process are measured', async () => {
  const raw = await stator.bootedRaw('CP001')
  for (let i = 0; i < 3; i++) await raw.call('Heartbeat', {})
  const timestamp = new Date().toISOString()
  await raw.call('MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value: '1' }] }] })
  const path = '/api/chargepoints/CP001/calls'
  const asked = stator.json(path, { body: { action: 'GetLocalListVersion' } })
  raw.answer((await raw.command('GetLocalListVersion')).messageId, { listVersion: 3 })
  await asked
  raw.answer('nobody-asked', {})
  await raw.call('Heartbeat', {})

  const found = await metrics()
  expect(found.get('stator_connections{version="1.6"}')).toBe(1)
  expect(found.get('stator_connections{version="2.0.1"}')).toBe(0)
  expect(found.get('stator_open')).toBe(1)
  expect(found.get('stator_database_available')).toBe(1)
  expect(found.get('stator_answer_seconds_count{action="Heartbeat"}')).toBe(4)
  expect(found.get('stator_answer_seconds_bucket{action="MeterValues",le="+Inf"}')).toBe(1)
  // It counts whole milliseconds, and an answer seldom takes one.
  await until('answers to have taken time', async () => {
    await raw.call('Heartbeat', {})
    return ((await metrics()).get('stator_answer_seconds_sum{action="Heartbeat"}') ?? 0) > 0
  })
  const { text } = await stator.json('/metrics')
  expect(String(text).match(/^# TYPE stator_answer_seconds.*/gm)).toEqual(['# TYPE stator_answer_seconds histogram'])
  expect(found.get('stator_handshakes_waiting')).toBe(0)
  expect(found.get('stator_received_bytes_waiting')).toBe(0)
  expect(found.get('stator_calls_sent_total')).toBe(1)
  expect(found.get('stator_calls_answered_total')).toBe(1)
  expect(found.get('stator_answers_unknown_total')).toBe(1)
  expect(found.get('stator_meter_values_stored_total')).toBe(1)
  const commits = found.get('stator_commits_total') ?? 0
  expect(commits).toBeGreaterThan(0)
  expect(found.get('stator_commit_seconds_count')).toBe(commits)
  expect(found.get('stator_commit_messages_sum')).toBe(found.get('stator_messages_committed_total'))
  expect(found.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(2 ** 20)
  expect(found.has('stator_event_loop_lag_seconds{percentile="99"}')).toBe(true)
})

test('connections are counted by version, and the node says who it is', async () => {
  await stator.bootedRaw('CP201', '2.0.1')
  await until('the connection to be counted', async () => {
    return (await metrics()).get('stator_connections{version="2.0.1"}') === 1
  })
  const { text } = await stator.json('/metrics')
  const node = `${hostname()}:0`
  expect(String(text)).toMatch(
    new RegExp(`^stator_node_info\\{node="${node}",version="\\d+\\.\\d+\\.\\d+",provider="PostgreSQL"\\} 1$`, 'm'),
  )
})

test('refused handshakes and refused CALLs are counted by reason', async () => {
  await stator.provision('CP002')
  const refused = 'stator_handshakes_refused_total'
  const before = await metrics()
  const refusal = await handshakeAnswer({ url: stator.ocppUrl, identity: 'CP002', password: 'a wrong one' })
  expect(refusal.status).toBe(401)
  const raw = await stator.bootedRaw('CP003')
  raw.socket.send(JSON.stringify([2, 'odd', 'NoSuchAction', {}]))
  await until('the CALL to be refused', async () => {
    return (await metrics()).get('stator_frames_refused_total{code="NotImplemented"}') === 1
  })
  const after = await metrics()
  expect(after.get(`${refused}{reason="UNAUTHORIZED"}`)).toBe(
    (before.get(`${refused}{reason="UNAUTHORIZED"}`) ?? 0) + 1,
  )
  expect(after.get('stator_frames_refused_total{code="SecurityError"}')).toBe(0)
})

test('REST requests are measured by method and status', async () => {
  const seen = async (status: number) =>
    (await metrics()).get(`stator_rest_seconds_count{method="GET",status="${status}"}`)
  const before = [(await seen(404)) ?? 0, (await seen(401)) ?? 0]
  await stator.json('/api/chargepoints/NOBODY', {}, 404)
  await stator.json('/api/chargepoints', { key: null }, 401)
  expect([await seen(404), await seen(401)]).toEqual(before.map((count) => count + 1))
})

test('the process says when it started, and how many files it has open and may have', async () => {
  const found = await metrics()
  const startedAt = found.get('process_start_time_seconds') ?? 0
  expect(Math.abs(Date.now() / 1_000 - process.uptime() - startedAt)).toBeLessThan(5)
  const open = found.get('process_open_fds') ?? 0
  const mayBeOpen = found.get('process_max_fds') ?? 0
  const isLinux = process.platform === 'linux'
  expect(open > 0 && open < mayBeOpen).toBe(isLinux)
})

describe('the bearer token of a scraper', () => {
  const bearer = (token: string) => ({ key: null, headers: { Authorization: `Bearer ${token}` } })

  test('opens the metrics, and nothing else', async () => {
    expect((await stator.api('/metrics', bearer(metricsToken))).status).toBe(200)
    await stator.json('/api/chargepoints', bearer(metricsToken), 401)
    await stator.json('/api/chargepoints', { key: metricsToken }, 401)
  })

  test('must be the right one', async () => {
    for (const token of ['token-of-the-scrape', `${metricsToken}r`, adminApiKey, '']) {
      await stator.json('/metrics', bearer(token), 401)
    }
  })

  test('is not needed by an operator, and does not exist unless it is set', async () => {
    expect((await stator.api('/metrics')).status).toBe(200)
    const { security } = settingsFrom({})
    const secrets = { credentialSecret: Buffer.alloc(32, 7), otherCredentialSecrets: [], adminApiKey }
    const auth = createAuthDeps(security, secrets, new MemoryCredentialStore(), noOperators)
    for (const token of ['null', adminApiKey]) {
      expect(isScraper(new Headers({ Authorization: `Bearer ${token}` }), auth)).toBe(false)
    }
  })
})

test('a scrape has the event loop lag since the last one', async () => {
  const timings = new Timings()
  timings.start()
  const registry = metricsRegistry({ counters: new Counters(), timings, partCounts: () => nothingCounted })
  const lag = async (): Promise<number> => {
    const line = /stator_event_loop_lag_seconds\{percentile="100"\} (.*)/.exec(await registry.metrics())
    return Number(line?.[1])
  }
  await until('the event loop to be looked at', async () => (await lag()) > 0)
  const endMs = performance.now() + 200
  while (performance.now() < endMs);
  await until('the late turn to be noticed', async () => (await lag()) > 0.15)
  expect(await lag()).toBeLessThan(0.15)
  timings.stop()
})
