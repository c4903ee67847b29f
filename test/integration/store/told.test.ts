// Display messages, tariffs and prices in the database: what whole reports say is gone, and how long they are kept. On
// every database.

import { expect, test } from 'bun:test'
import type { Change } from '../../../src/blocks/decision.ts'
import { deleteOldTold } from '../../../src/store/retention.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'

const dayMs = 86_400_000

describeStore('what drivers are told', (store) => {
  const commit = async (key: number, receivedAtMs: number, changes: readonly Change[]): Promise<void> => {
    await store().writer.commit(changeSet(key, { receivedAtMs, changes }))
  }

  const setMessage = async (chargePointKey: number, messageId: number): Promise<void> => {
    const { queries } = store()
    const times = { startsAtMs: null, endsAtMs: null, setAtMs: arrivalMs, transactionId: null }
    await queries.storeDisplayMessage({
      chargePointKey,
      messageId,
      priority: 'NormalCycle',
      message: {},
      setBy: 'admin',
      ...times,
    })
    await queries.answerDisplayMessage({ chargePointKey, messageId }, 'Accepted', arrivalMs)
  }

  const reported = (displayMessageId: number): Change => ({
    table: 'reportedDisplayMessages',
    row: { displayMessageId, priority: 'InFront', stationTransactionId: null, endsAtMs: null, message: {} },
  })

  const listed = async (key: number) =>
    (await store().queries.displayMessagesOf(key, null, 9)).map(({ messageId, clearedAtMs }) => [
      messageId,
      clearedAtMs !== null,
    ])

  test('a display message that is not in a report of all of them is gone', async () => {
    const key = await store().newChargePoint()
    await setMessage(key, 1)
    await setMessage(key, 2)
    await commit(key, arrivalMs + 1, [reported(3), reported(4)])
    const row = { kind: 'displayMessages', requestId: 9 } as const
    await commit(key, arrivalMs + 2, [{ table: 'wholeReports', row: { ...row, word: 'asked' } }])
    await commit(key, arrivalMs + 3, [
      reported(2),
      reported(4),
      { table: 'wholeReports', row: { ...row, word: 'complete', beganAtMs: arrivalMs + 3 } },
    ])
    expect(await listed(key)).toEqual([
      [1, true],
      [2, false],
      [4, false],
    ])
  })

  test('what deleted charge points had is forgotten, and what was reported long ago; the rest is kept', async () => {
    const { queries, database, newChargePoint } = store()
    const [living, deleted] = [await newChargePoint(), await newChargePoint()]
    const price = { currency: 'EUR', perKwh: 1, perMinute: 0, perSession: 0 }
    for (const key of [living, deleted]) {
      await setMessage(key, 1)
      await commit(key, arrivalMs, [reported(2), { table: 'reportedTariffs', row: { evseId: 0, assignments: '[]' } }])
      const made = { tariff: {}, setAtMs: arrivalMs, setBy: 'admin' }
      const tariff = { chargePointKey: key, tariffId: 'A', evseId: 0, transactionId: 0, ...made }
      await queries.storeStationTariff(tariff)
      await queries.answerStationTariff(tariff, 'Accepted', false, arrivalMs)
      await queries.storePrice({ chargePointKey: key }, price, 'admin', arrivalMs)
    }
    await database.restPool.query('UPDATE charge_points SET deleted_at = $2 WHERE id = $1', [
      deleted,
      new Date(arrivalMs).toISOString(),
    ])
    await deleteOldTold(database.upkeepPool, arrivalMs + dayMs)
    const left = async (key: number) => [
      await listed(key),
      (await queries.stationTariffsOf(key)).length,
      (await queries.reportedTariffsOf(key)).length,
      (await queries.price({ chargePointKey: key })) !== null,
    ]
    expect(await left(living)).toEqual([[[1, false]], 1, 1, true])
    expect(await left(deleted)).toEqual([[], 0, 0, false])
  })

  test('the price of a group goes with it', async () => {
    const { queries } = store()
    const { key } = await queries.createGroup({ name: `Priced ${crypto.randomUUID()}` }, 'all')
    await queries.storePrice({ groupKey: key }, { currency: 'EUR', perKwh: 1, perMinute: 0, perSession: 0 }, 'a', 0)
    expect(await queries.deleteGroup(key, 'all')).toBe(true)
    expect(await queries.price({ groupKey: key })).toBeNull()
  })
})
