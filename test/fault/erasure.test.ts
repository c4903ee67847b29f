// Stator is killed with SIGKILL again and again while it erases an id token: the erasure goes on after each start,
// counts each row once, and leaves the id token nowhere.
//
// STATOR_ERASURE_FRAMES says how many frames of the message log name it.

import { afterAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { testDatabase } from '../support/postgres.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'
import { rowsWith } from '../support/whole-database.ts'

const frames = Number(process.env['STATOR_ERASURE_FRAMES'] ?? (isFullSize ? 100_000 : 8_000))
const kills = isFullSize ? 3 : 2
const waitMsMax = 120_000
const idTag = 'KILLED-CARD'

const cleanUp: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

test('killed in the middle of an erasure, Stator goes on with it', async () => {
  const database = await testDatabase()
  cleanUp.push(() => database.drop())
  const client = new Client({ connectionString: database.connectionString })
  cleanUp.push(() => client.end())
  await client.connect()
  const stator = await StatorProcess.start({ connectionString: database.connectionString, identities: ['ERASE'] })
  cleanUp.push(() => stator.remove())
  await client.query(
    `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
     SELECT 1, now(), true, format('[2,"%s","Authorize",{"idTag":"%s","padding":"%s"}]', n, $1::text, repeat('x', 500))
     FROM generate_series(1, $2::int) n`,
    [idTag, frames],
  )
  await client.query(
    `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, stop_id_token, started_at, stopped_at,
       meter_start_wh, meter_stop_wh, received_at)
     SELECT n, 1, 1, 1, $1, $1, now(), now(), 0, n, now() FROM generate_series(1, 1000) n`,
    [idTag],
  )
  const { id, pseudonym } = await stator.json(`/api/id-tags/${idTag}/erase`, {})
  const path = `/api/id-token-erasures/${id}`
  const erased = async (): Promise<number> => countOf(await stator.json(path))
  const recoveryMs: number[] = []
  const seen: number[] = []
  for (let kill = 1; kill <= kills; kill++) {
    const wanted = (kill * frames) / (kills + 2)
    await until('some of it to be erased', async () => (await erased()) >= wanted, waitMsMax)
    seen.push(await erased())
    await stator.kill()
    recoveryMs.push(await stator.startAgain())
    expect(await erased()).toBeGreaterThanOrEqual(wanted)
  }
  expect((await stator.json(path))['state']).toBe('running')
  await until('all to be erased', async () => (await stator.json(path))['state'] === 'settling', waitMsMax)
  expect(await rowsWith(client, idTag)).toEqual([])
  await client.query('UPDATE id_token_erasures SET settles_at = now()')
  await until('its end', async () => (await stator.json(path))['state'] === 'done', waitMsMax)
  expect(await stator.json(path)).toMatchObject({ erased: { transactions: 2_000, message_log: frames } })
  const { rows } = await client.query(
    'SELECT count(*)::int AS count, sum(meter_stop_wh - meter_start_wh) AS wh FROM transactions WHERE id_token = $1',
    [pseudonym],
  )
  expect(rows).toEqual([{ count: 1_000, wh: 500_500 }])
  keepResult({
    id: '1-killed-in-an-erasure',
    fault: 'SIGKILL while an id token is erased, PostgreSQL',
    file: 'erasure.test.ts',
    injected: kills,
    audit: null,
    recoveryMs,
    recovery: 'the start of the process',
    figures: { 'frames that named it, and how many were erased at each kill': `${frames}: ${seen.join(', ')}` },
  })
}, 300_000)

function countOf(erasure: Readonly<Record<string, unknown>>): number {
  const counts = new Map(Object.entries(erasure['erased'] ?? {}))
  return Number(counts.get('message_log') ?? 0)
}
