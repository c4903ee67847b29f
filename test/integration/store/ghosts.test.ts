// Ghost transactions: when an open one is flagged, that it is flagged once, and what takes the flag away. On every database.

import { describe, expect, test } from 'bun:test'
import type { ChangeSet } from '../../../src/blocks/decision.ts'
import type { Ghost, TransactionFilter } from '../../../src/blocks/records.ts'
import { GhostCheck } from '../../../src/store/ghosts.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import {
  connectorStatus,
  newTransactionId,
  sample,
  transactionStarted,
  transactionStopped,
} from '../../support/changes.ts'
import { goneEnd } from '../../support/connection-end.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { arrivalMs, changeSet, describeStore, meterRows, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const deadlines = { availableMs: 30 * minuteMs, goneMs: 24 * hourMs }
const page = { page: 1, pageSize: 10 }

/** An open transaction that was started at `arrivalMs`, and what may be made to happen to it. */
async function openTransaction(store: TestStore, stationTransactionId: string | null = null) {
  const { database, queries, writer } = store
  const key = await store.newChargePoint()
  const id = newTransactionId()
  const commitAt = (atMs: number, parts: Partial<ChangeSet>) =>
    writer.commit(changeSet(key, { receivedAtMs: atMs, ...parts }))
  const statusAt = (atMs: number, status: 'Available' | 'Charging' | 'Finishing') =>
    commitAt(atMs, { changes: [connectorStatus(1, status)] })
  await queries.connect(key, { version: '1.6', node: 'here', atMs: arrivalMs })
  await commitAt(arrivalMs, { changes: [transactionStarted(id, { stationTransactionId, startedAtMs: arrivalMs })] })
  const reasonsAt = async (nowMs: number): Promise<string[]> =>
    (await queries.ghostReasonsOf(id, deadlines, nowMs)).map(({ reason }) => reason)
  /** The ghosts of this transaction that one look notes. */
  const noteAt = async (nowMs: number): Promise<Ghost[]> =>
    (await new GhostCheck(database, deadlines).run(nowMs)).filter(({ transactionId }) => transactionId === id)
  const anomalies = () => queries.listAnomalies({ scope: { chargePointKey: key }, kind: 'ghostTransaction' }, page)
  return { key, id, commitAt, statusAt, reasonsAt, noteAt, anomalies }
}

describeStore('a transaction', (store) => {
  test('whose connector has long been Available is flagged once, and stays open', async () => {
    const { id, statusAt, reasonsAt, noteAt, anomalies } = await openTransaction(store())
    await statusAt(arrivalMs + minuteMs, 'Charging')
    await statusAt(arrivalMs + 10 * minuteMs, 'Available')
    expect(await noteAt(arrivalMs + 39 * minuteMs)).toEqual([])
    // Reported again, it is Available since the same time.
    await statusAt(arrivalMs + 39 * minuteMs, 'Available')
    const nowMs = arrivalMs + 41 * minuteMs
    expect(await reasonsAt(nowMs)).toEqual(['connectorAvailable'])
    expect(await noteAt(nowMs)).toMatchObject([
      { transactionId: id, transaction: String(id), reason: 'connectorAvailable', sinceMs: arrivalMs + 10 * minuteMs },
    ])
    expect(await noteAt(nowMs + minuteMs)).toEqual([])
    expect(await anomalies()).toMatchObject({
      totalCount: 1,
      items: [
        {
          transaction: String(id),
          messageId: null,
          receivedAtMs: nowMs,
          detail: {
            reason: 'connectorAvailable',
            since: new Date(arrivalMs + 10 * minuteMs).toISOString(),
            transactionId: id,
          },
        },
      ],
    })
    expect(await store().queries.transaction(id, 'all')).toMatchObject({ open: true })
    const listed = async (filter: TransactionFilter) => {
      const ghostsAt = { deadlines, nowMs }
      const { items } = await store().queries.listTransactions({ ghostsAt, ...filter }, page)
      return items.map(({ transactionId }) => transactionId).includes(id)
    }
    expect(await listed({ scope: 'all' })).toBe(true)
    expect(await listed({ scope: 'all', open: true })).toBe(true)
    expect(await listed({ scope: 'all', open: false })).toBe(false)
    expect(await listed({ scope: 'all', identity: 'NOBODY' })).toBe(false)
    expect(await listed({ scope: 'all', ghostsAt: { deadlines, nowMs: arrivalMs + 39 * minuteMs } })).toBe(false)
  })

  describe('is no ghost any more', () => {
    const nowMs = arrivalMs + 2 * hourMs
    const after = arrivalMs + 100 * minuteMs

    test('once its connector is not Available', async () => {
      const { statusAt, reasonsAt } = await openTransaction(store())
      await statusAt(arrivalMs, 'Available')
      expect(await reasonsAt(nowMs)).toEqual(['connectorAvailable'])
      await statusAt(after, 'Charging')
      expect(await reasonsAt(nowMs)).toEqual([])
    })

    test.each([null, 'T-1'])('once a meter value of it comes (station id %p)', async (station) => {
      const { key, id, commitAt, statusAt, reasonsAt, noteAt } = await openTransaction(store(), station)
      await statusAt(arrivalMs, 'Available')
      const meterValue = [sample('2026-01-01T00:10:00Z', '1')]
      const payload =
        station === null
          ? { connectorId: 1, transactionId: id, meterValue }
          : { evse: { id: 1 }, transactionInfo: { transactionId: station }, meterValue }
      expect(await reasonsAt(nowMs)).toEqual(['connectorAvailable'])
      await commitAt(after, { meter: meterRows(key, payload, after) })
      expect(await reasonsAt(nowMs)).toEqual([])
      expect(await noteAt(nowMs)).toEqual([])
      // Until none has come for as long again.
      expect(await reasonsAt(after + 31 * minuteMs)).toEqual(['connectorAvailable'])
    })

    test('once an event of it comes', async () => {
      const { id, commitAt, statusAt, reasonsAt } = await openTransaction(store(), `T-${crypto.randomUUID()}`)
      await statusAt(arrivalMs, 'Available')
      expect(await reasonsAt(nowMs)).toEqual(['connectorAvailable'])
      await commitAt(after, { changes: [{ table: 'transactions', transactionId: id, patch: {} }] })
      expect(await reasonsAt(nowMs)).toEqual([])
      // Until nothing has come for as long again. What an operator says of its cost is no message about it.
      const givenCost = { totalCost: 1, isFinal: false, atMs: after + minuteMs, by: 'billing' }
      await commitAt(after + 20 * minuteMs, {
        epoch: 0,
        changes: [{ table: 'transactions', transactionId: id, patch: { givenCost } }],
      })
      expect(await reasonsAt(after + 31 * minuteMs)).toEqual(['connectorAvailable'])
    })

    test('once it has stopped', async () => {
      const { id, commitAt, statusAt, reasonsAt, noteAt, anomalies } = await openTransaction(store())
      await statusAt(arrivalMs, 'Available')
      expect(await noteAt(nowMs)).toHaveLength(1)
      await commitAt(nowMs, { changes: [transactionStopped(id)] })
      expect(await reasonsAt(nowMs + hourMs)).toEqual([])
      expect((await anomalies()).totalCount).toBe(1)
    })
  })

  test('whose charge point has long been gone is flagged, until it is back', async () => {
    const { queries } = store()
    const { key, reasonsAt, noteAt } = await openTransaction(store())
    const dayAndMore = arrivalMs + 25 * hourMs
    expect(await reasonsAt(dayAndMore)).toEqual([])
    const { epoch } = await queries.connect(key, { version: '1.6', node: 'here', atMs: arrivalMs + hourMs / 2 })
    await queries.disconnect(key, epoch, goneEnd)
    expect(await reasonsAt(arrivalMs + 24 * hourMs)).toEqual([])
    expect(await reasonsAt(dayAndMore)).toEqual(['chargePointGone'])
    expect(await noteAt(dayAndMore)).toMatchObject([{ reason: 'chargePointGone', sinceMs: arrivalMs + hourMs / 2 }])
    await queries.connect(key, { version: '1.6', node: 'here', atMs: dayAndMore })
    expect(await reasonsAt(dayAndMore)).toEqual([])
  })

  test('is found by the maintenance of the tables, which reports each ghost once', async () => {
    const { database } = store()
    const { id, statusAt } = await openTransaction(store())
    await statusAt(arrivalMs, 'Available')
    const reported: number[] = []
    const clock = new HandClock(arrivalMs)
    const stop = startMaintenance({
      ...maintenanceOf(database, clock),
      ghostDeadlines: deadlines,
      onGhost: ({ transactionId }) => void reported.push(transactionId),
    })
    await until('the ghost', () => {
      clock.pass(5 * minuteMs)
      return reported.includes(id)
    })
    clock.pass(hourMs)
    await stop()
    expect(reported.filter((one) => one === id)).toEqual([id])
  })
})
