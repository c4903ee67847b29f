// Anomalies as they are listed and forgotten, on every database.

import { expect, test } from 'bun:test'
import type { AnomalyKind } from '../../../src/blocks/anomalies.ts'
import type { Anomaly } from '../../../src/blocks/decision.ts'
import type { AnomalyFilter } from '../../../src/blocks/records.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import { deleteOld } from '../../../src/store/retention.ts'
import { chargePointEvent, newTransactionId, transactionStarted } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const page = { page: 1, pageSize: 10 }
const dayMs = 86_400_000

function anomaly(kind: AnomalyKind, transaction?: string): Anomaly {
  return { kind, detail: {}, ...(transaction === undefined ? {} : { transaction }) }
}

describeStore('anomalies', (store) => {
  test('are listed newest first, and filtered by charge point, kind, time and transaction', async () => {
    const { queries, writer } = store()
    const identity = `CP-${crypto.randomUUID()}`
    const [one, two] = [await store().newChargePoint(identity), await store().newChargePoint()]
    const [known, unknown] = [newTransactionId(), newTransactionId()]
    const station = `T-${crypto.randomUUID()}`
    const note = (key: number, dayOfIt: number, ...anomalies: Anomaly[]) =>
      writer.commit(changeSet(key, { receivedAtMs: arrivalMs + dayOfIt * dayMs, anomalies }))
    await writer.commit(
      changeSet(one, {
        changes: [transactionStarted(known, { stationTransactionId: station, startedAtMs: arrivalMs })],
      }),
    )
    await note(one, 0, anomaly('connectorMove'))
    await note(two, 1, anomaly('closedTransaction', station))
    await note(one, 2, anomaly('missingStart', station))
    await note(one, 3, anomaly('unknownTransaction', String(unknown)))
    await note(two, 4, anomaly('unknownTransaction', String(unknown)))

    const kinds = async (filter: AnomalyFilter): Promise<string[]> =>
      (await queries.listAnomalies(filter, page)).items.map(({ kind }) => kind)
    expect(await kinds({ scope: 'all', identity })).toEqual(['unknownTransaction', 'missingStart', 'connectorMove'])
    expect(await kinds({ scope: { chargePointKey: two } })).toEqual(['unknownTransaction', 'closedTransaction'])
    expect(await kinds({ scope: 'all', identity, kind: 'missingStart' })).toEqual(['missingStart'])
    expect(await kinds({ scope: 'all', identity, fromMs: arrivalMs + 2 * dayMs })).toEqual([
      'unknownTransaction',
      'missingStart',
    ])
    expect(await kinds({ scope: 'all', identity, toMs: arrivalMs + 2 * dayMs })).toEqual([
      'missingStart',
      'connectorMove',
    ])
    // Our number stands for the id that its charge point gave it, and for that charge point's alone.
    expect(await kinds({ scope: 'all', transactionId: known })).toEqual(['missingStart'])
    expect(await kinds({ scope: 'all', transactionId: unknown })).toEqual(['unknownTransaction', 'unknownTransaction'])
    expect(await kinds({ scope: 'all', identity, transactionId: unknown })).toEqual(['unknownTransaction'])

    expect(await queries.listAnomalies({ scope: 'all', identity }, { page: 2, pageSize: 2 })).toMatchObject({
      totalCount: 3,
      items: [{ identity, kind: 'connectorMove', transaction: null, receivedAtMs: arrivalMs }],
    })
    await queries.deleteChargePoint(identity, 'all').catch(() => {})
    expect(await kinds({ scope: 'all', identity: 'nobody\u0000' })).toEqual([])
  })

  test('every filter runs on an index once there are many, its order included', async () => {
    const { pool } = store().database
    await pool.query(`INSERT INTO anomalies (charge_point_id, received_at, digest, kind, transaction, detail, message_id)
      SELECT 1000000 + n % 500, now() - n * interval '1 minute', n, CASE WHEN n % 50 = 0 THEN 'quirk' ELSE 'connectorMove' END,
        CASE WHEN n % 2 = 0 THEN (n % 1000)::text END, '{}', 'm' FROM generate_series(1, 20000) n`)
    await pool.query('ANALYZE anomalies')
    const order = 'ORDER BY received_at DESC, charge_point_id DESC, digest DESC LIMIT 20'
    const queries = {
      anomalies_pkey: `SELECT * FROM anomalies WHERE charge_point_id = 1000007 ${order}`,
      anomalies_received: `SELECT * FROM anomalies WHERE received_at >= now() - interval '1 day' ${order}`,
      anomalies_kind: `SELECT * FROM anomalies WHERE kind = 'quirk' ${order}`,
      anomalies_transaction: `SELECT * FROM anomalies WHERE left(transaction, 255) = left('8', 255) AND transaction = '8' ${order}`,
    }
    for (const [index, query] of Object.entries(queries)) {
      const plan = (await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`)).rows.map((row) => row['QUERY PLAN'])
      expect(plan.join('\n')).toMatch(new RegExp(`Index Scan.* (using|on) ${index}`))
      expect(plan.join('\n')).not.toContain('Seq Scan')
      // Those of one transaction are few, whatever their order.
      if (index !== 'anomalies_transaction') expect(plan.join('\n')).not.toMatch(/\bSort \s*\(cost/)
    }
  })

  test('and notifications are forgotten after their days, and nothing else is', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    for (const day of [0, 5, 10]) {
      await writer.commit(
        changeSet(key, {
          receivedAtMs: arrivalMs + day * dayMs,
          anomalies: [anomaly('connectorMove')],
          changes: [
            chargePointEvent('StatusNotification', arrivalMs + day * dayMs),
            ...(day === 0 ? [transactionStarted(id, { startedAtMs: arrivalMs })] : []),
          ],
        }),
      )
    }
    const left = async (table: string): Promise<number> => {
      const text = `SELECT count(*)::int AS count FROM ${table} WHERE charge_point_id = $1`
      return (await database.pool.query<{ count: number }>(text, [key])).rows[0]?.count ?? -1
    }
    const clock = new HandClock(arrivalMs + 11 * dayMs)
    const stop = startMaintenance(maintenanceOf(database, clock, { anomalyDays: 3, eventDays: 8 }))
    await until(
      'the old ones to go',
      async () => (await left('anomalies')) === 1 && (await left('charge_point_events')) === 2,
    )
    await stop()
    expect(await queries.transaction(id, 'all')).toMatchObject({ open: true })
  })

  test('more than one lot is forgotten in one turn', async () => {
    const { pool } = store().database
    const key = await store().newChargePoint()
    await pool.query(
      `INSERT INTO charge_point_events SELECT $1, n, 'Odd', 'm', NULL, '1990-01-01', '{}' FROM generate_series(1, 12000) n`,
      [key],
    )
    expect(await deleteOld(pool, 'charge_point_events', Date.parse('1991-01-01T00:00:00Z'))).toBe(12_000)
  })
})
