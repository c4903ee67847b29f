// Which of the queued jobs a node may send; on every database.

import { expect, test } from 'bun:test'
import { createJobs } from '../../../src/store/jobs.ts'
import { deleteOldJobs, deleteOldUploads } from '../../../src/store/retention.ts'
import { createUploads } from '../../../src/store/uploads.ts'
import { arrivalMs, describeStore } from '../../support/store.ts'

describeStore('a queued job', (store) => {
  test('of a kind that this version does not know waits for a node that knows it', async () => {
    const { pool } = store().database
    const key = await store().newChargePoint()
    await pool.query(`UPDATE charge_points SET node = 'here', boot_status = 'Accepted' WHERE id = $1`, [key])
    const jobs = createJobs(pool, 'here', { seal: (text) => text, open: (text) => text })
    const queue = (kind: string) =>
      jobs.create(
        {
          ...{ chargePointKey: key, kind, commands: {}, requestId: 1, parentId: null, createdBy: 'admin' },
          ...{ timeoutSeconds: 60, startsAtMs: null, expiresAtMs: arrivalMs + 60_000, createdAtMs: arrivalMs },
        },
        null,
      )
    const ofLater = await queue('ofALaterVersion')
    const known = await queue('firmwareUpdate')
    const idsOf = async (found: ReturnType<typeof jobs.openOf>) => (await found).map(({ jobId }) => jobId)
    expect(await idsOf(jobs.openOf(key))).toEqual([ofLater, known] as number[])
    expect(await idsOf(jobs.sendableOf([key]))).toEqual([known] as number[])
    expect(await idsOf(jobs.sendable(0))).toEqual([known] as number[])
  })
})

describeStore('open jobs', (store) => {
  test('are counted by kind and state, up to a maximum', async () => {
    const { pool } = store().database
    const key = await store().newChargePoint()
    const seal = { seal: (text: string) => text, open: (text: string) => text }
    const jobs = createJobs(pool, 'here', seal)
    const made = {
      chargePointKey: key,
      kind: 'counted',
      commands: {},
      requestId: 1,
      parentId: null,
      createdBy: 'admin',
    }
    const times = { timeoutSeconds: 60, startsAtMs: null, expiresAtMs: arrivalMs + 60_000, createdAtMs: arrivalMs }
    for (let n = 0; n < 3; n++) await jobs.create({ ...made, ...times }, null)
    expect(await jobs.countOpen()).toContainEqual({ kind: 'counted', state: 'queued', count: 3 })
    const counted = await createJobs(pool, 'here', seal, 2).countOpen()
    expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(2)
  })
})

describeStore('an upload', (store) => {
  test('is of its newest attempt, ends with its job, and is deleted after its days, before its job', async () => {
    const { pool } = store().database
    const key = await store().newChargePoint()
    const jobs = createJobs(pool, 'here', { seal: (text) => text, open: (text) => text })
    const uploads = createUploads(pool)
    const expected = async (uploadTokenHash: string) => {
      const made = { chargePointKey: key, kind: 'securityLog', commands: {}, requestId: 1, parentId: null }
      const times = { timeoutSeconds: 60, startsAtMs: null, expiresAtMs: arrivalMs + 60_000, createdAtMs: arrivalMs }
      return Number(await jobs.create({ ...made, ...times, createdBy: 'admin', uploadTokenHash }, null))
    }
    const jobId = await expected('one')
    expect((await jobs.job(jobId))?.upload).toBe('awaited')
    const chunksOf = async () => (await pool.query('SELECT count(*) AS n FROM upload_chunks')).rows[0].n
    const content = new Uint8Array(10)
    const [first, second] = [await uploads.begin('one', arrivalMs), await uploads.begin('one', arrivalMs)]
    expect([first, second]).toMatchObject([
      { kind: 'begun', jobId, attempt: 1 },
      { kind: 'begun', jobId, attempt: 2 },
    ])
    if (first.kind !== 'begun' || second.kind !== 'begun') throw new Error('no attempt has begun')
    expect(await uploads.append(first, 0, content)).toBe(false)
    expect(await uploads.append(second, 0, content)).toBe(true)
    const file = { name: 'a', bytes: 10, sha256: 'ab', receivedAtMs: arrivalMs }
    expect(await uploads.finish(first, file)).toBe(false)
    expect(await uploads.finish(second, file)).toBe(true)
    expect(await uploads.finish(second, file)).toBe(false)
    expect((await jobs.job(jobId))?.upload).toBe('received')
    expect(await uploads.begin('one', arrivalMs)).toMatchObject({ kind: 'received', sha256: 'ab', bytes: 10 })
    // The file came after the statement had read its row.
    const stale = [{ jobId, identity: 'x', isRecent: true, bytes: null, sha256: null, attempt: null }]
    const late = createUploads({
      query: (async (query: never) => {
        const rows = stale.splice(0)
        return rows.length > 0 ? { rows } : pool.query(query)
      }) as never,
    })
    expect(await late.begin('one', arrivalMs)).toMatchObject({ kind: 'received', sha256: 'ab', bytes: 10 })
    await pool.query(`UPDATE jobs SET state = 'succeeded', ended_at = $2 WHERE id = $1`, [jobId, new Date(arrivalMs)])
    // The charge point may not have seen the answer before its job ended.
    expect(await uploads.begin('one', arrivalMs)).toMatchObject({ kind: 'received' })
    expect(await uploads.begin('one', arrivalMs + 60_000)).toMatchObject({ kind: 'over' })
    expect(await uploads.begin('unknown', arrivalMs)).toEqual({ kind: 'unknown' })

    const left = await expected('two')
    const attempt = await uploads.begin('two', arrivalMs)
    if (attempt.kind !== 'begun') throw new Error('no attempt has begun')
    await uploads.append(attempt, 0, content)
    await deleteOldUploads(pool, arrivalMs, arrivalMs)
    expect(await chunksOf()).toBe(2)
    await deleteOldUploads(pool, arrivalMs + 1, arrivalMs)
    expect([await chunksOf(), (await jobs.job(jobId))?.upload]).toEqual([1, null])
    await deleteOldUploads(pool, arrivalMs + 1, arrivalMs + 1)
    expect([await chunksOf(), (await jobs.job(left))?.upload]).toEqual([0, 'awaited'])
    await pool.query(`UPDATE jobs SET state = 'failed', ended_at = $2 WHERE id = $1`, [left, new Date(arrivalMs)])
    await deleteOldJobs(pool, arrivalMs + 1)
    expect((await pool.query('SELECT FROM uploads')).rowCount).toBe(0)
    expect(await jobs.job(left)).toBeNull()
  })
})
