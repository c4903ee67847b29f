// Which charge points belong to some groups, and which are deleted, is kept and asked for again: lists of a node show
// every change at once, whoever made it.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { drizzle } from 'drizzle-orm/node-postgres'
import { sql } from 'drizzle-orm'
import { silentLogger } from '../../../src/base/log.ts'
import { createChargePointSets } from '../../../src/store/charge-point-sets.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { isAmong, keyBits } from '../../../src/store/key-bits.ts'
import { testDatabase } from '../../support/postgres.ts'
import { until } from '../../support/until.ts'

let database: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const server = await testDatabase()
  drop = server.drop
  const options = { connectionString: server.connectionString, dataFolder: '', poolSize: 2, log: silentLogger }
  database = await openDatabase({ provider: 'PostgreSQL', ...options })
  await run(`INSERT INTO charge_point_groups (name) VALUES ('north'), ('south')`)
  await run(`INSERT INTO charge_points (identity, group_id) SELECT 'CP' || n, 1 + n % 2 FROM generate_series(1, 40) n`)
})

afterAll(async () => {
  await database.close()
  await drop()
})

function run(text: string) {
  return database.pool.query(text)
}

/** Identities of the charge points that a condition on their key holds for. */
async function identitiesWhere(condition: ReturnType<typeof sql>): Promise<string[]> {
  const { rows } = await drizzle(database.pool).execute<{ identity: string }>(
    sql`SELECT identity FROM charge_points c WHERE ${condition} ORDER BY id`,
  )
  return rows.map(({ identity }) => identity)
}

test('a set has what a change by anybody left in it, as soon as the change is committed', async () => {
  const sets = createChargePointSets(drizzle(database.pool))
  const key = sql`c.id`
  const ofSouth = async () => identitiesWhere((await sets.ofGroups([2])).has(key))
  const ofDeleted = async () => identitiesWhere((await sets.ofDeleted()).has(key))
  expect(await ofSouth()).toHaveLength(20)
  expect(await ofDeleted()).toEqual([])
  const counts = async () => {
    const { groups, counts: numbers } = await sets.countsOfGroups()
    return groups.map((group, at) => [group, numbers[at]]).toSorted()
  }
  expect(await counts()).toEqual([
    [1, 20],
    [2, 20],
  ])

  await run(`UPDATE charge_points SET group_id = 2 WHERE identity = 'CP2'`)
  expect(await ofSouth()).toContain('CP2')
  await run(`INSERT INTO charge_points (identity, group_id) VALUES ('NEW', 2)`)
  expect(await ofSouth()).toContain('NEW')
  await run(`UPDATE charge_points SET deleted_at = now() WHERE identity = 'CP4'`)
  expect(await ofDeleted()).toEqual(['CP4'])
  expect(await counts()).toEqual([
    [1, 18],
    [2, 22],
  ])
  await run(`UPDATE charge_points SET group_id = NULL WHERE identity = 'CP2'`)
  expect(await ofSouth()).not.toContain('CP2')

  // A transaction that is older than the read, and commits after it.
  const slow = await database.pool.connect()
  try {
    await slow.query(`BEGIN; UPDATE charge_points SET group_id = 2 WHERE identity = 'CP6'`)
    await run(`UPDATE charge_points SET group_id = 2 WHERE identity = 'CP8'`)
    expect(await ofSouth()).toContain('CP8')
    expect(await ofSouth()).not.toContain('CP6')
    await slow.query('COMMIT')
  } finally {
    slow.release()
  }
  expect(await ofSouth()).toContain('CP6')
})

test('a set is not read again while nothing changes', async () => {
  let reads = 0
  const logger = { logQuery: (text: string) => void (reads += text.includes('json_agg') ? 1 : 0) }
  const sets = createChargePointSets(drizzle(database.pool, { logger }))
  // It is, as long as a transaction is open on the server that began before the last change.
  await until('a use without a read', async () => {
    const before = reads
    await sets.ofGroups([1])
    return reads === before
  })
  expect(reads).toBeGreaterThan(0)
})

test.each([[[]], [[7]], [[1, 2, 3, 8, 9, 16, 17]], [[100, 4, 1_000]]])('the bits of %j are its keys', async (keys) => {
  const bits = keyBits(keys)
  if (bits === null) throw new Error('they have no bits')
  const { rows } = await drizzle(database.pool).execute<{ n: number }>(
    sql`SELECT n FROM generate_series(1, 1100) n WHERE ${isAmong(bits, sql`n`)}`,
  )
  expect(rows.map(({ n }) => n)).toEqual(keys.toSorted((a, b) => a - b))
})

test('keys that lie too far apart have no bits', () => {
  expect(keyBits([1, 2_000_000_000])).toBeNull()
})
