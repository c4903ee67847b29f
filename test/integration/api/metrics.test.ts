// GET /metrics of a Stator that has done something.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { metricsRegistry } from '../../../src/api/metrics.ts'
import { Counters } from '../../../src/base/counters.ts'
import { Timings } from '../../../src/base/timings.ts'
import { nothingCounted } from '../../support/nothing-counted.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
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
  expect(found.get('stator_connections')).toBe(1)
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
  expect(found.has('stator_event_loop_lag_seconds{quantile="0.99"}')).toBe(true)
})

test('a scrape has the event loop lag since the last one', async () => {
  const timings = new Timings()
  timings.start()
  const registry = metricsRegistry({ counters: new Counters(), timings, partCounts: () => nothingCounted })
  const lag = async (): Promise<number> => {
    const line = /stator_event_loop_lag_seconds\{quantile="1"\} (.*)/.exec(await registry.metrics())
    return Number(line?.[1])
  }
  await until('the event loop to be looked at', async () => (await lag()) > 0)
  const endMs = performance.now() + 200
  while (performance.now() < endMs);
  await until('the late turn to be noticed', async () => (await lag()) > 0.15)
  expect(await lag()).toBeLessThan(0.15)
  timings.stop()
})
