// How much is read to find the energy of transactions without a figure: one that was not read completely has none.

import { expect, test } from 'bun:test'
import { transactionRef } from '../../../src/blocks/meter-block.ts'
import { newTransactionId, transactionStarted, transactionStopped } from '../../support/changes.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'

describeStore('the energy of intervals', (store) => {
  /** A transaction that has ended, with intervals of 100 Wh in meter values of so many bytes. */
  async function ended({
    rows,
    bytes,
    stoppedAtMs = arrivalMs + 3_600_000,
  }: {
    readonly rows: number
    readonly bytes: number
    readonly stoppedAtMs?: number
  }): Promise<number> {
    const { database, writer } = store()
    const key = await store().newChargePoint()
    const transactionId = newTransactionId()
    const stationTransactionId = `T-${transactionId}`
    const started = transactionStarted(transactionId, { stationTransactionId, meterStartWh: null })
    const stopped = transactionStopped(transactionId, { stoppedAtMs })
    await writer.commit(changeSet(key, { changes: [started, stopped] }))
    await database.pool.query(
      `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, meter_value)
       SELECT $1, $2, to_timestamp($3) + n * interval '1 second', 1, 1, n, now(), json_build_object('padding', repeat('x', $4),
         'sampledValue', json_build_array(json_build_object('value', 100, 'measurand', 'Energy.Active.Import.Interval')))
       FROM generate_series(1, $5) n`,
      [key, transactionRef(stationTransactionId), arrivalMs / 1_000, bytes, rows],
    )
    return transactionId
  }

  async function consumedWh(transactionId: number): Promise<number | null | undefined> {
    return (await store().queries.transaction(transactionId, 'all'))?.energy.consumedWh
  }

  test('rests on all of them, up to 10,000 meter values', async () => {
    expect(await consumedWh(await ended({ rows: 10_000, bytes: 0 }))).toBe(1_000_000)
    expect(await consumedWh(await ended({ rows: 10_001, bytes: 0 }))).toBeNull()
  })

  test('leaves out what was sampled more than 31 days after the end', async () => {
    const transactionId = await ended({ rows: 2, bytes: 0 })
    await store().database.pool.query(
      `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, meter_value)
       SELECT charge_point_id, transaction_ref, sampled_at + make_interval(days => n), 1, 1, digest, received_at, meter_value
       FROM meter_values CROSS JOIN unnest(ARRAY[30, 32]) n WHERE transaction_ref = $1`,
      [transactionRef(`T-${transactionId}`)],
    )
    expect(await consumedWh(transactionId)).toBe(400)
  })

  test('rests on all of them if the clock was years behind at the end', async () => {
    expect(await consumedWh(await ended({ rows: 3, bytes: 0, stoppedAtMs: Date.UTC(2015, 0, 1) }))).toBe(300)
  })

  test('rests on all of them, up to 16 MiB of meter values', async () => {
    expect(await consumedWh(await ended({ rows: 15, bytes: 1_000_000 }))).toBe(1_500)
    expect(await consumedWh(await ended({ rows: 20, bytes: 1_000_000 }))).toBeNull()
  })
})
