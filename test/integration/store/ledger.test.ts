// What the ledger of transaction messages knows a fact by, and for how long, on every database.

import { expect, test } from 'bun:test'
import { maintenanceMs } from '../../../src/base/limits.ts'
import type { TransactionFact } from '../../../src/blocks/decision.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import { newTransactionId, startFact, startSet } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { arrivalMs, describeStore, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const dayMs = 86_400_000

/** Commits a fact as a message of its own; returns whether it was known, and the transactionId of the answer. */
async function report(
  { writer }: TestStore,
  key: number,
  fact: Partial<TransactionFact>,
  receivedAtMs = arrivalMs,
): Promise<readonly [isKnown: boolean, transactionId: unknown]> {
  const id = newTransactionId()
  const set = startSet(key, id, { fact: startFact(id, fact), receivedAtMs })
  const { duplicate, answer } = await writer.commit(set)
  return [duplicate, answer['transactionId']]
}

async function rowsIn({ database }: TestStore, table: string, key: number): Promise<number> {
  const text = `SELECT count(*)::int AS count FROM ${table} WHERE charge_point_id = $1`
  return (await database.pool.query<{ count: number }>(text, [key])).rows[0]?.count ?? -1
}

describeStore('the ledger of facts', (store) => {
  test('has two rows for two facts of one second, and knows each when it comes again', async () => {
    const key = await store().newChargePoint()
    const [one, other] = [{ content: '11' }, { content: '22' }]
    const [isKnown, first] = await report(store(), key, one)
    const [, second] = await report(store(), key, other)
    expect(isKnown).toBe(false)
    expect(second).not.toBe(first)
    expect(await report(store(), key, one)).toEqual([true, first])
    expect(await report(store(), key, other)).toEqual([true, second])
    expect(await rowsIn(store(), 'transaction_facts', key)).toBe(2)
  })

  test('knows facts of the first and the last year, which have no partition', async () => {
    const key = await store().newChargePoint()
    for (const [nth, time] of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z'].entries()) {
      const fact = { content: String(nth), sentAtMs: Date.parse(time) }
      const [isKnown, id] = await report(store(), key, fact)
      expect(isKnown).toBe(false)
      expect(await report(store(), key, fact)).toEqual([true, id])
    }
    expect(await rowsIn(store(), 'transaction_facts_default', key)).toBe(3)
  })

  test('knows facts without a time by their content and their place', async () => {
    const key = await store().newChargePoint()
    const placed = (place: number) => ({ content: '5', sentAtMs: null, place })
    const [, first] = await report(store(), key, placed(1))
    const [isKnown, second] = await report(store(), key, placed(2))
    expect(isKnown).toBe(false)
    expect(second).not.toBe(first)
    expect(await report(store(), key, placed(1), arrivalMs + dayMs)).toEqual([true, first])
    expect(await report(store(), key, placed(2), arrivalMs + dayMs)).toEqual([true, second])
    expect(await report(store(), key, { ...placed(2), content: '6' })).toEqual([false, expect.any(Number)])
  })

  test('forgets what is older than is set, and nothing under 90 days, whatever is set', async () => {
    const { database } = store()
    const key = await store().newChargePoint()
    const clock = new HandClock(Date.parse('2034-06-15T12:00:00Z'))
    const stop = startMaintenance(maintenanceOf(database, clock, { transactionEventDays: 1 }))
    await until('the first turn of upkeep to end', () => clock.alarms === 4)
    const mayMs = Date.parse('2034-05-20T00:00:00Z')
    // In time; by a clock of another year; without a time; and one that arrived two months after its time.
    const facts: readonly (readonly [Partial<TransactionFact>, number])[] = [
      [{ content: '1', sentAtMs: mayMs }, mayMs],
      [{ content: '2', sentAtMs: Date.parse('2019-01-01T00:00:00Z') }, mayMs],
      [{ content: '3', sentAtMs: null, place: 1 }, mayMs],
    ]
    const late = [{ content: '4', sentAtMs: mayMs }, mayMs + 60 * dayMs] as const
    const known = async (): Promise<number> => {
      const { rows } = await database.pool.query(
        'SELECT FROM transaction_facts WHERE charge_point_id = $1 AND transaction_id > 0',
        [key],
      )
      return rows.length
    }
    for (const [fact, receivedAtMs] of [...facts, late]) await report(store(), key, fact, receivedAtMs)
    expect(await rowsIn(store(), 'transaction_facts_2034_05', key)).toBe(2)
    expect(await rowsIn(store(), 'transaction_facts_default', key)).toBe(2)

    const turn = async (name: string, toMs: number): Promise<void> => {
      // The turn that was due on the way is followed by one of that day.
      for (const ms of [toMs - clock.nowMs(), maintenanceMs]) {
        clock.pass(ms)
        await until(name, () => clock.alarms === 4)
      }
    }
    // On the 89th day after they came.
    await turn('upkeep of the 89th day', mayMs + 89 * dayMs)
    expect(await known()).toBe(4)
    expect((await report(store(), key, facts[0]?.[0] ?? {}))[0]).toBe(true)
    // In September those without a partition go; May stays for the one that came late.
    await turn('upkeep of September', mayMs + 120 * dayMs)
    expect(await rowsIn(store(), 'transaction_facts_default', key)).toBe(0)
    expect(await known()).toBe(2)
    expect((await report(store(), key, late[0]))[0]).toBe(true)
    // Ninety days after that one came the month goes as well.
    await turn('upkeep of October', mayMs + 60 * dayMs + 91 * dayMs)
    expect(await known()).toBe(0)
    await stop()
    expect(await report(store(), key, late[0])).toEqual([false, expect.any(Number)])
  })
})
