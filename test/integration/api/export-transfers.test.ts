// What holds while an export is under way: one snapshot, back pressure to the database, and an end that a client sees.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { exportMsMax, exportStallMsMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { Exports } from '../../../src/exports/exports.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { giveBack, takeAway } from '../../support/database-switch.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { SlowReader } from '../../support/slow-reader.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

/** More than sockets hold. */
const messages = 40_000
const path = '/api/chargepoints/EX/messages.ndjson'

describe('an export', () => {
  let stator: TestStator
  let client: Client

  beforeEach(async () => {
    stator = await TestStator.start()
    await stator.provision('EX')
    client = await stator.client()
    await client.query(
      `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
       SELECT c.id, timestamptz '2026-11-27 08:00+00' + i * interval '1 second', true, '[2,"' || i || '","Heartbeat",{"x":"' || repeat('x', 1000) || '"}]'
       FROM charge_points c, generate_series(1, $1::int) i`,
      [messages],
    )
  }, 60_000)

  afterEach(async () => {
    await stator.stop()
  })

  /** Connections of exports, and what they wait for. */
  const backends = async (): Promise<string[]> => {
    const { rows } = await client.query<{ event: string | null }>(
      `SELECT wait_event AS event FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
         AND query !~ 'pg_stat_activity'`,
    )
    return rows.map(({ event }) => String(event))
  }

  /** An export whose client reads no more, so that PostgreSQL cannot send. */
  const begun = async (from = path): Promise<SlowReader> => {
    const waitingBefore = (await backends()).filter((event) => event === 'ClientWrite').length
    const reader = await SlowReader.get(stator.url, from)
    await until('PostgreSQL to wait for the reader', async () => {
      return (await backends()).filter((event) => event === 'ClientWrite').length > waitingBefore
    })
    return reader
  }

  test('has what was stored when it began, and not what comes meanwhile', async () => {
    const reader = await begun()
    await client.query(
      `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
       SELECT id, at, true, 'later' FROM charge_points, unnest('{2026-11-27 13:00:00+00,2027-01-01 00:00+00}'::timestamptz[]) at`,
    )
    await client.query(`DELETE FROM message_log WHERE at > '2026-11-27 13:00:00+00'`)
    await reader.readAll()
    expect(reader.isComplete).toBe(true)
    const lines = reader.body.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).messageId)).toEqual(
      Array.from({ length: messages }, (_, at) => String(at + 1)),
    )
  })

  test('of a client that goes away leaves no connection behind', async () => {
    const reader = await begun()
    expect((await backends()).length).toBe(2)
    reader.destroy()
    await until('its connections to be gone', async () => (await backends()).length === 0)
    const again = await SlowReader.get(stator.url, path)
    await again.readAll()
    expect(again.isComplete).toBe(true)
    await until('its connections to be gone', async () => (await backends()).length === 0)
  })

  test('beyond those that a key may have at once is refused with 429, until one ends', async () => {
    const [first, second] = [await begun(), await begun()]
    const { status, headers, body } = await stator.api(path)
    expect([status, body['code'], headers.get('Retry-After')]).toEqual([429, 'TOO_MANY_REQUESTS', expect.any(String)])
    first.destroy()
    await until('the first to be gone', async () => (await stator.api(`${path}?limit=1`)).status === 200)
    second.destroy()
  })

  test.each(['csv', 'ndjson', 'parquet'])('whose database goes away breaks off visibly (%s)', async (format) => {
    const reader = await begun(`/api/chargepoints/EX/messages.${format}`)
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    )
    await reader.readAll()
    expect(reader.head).toStartWith('HTTP/1.1 200')
    expect(reader.isComplete).toBe(false)
  })

  test('that cannot begin is answered with an error', async () => {
    // It is cut off as well.
    client.on('error', () => {})
    await takeAway(stator.connectionString ?? '')
    try {
      const { status, body } = await stator.api('/api/transactions.parquet')
      expect([status, body['code']]).toEqual([503, 'STORE_UNAVAILABLE'])
    } finally {
      await giveBack(stator.connectionString ?? '')
    }
  })

  test('breaks off when the node stops', async () => {
    const reader = await begun()
    const stopped = stator.stator.stop()
    await reader.readAll()
    expect(reader.isComplete).toBe(false)
    await stopped
    await until('its connections to be gone', async () => (await backends()).length === 0)
    await stator.restart().catch(() => {})
  })

  test.each([
    ['whose client reads nothing for too long', exportStallMsMax],
    ['that takes too long', exportMsMax],
  ])('%s breaks off', async (_, ms) => {
    const clock = new HandClock()
    const database = await openDatabase({
      provider: 'PostgreSQL',
      connectionString: stator.connectionString ?? '',
      dataFolder: '',
      poolSize: 1,
      log: silentLogger,
    })
    const exports = new Exports({ database, clock, log: silentLogger })
    const { rows } = await client.query<{ key: number }>('SELECT id AS key FROM charge_points')
    const exported = { kind: 'messages', filter: { chargePointKey: rows[0]?.key ?? 0 } } as const
    const request = {
      exported,
      format: 'csv',
      separator: 'comma',
      after: null,
      rowsMax: null,
      hasCursors: false,
    } as const
    const bytes = await exports.open(request, { name: 'one', atOnceMax: 1 }, new AbortController().signal)
    const stepMs = exportStallMsMax - 1_000
    for (let passedMs = 0; passedMs + stepMs < ms; passedMs += stepMs) {
      if (ms === exportMsMax) await bytes.next()
      clock.pass(stepMs)
    }
    clock.pass(stepMs)
    await expect(bytes.next()).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    expect([exports.count, clock.alarms]).toEqual([0, 0])
    await until('its connections to be gone', async () => (await backends()).length === 0)
    await database.close()
  })
})
