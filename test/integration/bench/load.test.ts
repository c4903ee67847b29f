// The load generator against a whole Stator with its database, and the audit of what was sent.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { audit } from '../../../bench/audit/audit.ts'
import { isClean } from '../../../bench/audit/comparison.ts'
import { parseLoad } from '../../../bench/cli.ts'
import { UsageError } from '../../../src/base/command-line.ts'
import { Fleet } from '../../../bench/generator/fleet.ts'
import { targetOf } from '../../../bench/generator/wire.ts'
import { isRight, load, type LoadOptions } from '../../../bench/load.ts'
import { measure } from '../../../bench/measure.ts'
import { provisionOverRest } from '../../../bench/servers/rest.ts'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { within } from '../../support/until.ts'

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

/** `flags`, each with its value, without those that `given` has. */
function unless(given: readonly string[], flags: readonly string[]): string[] {
  return flags.flatMap((flag, at) => (at % 2 === 0 && !given.includes(flag) ? [flag, flags[at + 1] ?? ''] : []))
}

/** A short load on the Stator of this file; every test brings stations of its own. */
function loadStator([identity = '', ...args]: readonly string[], options: Partial<LoadOptions> = {}) {
  const { ocppUrl } = stator
  const flags = ['--url', ocppUrl, '--api-key', adminApiKey, '--database-url', database.connectionString]
  const short = unless(args, ['--stations', '4', '--warmup', '50ms', '--duration', '300ms', '--samples', '4'])
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

  test('at a fixed rate sends exactly at that rate', async () => {
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

  test('that is interrupted ends at once, and is still reported and audited', async () => {
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

  test.each([
    ['interrupted before a station connected', [], 0],
    ['interrupted in the warm-up: nothing was measured', ['--warmup', '1h'], 1],
    ['not all of 4 stations came back', ['--mix', 'storm'], 1],
  ])('that is interrupted says "%s", and prints no figure that is none', async (sentence, flags, linesBefore) => {
    const interrupted = new AbortController()
    const lines: string[] = []
    if (linesBefore === 0) interrupted.abort()
    const { printed } = await loadStator(['EARLY', ...flags], {
      print: (line) => {
        lines.push(line)
        interrupted.abort()
      },
      signal: interrupted.signal,
    })
    expect(printed).toBe('')
    expect(lines.join('\n')).toContain(sentence)
    expect(lines.join('\n')).not.toMatch(/NaN|Infinity|undefined|null/)
  })

  test('that is interrupted while its stations connect says how many were', async () => {
    const interrupted = new AbortController()
    const lines: string[] = []
    const never = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: () => interrupted.abort() },
    })
    const plan = parseLoad(['--url', `ws://127.0.0.1:${never.port}/ocpp`, '--stations', '3'])
    const loading = load(plan, { print: (line) => lines.push(line), signal: interrupted.signal })
    const result = await within('the end of the load', loading, 5_000)
    never.stop(true)
    expect(result).toEqual({ measurement: null, storm: null, audit: null })
    expect(lines).toEqual(['interrupted when 0 of 3 stations were connected: nothing was measured'])
  })

  test('whose stations nobody knows says how many could not connect, and why', async () => {
    const fleet = statorFleet('NOBODY', 2)
    expect(await fleet.connect({ deadlineMs: 300 })).toBeNull()
    fleet.close()
    expect([...fleet.errors.keys()].join()).toContain('the handshake was answered with 404')
  })
})

describe('a load that cannot run says so at once, in one sentence:', () => {
  /** What it says; it may take as long as a few tries, not as long as a fleet has to connect. */
  async function refusalOf(url: string, ...flags: string[]): Promise<string> {
    const short = unless(flags, ['--stations', '3', '--duration', '100ms', '--warmup', '0'])
    const plan = parseLoad(['--url', url, ...short, ...flags])
    const refused = await within(
      'the refusal',
      load(plan, { print: () => undefined }).then(
        () => 'it ran',
        (error: unknown) => error,
      ),
      8_000,
    )
    expect(refused).toBeInstanceOf(UsageError)
    expect(String(refused)).not.toContain('\n')
    return String(refused)
  }

  test('nobody listens', async () => {
    const url = `ws://127.0.0.1:${await freePort()}/ocpp`
    expect(await refusalOf(url)).toContain(`Nobody listens at ${url} (ECONNREFUSED): start the central system`)
  })

  test('the key is wrong', async () => {
    expect(await refusalOf(stator.ocppUrl, '--api-key', 'wrong')).toContain('--api-key is not the key of an operator')
  })

  test('the stations were not created, all of them or the last ones', async () => {
    expect(await refusalOf(stator.ocppUrl, '--identity', 'UNKNOWN')).toMatch(
      /does not know UNKNOWN00000\d \(404\): create the stations with --api-key KEY/,
    )
    const two = ['PARTLY000000', 'PARTLY000001']
    await provisionOverRest(stator.ocppUrl, adminApiKey, two, passwordDefault)
    const password = ['--identity', 'PARTLY', '--password', passwordDefault]
    expect(await refusalOf(stator.ocppUrl, ...password)).toContain('does not know PARTLY000002')
  })

  test('the password is wrong, or none is given', async () => {
    await provisionOverRest(stator.ocppUrl, adminApiKey, ['SECRET000000'], passwordDefault)
    const one = ['--identity', 'SECRET', '--stations', '1']
    const refused = 'refused the credentials of SECRET000000 (401)'
    expect(await refusalOf(stator.ocppUrl, ...one)).toContain(`${refused}: give the right --password`)
    expect(await refusalOf(stator.ocppUrl, ...one, '--no-password')).toContain(`${refused}: give --password`)
  })

  test('there is no REST API, or no charge point is expected there', async () => {
    const bare = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('', { status: 404 }) })
    const url = `ws://127.0.0.1:${bare.port}/`
    expect(await refusalOf(url, '--api-key', 'key')).toContain('has no REST API of Stator')
    expect(await refusalOf(url)).toContain('correct the path of --url')
    await bare.stop(true)
  })

  test('the database cannot be read', async () => {
    const nowhere = `postgresql://u:p@127.0.0.1:${await freePort()}/stator`
    expect(await refusalOf(stator.ocppUrl, '--database-url', nowhere)).toContain('The database at --database-url')
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

/** A fleet that has sent facts to Stator, and passes the audit before a fault is planted. */
async function auditedFleet(identityPrefix: string): Promise<Fleet> {
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
      const fleet = await auditedFleet(prefix)
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
    const fleet = await auditedFleet('TWICE')
    await meddle(
      `INSERT INTO meter_values SELECT charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest + 1,
         received_at, energy_wh, power_w, current_a, voltage_v, soc_percent, meter_value, packed
       FROM meter_values WHERE charge_point_id = ${ofStation} LIMIT 1`,
      'TWICE000000',
    )
    expect(await auditOf(fleet)).toMatchObject({ missing: 0, duplicated: 1, altered: 0, unexpected: 0 })
  })

  test('a transaction whose meter was altered', async () => {
    const fleet = await auditedFleet('ALTERED')
    await meddle(
      `UPDATE transactions SET meter_start_wh = meter_start_wh + 1
       WHERE id = (SELECT min(id) FROM transactions WHERE charge_point_id = ${ofStation})`,
      'ALTERED000000',
    )
    expect(await auditOf(fleet)).toMatchObject({ missing: 0, duplicated: 0, altered: 1, unexpected: 0 })
  })

  test('an event that no station sent', async () => {
    const fleet = await auditedFleet('INVENTED')
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
