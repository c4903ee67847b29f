// Identities that differ in letter case only: PostgreSQL refuses them, and a database that holds some from before is served all the same.

import { expect, test } from 'bun:test'
import { Client } from 'pg'
import type { Logger } from '../../../src/base/log.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { alikeIdentitiesShownMax } from '../../../src/base/limits.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { createQueries } from '../../../src/store/queries.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { testDatabase } from '../../support/postgres.ts'

async function opened<T>(
  connectionString: string,
  work: (database: Database) => Promise<T>,
  log: Logger = silentLogger,
): Promise<T> {
  const options = { provider: 'PostgreSQL', dataFolder: '', poolSize: 4 } as const
  const database = await openDatabase({ ...options, connectionString, log })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** The tables as an earlier version left them, with these charge points. */
async function earlierDatabase(identities: readonly string[]) {
  const { connectionString, drop } = await testDatabase()
  await opened(connectionString, async ({ pool }) => {
    await pool.query('DROP INDEX charge_points_identity_alike')
    await pool.query(
      'CREATE INDEX charge_points_identity_lower ON charge_points (lower(identity)) WHERE deleted_at IS NULL',
    )
    for (const identity of identities) await pool.query('INSERT INTO charge_points (identity) VALUES ($1)', [identity])
  })
  return { connectionString, drop }
}

async function indexesOf({ pool }: Database): Promise<readonly unknown[]> {
  const { rows } = await pool.query(
    "SELECT indexname FROM pg_indexes WHERE indexname ~ '^charge_points_identity_' ORDER BY 1",
  )
  return rows.map(({ indexname }) => indexname)
}

test('of two that are made at once, one is refused, and the answer names the other', async () => {
  const { connectionString, drop } = await testDatabase()
  await opened(connectionString, async (one) => {
    await opened(connectionString, async (other) => {
      for (let round = 0; round < 20; round++) {
        const spellings = [`cp-${round}-x`, `CP-${round}-x`]
        const [first = '', second = ''] = spellings
        const made = await Promise.allSettled([
          createQueries(one).createChargePoint(first, {}, 'all'),
          createQueries(other).createChargePoint(second, {}, 'all'),
        ])
        const refused = made.findIndex(({ status }) => status === 'rejected')
        expect(made[1 - refused]).toMatchObject({ status: 'fulfilled' })
        expect(made[refused]).toMatchObject({
          reason: { code: 'CONFLICT', message: expect.stringContaining(`'${spellings[1 - refused]}' exists already`) },
        })
      }
    })
  })
  await drop()
})

test('a database that holds some is opened, and the log says which; once they are gone, the next start makes the index', async () => {
  const { connectionString, drop } = await earlierDatabase(['cpX', 'LONE', 'CPx', 'a1', 'A1'])
  const { log, lines } = collectedLog('Warning')
  await opened(
    connectionString,
    async (database) => {
      const [line = '', ...others] = lines
      expect(others).toEqual([])
      expect(JSON.parse(line)).toMatchObject({
        level: 'Warning',
        count: 2,
        reason: 'cpX, CPx; a1, A1',
        msg: expect.stringContaining('delete all but one of each'),
      })
      expect(await indexesOf(database)).toEqual(['charge_points_identity_lower'])
      const queries = createQueries(database)
      await expect(queries.createChargePoint('CPX', {}, 'all')).rejects.toMatchObject({ code: 'CONFLICT' })
      for (const identity of ['CPx', 'A1']) await queries.deleteChargePoint(identity, 'all')
    },
    log,
  )
  await opened(
    connectionString,
    async (database) => expect(await indexesOf(database)).toEqual(['charge_points_identity_alike']),
    log,
  )
  expect(lines).toHaveLength(1)
  await drop()
})

test('a charge point of such a database is found as it is spelt; a third spelling is that of the oldest, at every look', async () => {
  const { connectionString, drop } = await earlierDatabase(['cpX', 'CPx', 'CPX'])
  await opened(connectionString, async (database) => {
    const queries = createQueries(database)
    const found = async (identity: string) => (await queries.credentials(identity))?.identity
    expect(await found('cpX')).toBe('cpX')
    expect(await found('CPx')).toBe('CPx')
    // Its row has moved to the end of the table.
    await database.pool.query("UPDATE charge_points SET location = 'Here' WHERE identity = 'cpX'")
    await database.pool.query("UPDATE charge_points SET deleted_at = now() WHERE identity = 'CPX'")
    expect(await Promise.all(['cpx', 'CPX', 'Cpx'].map(found))).toEqual(['cpX', 'cpX', 'cpX'])
  })
  await drop()
})

// Each waits for as long as a start does: side by side.
test.concurrent.each([
  { holds: 'none', identities: ['cpX'], mode: 'ROW EXCLUSIVE', line: 'the next start tries again' },
  { holds: 'some', identities: ['cpX', 'CPx'], mode: 'ACCESS SHARE', line: 'cpX, CPx' },
])(
  'where a database holds $holds, a start waits for a long transaction for a while, and leaves the index to the next start',
  async ({ identities, mode, line }) => {
    const { connectionString, drop } = await earlierDatabase(identities)
    const longOne = new Client({ connectionString })
    await longOne.connect()
    await longOne.query(`BEGIN; LOCK TABLE charge_points IN ${mode} MODE`)
    const { log, lines } = collectedLog('Warning')
    await opened(
      connectionString,
      async (database) => {
        expect(lines).toEqual([expect.stringContaining(line)])
        const queries = createQueries(database)
        expect((await queries.credentials('CPX'))?.identity).toBe('cpX')
        for (const identity of identities) await queries.updateChargePoint(identity, { location: 'Here' }, 'all')
        if (identities.length > 1) await queries.deleteChargePoint('CPx', 'all')
      },
      log,
    )
    await longOne.end()
    await opened(
      connectionString,
      async (database) => expect(await indexesOf(database)).toEqual(['charge_points_identity_alike']),
      log,
    )
    expect(lines).toHaveLength(1)
    await drop()
  },
  30_000,
)

test('of many, the log names some and says how many there are', async () => {
  const names = Array.from({ length: alikeIdentitiesShownMax + 5 }, (_, index) => `box-${index}`)
  const { connectionString, drop } = await earlierDatabase(names.flatMap((name) => [name, name.toUpperCase()]))
  const { log, lines } = collectedLog('Warning')
  await opened(connectionString, async () => {}, log)
  const { count, reason } = JSON.parse(lines[0] ?? '')
  expect(count).toBe(names.length)
  expect(reason.split('; ')).toHaveLength(alikeIdentitiesShownMax)
  await drop()
})
