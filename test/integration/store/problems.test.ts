// Which event about the problem of a component counts, in whatever order and at whatever node they come; on every database.
// How long alarms about them are kept.

import { expect, test } from 'bun:test'
import type { Change } from '../../../src/blocks/decision.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import { deleteOldAlarms } from '../../../src/store/retention.ts'
import { problem } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const dayMs = 86_400_000
const minuteMs = 60_000
const [begunMs, overMs, againMs] = [arrivalMs - 3 * minuteMs, arrivalMs - 2 * minuteMs, arrivalMs - minuteMs] as const

const hot = problem(true, begunMs, { techCode: 'Hot' })
const over = problem(false, overMs)
const hotAgain = problem(true, againMs, { techCode: 'HotAgain' })

function orders<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item, i) => orders(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}

describeStore('a problem of a component', (store, provider) => {
  const shown = async (key: number): Promise<readonly (string | null)[]> =>
    (await store().queries.problemsOf(key)).map(({ techCode }) => techCode)

  /** Each in a transaction of its own, one after the other; `firstMs` is when the first arrives. */
  const commit = async (key: number, changes: readonly Change[], firstMs = arrivalMs): Promise<void> => {
    for (const [i, change] of changes.entries()) {
      await store().writer.commit(changeSet(key, { receivedAtMs: firstMs + i, changes: [change] }))
    }
  }

  const timesOf = async (key: number): Promise<number> => {
    const text = 'SELECT FROM problem_times WHERE charge_point_id = $1'
    return (await store().database.pool.query(text, [key])).rows.length
  }

  test('is as the newest event says, in whatever order they come', async () => {
    for (const order of orders([hot, over])) {
      const key = await store().newChargePoint()
      await commit(key, order)
      expect(await shown(key)).toEqual([])
    }
    for (const order of orders([hot, over, hotAgain])) {
      const key = await store().newChargePoint()
      await commit(key, order)
      expect(await shown(key)).toEqual(['HotAgain'])
      await commit(key, [over, hot])
      expect(await shown(key)).toEqual(['HotAgain'])
    }
  })

  test('is as the newest event says when they are committed together', async () => {
    for (const changes of orders([hot, over])) {
      const key = await store().newChargePoint()
      await store().writer.commit(changeSet(key, { changes }))
      expect(await shown(key)).toEqual([])
      await commit(key, [hot])
      expect(await shown(key)).toEqual([])
    }
  })

  test('is as the event says that comes later, of two of one time', async () => {
    const key = await store().newChargePoint()
    await commit(key, [problem(true, overMs, { techCode: 'Same' }), over])
    expect(await shown(key)).toEqual([])
    await commit(key, [problem(true, overMs, { techCode: 'Same' })])
    expect(await shown(key)).toEqual(['Same'])
  })

  test('can begin after an end from a clock that was ahead', async () => {
    const key = await store().newChargePoint()
    await commit(key, [problem(false, arrivalMs + 365 * dayMs)])
    await commit(key, [problem(true, arrivalMs - minuteMs)], arrivalMs + minuteMs)
    expect(await shown(key)).toEqual([])
    await commit(key, [problem(true, arrivalMs + minuteMs, { techCode: 'Right' })], arrivalMs + minuteMs)
    expect(await shown(key)).toEqual(['Right'])
  })

  test('goes on when its events are forgotten; after that an older one counts', async () => {
    const key = await store().newChargePoint()
    const ended = problem(false, overMs, { componentName: 'Ended' })
    await store().writer.commit(changeSet(key, { changes: [hotAgain, ended] }))
    const clock = new HandClock(arrivalMs + 9 * dayMs)
    const stop = startMaintenance(maintenanceOf(store().database, clock, { eventDays: 8 }))
    await until('the times to be forgotten', async () => (await timesOf(key)) === 0)
    await stop()
    expect(await shown(key)).toEqual(['HotAgain'])
    await commit(key, [over, hot, problem(true, begunMs, { componentName: 'Ended', techCode: 'Late' })])
    expect(await shown(key)).toEqual(['HotAgain', 'Late'])
  })

  test('is as nodes of the version before leave it, which know its row alone', async () => {
    const { pool } = store().database
    const key = await store().newChargePoint()
    await commit(key, [over])
    const insert = `INSERT INTO problems VALUES ($1, 'Controller', '', 0, 0, 'Earlier', null, null, $2, $2)`
    await pool.query(insert, [key, new Date(againMs).toISOString()])
    expect(await shown(key)).toEqual(['Earlier'])
    await commit(key, [hot, problem(false, againMs - 1)])
    expect(await shown(key)).toEqual(['Earlier'])
    await commit(key, [problem(false, againMs + 1)])
    expect(await shown(key)).toEqual([])
    await commit(key, [hot])
    expect(await shown(key)).toEqual([])
    await commit(key, [problem(true, againMs + 2, { techCode: 'New' })])
    await pool.query('DELETE FROM problems WHERE charge_point_id = $1', [key])
    expect(await shown(key)).toEqual([])
  })

  // The embedded database has one process and one connection.
  test.skipIf(provider === 'Embedded')('is as the newest event says when two nodes commit at once', async () => {
    const { database } = store()
    const [other, one, two] = [await database.lease(), await database.lease(), await database.lease()]
    const waiting = async (count: number): Promise<boolean> => {
      const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      return (await database.pool.query(text)).rows.length === count
    }
    const report = (client: typeof one.client, key: number, change: Change) =>
      commitGroup(client, [changeSet(key, { changes: [change] })], [], true)
    for (const [first, second] of orders([hot, over])) {
      if (first === undefined || second === undefined) throw new Error('There are two.')
      const key = await store().newChargePoint()
      // Both have begun, and neither has committed.
      await other.client.query('BEGIN')
      await other.client.query(
        `INSERT INTO problem_times VALUES ($1, 'Controller', '', 0, 0, '2000-01-01', '2000-01-01')`,
        [key],
      )
      const reported = [report(one.client, key, first)]
      await until('the first to wait', () => waiting(1))
      reported.push(report(two.client, key, second))
      await until('the second to wait', () => waiting(2))
      await other.client.query('ROLLBACK')
      await Promise.all(reported)
      expect(await shown(key)).toEqual([])
    }
    for (const { release } of [other, one, two]) release()
  })
})

describeStore('alarms', (store) => {
  test('alarms are kept until they have ended, or nothing can end them any more; then their monitors go, too', async () => {
    const { database, queries } = store()
    const columns = 'component_name, component_instance, evse_id, connector_id, variable_name, variable_instance'
    const values = `'EVSE', '', 1, 0, 'Temperature', ''`
    const kept = await store().newChargePoint()
    const gone = await store().newChargePoint()
    for (const key of [kept, gone]) {
      await database.pool.query(
        `INSERT INTO alarms (charge_point_id, subject, began_at, ${columns}, updated_at)
         VALUES (${key}, 'a', now(), ${values}, now())`,
      )
      await database.pool.query(
        `INSERT INTO monitors (charge_point_id, monitor_id, ${columns}, type, value, severity, is_of_transaction, updated_at)
         VALUES (${key}, 1, ${values}, 'Delta', 1, 1, false, now())`,
      )
    }
    const { rows: identities } = await database.pool.query('SELECT identity FROM charge_points WHERE id = $1', [gone])
    await queries.deleteChargePoint(identities[0].identity, 'all')
    const left = async (beforeMs: number): Promise<unknown> => {
      await deleteOldAlarms(database.upkeepPool, beforeMs)
      const { rows } = await database.pool.query(
        `SELECT charge_point_id AS key, 'alarm' AS what FROM alarms WHERE charge_point_id = ANY($1)
         UNION ALL SELECT charge_point_id, 'monitor' FROM monitors WHERE charge_point_id = ANY($1) ORDER BY what, key`,
        [[kept, gone]],
      )
      return rows.map(({ key, what }) => `${what} ${key}`)
    }
    const ofKept = [`alarm ${kept}`, `monitor ${kept}`]
    const all = [`alarm ${kept}`, `alarm ${gone}`, `monitor ${kept}`, `monitor ${gone}`]
    expect(await left(Date.UTC(2000, 0, 1))).toEqual(all)
    expect(await left(Date.UTC(2200, 0, 1))).toEqual(ofKept)
  })
})
