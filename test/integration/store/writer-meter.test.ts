// Meter values on their way from a worker's block to rows, on every database.

import { expect, test } from 'bun:test'
import type { ChangeSet } from '../../../src/blocks/decision.ts'
import type { MeterRows } from '../../../src/blocks/meter-block.ts'
import { MeterColumns } from '../../../src/workers/meter-columns.ts'
import { newTransactionId, sample, transactionStarted } from '../../support/changes.ts'
import { arrivalMs, changeSet, describeStore, meterRows } from '../../support/store.ts'

describeStore('meter values', (store) => {
  test('meter values become rows with typed columns, and keep what was sent', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const full = {
      timestamp: '2026-01-01T00:05:00Z',
      sampledValue: [
        { value: '1250.5', unit: 'Wh' },
        { value: '7.2', measurand: 'Power.Active.Import', unit: 'kW' },
        { value: '31.5', measurand: 'Current.Import', unit: 'A' },
        { value: '229.9', measurand: 'Voltage', unit: 'V' },
        { value: '55', measurand: 'SoC', unit: 'Percent' },
      ],
    }
    const strange = {
      timestamp: '2026-01-01T00:06:00Z',
      sampledValue: [{ value: 'signed \u0000 ✓ \ud800', format: 'SignedData' }],
    }
    await writer.commit(
      changeSet(key, {
        changes: [transactionStarted(id)],
        meter: meterRows(key, { connectorId: 3, transactionId: id, meterValue: [full, strange] }),
      }),
    )
    const values = await queries.meterValuesOf(id, { page: 1, pageSize: 10 })
    expect(values).toEqual({
      totalCount: 2,
      items: [
        {
          sampledAtMs: Date.parse('2026-01-01T00:05:00Z'),
          receivedAtMs: arrivalMs,
          evseId: 3,
          connectorId: 1,
          energyWh: 1250.5,
          powerW: 7200,
          currentA: 31.5,
          voltageV: 229.9,
          socPercent: 55,
          meterValue: full,
          assignedBy: 'transactionId',
        },
        expect.objectContaining({ energyWh: null, powerW: null, socPercent: null, meterValue: strange }),
      ],
    })
  })

  test('a sample sent again is stored once, another of the same moment beside it', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const payload = (value: string) => ({
      connectorId: 1,
      transactionId: id,
      meterValue: [sample('2026-01-01T00:05:00Z', value)],
    })
    await writer.commit(changeSet(key, { changes: [transactionStarted(id)], meter: meterRows(key, payload('1')) }))
    await Promise.all([
      writer.commit(changeSet(key, { meter: meterRows(key, payload('1')) })),
      writer.commit(changeSet(key, { meter: meterRows(key, payload('2')) })),
      writer.commit(changeSet(key, { meter: meterRows(key, payload('2')) })),
    ])
    expect((await queries.meterValuesOf(id, { page: 1, pageSize: 10 })).totalCount).toBe(2)
  })

  test('meter values of one block reach their own transactions, however the group cuts and orders the block', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const transactions = [newTransactionId(), newTransactionId(), newTransactionId()]
    const columns = new MeterColumns()
    const ranges = transactions.map((transactionId, i) => {
      const meterValue = Array.from({ length: i + 1 }, (_, n) => sample(`2026-01-01T00:0${n}:00Z`, String(100 * i + n)))
      const payload = { connectorId: 1, transactionId, meterValue }
      return columns.add(payload, payload, { chargePointKey: key, receivedAtMs: arrivalMs })
    })
    const block = columns.finish()
    const rows = (i: number): MeterRows => ({ block, from: ranges[i]?.from ?? 0, to: ranges[i]?.to ?? 0 })
    const commit = (i: number, parts: Partial<ChangeSet> = {}) =>
      writer.commit(changeSet(key, { changes: [transactionStarted(transactions[i] ?? 0)], meter: rows(i), ...parts }))
    const before = writer.stats.transactions
    await Promise.all([commit(2), commit(0), commit(1, { meterPlace: { connector: { evseId: 9, connectorId: 2 } } })])
    expect(writer.stats.transactions).toBe(before + 1)
    const stored = await Promise.all(transactions.map((id) => queries.meterValuesOf(id, { page: 1, pageSize: 10 })))
    expect(stored.map(({ items }) => items.map((row) => [row.energyWh, row.evseId, row.connectorId]))).toEqual([
      [[0, 1, 1]],
      [
        [100, 9, 2],
        [101, 9, 2],
      ],
      [
        [200, 1, 1],
        [201, 1, 1],
        [202, 1, 1],
      ],
    ])
  })

  test('meter values of any age find a place, and the samples of a 2.x transaction are found by its own id', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const stationTransactionId = crypto.randomUUID()
    const times = ['1970-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2099-12-31T23:59:59Z']
    const payload = {
      transactionInfo: { transactionId: stationTransactionId },
      evse: { id: 1 },
      meterValue: times.map((time) => sample(time, '1')),
    }
    await writer.commit(
      changeSet(key, { changes: [transactionStarted(id, { stationTransactionId })], meter: meterRows(key, payload) }),
    )
    const { items } = await queries.meterValuesOf(id, { page: 1, pageSize: 10 })
    expect(items.map((row) => row.sampledAtMs)).toEqual(times.map((time) => Date.parse(time)))
  })
})
