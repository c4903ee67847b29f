// How often a group of changes goes to the database and back.

import { expect, test } from 'bun:test'
import type { ClientBase } from 'pg'
import { runBatch } from '../../../src/store/wire/batch.ts'
import { ChangeRows } from '../../../src/store/change-rows.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import { newTransactionId, sample, startFact, transactionStopped } from '../../support/changes.ts'
import { changeSet, describeStore, meterRows, type TestStore } from '../../support/store.ts'

/** Commits on a connection of its own, and counts how often something is sent while nothing is under way. */
async function trips({ database }: TestStore, work: (client: ClientBase) => Promise<unknown>): Promise<number> {
  const lease = await database.lease()
  let underWay = 0
  let begun = 0
  const counting = new Proxy(lease.client, {
    get(client, name) {
      if (name !== 'query') return Reflect.get(client, name, client)
      return async (statement: string): Promise<unknown> => {
        if (underWay++ === 0) begun++
        try {
          return await client.query(statement)
        } finally {
          underWay--
        }
      }
    },
  })
  try {
    await work(counting)
  } finally {
    lease.release()
  }
  return begun
}

describeStore('a group of changes', (store) => {
  test('takes one trip when all of it is new, and two when retransmissions are expected', async () => {
    const key = await store().newChargePoint()
    const meter = meterRows(key, {
      connectorId: 1,
      meterValue: [{ timestamp: '2026-01-01T00:00:00Z', sampledValue: [] }],
    })
    const group = () => [changeSet(key, { fact: startFact(newTransactionId()) }), changeSet(key, { meter })]
    expect(await trips(store(), (client) => commitGroup(client, group(), [], true))).toBe(1)
    expect(await trips(store(), (client) => commitGroup(client, group(), [], false))).toBe(2)
  })

  test('without facts takes one trip in every case', async () => {
    const key = await store().newChargePoint()
    const group = [changeSet(key, { changes: [{ table: 'chargePoints', patch: { status: 'Available' } }] })]
    expect(await trips(store(), (client) => commitGroup(client, group, [], true))).toBe(1)
    expect(await trips(store(), (client) => commitGroup(client, group, [], false))).toBe(1)
  })

  test('with a meter value in it that is stored already keeps it once, and says so', async () => {
    const key = await store().newChargePoint()
    const values = (...seconds: string[]) =>
      meterRows(key, {
        connectorId: 1,
        meterValue: seconds.map((second) => sample(`2026-01-01T00:00:${second}Z`, '1')),
      })
    const commit = async (...seconds: string[]) => {
      const lease = await store().database.lease()
      try {
        return await commitGroup(lease.client, [changeSet(key, { meter: values(...seconds) })], [], true)
      } finally {
        lease.release()
      }
    }
    expect(await commit('00')).toMatchObject({ hadStored: false, duplicates: 0 })
    expect(await commit('00', '01')).toMatchObject({ hadStored: true, duplicates: 0 })
    expect(await commit('02', '02')).toMatchObject({ hadStored: true })
    const { rows } = await store().database.pool.query(
      'SELECT count(*)::int AS count FROM meter_values WHERE charge_point_id = $1',
      [key],
    )
    expect(rows).toEqual([{ count: 3 }])
  })

  test('with a retransmission in it is done again with care, and stores what is new', async () => {
    const key = await store().newChargePoint()
    const fact = startFact(newTransactionId())
    const original = changeSet(key, { fact, answer: { transactionId: 1 } })
    const first = await trips(store(), (client) => commitGroup(client, [original], [], true))
    expect(first).toBe(1)
    const again = changeSet(key, { fact, answer: { transactionId: 2 } })
    const other = changeSet(key, { fact: startFact(newTransactionId()), answer: { transactionId: 3 } })
    const lease = await store().database.lease()
    try {
      const committed = await commitGroup(lease.client, [again, other], [], true)
      expect(committed.outcomes).toEqual([
        { duplicate: true, answer: { transactionId: 1 } },
        { duplicate: false, answer: { transactionId: 3 } },
      ])
      expect(committed.hadStored).toBe(true)
    } finally {
      lease.release()
    }
  })

  test('finds its rows by key, though its plan was made while the table was small', async () => {
    const { database, newChargePoint } = store()
    const rows = new ChangeRows()
    rows.add(
      changeSet(await newChargePoint(), { changes: [{ table: 'chargePoints', patch: { status: 'Available' } }] }),
    )
    rows.add(changeSet(await newChargePoint(), { changes: [transactionStopped(newTransactionId())] }))
    const lease = await database.lease()
    try {
      await lease.client.query('BEGIN')
      // PostgreSQL makes a plan of its own for each of the first five times, and keeps the next one.
      for (let time = 0; time < 10; time++) await runBatch(lease.client, rows.statements())
      const read = await lease.client.query(
        `SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname IN ('transactions', 'charge_points')`,
      )
      expect(read.rows).toEqual([])
      await lease.client.query('ROLLBACK')
    } finally {
      lease.release()
    }
  })

  test('inside a transaction that was left open does not count as committed', async () => {
    const key = await store().newChargePoint()
    const group = [changeSet(key, { changes: [{ table: 'chargePoints', patch: { status: 'Available' } }] })]
    const lease = await store().database.lease()
    try {
      await lease.client.query('BEGIN')
      await expect(commitGroup(lease.client, group, [], true)).rejects.toThrow('expected I, idle')
    } finally {
      await lease.client.query('ROLLBACK')
      lease.release()
    }
  })
})
