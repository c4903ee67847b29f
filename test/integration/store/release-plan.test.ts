// How PostgreSQL goes about the end of many connections at once, when its statistics are those of the time before they began.

import { expect, test } from 'bun:test'
import { releaseConnections, releaseValues } from '../../../src/store/live-queries.ts'
import { goneEnd } from '../../support/connection-end.ts'
import { describeStore } from '../../support/store.ts'

const chargePoints = 20_000
const released = Array.from({ length: 300 }, (_, index) => ({ key: index + 1, epoch: index + 1, end: goneEnd }))

describeStore('the end of many connections', (store) => {
  test('is found by key, and not by comparing each with each charge point that is connected', async () => {
    const { pool } = store().database
    await pool.query(`INSERT INTO charge_points (identity) SELECT 'R' || n FROM generate_series(1, $1::int) n`, [
      chargePoints,
    ])
    await pool.query('ANALYZE charge_points')
    const { rows } = await pool.query(`EXPLAIN ${releaseConnections}`, releaseValues(released))
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toMatch(/(Index|Hash) Cond: /)
    expect(plan).not.toMatch(/Join Filter: \(\((v\.id = c\.id|c\.id = v\.id)/)
  })
})
