// The load generator against real servers: a whole Stator with its database, and small servers that misbehave on purpose.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { audit } from '../../../bench/audit/audit.ts'
import { isClean } from '../../../bench/audit/comparison.ts'
import { parseLoad } from '../../../bench/cli.ts'
import { Fleet } from '../../../bench/generator/fleet.ts'
import { targetOf } from '../../../bench/generator/wire.ts'
import { isRight, load, type LoadOptions } from '../../../bench/load.ts'
import { measure } from '../../../bench/measure.ts'
import { provisionOverRest } from '../../../bench/servers/rest.ts'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until, within } from '../../support/until.ts'

let database: TestDatabase
let stator: TestStator

beforeAll(async () => {
  database = await testDatabase()
  stator = await TestStator.start({
    provider: 'Embedded',
    settings: { Database: { ConnectionString: database.connectionString } },
  })
})

afterAll(async () => {
  await stator.stop()
  await database.drop()
})

/** A short load on the Stator of this file; every test brings stations of its own. */
function loadStator([identity = '', ...args]: readonly string[], options: Partial<LoadOptions> = {}) {
  const { ocppUrl } = stator
  const flags = ['--url', ocppUrl, '--api-key', adminApiKey, '--database-url', database.connectionString]
  const short = ['--stations', '4', '--warmup', '50ms', '--duration', '300ms', '--samples', '4']
  const printed: string[] = []
  const plan = parseLoad([...flags, ...short, '--identity', identity, ...args])
  return load(plan, { print: (line) => printed.push(line), ...options }).then((result) => ({
    result,
    printed: printed.join('\n'),
  }))
}

describe('a load on Stator', () => {
  test.each([
    ['heartbeat', '1.6'],
    ['meter', '1.6'],
    ['meter', '2.0.1'],
    ['day', '1.6'],
    ['day', '2.0.1'],
  ])('of the mix %s in OCPP %s is answered, and audited', async (mix, ocpp) => {
    const { result, printed } = await loadStator([`${mix}${ocpp}`, '--mix', mix, '--ocpp', ocpp])
    expect(result.measurement?.messages).toBeGreaterThan(10)
    expect(result.audit?.facts).toBeGreaterThan(4)
    expect(isRight(result), printed).toBe(true)
    expect(printed).toContain('acknowledged facts are stored once each')
  })

  test('at a fixed rate sends just as much as it was told to', async () => {
    const { result } = await loadStator(['RATE', '--mix', 'meter', '--rate', '100', '--duration', '1s'])
    expect(result.measurement?.messages).toBeWithin(80, 121)
    expect(isRight(result)).toBe(true)
  })

  test('that is idle keeps the stations connected', async () => {
    const { result } = await loadStator(['IDLE', '--mix', 'idle'])
    expect(result.measurement?.messages).toBeLessThan(5)
    expect(isRight(result)).toBe(true)
  })

  test('that is a storm brings all stations back', async () => {
    const { result, printed } = await loadStator(['STORM', '--mix', 'storm'])
    expect(result.storm?.curve.at(-1)?.ready).toBe(4)
    expect(isRight(result)).toBe(true)
    expect(printed).toContain('4 stations came back and booted')
  })

  test('that is interrupted ends with its slice, and is told and audited all the same', async () => {
    const interrupted = new AbortController()
    const { result } = await loadStator(['CTRLC', '--mix', 'meter', '--duration', '1h'], {
      print: (line) => {
        if (line.includes('p50')) interrupted.abort()
      },
      signal: interrupted.signal,
    })
    expect(result.measurement?.seconds).toBeLessThan(60)
    expect(isRight(result)).toBe(true)
  })

  test('whose stations nobody knows says how many could not connect, and why', async () => {
    const fleet = statorFleet('NOBODY', 2)
    expect(await fleet.connect({ deadlineMs: 300 })).toBeNull()
    fleet.close()
    expect([...fleet.errors.keys()].join()).toContain('the handshake was answered with 404')
  })
})

function statorFleet(identityPrefix: string, stations: number): Fleet {
  return new Fleet({
    target: targetOf(stator.ocppUrl),
    version: '1.6',
    stations,
    identityPrefix,
    password: passwordDefault,
    boots: true,
    answerMsMax: 5_000,
  })
}

const unknownPids = { serverPid: null, databasePid: null }

/** A fleet that has told Stator something, and what the audit says of it before anybody meddled. */
async function toldFleet(identityPrefix: string): Promise<Fleet> {
  const identities = ['000000', '000001'].map((number) => identityPrefix + number)
  await provisionOverRest(stator.ocppUrl, adminApiKey, identities, passwordDefault)
  const fleet = statorFleet(identityPrefix, identities.length)
  await fleet.connect({ deadlineMs: 10_000 })
  fleet.play('meter', 3)
  await measure(fleet, { ...unknownPids, loop: { kind: 'closed' }, warmUpMs: 0, durationMs: 200 })
  fleet.close()
  expect(isClean(await auditOf(fleet))).toBe(true)
  return fleet
}

function auditOf(fleet: Fleet) {
  return audit('stator', database.connectionString, fleet, new Date(0))
}

async function meddle(sql: string, identity: string): Promise<void> {
  const client = new Client({ connectionString: database.connectionString })
  await client.connect()
  const { rowCount } = await client.query(sql, [identity])
  await client.end()
  expect(rowCount).toBe(1)
}

const ofStation = '(SELECT id FROM charge_points WHERE identity = $1)'
const oneRow = (table: string): string =>
  `(SELECT ctid FROM ${table} WHERE charge_point_id = ${ofStation} ORDER BY received_at LIMIT 1)`

describe('the audit finds', () => {
  test.each(['meter_values', 'transaction_facts', 'transactions', 'charge_point_events'])(
    'a row of %s that was lost',
    async (table) => {
      const prefix = `LOST${table.replaceAll('_', '')}`
      const fleet = await toldFleet(prefix)
      const isPartitioned = table === 'meter_values' || table === 'transaction_facts'
      const partition = isPartitioned ? `AND tableoid = (SELECT min(tableoid) FROM ${table})` : ''
      await meddle(
        `DELETE FROM ${table} WHERE charge_point_id = ${ofStation} AND ctid = ${oneRow(table)} ${partition}`,
        `${prefix}000000`,
      )
      expect(await auditOf(fleet)).toMatchObject({ missing: 1, duplicated: 0, altered: 0, unexpected: 0 })
    },
  )

  test('a sample that was stored twice', async () => {
    const fleet = await toldFleet('TWICE')
    await meddle(
      `INSERT INTO meter_values SELECT charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest + 1,
         received_at, energy_wh, power_w, current_a, voltage_v, soc_percent, meter_value
       FROM meter_values WHERE charge_point_id = ${ofStation} LIMIT 1`,
      'TWICE000000',
    )
    expect(await auditOf(fleet)).toMatchObject({ missing: 0, duplicated: 1, altered: 0, unexpected: 0 })
  })

  test('a transaction whose meter was altered', async () => {
    const fleet = await toldFleet('ALTERED')
    await meddle(
      `UPDATE transactions SET meter_start_wh = meter_start_wh + 1
       WHERE id = (SELECT min(id) FROM transactions WHERE charge_point_id = ${ofStation})`,
      'ALTERED000000',
    )
    expect(await auditOf(fleet)).toMatchObject({ missing: 0, duplicated: 0, altered: 1, unexpected: 0 })
  })

  test('an event that nobody told', async () => {
    const fleet = await toldFleet('INVENTED')
    await meddle(
      `INSERT INTO charge_point_events SELECT charge_point_id, digest + 1, 'StatusNotification', message_id, occurred_at,
         received_at, '{"status":"Faulted"}' FROM charge_point_events WHERE charge_point_id = ${ofStation} LIMIT 1`,
      'INVENTED000000',
    )
    expect(await auditOf(fleet)).toMatchObject({ missing: 0, duplicated: 0, altered: 0, unexpected: 1 })
  })
})

test('a load over TLS is answered too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stator-bench-test-'))
  const root = makeRoot('Bench root', 2)
  const { certificate, key } = makeServer('localhost', 2, root)
  const file = join(folder, 'certificate.pem')
  writeFileSync(file, certificate + key)
  const secure = await TestStator.start({ settings: { OCPP: { EnableSSL: true, CertificatePath: file } } })
  try {
    const flags = ['--url', secure.ocppUrl, '--api-key', adminApiKey, '--stations', '3', '--duration', '200ms']
    const result = await load(parseLoad([...flags, '--warmup', '0']), { print: () => undefined })
    expect(result.measurement?.messages).toBeGreaterThan(3)
    expect(isRight(result)).toBe(true)
  } finally {
    await secure.stop()
    rmSync(folder, { recursive: true })
  }
})

/** A server of the test's own making: `answer` gets every frame, and a way to answer or to hang up. */
function misbehaving(
  answer: (frame: [number, string, string], reply: (frame: unknown[]) => void, hangUp: () => void) => void,
) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, self) => {
      const headers = { 'Sec-WebSocket-Protocol': request.headers.get('sec-websocket-protocol') ?? '' }
      return self.upgrade(request, { headers }) ? undefined : new Response()
    },
    websocket: {
      message: (socket, message) =>
        answer(
          JSON.parse(String(message)),
          (frame) => void socket.send(JSON.stringify(frame)),
          () => socket.terminate(),
        ),
    },
  })
  const fleet = new Fleet({
    target: targetOf(`ws://127.0.0.1:${server.port}/ocpp`),
    version: '1.6',
    stations: 1,
    identityPrefix: 'CP',
    password: null,
    boots: false,
    answerMsMax: 1_000,
  })
  return { fleet, stop: () => (fleet.close(), server.stop(true)) }
}

describe('a server that misbehaves', () => {
  test('cannot hide a stall: the open loop counts from when each message was due', async () => {
    const held: (() => void)[] = []
    let isStalled = true
    const { fleet, stop } = misbehaving(([, id], reply) => {
      const answer = (): void => reply([3, id, { currentTime: '2026-01-01T00:00:00Z' }])
      if (isStalled) held.push(answer)
      else answer()
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('heartbeat', 1)
    setTimeout(() => {
      isStalled = false
      for (const answer of held) answer()
    }, 400)
    const { messages, latencyMs } = await measure(fleet, {
      ...unknownPids,
      loop: { kind: 'open', ratePerSecond: 200 },
      warmUpMs: 0,
      durationMs: 500,
    })
    await stop()
    // Asked only after each answer it would have shown one slow message; due were eighty in those 400 ms.
    expect(messages).toBeGreaterThan(60)
    expect(latencyMs?.p50).toBeGreaterThan(100)
  })

  test('that cuts the connection gets the message again, under another id', async () => {
    const samples: { id: string; payload: string }[] = []
    const { promise: stopped, resolve: whenStopped } = Promise.withResolvers<void>()
    const { fleet, stop } = misbehaving(([, id, action, ...rest], reply, hangUp) => {
      if (action === 'StartTransaction') reply([3, id, { transactionId: 1, idTagInfo: { status: 'Accepted' } }])
      else if (action === 'MeterValues') {
        samples.push({ id, payload: JSON.stringify(rest) })
        if (samples.length === 1) hangUp()
        else reply([3, id, {}])
      } else whenStopped()
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('meter', 5)
    fleet.begin({ kind: 'closed' })
    await within('the StopTransaction', stopped)
    await stop()
    expect(samples).toHaveLength(2)
    expect(samples[1]?.payload).toBe(samples[0]?.payload ?? '')
    expect(samples[1]?.id).not.toBe(samples[0]?.id)
    expect(fleet.ledgers[0]?.chargings[0]).toMatchObject({ samplesAcknowledged: 1 })
    expect([...fleet.errors.keys()]).toEqual(['A connection was lost: the connection was cut'])
  })

  test('that does not answer is hung up on', async () => {
    const { fleet, stop } = misbehaving(() => undefined)
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('heartbeat', 1)
    fleet.begin({ kind: 'closed' })
    await until('the station to hang up', () => fleet.errors.size > 0)
    await stop()
    expect([...fleet.errors.keys()]).toEqual(['A connection was lost: no answer within 1000 ms'])
  })

  test('that answers with a CALLERROR is counted, and its facts are not expected', async () => {
    const { fleet, stop } = misbehaving(([, id], reply) => reply([4, id, 'InternalError', 'broken', {}]))
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('meter', 2)
    const { messages, errors } = await measure(fleet, {
      ...unknownPids,
      loop: { kind: 'closed' },
      warmUpMs: 0,
      durationMs: 100,
    })
    await stop()
    expect(messages).toBe(0)
    expect(errors['MeterValues was refused: InternalError broken']).toBeGreaterThan(0)
    expect(fleet.ledgers[0]?.chargings.some(({ samplesAcknowledged }) => samplesAcknowledged > 0)).toBe(false)
  })

  test('that sends CALLs of its own, and spaces in its answers, does not disturb the load', async () => {
    const refusals: unknown[] = []
    const { fleet, stop } = misbehaving((frame, reply) => {
      if (frame[0] !== 2) {
        refusals.push(frame)
        return
      }
      reply([2, 'from-server', 'GetConfiguration', {}])
      reply([3, frame[1], { currentTime: '2026-01-01T00:00:00Z' }])
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('heartbeat', 1)
    const { messages } = await measure(fleet, {
      ...unknownPids,
      loop: { kind: 'closed' },
      warmUpMs: 0,
      durationMs: 100,
    })
    await stop()
    expect(messages).toBeGreaterThan(5)
    expect(refusals[0]).toEqual([4, 'from-server', 'NotSupported', 'The load generator takes no CALLs.', {}])
  })
})
