// Partitions of transactions by ranges of transactionIds, the ids of charge points that are unique over all of them, and
// the retention, on every database.

import { expect, test } from 'bun:test'
import type { Logger } from '../../../src/base/log.ts'
import { resendDays, statementIdsStep, transactionPartitionIdsMin } from '../../../src/base/limits.ts'
import { dayMs } from '../../../src/base/clock.ts'
import type { Change, ChangeSet } from '../../../src/blocks/decision.ts'
import type { Database } from '../../../src/store/database.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import { bind } from '../../../src/store/statement.ts'
import { updateTransactions } from '../../../src/store/statements.ts'
import { plansAreKept, rowsAreFoundByKey } from '../../../src/store/wire/plans.ts'
import { idsPerPartition } from '../../../src/store/transaction-partitions.ts'
import { startFact, transactionStarted, transactionStopped, transactionUpdated } from '../../support/changes.ts'
import { counted, counters } from '../../support/counts.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { changeSet, describeStore, startedWriter, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const first = transactionPartitionIdsMin
const now = Date.parse('2030-06-15T12:00:00Z')
/** More than twelve months before. */
const longAgo = Date.parse('2029-05-01T00:00:00Z')
const lately = Date.parse('2030-06-01T00:00:00Z')

async function partitions({ database }: TestStore): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) || COALESCE(' ' || c.reloptions[1], '') AS name
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'transactions'::regclass ORDER BY c.oid`,
  )
  return rows.map(({ name }) => name)
}

async function partitionOf({ database }: TestStore, id: number): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ name: string }>(
    'SELECT tableoid::regclass::text AS name FROM transactions WHERE id = $1',
    [id],
  )
  return rows[0]?.name
}

async function idsAreUsedUpTo({ database }: TestStore, last: number): Promise<void> {
  await database.pool.query("SELECT setval('transaction_ids', $1::int8)", [last])
}

/** A turn of upkeep; the reasons why partitions were left as they are. */
async function upkeep(database: Database, transactionMonths: number): Promise<readonly string[]> {
  const clock = new HandClock(now)
  const reasons: string[] = []
  const options = maintenanceOf(database, clock, { transactionMonths })
  const log: Logger = {
    ...options.log,
    warn: (...[fields]) => reasons.push(typeof fields === 'string' ? fields : String(fields.reason ?? fields.error)),
  }
  const stop = startMaintenance({ ...options, log })
  await until('the turn of upkeep to end', () => clock.alarms === 4)
  await stop()
  return reasons
}

function begun(key: number, id: number, stationTransactionId: string | null, receivedAtMs = lately): ChangeSet {
  const start = transactionStarted(id, { stationTransactionId, startedAtMs: receivedAtMs, lastEventAtMs: receivedAtMs })
  return changeSet(key, { receivedAtMs, changes: [start], fact: startFact(id, { sentAtMs: receivedAtMs }) })
}

function changed(key: number, id: number, change: (id: number) => Change, receivedAtMs: number): ChangeSet {
  return changeSet(key, { receivedAtMs, changes: [change(id)] })
}

const found = async ({ queries }: TestStore, key: number, id: string): Promise<readonly number[]> =>
  (await queries.transactionsByStationId(key, id)).map(({ transactionId }) => transactionId)

test('a partition has the ids of a quarter of the retention, or of a year, within bounds', () => {
  expect(idsPerPartition(0, 0)).toBe(100_000)
  expect(idsPerPartition(20_000, 0)).toBe(300_000)
  expect(idsPerPartition(200_000, 24)).toBe(1_200_000)
  expect(idsPerPartition(10_000_000, 0)).toBe(50_000_000)
})

describeStore('partitions of transactions', (store) => {
  test('are made before the ids reach them, and take over rows that came before them', async () => {
    const key = await store().newChargePoint()
    const { writer, database } = store()
    expect(await partitions(store())).toEqual([
      `transactions_0 FOR VALUES FROM (MINVALUE) TO ('${first}') fillfactor=80`,
      'transactions_default DEFAULT fillfactor=80',
    ])
    await writer.commit(begun(key, 5, 'IN-FIRST', longAgo))
    await writer.commit(begun(key, first + 5, 'AHEAD', longAgo))
    expect(await partitionOf(store(), first + 5)).toBe('transactions_default')
    await idsAreUsedUpTo(store(), first / 2)
    expect(await upkeep(database, 0)).toEqual([])
    expect((await partitions(store())).length).toBe(2)
    await idsAreUsedUpTo(store(), first / 2 + 1)
    expect(await upkeep(database, 0)).toEqual([])
    const next = `transactions_${first}`
    const made = (await partitions(store())).find((name) => name.startsWith(next))
    expect(made).toContain(`${next} FOR VALUES FROM ('${first}') TO `)
    expect(made).toEndWith('fillfactor=80')
    expect(await partitionOf(store(), first + 5)).toBe(next)
    expect(await found(store(), key, 'AHEAD')).toEqual([first + 5])
    // It is written to as before: the trigger and the indexes are there.
    await writer.commit(begun(key, first + 6, 'LATER'))
    await writer.commit(changed(key, first + 5, (id) => transactionStopped(id, { meterStopWh: 7 }), lately))
    expect(await found(store(), key, 'LATER')).toEqual([first + 6])
    expect(await store().queries.transactionById(first + 5)).toMatchObject({ open: false })
    expect(await partitionOf(store(), first + 6)).toBe(next)
    expect(await counters(database.pool)).toEqual(await counted(database.pool))
  })

  test('let a charge point use an id once, in whatever partitions two nodes store it at the same time', async () => {
    const { database, writer } = store()
    const other = startedWriter(database)
    for (let round = 0; round < 20; round++) {
      const key = await store().newChargePoint()
      const ids = [1_000 + round, first + 1_000 + round]
      const outcomes = await Promise.all([
        writer.commit(begun(key, 1_000 + round, 'TWICE')),
        other.commit(
          changeSet(key, { changes: [transactionStarted(first + 1_000 + round, { stationTransactionId: 'TWICE' })] }),
        ),
      ])
      expect(outcomes.filter((outcome) => outcome.isOutdated === true)).toHaveLength(1)
      const stored = await found(store(), key, 'TWICE')
      expect(stored).toHaveLength(1)
      expect(ids).toContain(stored[0] ?? 0)
      // Another use of the id, and the same id of another charge point, are others.
      const again = changeSet(key, {
        changes: [transactionStarted(2_000 + round, { stationTransactionId: 'TWICE', stationUse: 2 })],
      })
      await writer.commit(again)
      expect(await found(store(), key, 'TWICE')).toEqual([2_000 + round, ...stored])
    }
    await other.stop()
  })

  test('an id is found by its first 255 characters and as a whole', async () => {
    const { writer } = store()
    const key = await store().newChargePoint()
    const long = 'x'.repeat(300)
    await writer.commit(begun(key, 3_000, long))
    expect(await found(store(), key, long)).toEqual([3_000])
    expect(await found(store(), key, `${long}y`)).toEqual([])
  })
})

describeStore('the retention of transactions', (store) => {
  test('drops a partition whose transactions are over, with all that hangs on it, and no other row', async () => {
    const { database, writer, queries } = store()
    const key = await store().newChargePoint()
    const [second, third] = [first, 3 * first]
    await database.pool.query(
      `CREATE TABLE transactions_${second} PARTITION OF transactions FOR VALUES FROM (${second}) TO (${third});
       CREATE TABLE transactions_${third} PARTITION OF transactions FOR VALUES FROM (${third}) TO (${5 * first})`,
    )
    const stopped = (id: number): Change => transactionStopped(id, { closedBy: 'operator' })
    for (const [id, name] of [
      [10, 'SMALL-OLD'],
      [second + 1, 'OLD'],
      [second + 2, 'OPEN'],
      [third + 1, 'UNUSED'],
      [9 * first, 'DEFAULT'],
    ] as const) {
      await writer.commit(begun(key, id, name, longAgo))
      if (name !== 'OPEN') await writer.commit(changed(key, id, stopped, longAgo))
    }
    await writer.commit(begun(key, 11, 'SMALL-OPEN', longAgo))
    await database.pool.query(
      `INSERT INTO transaction_corrections (transaction_id, number, at, operator, stopped_at_before, stopped_at)
       SELECT id, 1, now(), 'o', now(), now() FROM unnest(ARRAY[$1, $2, $3]::int8[]) AS id`,
      [10, second + 1, third + 1],
    )
    await idsAreUsedUpTo(store(), third + 100)

    // Kept for ever, unless the setting says otherwise.
    await upkeep(database, 0)
    for (const name of ['SMALL-OLD', 'OLD', 'OPEN', 'UNUSED', 'DEFAULT', 'SMALL-OPEN'])
      expect(await found(store(), key, name)).toHaveLength(1)

    // The first partition is small, and has an open transaction; the second has one, too; ids of the third are in use.
    expect((await upkeep(database, 12)).map((reason) => reason.split(':')[0])).toEqual([
      'transactions_0',
      `transactions_${second}`,
    ])
    expect(await found(store(), key, 'OLD')).toEqual([second + 1])
    expect(await found(store(), key, 'OPEN')).toEqual([second + 2])
    expect(await found(store(), key, 'DEFAULT')).toEqual([])
    expect(await queries.transactionById(9 * first)).toBeNull()

    // A transaction that got a message lately keeps its partition as well.
    await writer.commit(changed(key, second + 2, stopped, lately))
    await writer.commit(changed(key, 11, stopped, longAgo))
    expect(await upkeep(database, 12)).toEqual([])
    expect(await found(store(), key, 'OPEN')).toEqual([second + 2])
    expect(await partitions(store())).not.toContain(expect.stringContaining('transactions_0 '))
    expect(await found(store(), key, 'SMALL-OLD')).toEqual([])
    await database.pool.query('UPDATE transactions SET updated_at = $2 WHERE id = $1', [
      second + 2,
      new Date(longAgo).toISOString(),
    ])
    expect(await upkeep(database, 12)).toEqual([])
    expect(await partitions(store())).not.toContainEqual(expect.stringContaining(`transactions_${second} `))
    for (const name of ['OLD', 'OPEN']) expect(await found(store(), key, name)).toEqual([])
    expect(await found(store(), key, 'UNUSED')).toEqual([third + 1])
    const { rows } = await database.pool.query(
      `SELECT (SELECT array_agg(transaction_id::int4) FROM transaction_corrections) AS corrections,
        (SELECT array_agg(transaction_id::int4) FROM station_transactions) AS ids`,
    )
    expect(rows).toEqual([{ corrections: [third + 1], ids: [third + 1] }])
    expect(await counters(database.pool)).toEqual(await counted(database.pool))

    // What comes for a transaction that is gone is stored, and its id may be used again.
    expect(await writer.commit(changed(key, second + 1, stopped, now))).toMatchObject({ duplicate: false })
    await writer.commit(begun(key, third + 2, 'OLD', now))
    expect(await found(store(), key, 'OLD')).toEqual([third + 2])
    expect(now - longAgo).toBeGreaterThan(resendDays * dayMs)
  })
})

describeStore('with twenty partitions', (store) => {
  test('a change of a transaction and the look-ups of it touch only its own', async () => {
    const { database, writer } = store()
    const key = await store().newChargePoint()
    const step = statementIdsStep
    for (let i = 1; i < 20; i++)
      await database.pool.query(
        `CREATE TABLE transactions_${i * step} PARTITION OF transactions FOR VALUES FROM (${i * step}) TO (${(i + 1) * step})`,
      )
    const id = 7 * step + 1
    await writer.commit(begun(key, id, 'ONE'))
    const lease = await database.lease()
    try {
      const { client } = lease
      const { text, values } = bind(updateTransactions, [
        { transactionId: id, chargePointKey: key, epoch: null, chargingState: 'Charging', updatedAtMs: lately },
      ])
      await client.query(`PREPARE changing AS ${text}`)
      const literals = values.map((_, i) => (i === 0 ? `ARRAY[${id}]` : 'NULL')).join(', ')
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) EXECUTE changing(${literals})`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan.match(/Index Scan using \w+ on transactions_\d+/g)).toEqual([
        expect.stringContaining(`on transactions_${7 * step}`),
      ])
    } finally {
      lease.release()
    }
    await writer.commit(changed(key, id, (one) => transactionUpdated(one, { chargingState: 'Charging' }), lately))
    expect(await store().queries.transactionById(id)).toMatchObject({ chargingState: 'Charging' })
    const scanned = async (text: string): Promise<readonly string[]> => {
      const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${text}`,
      )
      return rows.flatMap((row) => {
        const line = row['QUERY PLAN']
        return line.includes('never executed') ? [] : (/ on (transactions_\w+)/.exec(line)?.slice(1) ?? [])
      })
    }
    expect(
      await scanned(
        `SELECT t.* FROM unnest((SELECT ARRAY[${id}]::int8[])) AS v(id)
         CROSS JOIN LATERAL (SELECT * FROM transactions WHERE id = v.id LIMIT 1) t`,
      ),
    ).toEqual([`transactions_${7 * step}`])
  })
})

describeStore('with few transactions', (store) => {
  test('a group of changes finds each transaction by its id, and reads no others', async () => {
    const { database } = store()
    const key = await store().newChargePoint()
    await database.pool.query(
      `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, is_start_told, started_at, received_at)
       SELECT n, $1, 1, 1, true, now(), now() FROM generate_series(1, 600) AS n`,
      [key],
    )
    const ids = Array.from({ length: 250 }, (_, i) => 2 * i + 1)
    const lease = await database.lease()
    try {
      const { client } = lease
      for (const setting of [rowsAreFoundByKey, plansAreKept]) await client.query(setting)
      const { text, values } = bind(
        updateTransactions,
        ids.map((transactionId) => ({ transactionId, chargePointKey: key, epoch: null, updatedAtMs: lately })),
      )
      await client.query(`PREPARE changing_many AS ${text}`)
      const literals = values.map((_, i) => (i === 0 ? `ARRAY[${ids.join()}]` : 'NULL')).join(', ')
      for (const statistics of ['DISCARD PLANS', 'ANALYZE transactions']) {
        await client.query(statistics)
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(
          `EXPLAIN (COSTS OFF) EXECUTE changing_many(${literals})`,
        )
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
        expect(plan).toMatch(/Index Cond: \(\(?id = /)
        expect(plan).not.toContain('Join Filter')
      }
    } finally {
      lease.release()
    }
  })
})
