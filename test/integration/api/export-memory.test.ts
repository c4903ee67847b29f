// The memory of an export does not grow with its rows, and not while its client reads nothing. The numbers are those of
// the whole process, threads included.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { type TestDatabase, testDatabase } from '../../support/postgres.ts'
import { SlowReader } from '../../support/slow-reader.ts'
import { StatorProcess } from '../../support/stator-process.ts'
import { until } from '../../support/until.ts'
import { adminApiKey } from '../../../bench/servers/stator.ts'

/** Rows of the two charge points; the larger has 120 MB more. */
const sizes = { SMALL: 20_000, LARGE: 80_000 } as const
const frameCharacters = 2_000

/** What may differ all the same, in MiB: when the garbage is collected. */
const differenceMibMax = 60

let database: TestDatabase
let client: Client
let stator: StatorProcess

beforeAll(async () => {
  database = await testDatabase()
  const { connectionString } = database
  stator = await StatorProcess.start({ connectionString, identities: Object.keys(sizes) })
  client = new Client({ connectionString })
  await client.connect()
  for (const [identity, rows] of Object.entries(sizes)) {
    await client.query(
      `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
       SELECT c.id, timestamptz '2026-11-27 08:00+00' + i * interval '1 second', true,
         '[2,"' || i || '","Heartbeat",{"x":"' || repeat(md5(i::text), $3::int / 32) || '"}]'
       FROM charge_points c, generate_series(1, $2::int) i WHERE c.identity = $1`,
      [identity, rows, frameCharacters],
    )
  }
}, 120_000)

afterAll(async () => {
  await client.end()
  await stator.remove()
  await database.drop()
})

const pathOf = (identity: string, format: string) => `/api/chargepoints/${identity}/messages.${format}`

/** The highest resident memory while a whole export is read, in MiB. */
async function peakMibOf(identity: string, format: string): Promise<number> {
  const reader = await SlowReader.get(stator.url, pathOf(identity, format), adminApiKey)
  let peakMib = stator.residentMib
  const timer = setInterval(() => (peakMib = Math.max(peakMib, stator.residentMib)), 5)
  await reader.readAll(false)
  clearInterval(timer)
  expect(reader.isComplete).toBe(true)
  return peakMib
}

test.each(['csv', 'ndjson', 'parquet'])(
  'an export of four times as many rows takes no more memory (%s)',
  async (format) => {
    // The first one loads what all need.
    await peakMibOf('SMALL', format)
    const smallMib = await peakMibOf('SMALL', format)
    const largeMib = await peakMibOf('LARGE', format)
    expect(largeMib - smallMib).toBeLessThan(differenceMibMax)
  },
  60_000,
)

test('an export that nobody reads is read from the database no further', async () => {
  await peakMibOf('SMALL', 'ndjson')
  const beforeMib = stator.residentMib
  const reader = await SlowReader.get(stator.url, pathOf('LARGE', 'ndjson'), adminApiKey)
  let looks = 0
  await until('PostgreSQL to do nothing but wait for the reader', async () => {
    const { rows } = await client.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientWrite'`,
    )
    looks = rows.length === 1 ? looks + 1 : 0
    return looks === 100
  })
  expect(stator.residentMib - beforeMib).toBeLessThan(differenceMibMax)
  reader.destroy()
}, 60_000)
