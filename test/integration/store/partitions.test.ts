// Partitions of meter values, of the message log and of the histories, on every database.

import { expect, test } from 'bun:test'
import { maintenanceMs, partitionLockMs, partitionMoveRowsMax } from '../../../src/base/limits.ts'
import type { Logger } from '../../../src/base/log.ts'
import type { Database } from '../../../src/store/database.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import {
  connectorStatus,
  newTransactionId,
  sample,
  startFact,
  startSet,
  transactionStarted,
} from '../../support/changes.ts'
import { goneEnd } from '../../support/connection-end.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { changeSet, describeStore, meterRows } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const dayMs = 86_400_000

async function partitionsOf(database: Database, table: string): Promise<string[]> {
  const text = `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = $1::regclass ORDER BY name`
  return (await database.pool.query<{ name: string }>(text, [table])).rows.map((row) => row.name)
}

async function rowsIn(database: Database, table: string, key: number): Promise<number> {
  const text = `SELECT count(*)::int AS count FROM ${table} WHERE charge_point_id = $1`
  return (await database.pool.query<{ count: number }>(text, [key])).rows[0]?.count ?? -1
}

describeStore('partitions', (store, provider) => {
  test('stand ready for this month and the next ones, and for this day and the next ones', async () => {
    const { database } = store()
    const month = new Date().toISOString().slice(0, 7).replace('-', '_')
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '_')
    const months = await partitionsOf(database, 'meter_values')
    const days = await partitionsOf(database, 'message_blocks')
    expect(months).toContain(`meter_values_${month}`)
    expect(months.length).toBeGreaterThanOrEqual(6)
    expect(days).toContain(`message_blocks_${day}`)
    expect(days.length).toBeGreaterThanOrEqual(9)
  })

  test('a later month takes over the rows that arrived before it had a partition, and loses none', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const times = [
      '2031-05-31T23:59:59.999Z',
      '2031-06-01T00:00:00Z',
      '2031-06-30T23:59:59.999Z',
      '2031-07-01T00:00:00Z',
    ]
    const id = newTransactionId()
    const payload = {
      connectorId: 1,
      transactionId: id,
      meterValue: times.map((time, i) => sample(time, String(i))),
    }
    await writer.commit(
      changeSet(key, {
        meter: meterRows(key, payload),
        changes: [transactionStarted(id, { startedAtMs: Date.parse('2031-05-31T00:00:00Z') })],
      }),
    )
    expect(await rowsIn(database, 'meter_values_default', key)).toBe(4)
    const clock = new HandClock(Date.parse('2031-06-15T12:00:00Z'))
    const stop = startMaintenance(maintenanceOf(database, clock, { messageLogDays: 3650 }))
    await until('the partition', async () =>
      (await partitionsOf(database, 'meter_values')).includes('meter_values_2031_09'),
    )
    await stop()
    expect(await rowsIn(database, 'meter_values_2031_05', key)).toBe(1)
    expect(await rowsIn(database, 'meter_values_2031_06', key)).toBe(2)
    expect(await rowsIn(database, 'meter_values_2031_07', key)).toBe(1)
    expect(await rowsIn(database, 'meter_values_default', key)).toBe(0)
    // They are still known when they come again.
    await writer.commit(changeSet(key, { meter: meterRows(key, payload) }))
    const { items } = await queries.meterValuesOf(id, { page: 1, pageSize: 10 })
    expect(items.map((row) => row.energyWh)).toEqual([0, 1, 2, 3])
  })

  test.skipIf(provider === 'Embedded')(
    'while somebody reads meter values without end, commits go on, and the partition is made afterwards',
    async () => {
      const { database, writer } = store()
      const key = await store().newChargePoint()
      const reader = await database.restPool.connect()
      await reader.query('BEGIN')
      await reader.query('SELECT count(*) FROM meter_values')
      const stop = startMaintenance(maintenanceOf(database, new HandClock(Date.parse('2041-06-15T12:00:00Z'))))
      const upkeepWaits = `SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`
      let slowestMs = 0
      for (let tries = 0; tries < 3; tries++) {
        await until('upkeep to wait for its lock', async () => {
          return (await database.pool.query<{ waiting: number }>(upkeepWaits)).rows[0]?.waiting === 1
        })
        const beganMs = performance.now()
        const meterValue = [sample(`2041-06-01T00:00:0${tries}Z`, '1')]
        await writer.commit(changeSet(key, { meter: meterRows(key, { connectorId: 1, transactionId: 1, meterValue }) }))
        slowestMs = Math.max(slowestMs, performance.now() - beganMs)
      }
      // What waits for the lock is given up by PostgreSQL after `partitionLockMs`; without that a commit waits for the reader.
      expect(slowestMs).toBeLessThan(10 * partitionLockMs)
      expect(await partitionsOf(database, 'meter_values')).not.toContain('meter_values_2041_06')
      await reader.query('COMMIT')
      reader.release()
      await until('the partition', async () =>
        (await partitionsOf(database, 'meter_values')).includes('meter_values_2041_09'),
      )
      await stop()
      expect(await rowsIn(database, 'meter_values_2041_06', key)).toBe(3)
    },
  )

  test.skipIf(provider === 'Embedded').each(['meter_values', 'transaction_facts'] as const)(
    'while rows of %s move, who reads finds each once, and what is sent again is recognised',
    async (table) => {
      const { database, writer } = store()
      const key = await store().newChargePoint()
      const id = newTransactionId()
      const sent = '2061-06-01T00:00:00Z'
      const meterValue = [sample(sent, '1'), sample('2061-06-02T00:00:00Z', '2')]
      const meter = (): ReturnType<typeof meterRows> =>
        meterRows(key, { connectorId: 1, transactionId: id, meterValue })
      const fact = startFact(id, { sentAtMs: Date.parse(sent) })
      await writer.commit(startSet(key, id, { fact, meter: meter() }))
      // Between the copy and what makes the copies part of the table.
      const pause = `pause_${table}`
      await database.pool.query(
        `CREATE FUNCTION ${pause}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END'`,
      )
      await database.pool.query(
        `CREATE TRIGGER pause BEFORE DELETE ON ${table}_default FOR EACH STATEMENT EXECUTE FUNCTION ${pause}()`,
      )
      const stop = startMaintenance(maintenanceOf(database, new HandClock(Date.parse('2061-06-15T12:00:00Z'))))
      const resting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' AND query LIKE 'DELETE%${table}%'`
      await until('the middle of the move', async () => (await database.pool.query(resting)).rowCount === 1)
      const [again, found] = await Promise.all([
        writer.commit(startSet(key, newTransactionId(), { fact, meter: meter() })),
        rowsIn(database, table, key),
      ])
      await stop()
      await database.pool.query(`DROP FUNCTION ${pause} CASCADE`)
      expect(again).toMatchObject({ duplicate: true, answer: { transactionId: id } })
      const rows = table === 'meter_values' ? 2 : 1
      expect([found, await rowsIn(database, table, key), await rowsIn(database, `${table}_2061_06`, key)]).toEqual([
        rows,
        rows,
        rows,
      ])
    },
  )

  test('more rows than can be moved while nobody waits stay where they are, and are found', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const meterValue = [sample('2051-06-01T00:00:00Z', '1')]
    const startedAtMs = Date.parse('2051-05-31T00:00:00Z')
    await writer.commit(
      changeSet(key, {
        meter: meterRows(key, { connectorId: 1, transactionId: id, meterValue }),
        changes: [transactionStarted(id, { startedAtMs })],
      }),
    )
    await database.pool.query(
      `INSERT INTO meter_values SELECT (m).* FROM (
         SELECT jsonb_populate_record(m, jsonb_build_object('digest', g)) AS m
         FROM meter_values m, generate_series(1, $2) g WHERE m.charge_point_id = $1) rows`,
      [key, partitionMoveRowsMax],
    )
    const reasons: string[] = []
    const options = maintenanceOf(database, new HandClock(Date.parse('2051-06-15T12:00:00Z')))
    const log: Logger = {
      ...options.log,
      warn: (...[fields]) => reasons.push(typeof fields === 'string' ? fields : String(fields.reason)),
    }
    const stop = startMaintenance({ ...options, log })
    await until('the turn of upkeep', () => reasons.length > 0)
    await stop()
    expect(reasons).toEqual([expect.stringContaining('meter_values_2051_06: more than')])
    expect(await partitionsOf(database, 'meter_values')).not.toContain('meter_values_2051_06')
    expect(await partitionsOf(database, 'meter_values')).toContain('meter_values_2051_07')
    expect(await rowsIn(database, 'meter_values_default', key)).toBe(partitionMoveRowsMax + 1)
    expect((await queries.meterValuesOf(id, { page: 1, pageSize: 10 })).items).toHaveLength(10)
  })

  test('the histories have a partition for each month, and whole months are forgotten, whatever else is kept', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const clock = new HandClock(Date.parse('2033-01-15T12:00:00Z'))
    const stop = startMaintenance(maintenanceOf(database, clock, { historyMonths: 2, messageLogDays: 3_650 }))
    const tables = ['connector_history', 'connection_history']
    await until('the first turn of upkeep to end', () => clock.alarms === 4)
    for (const table of tables) expect(await partitionsOf(database, table)).toContain(`${table}_2033_04`)
    // A clock of ours that was wrong once loses no row: the default partition takes it.
    for (const [i, time] of ['2032-10-31T23:59:59Z', '2032-12-31T23:59:59Z', '2033-01-31T00:00:00Z'].entries()) {
      const atMs = Date.parse(time)
      const { epoch } = await queries.connect(key, { version: '1.6', node: 'n', atMs })
      await queries.disconnect(key, epoch, { ...goneEnd, atMs })
      const changes = [connectorStatus(1, i === 1 ? 'Charging' : 'Available')]
      await writer.commit(changeSet(key, { receivedAtMs: atMs, changes }))
    }
    const left = async (): Promise<string[]> => {
      const { items } = await queries.listHistory({ chargePointKey: key }, { page: 1, pageSize: 100 })
      return items.map(({ atMs }) => new Date(atMs).toISOString().slice(0, 10))
    }
    expect(await left()).toHaveLength(9)
    for (const table of tables) {
      expect(await rowsIn(database, `${table}_2032_12`, key)).toBeGreaterThan(0)
      expect(await rowsIn(database, `${table}_2033_01`, key)).toBeGreaterThan(0)
    }
    // November is the oldest that is kept.
    clock.pass(maintenanceMs)
    await until('October to go', async () => (await left()).length === 6)
    // In March it is January.
    clock.pass(50 * dayMs)
    await until('December to go', async () => {
      clock.pass(maintenanceMs)
      return (await left()).length === 3
    })
    await stop()
    expect(await left()).toEqual(['2033-01-31', '2033-01-31', '2033-01-31'])
    expect(await partitionsOf(database, 'connector_history')).not.toContain('connector_history_2032_12')
    expect(await queries.connectorsOf(key)).toMatchObject([{ status: 'Available' }])
  })

  test('OCPP messages are forgotten day by day, and meter values never', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const clock = new HandClock(Date.parse('2032-01-10T12:00:00Z'))
    const stop = startMaintenance(maintenanceOf(database, clock, { messageLogDays: 7 }))
    await until('the partitions', async () =>
      (await partitionsOf(database, 'message_blocks')).includes('message_blocks_2032_01_10'),
    )
    // The next turn of upkeep is set, beside the next look for ghosts and the next merge.
    await until('the first turn to end', () => clock.alarms === 4)
    for (const day of ['1999-01-01', '2032-01-10', '2032-01-11']) {
      const atMs = Date.parse(`${day}T12:00:00Z`)
      writer.appendMessageLog({ chargePointKey: key, atMs, direction: 'fromChargePoint', frame: day })
    }
    const meterValue = [sample('1999-01-01T00:00:00Z', '1')]
    await writer.commit(changeSet(key, { meter: meterRows(key, { connectorId: 1, transactionId: 1, meterValue }) }))
    const frames = async (): Promise<string[]> =>
      (await queries.messageLog({ chargePointKey: key }, { page: 1, pageSize: 10 })).items.map((line) => line.frame)
    await until('the lines', async () => (await frames()).length === 3)

    // On the 17th the 10th is seven days old and goes no further back.
    clock.pass(7 * dayMs)
    // A line that is merged just now goes with the turn after this one.
    await until('the turn to end', () => clock.alarms === 4)
    clock.pass(maintenanceMs)
    await until('the old line to go', async () => (await frames()).length === 2)
    clock.pass(dayMs - 2 * maintenanceMs)
    await until('the 10th to go', async () => {
      clock.pass(maintenanceMs)
      return (await frames()).length === 1
    })
    expect(await frames()).toEqual(['2032-01-11'])
    await stop()
    expect(await partitionsOf(database, 'message_blocks')).not.toContain('message_blocks_2032_01_10')
    expect(await rowsIn(database, 'meter_values', key)).toBe(1)
  })
})
