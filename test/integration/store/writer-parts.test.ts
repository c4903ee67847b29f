// Large change sets beside small ones, on every database: what one charge point sends keeps nobody else waiting, and is stored once.

import { expect, test } from 'bun:test'
import { systemClock } from '../../../src/base/clock.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { commitRowsMax, partRowsMax, writerBytesMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { ChangeSet } from '../../../src/blocks/decision.ts'
import { commitGroup, type CommitGroup } from '../../../src/store/commit-group.ts'
import { bulkRowsOf } from '../../../src/store/set-parts.ts'
import { Writer } from '../../../src/store/writer.ts'
import { connectorStatus, newTransactionId, sample, startSet, variable } from '../../support/changes.ts'
import { arrivalMs, changeSet, describeStore, meterRows, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const manyRows = 20_000

/** A change set of `rows` meter values; made twice it is the same message. */
function largeSet(key: number, rows = manyRows, parts: Partial<ChangeSet> = {}): ChangeSet {
  const meterValue = Array.from({ length: rows }, (_, second) =>
    sample(new Date(arrivalMs - 86_400_000 + second * 1_000).toISOString(), String(second)),
  )
  const meter = meterRows(key, { connectorId: 1, meterValue })
  return changeSet(key, { meter, bytes: JSON.stringify(meterValue).length, ...parts })
}

/** A writer whose groups go through `around` on their way to the database. */
function writerAround({ database }: TestStore, around: (sets: readonly ChangeSet[]) => Promise<void> | void): Writer {
  const commit: CommitGroup = async (client, sets, ...rest) => {
    await around(sets)
    return commitGroup(client, sets, ...rest)
  }
  const writer = new Writer({ database, clock: systemClock, log: silentLogger, commitGroup: commit })
  writer.start()
  return writer
}

describeStore('a large change set', (store) => {
  test('shares its transactions with the sets of others, which wait for one part at most', async () => {
    const [large, small] = [await store().newChargePoint(), await store().newChargePoint()]
    const groups: number[] = []
    const writer = writerAround(store(), (sets) => {
      groups.push(sets.reduce((rows, set) => rows + bulkRowsOf(set), 0))
    })
    let isDone = false
    const committing = writer.commit(largeSet(large)).finally(() => (isDone = true))
    let smallSets = 0
    const waits: number[] = []
    while (!isDone) {
      const before = groups.length
      await writer.commit(changeSet(small, { changes: [connectorStatus(++smallSets, 'Available')] }))
      waits.push(groups.length - before)
    }
    await committing
    await writer.stop()
    expect(smallSets).toBeGreaterThan(manyRows / partRowsMax / 2)
    // Its own group, and the next one that is begun before it gets the result.
    expect(Math.max(...waits)).toBeLessThanOrEqual(2)
    expect(Math.max(...groups)).toBeLessThanOrEqual(partRowsMax)
    expect(await storedRows(store(), large)).toBe(manyRows)
  })

  test('is stored once when it is sent twice, in a row and at once', async () => {
    const { writer } = store()
    const key = await store().newChargePoint()
    await writer.commit(largeSet(key))
    await Promise.all([writer.commit(largeSet(key)), writer.commit(largeSet(key))])
    expect(await storedRows(store(), key)).toBe(manyRows)
  })

  test('with a fact gets the answer of the original when it is sent again, and its values are stored once', async () => {
    const { writer, queries } = store()
    const key = await store().newChargePoint()
    const { fact, changes, answer } = startSet(key, newTransactionId())
    const rest = { fact, changes, anomalies: [{ kind: 'quirk' as const, detail: {} }] }
    const rows = 3 * partRowsMax
    expect(await writer.commit(largeSet(key, rows, { ...rest, answer }))).toEqual({ duplicate: false, answer })
    const again = await writer.commit(largeSet(key, rows, { ...rest, answer: { transactionId: -1 } }))
    expect(again).toEqual({ duplicate: true, answer })
    expect(await storedRows(store(), key)).toBe(rows)
    expect(
      (await queries.listAnomalies({ scope: { chargePointKey: key } }, { page: 1, pageSize: 10 })).totalCount,
    ).toBe(1)
  })

  test('of which a part fails is rejected, and a resend adds what is missing', async () => {
    const key = await store().newChargePoint()
    let parts = 0
    const writer = writerAround(store(), () => {
      if (++parts === 3) throw new StatorError('INTERNAL', 'The third part fails.')
    })
    const failure = await writer.commit(largeSet(key)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'INTERNAL' })
    expect(parts).toBe(3)
    expect(await storedRows(store(), key)).toBe(2 * partRowsMax)
    await writer.commit(largeSet(key))
    await writer.stop()
    expect(await storedRows(store(), key)).toBe(manyRows)
  })

  test('of variables is cut as well, the last report winning', async () => {
    const { writer, queries } = store()
    const key = await store().newChargePoint()
    const names = Array.from({ length: partRowsMax }, (_, n) => `V${String(n).padStart(5, '0')}`)
    const changes = [...names.map((name) => variable(name, 'first')), variable('V00000', 'second')]
    const before = writer.stats.transactions
    await writer.commit(changeSet(key, { changes, bytes: 300 * changes.length }))
    expect(writer.stats.transactions - before).toBeGreaterThan(1)
    const { totalCount, items } = await queries.variablesOf({ chargePointKey: key }, { page: 1, pageSize: 2 })
    expect(totalCount).toBe(names.length)
    expect(items.map(({ value }) => value)).toEqual(['second', 'first'])
  })

  test('that has been begun is finished at the stop, and none is begun after it', async () => {
    const key = await store().newChargePoint()
    let stopping: Promise<void> | undefined
    const writer = writerAround(store(), () => {
      stopping ??= writer.stop()
    })
    const committing = writer.commit(largeSet(key))
    await committing
    await stopping
    expect(await storedRows(store(), key)).toBe(manyRows)
    expect(await writer.commit(largeSet(key)).catch((error: unknown) => error)).toMatchObject({ code: 'SHUTTING_DOWN' })
  })
})

describeStore('a group', (store) => {
  test('is closed before it has more rows or bytes than a transaction may', async () => {
    const key = await store().newChargePoint()
    const groups: { rows: number; bytes: number }[] = []
    const writer = writerAround(store(), (sets) => {
      const sum = (of: (set: ChangeSet) => number): number => sets.reduce((total, set) => total + of(set), 0)
      groups.push({ rows: sum(bulkRowsOf), bytes: sum((set) => set.bytes) })
    })
    const sets = [
      ...Array.from({ length: 5 }, () => largeSet(key, partRowsMax, { bytes: 0 })),
      ...Array.from({ length: 5 }, () => changeSet(key, { bytes: 1_048_576 })),
    ]
    await Promise.all(sets.map((set) => writer.commit(set)))
    await writer.stop()
    expect(groups.map(({ rows }) => rows)).toEqual([2_000, 2_000, 1_000, 0, 0])
    expect(groups.map(({ bytes }) => bytes)).toEqual([0, 0, 2_097_152, 2_097_152, 1_048_576])
    expect(commitRowsMax).toBeGreaterThan(2 * partRowsMax)
  })

  test('waits in a queue that is bounded in bytes; a large set counts as a whole, and is not refused halfway', async () => {
    const key = await store().newChargePoint()
    const bytes = writerBytesMax / 8
    const filling: Promise<unknown>[] = []
    const fillUp = (): void => {
      while (!writer.isFull && filling.length < 20) {
        filling.push(writer.commit(changeSet(key, { bytes })).catch((error: unknown) => error))
      }
    }
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    let begun = 0
    const writer = writerAround(store(), async () => {
      if (++begun === 1) await held
      else fillUp()
    })
    const first = writer.commit(changeSet(key))
    await until('the first group', () => begun === 1)
    const large = writer.commit(largeSet(key, 3 * partRowsMax, { bytes: 4 * bytes }))
    fillUp()
    expect(filling).toHaveLength(4)
    for (const refused of [changeSet(key, { bytes: 1 }), largeSet(key, 3 * partRowsMax)]) {
      expect(await writer.commit(refused).catch((error: unknown) => error)).toMatchObject({ code: 'STORE_QUEUE_FULL' })
    }
    release()
    await Promise.all([first, large, ...filling])
    await writer.stop()
    expect({ isFull: writer.isFull, rows: await storedRows(store(), key) }).toEqual({
      isFull: false,
      rows: 3 * partRowsMax,
    })
  })
})

async function storedRows({ database }: TestStore, key: number): Promise<number> {
  return (await database.pool.query('SELECT FROM meter_values WHERE charge_point_id = $1', [key])).rowCount ?? 0
}
