// A station that reads its own resources over REST as fast as it can, on 64 connections: the others are not affected.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { type ClientBase } from 'pg'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { benchIdTag } from '../../bench/generator/charging.ts'
import { silentLogger } from '../../src/base/log.ts'
import { type DatabaseProvider, openDatabase } from '../../src/store/database.ts'
import type { RestFloodReport } from '../fixtures/rest-flooder.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { within } from '../support/until.ts'

const flooder = 'REST-FLOODER'
const bystander = 'BYSTANDER'
const flooderFile = join(import.meta.dir, '../fixtures/rest-flooder.ts')
const connections = 64
/** How long the flood lasts, in milliseconds. */
const floodMs = isFullSize ? 20_000 : 4_000
/** How long the flooder may take to begin, in milliseconds. */
const floodBeginMsMax = 10_000
/** The pace of the bystander: from one Authorize to the next, in milliseconds, unless the answer takes longer. */
const pauseMs = 50
/** What the flooder finds to read: lines of its message log, meter values of one transaction, and other transactions. */
const rows = isFullSize
  ? { messages: 300_000, meterValues: 300_000, transactions: 100_000 }
  : { messages: 100_000, meterValues: 100_000, transactions: 30_000 }
/**
 * The limit of the bystander's p99, in milliseconds, on two cores that the flooder, the test and the database share.
 * Before REST reads had a semaphore it was 676 on PostgreSQL and 1,349 on the embedded database.
 */
const answerMsMax = 250

describe.each<DatabaseProvider>(['PostgreSQL', 'Embedded'])('on %s', (provider) => {
  let database: TestDatabase | null = null
  let stator: StatorProcess
  let transactionId: number

  beforeAll(async () => {
    database = provider === 'PostgreSQL' ? await testDatabase() : null
    const connectionString = database?.connectionString ?? null
    stator = await StatorProcess.start({
      connectionString,
      identities: [flooder, bystander],
      settings: { OCPP__MessageLog: 'true' },
    })
    await stator.terminate()
    transactionId = await fill(provider, connectionString, stator.dataFolder)
    await stator.startAgain()
  }, 120_000)

  afterAll(async () => {
    await stator.remove()
    await database?.drop()
  })

  test('a station that floods the REST API with reads keeps no other station waiting', async () => {
    const raw = await RawChargePoint.connect({
      url: stator.ocppUrl,
      identity: bystander,
      password: benchPasswordDefault,
    })
    await raw.call('BootNotification', flows16.boot)
    const before = await authorizeFor(raw, floodMs / 4)
    const paths = [
      `/api/chargepoints/${flooder}/status`,
      `/api/chargepoints/${flooder}/messages?page=20&pageSize=500`,
      `/api/transactions?chargePointId=${flooder}&page=20&pageSize=500`,
      `/api/transactions/${transactionId}/meter-values?page=20&pageSize=500`,
    ]
    const flooding = Promise.withResolvers<void>()
    const child = Bun.spawn(
      [process.execPath, flooderFile, stator.url, flooder, benchPasswordDefault, `${floodMs}`, `${connections}`].concat(
        paths,
      ),
      { stdio: ['ignore', 'pipe', 'inherit'], ipc: () => flooding.resolve() },
    )
    const report = new Response(child.stdout).text()
    // Its own start does not count.
    await within('the flood to begin', flooding.promise, floodBeginMsMax)
    let readySlowestMs = 0
    const ready = globalThis.setInterval(async () => {
      const startedMs = performance.now()
      expect(await stator.readyStatus()).toBe(200)
      readySlowestMs = Math.max(readySlowestMs, performance.now() - startedMs)
    }, 500)
    const meanwhile = await authorizeFor(raw, floodMs - 1_000)
    clearInterval(ready)
    await raw.close()
    const { statuses, slowestMs } = JSON.parse(await report) as RestFloodReport
    const figures = {
      'p99 of the other, before': `${percentile(before, 99).toFixed(1)} ms`,
      'p99 of the other, meanwhile': `${percentile(meanwhile, 99).toFixed(1)} ms`,
      'median meanwhile': `${percentile(meanwhile, 50).toFixed(1)} ms`,
      'slowest readiness': `${readySlowestMs.toFixed(0)} ms`,
      'requests by status': JSON.stringify(statuses),
      'slowest of them': `${slowestMs.toFixed(0)} ms`,
    }
    console.log(provider, meanwhile.length, figures)
    expect(percentile(meanwhile, 99)).toBeLessThan(answerMsMax)
    expect(statuses['200']).toBeGreaterThan(0)
    expect(statuses['429']).toBeGreaterThan(0)
    expect(Object.keys(statuses).toSorted()).toEqual(['200', '429'])
    keepResult({
      id: `7-rest-${provider.toLowerCase()}`,
      fault: `${connections} connections of one station that read over REST without a pause, ${provider}`,
      file: 'rest-flood.test.ts',
      injected: 1,
      audit: null,
      recoveryMs: [],
      recovery: '',
      figures,
    })
  }, 120_000)
})

/** Sends Authorize for a while; how long each answer took, in milliseconds. */
async function authorizeFor(raw: RawChargePoint, durationMs: number): Promise<number[]> {
  const tookMs: number[] = []
  const endMs = performance.now() + durationMs
  for await (const _ of setInterval(pauseMs)) {
    if (performance.now() >= endMs) break
    const startedMs = performance.now()
    const messageId = raw.sendCall('Authorize', { idTag: benchIdTag })
    expect((await raw.answerTo(messageId, 60_000))[2]).toMatchObject({ idTagInfo: { status: 'Accepted' } })
    tookMs.push(performance.now() - startedMs)
  }
  return tookMs
}

function percentile(tookMs: readonly number[], percent: number): number {
  return tookMs.toSorted((a, b) => a - b)[Math.ceil((tookMs.length * percent) / 100) - 1] ?? Number.NaN
}

/** Stores what the flooder will read. Returns the id of its transaction with meter values. */
async function fill(provider: DatabaseProvider, connectionString: string | null, dataFolder: string): Promise<number> {
  const database = await openDatabase({
    provider,
    ...(connectionString === null ? {} : { connectionString }),
    dataFolder,
    poolSize: 1,
    log: silentLogger,
  })
  const lease = await database.lease()
  try {
    return await fillTables(lease.client)
  } finally {
    lease.release()
    await database.close()
  }
}

async function fillTables(client: ClientBase): Promise<number> {
  const found = await client.query<{ id: number }>('SELECT id FROM charge_points WHERE identity = $1', [flooder])
  const key = found.rows[0]?.id
  const frame = JSON.stringify([2, crypto.randomUUID(), 'MeterValues', { meterValue: 'x'.repeat(200) }])
  await client.query(
    `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
     SELECT $1, now() - n * interval '100 ms', true, $2 FROM generate_series(1, $3::int) n`,
    [key, frame, rows.messages],
  )
  const made = await client.query<{ id: number }>(
    `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, started_at, stopped_at, received_at)
     SELECT nextval('transaction_ids'), $1, 1, 1, $2, now() - n * interval '1 hour', now(), now()
     FROM generate_series($3::int, 1, -1) n RETURNING id`,
    [key, benchIdTag, rows.transactions],
  )
  const id = made.rows.at(-1)?.id ?? 0
  await client.query(
    `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, meter_value)
     SELECT $1, $2, now() - n * interval '1 s', 1, 1, n, now(), $4 FROM generate_series(1, $3::int) n`,
    [key, id, rows.meterValues, { timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: '1' }] }],
  )
  for (const table of ['message_log', 'transactions', 'meter_values']) await client.query(`ANALYZE ${table}`)
  return id
}
