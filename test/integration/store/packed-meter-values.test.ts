// Meter values whose words of OCPP are stored as control characters: they come back as they were sent, whoever reads
// them, and are not written while a node of the version before could have to read them.

import { expect, test } from 'bun:test'
import { systemClock } from '../../../src/base/clock.ts'
import { leaseMs, packMeterValuesAfterMs } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { MeterPacking } from '../../../src/store/meter-packing.ts'
import { Writer } from '../../../src/store/writer.ts'
import { hostileMeterValues, ordinaryMeterValues } from '../../support/odd-meter-values.ts'
import { changeSet, describeStore, meterRows, type TestStore } from '../../support/store.ts'

interface StoredText {
  readonly sent: string
  readonly isPacked: boolean
}

/** What is stored of a charge point, in the order of arrival. */
async function textsOf({ database }: TestStore, key: number): Promise<readonly StoredText[]> {
  const { rows } = await database.pool.query<StoredText>(
    `SELECT meter_value_of(meter_value, packed)::text AS sent, packed IS NOT NULL AS "isPacked" FROM meter_values
     WHERE charge_point_id = $1 ORDER BY received_at`,
    [key],
  )
  return rows
}

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString()

/** With times that the columns take. */
const values = [...Object.values(ordinaryMeterValues), ...hostileMeterValues(1_000)].map(
  (value, second): Readonly<Record<string, unknown>> => ({ ...value, timestamp: at(second) }),
)

describeStore('packed meter values', (store) => {
  test('each comes back as it was sent, in SQL and in lists', async () => {
    const key = await store().newChargePoint()
    const meter = meterRows(key, { connectorId: 1, meterValue: values })
    await store().writer.commit(changeSet(key, { meter }))
    const stored = await textsOf(store(), key)
    expect(stored.map(({ sent }) => sent)).toEqual(values.map((value) => JSON.stringify(value)))
    const { length } = stored.filter(({ isPacked }) => isPacked)
    expect(length).toBeGreaterThan(50)
    expect(length).toBeLessThan(values.length)
    const { items } = await store().queries.meterValuesOfChargePoint(
      { chargePointKey: key },
      { page: 1, pageSize: 500 },
    )
    expect(items.map(({ meterValue }) => meterValue)).toEqual(values.slice(-500).toReversed())
  })

  test('a row has its meter value in one of the two columns', async () => {
    const { rows } = await store().database.pool.query<{ readonly rows: number }>(
      `SELECT count(*)::int4 AS rows FROM meter_values WHERE (packed IS NULL) = (meter_value IS NULL)`,
    )
    expect(rows).toEqual([{ rows: 0 }])
  })

  test('a new database has them packed; one that was upgraded has them as they were sent for an hour', async () => {
    const { database } = store()
    const packing = new MeterPacking(database)
    const looked = async (): Promise<boolean> => {
      await packing.look()
      return packing.isOn
    }
    expect(packing.isOn).toBe(false)
    expect(await looked()).toBe(true)
    await database.pool.query(
      `INSERT INTO installation (id, credential_fingerprint) VALUES (1, '\\x00') ON CONFLICT DO NOTHING`,
    )
    expect(await looked()).toBe(true)
    const upgraded = (msAgo: number) =>
      database.pool.query("UPDATE installation SET packed_added_at = clock_timestamp() - $1::int4 * interval '1 ms'", [
        msAgo,
      ])
    await upgraded(packMeterValuesAfterMs - 60_000)
    expect(await looked()).toBe(false)
    await upgraded(packMeterValuesAfterMs)
    expect(await looked()).toBe(true)
  })

  test('while a node of the version before has a lease, they are stored as they were sent', async () => {
    const { database } = store()
    const packing = new MeterPacking(database)
    const earlier = (seen: string) =>
      database.pool.query(
        `INSERT INTO nodes (id, name, started_at, seen_at) VALUES ('old', 'old', now(), ${seen})
         ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at`,
      )
    await earlier('clock_timestamp()')
    await packing.look()
    const writer = new Writer({ database, clock: systemClock, log: silentLogger, meterPacking: packing })
    writer.start()
    const key = await store().newChargePoint()
    const commit = (value: Readonly<Record<string, unknown>>) =>
      writer.commit(changeSet(key, { meter: meterRows(key, { connectorId: 1, meterValue: [value] }) }))
    const value = { ...ordinaryMeterValues['2.0.1, three samples'], timestamp: at(9_000) }
    await commit(value)
    expect(await textsOf(store(), key)).toEqual([{ sent: JSON.stringify(value), isPacked: false }])
    // Nodes of both versions store the same sample once.
    await earlier(`clock_timestamp() - interval '${leaseMs} ms'`)
    await packing.look()
    await commit(value)
    expect(await textsOf(store(), key)).toEqual([{ sent: JSON.stringify(value), isPacked: false }])
    const next = { ...ordinaryMeterValues['1.6, three samples'], timestamp: at(10_000) }
    await commit(next)
    expect((await textsOf(store(), key)).at(-1)).toEqual({ sent: JSON.stringify(next), isPacked: true })
    await writer.stop()
    await database.pool.query("DELETE FROM nodes WHERE id = 'old'")
  })
})
