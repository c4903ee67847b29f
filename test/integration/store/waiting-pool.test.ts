// Who goes first at the database: what charge points wait for, then upkeep, then the REST API.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Pool } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { gateYieldMsMax, lookupConnectionsMax, restStatementsWaitingMax } from '../../../src/base/limits.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { TransactionIds } from '../../../src/store/transaction-ids.ts'
import { testDatabase } from '../../support/postgres.ts'
import { embeddedFolder } from '../../support/store.ts'

let database: Database
let release: () => Promise<void>

/** Sends a statement that takes a while, and writes its name into `done` when it is answered. */
function sendSlow(pool: Pool, name: string, done: string[], seconds = 0.02): Promise<unknown> {
  return pool.query('SELECT pg_sleep($1)', [seconds]).then(() => done.push(name))
}

describe('on the embedded database', () => {
  beforeAll(async () => {
    const { dataFolder, remove } = await embeddedFolder()
    database = await openDatabase({ provider: 'Embedded', dataFolder, poolSize: 4, log: silentLogger })
    release = async () => {
      await database.close()
      remove()
    }
  })

  afterAll(() => release())

  test('a look-up and the lease of the writer go before every REST statement but the one under way', async () => {
    const done: string[] = []
    const reads = Array.from({ length: 10 }, (_, i) => sendSlow(database.restPool, `read ${i}`, done))
    await reads[0]
    const lookup = sendSlow(database.pool, 'look-up', done, 0)
    const writing = database.lease().then((lease) => {
      done.push('lease')
      lease.release()
    })
    await Promise.all([...reads, lookup, writing])
    // Read 1 may have been handed over in the meantime; read 2 has not.
    expect(done.indexOf('look-up')).toBeLessThanOrEqual(2)
    expect(done.indexOf('lease')).toBe(done.indexOf('look-up') + 1)
    expect(done.filter((name) => name.startsWith('read'))).toEqual(reads.map((_, i) => `read ${i}`))
  })

  test('upkeep goes before the REST statements that wait', async () => {
    const done: string[] = []
    const reads = Array.from({ length: 5 }, (_, i) => sendSlow(database.restPool, `read ${i}`, done))
    await reads[0]
    await Promise.all([...reads, sendSlow(database.upkeepPool, 'upkeep', done)])
    expect(done.indexOf('upkeep')).toBeLessThanOrEqual(2)
  })

  test('a REST statement gets its turn even while look-ups never end', async () => {
    const done: string[] = []
    let isRead = false
    const lookups = async (): Promise<void> => {
      while (!isRead) await sendSlow(database.pool, 'look-up', done, 0.002)
    }
    const startedMs = performance.now()
    const load = Promise.all([lookups(), lookups(), lookups()])
    await sendSlow(database.restPool, 'read', done)
    isRead = true
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(gateYieldMsMax)
    await load
  })

  test('a REST statement for which there is no room is refused; upkeep is not', async () => {
    const lease = await database.lease()
    const reads = Array.from({ length: restStatementsWaitingMax }, () => database.restPool.query('SELECT 1'))
    const refused = database.restPool.query('SELECT 1')
    const upkeep = database.upkeepPool.query('SELECT 1')
    await expect(refused).rejects.toMatchObject({ code: 'LOOKUP_QUEUE_FULL' })
    lease.release()
    await Promise.all([...reads, upkeep])
    expect((await database.restPool.query('SELECT 1')).rowCount).toBe(1)
  })

  test('a statement that fails, and a client that is given back as broken, leave the connection to the next', async () => {
    await expect(database.restPool.query('SELECT nonsense')).rejects.toThrow('nonsense')
    const client = await database.restPool.connect()
    client.release(true)
    const left = await Promise.all([database.restPool.query('SELECT 1'), database.pool.query('SELECT 1')])
    expect(left.map(({ rowCount }) => rowCount)).toEqual([1, 1])
  })
})

describe('on PostgreSQL', () => {
  beforeAll(async () => {
    const { connectionString, drop } = await testDatabase()
    database = await openDatabase({
      provider: 'PostgreSQL',
      connectionString,
      dataFolder: '',
      poolSize: 2,
      log: silentLogger,
    })
    release = async () => {
      await database.close()
      await drop()
    }
  })

  afterAll(() => release())

  test('REST statements that use up their connections keep no look-up, no readiness and no upkeep waiting', async () => {
    const done: string[] = []
    const reads = Array.from({ length: 6 }, () => sendSlow(database.restPool, 'read', done, 0.2))
    await Promise.all([
      ...Array.from({ length: lookupConnectionsMax }, () => sendSlow(database.pool, 'look-up', done, 0)),
      database.ping().then(() => done.push('ping')),
      new TransactionIds(database).next(),
      sendSlow(database.upkeepPool, 'upkeep', done, 0),
    ])
    expect(done).not.toContain('read')
    await Promise.all(reads)
  })

  test('a REST statement keeps to one process of PostgreSQL, and a look-up is left as it was', async () => {
    const shown = async (pool: Pool) => (await pool.query('SHOW max_parallel_workers_per_gather')).rows[0]
    expect(await shown(database.restPool)).toEqual({ max_parallel_workers_per_gather: '0' })
    expect(await shown(database.pool)).toEqual({ max_parallel_workers_per_gather: '2' })
  })

  test('the connections are as many as the operations manual says', async () => {
    const lease = await database.lease()
    const many = [database.pool, database.restPool, database.upkeepPool].flatMap((pool) =>
      Array.from({ length: 20 }, () => pool.query('SELECT pg_sleep(0.01)')),
    )
    await Promise.all(many)
    const { rows } = await lease.client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stator'`,
    )
    lease.release()
    // 2 of the REST API, 8 for look-ups, 7 for upkeep, 1 of the writer.
    expect(rows[0]?.count).toBe(18)
  })
})
