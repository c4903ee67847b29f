// Stator is killed with SIGKILL around the sending of jobs: before the frame, between frame and answer, and before the
// answer is stored. No charge point is sent a job twice, each job has a state, and each ends.

import { afterAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { keepResult } from '../support/fault-results.ts'
import { CountingStation } from '../support/killed-jobs.ts'
import { testDatabase } from '../support/postgres.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'

const size = 8
const waitMsMax = 40_000

const cleanUp: (() => Promise<unknown> | void)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

type Json = Record<string, unknown>

test('killed around the sending of jobs, Stator sends none twice, and each has a state', async () => {
  const database = await testDatabase()
  cleanUp.push(() => database.drop())
  const stations = Array.from({ length: size }, (_, i) => new CountingStation(`KILL-${i}`))
  const identities = stations.map(({ identity }) => identity)
  const stator = await StatorProcess.start({ connectionString: database.connectionString, identities })
  cleanUp.push(() => stator.remove())
  const client = new Client({ connectionString: database.connectionString })
  await client.connect()
  cleanUp.push(() => client.end())
  const recoveryMs: number[] = []
  const begin = (body: Json) =>
    stations.map(({ identity }) =>
      stator.json(`/api/chargepoints/${identity}/update-firmware`, {
        location: 'https://example.com/firmware.bin',
        retrieveDate: '2026-01-01T00:00:00Z',
        ...body,
      }),
    )
  const stored = async (): Promise<string[]> => {
    const { rows } = await client.query('SELECT state FROM jobs ORDER BY id')
    return rows.map(({ state }) => state)
  }
  const kill = async (): Promise<void> => {
    const killedMs = performance.now()
    await stator.kill()
    for (const station of stations) await station.raw.closed()
    await stator.startAgain()
    for (const station of stations) await station.connect(stator)
    recoveryMs.push(performance.now() - killedMs)
  }

  // Before the frame: they are queued, and the kill comes when the first of them are stored as sending.
  await Promise.all(begin({ queue: true }))
  for (const station of stations.slice(1)) await station.connect(stator)
  const first = stations[0]?.connect(stator)
  await until('a job to be stored as sending', async () => (await stored()).includes('sending'), waitMsMax)
  await first
  await kill()
  await until(
    'each job to be unknown, or sent by the next process',
    async () => (await stored()).every((state) => state === 'unknown' || state === 'sending'),
    waitMsMax,
  )
  for (const { updates } of stations) expect(updates.length).toBeLessThanOrEqual(1)

  // Between frame and answer.
  await kill()
  await until('each job to be unknown', async () => (await stored()).every((state) => state === 'unknown'), waitMsMax)
  for (const { updates } of stations) expect(updates.length).toBeLessThanOrEqual(1)

  // Between the answer and its COMMIT: the table is locked, so that the answer is not stored.
  const earlier = new Map(stations.map(({ identity, updates }) => [identity, updates.length]))
  const again = begin({})
  for (const request of again) request.catch(() => {})
  const hasSecond = ({ identity, updates }: CountingStation) => updates.length === (earlier.get(identity) ?? 0) + 1
  await until('each to be sent its second job', () => stations.every(hasSecond), waitMsMax)
  await client.query('BEGIN; LOCK TABLE job_events IN EXCLUSIVE MODE')
  for (const { raw } of stations) {
    for (const [type, id] of raw.inbox.splice(0)) if (type === 2) raw.answer(String(id), { status: 'Accepted' })
  }
  await stator.kill()
  await client.query('ROLLBACK')
  const before = stations.map(({ updates }) => updates.length)
  for (const { raw } of stations) await raw.closed()
  await stator.startAgain()
  for (const station of stations) await station.connect(stator)
  await until('each job to be unknown', async () => (await stored()).every((state) => state === 'unknown'), waitMsMax)
  expect(stations.map(({ updates }) => updates.length)).toEqual(before)

  // Their reports end them.
  const { rows } = await client.query(
    'SELECT c.identity, j.request_id FROM jobs j JOIN charge_points c ON c.id = j.charge_point_id',
  )
  for (const { identity, request_id: requestId } of rows) {
    const station = stations.find((one) => one.identity === identity)
    await station?.raw.call('FirmwareStatusNotification', { status: 'Installed', requestId })
  }
  expect(new Set(await stored())).toEqual(new Set(['succeeded']))
  const history = await client.query(
    'SELECT job_id, array_agg(state ORDER BY place) AS states FROM job_events GROUP BY 1',
  )
  expect(history.rows).toHaveLength(2 * size)
  for (const { states } of history.rows) expect(states.filter((state: string) => state === 'sending')).toHaveLength(1)
  keepResult({
    id: '1-killed-around-jobs',
    fault: 'SIGKILL around the sending of jobs, PostgreSQL',
    file: 'jobs.test.ts',
    injected: 3,
    audit: null,
    recoveryMs,
    recovery: 'from the kill until all charge points had booted again',
    figures: { 'charge points, and jobs': `${size}, ${2 * size}` },
  })
}, 180_000)
