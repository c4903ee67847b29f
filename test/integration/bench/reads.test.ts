// `bun bench reads` in its small size, as a process of its own; and what it fills a database with.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { fill } from '../../../bench/reads/fill.ts'
import { operationsOf } from '../../../bench/reads/operations.ts'
import { readsSizes } from '../../../bench/reads/sizes.ts'
import { storedLines } from '../../support/message-lines.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { fakeApi } from '../../unit/api/fake-deps.ts'

const main = join(import.meta.dir, '../../../bench/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'stator-reads-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

function reads(results: string, ...more: string[]) {
  const command = [process.execPath, main, 'reads', '--size', 'small', '--results', join(folder, results), ...more]
  return Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
}

function written(results: string) {
  const [file = ''] = readdirSync(join(folder, results))
  return JSON.parse(readFileSync(join(folder, results, file), 'utf8'))
}

test('a small run measures every list with every filter, in a tenth and in all, alone and under load', async () => {
  const run = reads('whole')
  const [table, said] = await Promise.all([run.stdout.text(), run.stderr.text()])
  // Not 2: nothing broke. Such a small run need not reach the figures of a real one.
  expect([0, 1], said).toContain(await run.exited)
  expect(table).toMatch(/^needs +\d+\.\d GiB in /)
  expect(table).toContain('/api/transactions?chargePointId&from&to, page 1')
  expect(table.match(/.*(WRONG|FAILED|NOT MEASURED|NaN|undefined).*/g)).toBeNull()

  const results = written('whole')
  expect(results).toMatchObject({ isComplete: true, failure: null, unmeasured: [] })
  const { app } = fakeApi()
  const operations = operationsOf(await (await app.request('/openapi.json')).json())
  const ids = operations.map(({ id }) => id).toSorted()
  expect(results.parts).toHaveLength(2)
  for (const { alone, underLoad, facts, writeLoad } of results.parts) {
    for (const readings of [alone, underLoad]) {
      const read: { operationId: string; filters: string[] }[] = readings
      expect([...new Set(read.map(({ operationId }) => operationId))].toSorted()).toEqual(ids)
      for (const { id, kind, filters } of operations) {
        const used = read.flatMap(({ operationId, filters: given }) => (operationId === id ? given : []))
        if (kind === 'list') expect([id, filters.filter((name) => !used.includes(name))]).toEqual([id, []])
      }
    }
    for (const { fact, expected, found } of facts) expect([fact, found]).toEqual([fact, expected])
    expect(writeLoad).toMatchObject({ errors: {}, wrong: 0 })
    expect(writeLoad.audited).toBeGreaterThan(0)
  }
  const readers = results.parts[1].alone.filter(
    ({ operationId, page }: { operationId: string; page: string }) =>
      operationId === 'listTransactions' && page === 'first',
  )
  expect([...new Set(readers.map(({ reader }: { reader: string }) => reader))]).toEqual(['admin', 'half', 'hundredth'])
  expect(results.meterValues.total).toBeGreaterThan(100)
  const pages = results.verdicts.map(({ page }: { page: string | null }) => page)
  expect(pages).toContain('middle')
  const sizes = Object.fromEntries(
    results.tables.map(({ table: name, rows }: { table: string; rows: number }) => [name, rows]),
  )
  expect(sizes.transactions).toBeGreaterThanOrEqual(readsSizes.small.transactions)
  expect(sizes.meter_values).toBeGreaterThanOrEqual(readsSizes.small.samples)
}, 180_000)

test('an interrupted run still says and writes what it had', async () => {
  const run = reads('interrupted', '--rate', '0')
  const decoder = new TextDecoder()
  let said = ''
  for await (const chunk of run.stderr) {
    said += decoder.decode(chunk, { stream: true })
    if (said.includes('filling up')) break
  }
  run.kill('SIGINT')
  const table = await run.stdout.text()
  expect(await run.exited).toBe(130)
  expect(table).toContain('The run was interrupted; this is what it had until then.')
  expect(table).toContain('with 200 transactions')
  expect(written('interrupted')).toMatchObject({ isComplete: false, failure: null, parts: [{ part: 'first' }] })
}, 180_000)

describe('the fill', () => {
  const plan = { ...readsSizes.small, nowMs: Date.now() }
  let database: TestDatabase
  let client: Client

  beforeAll(async () => {
    database = await testDatabase()
    client = new Client({ connectionString: database.connectionString })
    await client.connect()
    await fill(database.connectionString, plan, 'first')
    await fill(database.connectionString, plan, 'rest')
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  async function rowOf(sql: string): Promise<Record<string, unknown>> {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows[0] ?? {}
  }

  test('gives each transaction its own id and its samples, none twice', async () => {
    expect(await rowOf('SELECT count(*)::int AS n, min(id)::int, max(id)::int FROM transactions')).toEqual({
      n: plan.transactions,
      min: 1,
      max: plan.transactions,
    })
    expect(
      await rowOf('SELECT count(*)::int AS n, count(DISTINCT transaction_ref)::int AS of FROM meter_values'),
    ).toEqual({
      n: plan.samples,
      of: plan.transactions,
    })
    expect(await storedLines(client)).toHaveLength(plan.logLines)
  })

  test('takes samples while their transaction goes on, with registers between its start and its end', async () => {
    const outside = `SELECT count(*)::int AS wrong FROM meter_values m JOIN transactions t ON t.id = m.transaction_ref
      WHERE m.charge_point_id <> t.charge_point_id OR m.evse_id <> t.evse_id OR m.sampled_at <= t.started_at
        OR m.sampled_at >= COALESCE(t.stopped_at, 'infinity') OR m.energy_wh < t.meter_start_wh
        OR m.energy_wh > COALESCE(t.meter_stop_wh, 'infinity')
        OR (m.meter_value -> 'sampledValue' -> 0 ->> 'value')::float8 <> m.energy_wh
        OR (m.meter_value ->> 'timestamp')::timestamptz <> m.sampled_at`
    expect(await rowOf(outside)).toEqual({ wrong: 0 })
  })

  test('keeps the messages of transactions as they were sent and answered', async () => {
    const facts = `SELECT count(*)::int AS wrong FROM transaction_facts f JOIN transactions t ON t.id = f.transaction_id
      WHERE f.charge_point_id <> t.charge_point_id OR (f.payload ->> 'timestamp')::timestamptz <> f.sent_at
        OR f.payload ->> 'idTag' <> t.id_token
        OR COALESCE((f.payload ->> 'meterStart')::float8 <> t.meter_start_wh, false)
        OR COALESCE((f.payload ->> 'meterStop')::float8 <> t.meter_stop_wh, false)`
    expect(await rowOf(facts)).toEqual({ wrong: 0 })
    const kinds = (await storedLines(client)).map(({ direction, frame }) => `${JSON.parse(frame)[0]} ${direction}`)
    expect(kinds.filter((kind) => kind === '2 fromChargePoint')).toHaveLength(plan.logLines / 2)
    expect(kinds.filter((kind) => kind === '3 toChargePoint')).toHaveLength(plan.logLines / 2)
  })

  test('leaves no row in a default partition, and few transactions open', async () => {
    for (const table of [
      'meter_values',
      'transaction_facts',
      'message_blocks',
      'connector_history',
      'connection_history',
    ])
      expect([table, await rowOf(`SELECT count(*)::int AS n FROM ${table}_default`)]).toEqual([table, { n: 0 }])
    const { open } = await rowOf('SELECT count(*)::int AS open FROM transactions WHERE stopped_at IS NULL')
    expect(open).toBeWithin(1, plan.transactions / 50)
  })

  test('puts half of the charge points into sites of one tenant, and a hundredth into those of another', async () => {
    const { rows } = await client.query(
      `SELECT tenant.name, count(*)::int AS "chargePoints" FROM charge_points c
       JOIN charge_point_groups site ON site.id = c.group_id
       JOIN charge_point_groups tenant ON tenant.id = site.parent_id
       GROUP BY tenant.name ORDER BY tenant.name`,
    )
    expect(rows).toEqual([
      { name: 'Tenant 1', chargePoints: 50 },
      { name: 'Tenant 2', chargePoints: 49 },
      { name: 'Tenant 3', chargePoints: 1 },
    ])
  })

  test('uses every charge point, and charge points and id tokens that exist', async () => {
    const { used } = await rowOf('SELECT count(DISTINCT charge_point_id)::int AS used FROM transactions')
    expect(used).toBe(plan.chargePoints)
    const strangers = `SELECT count(*)::int AS wrong FROM transactions t
      LEFT JOIN charge_points c ON c.id = t.charge_point_id LEFT JOIN id_tokens i ON i.id_key = lower(t.id_token)
      WHERE c.id IS NULL OR i.id_key IS NULL`
    expect(await rowOf(strangers)).toEqual({ wrong: 0 })
  })
})
