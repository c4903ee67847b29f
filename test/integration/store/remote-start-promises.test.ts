// What the store keeps of promised transactionIds, and of transactions with one number, on every database.

import { expect, test } from 'bun:test'
import { remoteStartPromiseMs, remoteStartPromisesMax } from '../../../src/base/limits.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import { newTransactionId, startFact, transactionStarted } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { arrivalMs, changeSet, describeStore, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const start = { evseId: 1, connectorId: 1, idToken: 'USER123' }

/** The transactionIds that are promised to a charge point which connects now. */
async function promisedTo({ queries }: TestStore, key: number): Promise<readonly number[]> {
  const { promises } = await queries.connect(key, { version: '1.6', node: 'test', atMs: arrivalMs })
  return promises.map(({ transactionId }) => transactionId)
}

/** Lets time pass for the promises to a charge point. */
async function age({ database }: TestStore, key: number, ms: number): Promise<void> {
  await database.pool.query(
    `UPDATE remote_start_promises SET promised_at = promised_at - interval '${ms} ms' WHERE charge_point_id = $1`,
    [key],
  )
}

async function storedFor({ database }: TestStore, key: number): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM remote_start_promises WHERE charge_point_id = $1',
    [key],
  )
  return rows[0]?.count ?? -1
}

describeStore('promised transactionIds', (store) => {
  test('are read when the charge point connects, the oldest first, with what is left of their time', async () => {
    const { queries } = store()
    const [key, other] = [await store().newChargePoint(), await store().newChargePoint()]
    const [one, two, three] = [newTransactionId(), newTransactionId(), newTransactionId()]
    await queries.promiseTransaction(key, start, two)
    await queries.promiseTransaction(key, { remoteStartId: one, evseId: 1, idToken: 'a "quoted" token' }, one)
    await queries.promiseTransaction(other, start, three)
    await age(store(), key, 1_000)
    const { promises } = await queries.connect(key, { version: '2.0.1', node: 'test', atMs: arrivalMs })
    expect(promises).toMatchObject([
      { transactionId: two, start },
      { transactionId: one, start: { remoteStartId: one, evseId: 1, idToken: 'a "quoted" token' } },
    ])
    for (const { leftMs } of promises) expect(leftMs).toBeWithin(1, remoteStartPromiseMs - 999)
  })

  test('are void once they are withdrawn, have expired, or a transaction has them, open or not', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const [withdrawn, expired, begun] = [newTransactionId(), newTransactionId(), newTransactionId()]
    await queries.promiseTransaction(key, start, expired)
    await age(store(), key, remoteStartPromiseMs)
    for (const id of [withdrawn, begun]) await queries.promiseTransaction(key, start, id)
    expect(await promisedTo(store(), key)).toEqual([withdrawn, begun])
    await queries.withdrawPromise(key, withdrawn)
    expect(await promisedTo(store(), key)).toEqual([begun])
    await writer.commit(changeSet(key, { changes: [transactionStarted(begun)] }))
    expect(await promisedTo(store(), key)).toEqual([])
  })

  test('are bounded: the oldest is forgotten for one too many', async () => {
    const { queries } = store()
    const [key, other] = [await store().newChargePoint(), await store().newChargePoint()]
    const ids = Array.from({ length: remoteStartPromisesMax + 2 }, newTransactionId)
    const first = newTransactionId()
    await queries.promiseTransaction(other, start, first)
    for (const id of ids) await queries.promiseTransaction(key, start, id)
    expect(await promisedTo(store(), key)).toEqual(ids.slice(2))
    expect(await storedFor(store(), key)).toBe(remoteStartPromisesMax)
    expect(await promisedTo(store(), other)).toEqual([first])
  })

  test('are forgotten by maintenance when they have expired, by the clock of the database', async () => {
    const { database, queries } = store()
    const [old, young] = [await store().newChargePoint(), await store().newChargePoint()]
    await queries.promiseTransaction(old, start, newTransactionId())
    await age(store(), old, remoteStartPromiseMs)
    await queries.promiseTransaction(young, start, newTransactionId())
    const stop = startMaintenance(maintenanceOf(database, new HandClock(arrivalMs)))
    // The embedded database has one connection, and maintenance may keep it for a while.
    const isGone = async (): Promise<boolean> => (await storedFor(store(), old).catch(() => -1)) === 0
    await until('the expired one to go', isGone, 30_000)
    await stop()
    expect(await storedFor(store(), young)).toBe(1)
  })
})

describeStore('a transactionId', (store) => {
  test('is not that of two transactions: the second is refused with all that belongs to it, and nothing else is', async () => {
    const { database, writer } = store()
    const [key, other] = [await store().newChargePoint(), await store().newChargePoint()]
    const [id, good] = [newTransactionId(), newTransactionId()]
    const begin = (fact: string, transactionId: number, chargePointKey = key, receivedAtMs = arrivalMs) =>
      writer.commit(
        changeSet(chargePointKey, {
          receivedAtMs,
          fact: startFact(transactionId, { ref: `start:${fact}:${transactionId}` }),
          changes: [transactionStarted(transactionId)],
        }),
      )
    await begin('first', id)
    const settled = await Promise.allSettled([begin('second', id, key, arrivalMs + 1), begin('good', good, other)])
    const stored = { status: 'fulfilled', value: { duplicate: false } }
    expect(settled).toMatchObject([{ status: 'fulfilled', value: { isOutdated: true } }, stored])
    const { rows } = await database.pool.query('SELECT FROM transaction_facts WHERE charge_point_id = $1', [key])
    expect(rows).toHaveLength(1)
  })
})
