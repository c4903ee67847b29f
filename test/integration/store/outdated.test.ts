// What the writer does with a set that was decided from what another node has changed since, on every database.

import { expect, test } from 'bun:test'
import type { ClientBase } from 'pg'
import type { Change, ChangeSet } from '../../../src/blocks/decision.ts'
import type { TransactionPatch } from '../../../src/blocks/stored-rows.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import {
  boot,
  chargePointEvent,
  chargePointPatch,
  connectorStatus,
  newTransactionId,
  sample,
  startFact,
  startSet,
  transactionStarted,
  transactionStopped,
  transactionUpdated,
} from '../../support/changes.ts'
import { arrivalMs, changeSet, describeStore, meterRows, type TestStore } from '../../support/store.ts'

/** An event of a 2.x transaction. */
function reported(transactionId: number, patch: TransactionPatch = {}): Change {
  return transactionUpdated(transactionId, { lastEventAtMs: arrivalMs, ...patch })
}

/** The epoch of a new connection. */
async function connected({ queries }: TestStore, key: number): Promise<number> {
  const claim = { version: '1.6', node: 'node', atMs: arrivalMs } as const
  return (await queries.connect(key, claim)).epoch
}

function stopSet(key: number, transactionId: number, more: Partial<ChangeSet> = {}, meterStopWh = 15_000): ChangeSet {
  return changeSet(key, {
    fact: startFact(transactionId, { ref: `stop:${transactionId}:${meterStopWh}`, event: 'Ended' }),
    changes: [transactionStopped(transactionId, { meterStopWh })],
    ...more,
  })
}

/** `client`, which does `work` once before it runs the statement of this name. */
function beforeStatement<T extends ClientBase>(client: T, name: string, work: (client: T) => Promise<unknown>): T {
  let isDone = false
  const query = (...args: readonly unknown[]): unknown => {
    const run = (): unknown => Reflect.apply(client.query, client, args)
    if (isDone || !Bun.inspect(args[0]).includes(name)) return run()
    isDone = true
    return work(client).then(run)
  }
  return new Proxy(client, {
    get: (target, property) => (property === 'query' ? query : Reflect.get(target, property)),
  })
}

const outdated = { isOutdated: true, duplicate: false }

describeStore('a set of a connection that is not the newest', (store) => {
  const state: [string, Change][] = [
    ['a status', connectorStatus(1, 'Faulted')],
    ['what it adds up to', chargePointPatch({ status: 'Faulted' })],
    ['a boot', boot({ model: 'Older' })],
    ['an activity', chargePointPatch({ firmwareStatus: 'Downloading' })],
  ]
  test.each(state)('is outdated when it has %s, and nothing of it is stored', async (_, change) => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const epoch = await connected(store(), key)
    await writer.commit(changeSet(key, { epoch, changes: [connectorStatus(1, 'Charging'), boot()] }))
    const row = (): Promise<unknown> =>
      database.pool.query('SELECT * FROM charge_points WHERE id = $1', [key]).then(({ rows }) => rows[0])
    await connected(store(), key)
    const before = await row()
    const reported = chargePointEvent('StatusNotification', arrivalMs)
    expect(await writer.commit(changeSet(key, { epoch, changes: [change, reported] }))).toMatchObject(outdated)
    expect(await queries.connectorsOf(key)).toMatchObject([{ status: 'Charging' }])
    expect(await row()).toEqual(before)
    const { rows } = await database.pool.query('SELECT FROM charge_point_events WHERE charge_point_id = $1', [key])
    expect(rows).toEqual([])
  })

  test('is outdated with a start, a stop or an event of a transaction; once it says so, that is stored, and the node of the newer connection is notified', async () => {
    const { database, queries, writer } = store()
    const key = await store().newChargePoint()
    const epoch = await connected(store(), key)
    const [first, second] = [newTransactionId(), newTransactionId()]
    await writer.commit(startSet(key, first, { epoch }))
    await connected(store(), key)
    const fencedIn = async (): Promise<string> =>
      (await database.pool.query('SELECT fenced_in FROM charge_points WHERE id = $1', [key])).rows[0]?.fenced_in
    const before = await fencedIn()
    const sets = [
      startSet(key, second, { epoch }),
      stopSet(key, first, { epoch }),
      changeSet(key, { epoch, changes: [reported(first)] }),
    ]
    for (const set of sets) expect(await writer.commit(set)).toMatchObject(outdated)
    expect(await queries.transactionById(second)).toBeNull()
    expect(await fencedIn()).toBe(before)
    for (const set of sets) {
      expect(await writer.commit({ ...set, isOvertaken: true })).toEqual({ duplicate: false, answer: set.answer })
    }
    expect(await queries.transactionById(second)).toMatchObject({ open: true })
    expect(await queries.transactionById(first)).toMatchObject({ open: false })
    expect(BigInt(await fencedIn())).toBeGreaterThan(BigInt(before))
  })

  test('is stored when it has meter values and events only', async () => {
    const { writer } = store()
    const key = await store().newChargePoint()
    const epoch = await connected(store(), key)
    await connected(store(), key)
    const meter = meterRows(key, { connectorId: 1, meterValue: [sample('2026-01-01T00:01:00Z', '1')] })
    const changes = [chargePointEvent('SecurityEventNotification', arrivalMs)]
    expect(await writer.commit(changeSet(key, { epoch, changes, meter }))).toMatchObject({ duplicate: false })
    expect(await writer.commit(changeSet(key, { epoch, changes, meter }))).not.toHaveProperty('isOutdated')
  })

  test('keeps no other set of its group from being stored, and waits for no second try of theirs', async () => {
    const { queries, writer } = store()
    const [key, other] = [await store().newChargePoint(), await store().newChargePoint()]
    const epoch = await connected(store(), key)
    await connected(store(), key)
    const id = newTransactionId()
    const outcomes = await Promise.all([
      writer.commit(startSet(other, id)),
      writer.commit(changeSet(key, { epoch, changes: [connectorStatus(1, 'Faulted')] })),
      writer.commit(changeSet(other, { changes: [connectorStatus(1, 'Charging')] })),
    ])
    expect(outcomes.map(({ isOutdated = false }) => isOutdated)).toEqual([false, true, false])
    expect(outcomes[0]?.answer['transactionId']).toBe(id)
    expect(await queries.connectorsOf(key)).toEqual([])
    expect(await queries.connectorsOf(other)).toMatchObject([{ status: 'Charging' }])
  })
})

describeStore('a set that another node has been faster than', (store) => {
  test('a second stop is outdated, and the first one stays', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    await writer.commit(startSet(key, id))
    await writer.commit(stopSet(key, id))
    expect(await writer.commit(stopSet(key, id, {}, 16_000))).toMatchObject(outdated)
    expect(await queries.transaction(id, 'all')).toMatchObject({ meterStopWh: 15_000 })
  })

  test('a stop of what an operator has closed is applied, and no closing replaces it', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = newTransactionId()
    const close = transactionStopped(id, { closedBy: 'operator', meterStopWh: 1 })
    await writer.commit(startSet(key, id))
    await writer.commit(changeSet(key, { epoch: 0, changes: [close] }))
    expect(await writer.commit(stopSet(key, id))).toMatchObject({ duplicate: false })
    await writer.commit(changeSet(key, { epoch: 0, changes: [close] }))
    expect(await queries.transaction(id, 'all')).toMatchObject({ meterStopWh: 15_000, closedBy: 'station' })
  })

  test('another beginning of a transaction is outdated, and the writer goes on', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const [first, second] = [newTransactionId(), newTransactionId()]
    const begin = (transactionId: number) => {
      const changes = [transactionStarted(transactionId, { stationTransactionId: 'T-1' })]
      return writer.commit(startSet(key, transactionId, { changes }))
    }
    await begin(first)
    expect(await begin(second)).toMatchObject(outdated)
    expect(await queries.transactionById(second)).toBeNull()
    expect((await writer.commit(startSet(key, second))).duplicate).toBe(false)
  })

  const story = { stationUse: 1, isStartReported: true, lastEventAtMs: arrivalMs, lastSeqNo: 5 }
  const behind: [string, TransactionPatch, Change[]][] = [
    ['an older event', { lastEventAtMs: arrivalMs - 1, lastSeqNo: 4 }, []],
    ['a start of what was started', { isStartReported: true }, []],
    ['a state of what has ended', { chargingState: 'Charging' }, [transactionStopped(0)]],
  ]
  test.each(behind)('%s is outdated', async (_, more, before) => {
    const { writer } = store()
    const key = await store().newChargePoint()
    const transactionId = newTransactionId()
    await writer.commit(
      startSet(key, transactionId, {
        changes: [transactionStarted(transactionId, { stationTransactionId: `T-${transactionId}`, ...story })],
      }),
    )
    const changes = before.map((change) => ({ ...change, transactionId }) as Change)
    await writer.commit(changeSet(key, { changes }))
    const fact = startFact(transactionId, { ref: 'an update', event: 'Updated' })
    const update = reported(transactionId, more)
    expect(await writer.commit(changeSet(key, { fact, changes: [update] }))).toMatchObject(outdated)
    const newer = reported(transactionId, { lastEventAtMs: arrivalMs + 1, lastSeqNo: 4 })
    expect(await writer.commit(changeSet(key, { fact, changes: [newer] }))).toEqual({ duplicate: false, answer: {} })
  })

  test('a fact that the other node stores after this one has found it outdated is answered as it was there', async () => {
    const { database, queries } = store()
    const key = await store().newChargePoint()
    const epoch = await connected(store(), key)
    const newest = await connected(store(), key)
    const [first, second] = [newTransactionId(), newTransactionId()]
    const older = startSet(key, second, { epoch, fact: startFact(second, { ref: 'the same' }) })
    const newer = startSet(key, first, { epoch: newest, fact: startFact(first, { ref: 'the same' }) })
    const lease = await database.lease()
    try {
      const storesMeanwhile = beforeStatement(lease.client, 'find_outdated', (client) =>
        commitGroup(client, [newer], [], true),
      )
      const { outcomes } = await commitGroup(storesMeanwhile, [older], [], true)
      expect(outcomes).toEqual([{ duplicate: true, answer: newer.answer }])
    } finally {
      lease.release(false)
    }
    expect(await queries.transactionById(second)).toBeNull()
  })

  test('a stop whose outcome was lost is no second one, whatever else of its group is outdated', async () => {
    const { database, writer } = store()
    const key = await store().newChargePoint()
    const other = await store().newChargePoint()
    const epoch = await connected(store(), other)
    await connected(store(), other)
    const id = newTransactionId()
    await writer.commit(startSet(key, id))
    const stop = stopSet(key, id)
    const status = changeSet(other, { epoch, changes: [connectorStatus(1, 'Faulted')] })
    const lease = await database.lease()
    try {
      await commitGroup(lease.client, [stop], [], true)
      const { outcomes } = await commitGroup(lease.client, [stop, status], [], true, true)
      expect(outcomes).toMatchObject([{ duplicate: false }, outdated])
      expect(outcomes[0]).not.toHaveProperty('isOutdated')
    } finally {
      lease.release(false)
    }
  })
})
