// The migrations since 0009 run on large tables while nodes of the previous version continue to work and reports are
// read: no statement waits for a lock for over a second, nothing is refused, and both versions work on the new tables.
//
// STATOR_MIGRATION_ROWS says how many rows the large tables have. Ten million need 20 GB of free disk and take twenty
// minutes or more:
//
//     STATOR_MIGRATION_ROWS=10000000 bun run test test/fault/migrations-under-load.test.ts

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { migrate } from '../../src/store/migrate.ts'
import { readMigrations } from '../../src/store/migration-files.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { EarlierLoad, type EarlierLoadOptions, lockWaitMsMax } from '../support/earlier-load.ts'
import { fillWithRows } from '../support/earlier-rows.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { collectedLog } from '../support/log-lines.ts'
import { databaseUntil, laterMigrations, ownMigrations, withClient } from '../support/migration-folder.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'

const before = '0009_plausibility_and_corrections'
const rows = Number(process.env['STATOR_MIGRATION_ROWS'] ?? (isFullSize ? 2_000_000 : 300_000))
const testMsMax = 120_000 + rows / 2
/** Sessions of charge points that show that the load is under way. */
const sessionsMin = 200

let database: TestDatabase
let options: EarlierLoadOptions
beforeAll(async () => {
  database = await databaseUntil(before)
  const { connectionString } = database
  const chargePoints = await withClient(connectionString, (client) => fillWithRows(client, rows))
  options = { connectionString, chargePoints, transactionIdMin: rows + 1 }
}, testMsMax)
afterAll(async () => {
  await database.drop()
})

function underWay(load: EarlierLoad): Promise<unknown> {
  const enough = load.sessions + sessionsMin
  return until('the load to be under way', () => load.sessions >= enough || load.failures.length > 0, testMsMax)
}

/** Sessions of the earlier version that are in the database with all that belongs to them. */
function storedSessions(): Promise<number> {
  return withClient(options.connectionString, async (client) => {
    const { rows: found } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM transactions t WHERE id >= $1 AND stopped_at IS NOT NULL
         AND EXISTS (SELECT FROM meter_values m WHERE m.charge_point_id = t.charge_point_id AND m.transaction_ref = t.id)
         AND 2 = (SELECT count(*) FROM transaction_events e WHERE e.charge_point_id = t.charge_point_id AND ref = $1 || '-' || t.id)`,
      [options.transactionIdMin],
    )
    return found[0]?.count ?? 0
  })
}

test(
  `on ${rows} rows: the migrations since ${before} delay no statement for over a second, and nodes of both versions work afterwards`,
  async () => {
    const { connectionString } = options
    const load = await EarlierLoad.start(options)
    let stator: StatorProcess | null = null
    try {
      await underWay(load)
      const { log, lines } = collectedLog('Information')
      const startedMs = performance.now()
      await withClient(connectionString, (client) => migrate(client, { nowMs: Date.now(), log }))
      const tookMs = performance.now() - startedMs
      await underWay(load)

      stator = await StatorProcess.start({ connectionString, identities: ['NEW'] })
      const raw = await RawChargePoint.connect({ url: stator.ocppUrl, identity: 'NEW', password: benchPasswordDefault })
      await raw.call('BootNotification', flows16.boot)
      expect(await raw.call('StartTransaction', flows16.start)).toHaveProperty('transactionId')
      await underWay(load)
      expect(await stator.json('/api/chargepoints/CP1/status')).toMatchObject({ chargePointId: 'CP1' })
      raw.socket.terminate()
      await load.stop()

      expect(load.failures).toEqual([])
      expect(load.longestLockWaitMs).toBeLessThan(lockWaitMsMax)
      expect(await storedSessions()).toBe(load.sessions)
      const applied = lines.filter((line) => line.includes('A migration is done.')).length
      const names = (await readMigrations(ownMigrations)).map(({ name }) => name)
      expect(applied).toBe(names.length - 1 - names.indexOf(before))
      const ms = (value: number): string => `${value.toFixed(0)} ms`
      keepResult({
        id: '9-migrations',
        fault: `${applied} migrations on ${rows} rows in each large table, under the load of an earlier version and beside a reader of long transactions`,
        file: 'migrations-under-load.test.ts',
        injected: 1,
        audit: null,
        recoveryMs: [tookMs],
        recovery: 'from the first migration to the last',
        figures: {
          'longest wait of a statement for a lock': ms(load.longestLockWaitMs),
          'longest statement': ms(load.longestStatementMs),
          'sessions of the earlier version meanwhile': String(load.sessions),
        },
      })
      console.log(
        `${applied} migrations on ${rows} rows: ${ms(tookMs)}; longest wait for a lock ${ms(load.longestLockWaitMs)}; ` +
          `longest statement ${ms(load.longestStatementMs)}; ${load.sessions} sessions meanwhile.`,
      )
    } finally {
      await load.stop()
      await stator?.remove()
    }
  },
  testMsMax,
)

test(
  'a migration that rewrites a table is found out by the same load',
  async () => {
    const folder = await laterMigrations({
      '9000_rewrite': ['ALTER TABLE "transactions" ADD COLUMN "rewritten" double precision DEFAULT random()'],
    })
    const load = await EarlierLoad.start({ ...options, transactionIdMin: 10 * options.transactionIdMin })
    try {
      await underWay(load)
      const { log } = collectedLog('None')
      await withClient(options.connectionString, (client) => migrate(client, { nowMs: Date.now(), log, folder }))
    } finally {
      await load.stop()
    }
    expect(load.failures).toContain('error: canceling statement due to lock timeout')
  },
  testMsMax,
)
