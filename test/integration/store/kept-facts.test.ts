// How long facts of charge points of 2.1 are kept, and that messages about battery swaps stay apart.

import { expect, test } from 'bun:test'
import type { Change } from '../../../src/blocks/decision.ts'
import { deleteOldControls, deleteOldFacts, deleteOldPayments } from '../../../src/store/retention.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'

describeStore('facts of 2.1', (store) => {
  const commit = async (key: number, receivedAtMs: number, ...changes: readonly Change[]): Promise<void> => {
    await store().writer.commit(changeSet(key, { receivedAtMs, changes }))
  }
  const ids = async (key: number, table: string, column: string): Promise<unknown[]> => {
    const text = `SELECT ${column} AS id FROM ${table} WHERE charge_point_id = $1 ORDER BY 1`
    return (await store().database.pool.query<{ id: unknown }>(text, [key])).rows.map(({ id }) => id)
  }

  test('DER controls are forgotten after their end, also if all of their type were cleared', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const control = (controlId: string, controlType = 'VoltVar', isDefault = false): Change => ({
      table: 'derControls',
      row: { controlId, controlType, isDefault, isReported: false, control: {} },
    })
    const first = [control('superseded'), control('cleared'), control('default', 'VoltVar', true)]
    await commit(key, arrivalMs, ...first, control('other', 'VoltWatt'))
    const superseded: Change = { table: 'derControlEvents', row: { controlId: 'superseded', event: 'superseded' } }
    const clearing: Change = { table: 'derClearings', row: { isDefault: false, controlType: 'VoltVar' } }
    await commit(key, arrivalMs + 1, superseded, clearing)
    await commit(key, arrivalMs + 2, control('set again'))
    await deleteOldControls(database.upkeepPool, arrivalMs + 1)
    expect(await ids(key, 'der_controls', 'control_id')).toHaveLength(5)
    await deleteOldControls(database.upkeepPool, arrivalMs + 9)
    expect(await ids(key, 'der_controls', 'control_id')).toEqual(['default', 'other', 'set again'])
    expect(await ids(key, 'der_control_events', 'control_id')).toEqual([])
    const everyType: Change = { table: 'derClearings', row: { isDefault: false, controlType: '' } }
    await commit(key, arrivalMs + 10, everyType)
    await deleteOldControls(database.upkeepPool, arrivalMs + 11)
    expect(await ids(key, 'der_controls', 'control_id')).toEqual(['default'])
  })

  test('event streams are forgotten when nothing is heard of them any more', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const open = (streamId: number): Change => ({
      table: 'eventStreams',
      row: { streamId, monitorId: null, params: {} },
    })
    await commit(key, arrivalMs, open(1), open(2), open(3))
    const closed: Change = { table: 'eventStreamEvents', row: { streamId: 1, event: 'closed' } }
    await commit(key, arrivalMs + 1, closed)
    const values: Change = { table: 'eventStreamEvents', row: { streamId: 3, event: 'notified', pending: 0 } }
    await commit(key, arrivalMs + 5, values)
    await deleteOldControls(database.upkeepPool, arrivalMs + 1)
    expect(await ids(key, 'event_streams', 'stream_id')).toEqual([1, 3])
    await deleteOldControls(database.upkeepPool, arrivalMs + 2)
    expect(await ids(key, 'event_streams', 'stream_id')).toEqual([3])
    expect(await ids(key, 'event_stream_events', 'stream_id')).toEqual([3])
    await deleteOldControls(database.upkeepPool, arrivalMs + 6)
    expect(await ids(key, 'event_streams', 'stream_id')).toEqual([])
    expect(await ids(key, 'event_stream_events', 'stream_id')).toEqual([])
  })

  test('payments and battery swaps are forgotten by their age, and so is what only counts for a time', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const swap = { requestId: 1, event: 'BatteryIn', idToken: 'A', idTokenType: null, payload: {} }
    const settled = { settledAtMs: arrivalMs, status: 'Settled', stationTransactionId: null, amount: 1, payload: {} }
    for (const [at, pspRef] of ['P1', 'P2'].entries()) {
      await commit(
        key,
        arrivalMs + at,
        { table: 'batterySwaps', row: swap },
        { table: 'settlements', row: { pspRef, ...settled } },
        { table: 'webPayments', row: { evseId: 1, timeoutSeconds: at } },
        { table: 'vatNumberChecks', row: { vatNumber: pspRef, evseId: 0, status: 'Accepted' } },
        { table: 'priorityCharging', row: { stationTransactionId: pspRef, isActive: true } },
      )
    }
    // The charge point began to count from 1 again.
    expect(await ids(key, 'battery_swaps', 'request_id')).toEqual([1, 1])
    await deleteOldFacts(database.upkeepPool, arrivalMs + 1)
    await deleteOldPayments(database.upkeepPool, arrivalMs + 1)
    expect(await ids(key, 'battery_swaps', 'request_id')).toEqual([1])
    expect(await ids(key, 'settlements', 'psp_ref')).toEqual(['P2'])
    expect(await ids(key, 'web_payments', 'timeout_seconds')).toEqual([1])
    expect(await ids(key, 'vat_number_checks', 'vat_number')).toEqual(['P2'])
    expect(await ids(key, 'priority_charging', 'station_transaction_id')).toEqual(['P2'])
  })
})
