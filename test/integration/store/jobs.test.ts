// Which of the queued jobs a node may send; on every database.

import { expect, test } from 'bun:test'
import { createJobs } from '../../../src/store/jobs.ts'
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
