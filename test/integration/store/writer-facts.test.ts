// How the writer recognises what it has stored before, and what it does with what cannot be stored, on every database.

import { expect, test } from 'bun:test'
import type { Change } from '../../../src/blocks/decision.ts'
import {
  chargePointEvent,
  connectorStatus,
  newTransactionId,
  sample,
  startFact,
  startSet,
  transactionStarted,
  transactionStopped,
  variable,
} from '../../support/changes.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import { arrivalMs, changeSet, describeStore, meterRows } from '../../support/store.ts'

describeStore('the ledger', (store) => {
  test('a start sent twice is stored once and answered twice with the same transactionId', async () => {
    const { queries, writer } = store()
    const identity = `twice-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const [first, second] = [newTransactionId(), newTransactionId()]
    const fact = startFact(first)
    expect(await writer.commit(startSet(key, first, { fact }))).toEqual({
      duplicate: false,
      answer: { transactionId: first, idTagInfo: { status: 'Accepted' } },
    })
    const again = await writer.commit(
      startSet(key, second, { fact: { ...fact, transactionId: second }, receivedAtMs: arrivalMs + 60_000 }),
    )
    expect(again).toEqual({ duplicate: true, answer: { transactionId: first, idTagInfo: { status: 'Accepted' } } })
    expect(await queries.transactionById(second)).toBeNull()
    expect((await queries.listTransactions({ scope: 'all', identity }, { page: 1, pageSize: 10 })).totalCount).toBe(1)
  })

  test('two facts of one second that say different things are two, and each is recognised', async () => {
    const { writer } = store()
    const key = await store().newChargePoint()
    const [first, second] = [newTransactionId(), newTransactionId()]
    const fact = startFact(first)
    const send = (transactionId: number, content: string) =>
      writer.commit(startSet(key, transactionId, { fact: { ...fact, content, transactionId } }))
    const ids = async (sent: readonly ReturnType<typeof send>[]) =>
      (await Promise.all(sent)).map(({ duplicate, answer }) => [duplicate, answer['transactionId']])
    expect(await ids([send(first, '1'), send(second, '2')])).toEqual([
      [false, first],
      [false, second],
    ])
    expect(await ids([send(newTransactionId(), '2'), send(newTransactionId(), '1')])).toEqual([
      [true, second],
      [true, first],
    ])
    const third = newTransactionId()
    expect(await ids([send(third, '3')])).toEqual([[false, third]])
    expect(await ids([send(newTransactionId(), '3')])).toEqual([[true, third]])
  })

  test('two copies of a fact in one group are one, and neither disturbs the others', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const other = await store().newChargePoint()
    const [first, second, third] = [newTransactionId(), newTransactionId(), newTransactionId()]
    const fact = startFact(first)
    const outcomes = await Promise.all([
      writer.commit(startSet(key, first, { fact })),
      writer.commit(startSet(key, second, { fact: { ...fact, transactionId: second } })),
      writer.commit(startSet(other, third, { fact: { ...fact, transactionId: third } })),
      writer.commit(changeSet(other, { changes: [connectorStatus(2, 'Charging')] })),
    ])
    expect(outcomes.map(({ duplicate, answer }) => [duplicate, answer['transactionId']])).toEqual([
      [false, first],
      [true, first],
      [false, third],
      [false, undefined],
    ])
    expect(await queries.transactionById(second)).toBeNull()
    expect(await queries.transactionById(third)).not.toBeNull()
    expect(await queries.connectorsOf(other)).toHaveLength(1)
  })

  test('a known fact among new ones in a group gets its own old answer, and its other changes are dropped', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const [known, fresh] = [newTransactionId(), newTransactionId()]
    const fact = startFact(known)
    await writer.commit(startSet(key, known, { fact }))
    const payload = { connectorId: 1, meterValue: [sample('2026-01-01T00:01:00Z', '1')] }
    const { transactions } = writer.stats
    const [old, young] = await Promise.all([
      writer.commit(
        startSet(key, known, {
          fact,
          answer: { transactionId: 4711 },
          receivedAtMs: arrivalMs + 1,
          changes: [connectorStatus(5, 'Faulted')],
          anomalies: [{ kind: 'missingStart', detail: {} }],
          meter: meterRows(key, payload),
        }),
      ),
      writer.commit(startSet(key, fresh)),
    ])
    expect(writer.stats.transactions).toBe(transactions + 1)
    expect(old).toMatchObject({ duplicate: true, answer: { transactionId: known } })
    expect(young).toMatchObject({ duplicate: false, answer: { transactionId: fresh } })
    expect(await queries.connectorsOf(key)).toEqual([])
    expect(
      (await queries.listAnomalies({ scope: { chargePointKey: key } }, { page: 1, pageSize: 10 })).totalCount,
    ).toBe(0)
    expect(await meterCount(store().database.pool, key)).toBe(0)
    expect(await queries.transactionById(fresh)).not.toBeNull()
  })

  test('the very same change set again, after an outcome that was lost, is no duplicate and changes nothing', async () => {
    const { database, queries } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const set = startSet(key, id, { anomalies: [{ kind: 'unauthorizedStart', detail: { idTag: 'X' } }] })
    const lease = await database.lease()
    const [first] = (await commitGroup(lease.client, [set], [], true)).outcomes
    const [again] = (await commitGroup(lease.client, [set], [], true, true)).outcomes
    lease.release()
    expect(first).toEqual({ duplicate: false, answer: set.answer })
    expect(again).toEqual({ duplicate: false, answer: set.answer })
    expect(
      (await queries.listAnomalies({ scope: { chargePointKey: key } }, { page: 1, pageSize: 10 })).totalCount,
    ).toBe(1)
  })

  test('a start that comes twice under one id in one millisecond is a retransmission, and has the id of the first', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const [one, other] = [newTransactionId(), newTransactionId()]
    const first = startSet(key, one)
    const second = {
      ...startSet(key, other, { fact: { ...startFact(one), transactionId: other } }),
      messageId: first.messageId,
    }
    await writer.commit(first)
    expect(await writer.commit(second)).toEqual({ duplicate: true, answer: first.answer })
    expect((await queries.openTransactionsOf(key)).map(({ transactionId }) => transactionId)).toEqual([one])
  })

  test('what no text or number of PostgreSQL can hold is stored as near as can be', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const odd = `nul \u0000 half \ud800 end`
    const long = 'x'.repeat(40_000)
    const set = startSet(key, id, {
      fact: startFact(id, { ref: `start:${odd}${long}`, seqNo: 1e19, occurredAtMs: Number.NaN, payload: { odd } }),
      answer: { odd },
      messageId: odd,
      changes: [
        transactionStarted(id, {
          idToken: `${odd}${long}`,
          evseId: 1e12,
          connectorId: Number.NaN,
          reservationId: -1e30,
          stationTransactionId: `${odd}${long}`,
          startedAtMs: 9e15,
        }),
        connectorStatus(1, 'Faulted', { info: odd }),
        chargePointEvent('DataTransfer', -9e15, { odd, long }),
        variable(long, odd, {
          componentName: long,
          componentInstance: odd,
          variableInstance: odd,
          characteristics: null,
        }),
      ],
      anomalies: [{ kind: 'quirk', transaction: odd, detail: { odd } }],
    })
    expect(await writer.commit(set)).toEqual({ duplicate: false, answer: { odd } })
    expect(await writer.commit({ ...set, messageId: 'resend' })).toMatchObject({ duplicate: true })
    const clean = 'nul \ufffd half \ufffd end'
    expect(await queries.transactionById(id)).toMatchObject({ evseId: 2_147_483_647, connectorId: 0 })
    expect((await queries.transactionsByStationId(key, `${odd}${long}`))[0]?.transactionId).toBe(id)
    expect((await queries.connectorsOf(key))[0]?.info).toBe(clean)
    expect(
      (await queries.listAnomalies({ scope: { chargePointKey: key } }, { page: 1, pageSize: 1 })).items[0]?.detail,
    ).toEqual({
      odd,
    })
  })

  test('what its station has stopped is not stopped by an operator, in whatever group the two come', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const [apart, together] = [newTransactionId(), newTransactionId()]
    const stops = (id: number) => [
      changeSet(key, { changes: [transactionStopped(id, { meterStopWh: 5_000, stopReason: 'Local' })] }),
      changeSet(key, { changes: [transactionStopped(id, { closedBy: 'operator' })] }),
    ]
    for (const id of [apart, together]) await writer.commit(startSet(key, id))
    for (const stop of stops(apart)) await writer.commit(stop)
    await Promise.all(stops(together).map((stop) => writer.commit(stop)))
    for (const id of [apart, together]) {
      expect(await queries.transaction(id, 'all')).toMatchObject({
        closedBy: 'station',
        meterStopWh: 5_000,
        stopReason: 'Local',
      })
    }
  })

  test('a change set that cannot be stored is refused alone; those of the same group are committed', async () => {
    const { queries, writer } = store()
    const keys = await Promise.all(Array.from({ length: 9 }, () => store().newChargePoint()))
    const refusedBefore = writer.stats.refused
    const outcomes = await Promise.allSettled(
      keys.map((key, i) => {
        const changes: Change[] = [connectorStatus(1, 'Charging')]
        // A number that no JSON text can hold makes the row unwritable.
        if (i === 4) changes.push(chargePointEvent('X', null, { big: 1n }))
        const id = newTransactionId()
        return writer.commit(startSet(key, id, { changes: [...changes, transactionStarted(id)] }))
      }),
    )
    expect(outcomes.map((outcome) => outcome.status)).toEqual(keys.map((_, i) => (i === 4 ? 'rejected' : 'fulfilled')))
    expect(outcomes[4]).toMatchObject({ reason: { code: 'INTERNAL' } })
    expect(writer.stats.refused).toBe(refusedBefore + 1)
    const stored = await Promise.all(keys.map((key) => queries.connectorsOf(key)))
    expect(stored.map((connectors) => connectors.length)).toEqual(keys.map((_, i) => (i === 4 ? 0 : 1)))
    expect(await queries.openTransactionsOf(keys[4] ?? 0)).toEqual([])
  })

  test('a statement that PostgreSQL itself refuses is undone as a whole, ledger included', async () => {
    const { database, queries, writer } = store()
    const [key, other] = [await store().newChargePoint(), await store().newChargePoint()]
    const [bad, good] = [newTransactionId(), newTransactionId()]
    await database.pool.query(`ALTER TABLE connectors ADD CONSTRAINT no_${bad} CHECK (charge_point_id <> ${key})`)
    const fact = startFact(bad)
    const set = startSet(key, bad, { fact, changes: [transactionStarted(bad), connectorStatus(1, 'Charging')] })
    const [refused, stored] = await Promise.allSettled([
      writer.commit(set),
      writer.commit(startSet(other, good, { changes: [transactionStarted(good), connectorStatus(1, 'Charging')] })),
    ])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } })
    expect(stored).toMatchObject({ status: 'fulfilled' })
    expect(await queries.transactionById(bad)).toBeNull()
    await database.pool.query(`ALTER TABLE connectors DROP CONSTRAINT no_${bad}`)
    // Nothing of it was stored, so it is no retransmission when it comes again.
    expect(await writer.commit({ ...set, messageId: 'again', receivedAtMs: arrivalMs + 5 })).toMatchObject({
      duplicate: false,
    })
  })
})

interface Pool {
  query<Row>(text: string, values: unknown[]): Promise<{ readonly rows: readonly Row[] }>
}

async function meterCount(pool: Pool, key: number): Promise<number> {
  const text = 'SELECT count(*)::int AS count FROM meter_values WHERE charge_point_id = $1'
  return (await pool.query<{ count: number }>(text, [key])).rows[0]?.count ?? -1
}
