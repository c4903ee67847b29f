// The counters of transactions: kept by triggers, folded by the upkeep, and made again on demand.

import { describe, expect, test } from 'bun:test'
import { foldCountsMs } from '../../../src/base/limits.ts'
import { countTransactions, foldCounts } from '../../../src/store/counts/count.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import type { Database } from '../../../src/store/database.ts'
import type { TransactionFilter } from '../../../src/blocks/records.ts'
import { newTransactionId, transactionStarted, transactionStopped, transactionUpdated } from '../../support/changes.ts'
import { counted, counters } from '../../support/counts.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { arrivalMs, changeSet, describeStore, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const hourMs = 3_600_000

async function begin({ writer }: TestStore, key: number, startedAtMs: number, receivedAtMs = arrivalMs) {
  const id = newTransactionId()
  await writer.commit(changeSet(key, { receivedAtMs, changes: [transactionStarted(id, { startedAtMs })] }))
  return id
}

async function rowsOf(database: Database, table: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(`SELECT count(*)::int4 AS count FROM ${table}`)
  return rows[0]?.count ?? -1
}

async function expectRight({ pool }: Database): Promise<void> {
  expect(await counters(pool)).toEqual(await counted(pool))
}

describeStore('counters of transactions', (store, provider) => {
  test('they follow every change: begins, ends, other starts, corrections, and deletions', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const ids = [await begin(store(), key, arrivalMs), await begin(store(), key, arrivalMs - 3 * hourMs)]
    await expectRight(database)
    const [first = 0, second = 0] = ids
    await writer.commit(
      changeSet(key, { changes: [transactionUpdated(first, { startedAtMs: arrivalMs - 2 * hourMs })] }),
    )
    await expectRight(database)
    await writer.commit(changeSet(key, { changes: [transactionStopped(first), transactionStopped(second)] }))
    await expectRight(database)
    await database.pool.query('UPDATE transactions SET stopped_at = NULL WHERE id = $1', [second])
    await expectRight(database)
    await database.pool.query('DELETE FROM transactions WHERE id = ANY($1)', [ids])
    await expectRight(database)
    expect(await queries.transaction(first, 'all')).toBeNull()
  })

  test('an update that moves nothing notes nothing', async () => {
    const { database, writer } = store()
    const key = await store().newChargePoint()
    const id = await begin(store(), key, arrivalMs)
    await foldCounts(database.upkeepPool)
    await writer.commit(
      changeSet(key, { changes: [transactionUpdated(id, { chargingState: 'Charging', lastSeqNo: 7 })] }),
    )
    expect(await rowsOf(database, 'transaction_count_changes')).toBe(0)
  })

  test('a fold changes no count, and leaves no changes behind', async () => {
    const { database } = store()
    const key = await store().newChargePoint()
    for (const hours of [1, 1, 2]) await begin(store(), key, arrivalMs - hours * hourMs)
    expect(await rowsOf(database, 'transaction_count_changes')).toBeGreaterThan(0)
    await foldCounts(database.upkeepPool)
    expect(await rowsOf(database, 'transaction_count_changes')).toBe(0)
    await expectRight(database)
  })

  test('the upkeep folds them', async () => {
    const { database } = store()
    const clock = new HandClock()
    await begin(store(), await store().newChargePoint(), arrivalMs)
    const stop = startMaintenance(maintenanceOf(database, clock))
    await until('the changes are folded', async () => {
      clock.pass(foldCountsMs)
      return (await rowsOf(database, 'transaction_count_changes')) === 0
    })
    await stop()
    await expectRight(database)
  }, 30_000)

  if (provider === 'Embedded') return

  describe('lists', () => {
    const listed = async (filter: Omit<TransactionFilter, 'scope'>) => {
      const { totalCount } = await store().queries.listTransactions(
        { scope: 'all', ...filter },
        { page: 1, pageSize: 1 },
      )
      return totalCount
    }
    const there = async (filter: Omit<TransactionFilter, 'scope'>) => {
      const from = new Date(filter.startedFromMs ?? -8e12).toISOString()
      const to = new Date(filter.startedToMs ?? 8e12).toISOString()
      const { rows } = await store().database.pool.query<{ count: number }>(
        `SELECT count(*)::int4 AS count FROM transactions
         WHERE started_at BETWEEN $1 AND $2 AND (stopped_at IS NULL) = COALESCE($3, stopped_at IS NULL)`,
        [from, to, filter.open ?? null],
      )
      return rows[0]?.count ?? -1
    }

    test('totalCount is exact for every period, open or not, folded or not', async () => {
      const key = await store().newChargePoint()
      const { database, writer } = store()
      const times = [-5, -3.5, -3, -2.999, -1, -0.5, 0, 0.25].map((hours) => arrivalMs + hours * hourMs)
      for (const [index, atMs] of times.entries()) {
        const id = await begin(store(), key, atMs)
        if (index % 3 === 0) await writer.commit(changeSet(key, { changes: [transactionStopped(id)] }))
        if (index === 4) await foldCounts(database.upkeepPool)
      }
      const edges = [undefined, ...times.slice(1, 6), arrivalMs - 1, arrivalMs + 2 * hourMs]
      for (const startedFromMs of edges)
        for (const startedToMs of edges) {
          if ((startedFromMs ?? 0) > (startedToMs ?? Number.POSITIVE_INFINITY)) continue
          for (const open of [undefined, true, false]) {
            const filter = {
              ...(startedFromMs === undefined ? {} : { startedFromMs }),
              ...(startedToMs === undefined ? {} : { startedToMs }),
              ...(open === undefined ? {} : { open }),
            }
            expect({ filter, count: await listed(filter) }).toEqual({ filter, count: await there(filter) })
          }
        }
    })

    test('it comes from the counters, and from the table until all transactions have been counted', async () => {
      const { pool, upkeepPool } = store().database
      await begin(store(), await store().newChargePoint(), arrivalMs)
      const right = await listed({})
      await pool.query(`INSERT INTO transaction_count_changes VALUES (now(), now(), 1000, 0)`)
      expect(await listed({})).toBe(right + 1_000)
      await pool.query('DELETE FROM transaction_counting')
      expect(await listed({})).toBe(right)
      expect(await countTransactions(upkeepPool)).toBeGreaterThan(0)
      expect(await listed({})).toBe(right)
      expect(await countTransactions(upkeepPool)).toBe(0)
    })
  })

  test('all are counted beside a writer whose commits come before, in and after the count', async () => {
    const { database } = store()
    const key = await store().newChargePoint()
    await database.pool.query('DELETE FROM transaction_counting; DELETE FROM transaction_counts')
    const writer = await database.pool.connect()
    try {
      await writer.query('BEGIN')
      await writer.query(
        `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, started_at, received_at)
         VALUES ($1, $2, 1, 1, now(), now())`,
        [newTransactionId(), key],
      )
      await begin(store(), key, arrivalMs)
      await countTransactions(database.upkeepPool)
      await begin(store(), key, arrivalMs)
      await writer.query('COMMIT')
    } finally {
      writer.release()
    }
    await expectRight(database)
    await foldCounts(database.upkeepPool)
    await expectRight(database)
  })
})
