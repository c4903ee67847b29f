// The history of connectors and connections, on every database: what becomes a row, what does not, and how it is read.

import { describe, expect, test } from 'bun:test'
import { leaseMs } from '../../../src/base/limits.ts'
import type { ConnectionHistoryRecord, HistoryRecord } from '../../../src/blocks/records.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import {
  credentialsEnd,
  deletedEnd,
  nodeLostEnd,
  processLostEnd,
  replacedEnd,
  stoppingEnd,
  unreportedEnd,
} from '../../../src/store/connection-history.ts'
import { createNodeLeases } from '../../../src/store/node-leases.ts'
import { connectorStatus } from '../../support/changes.ts'
import { goneEnd } from '../../support/connection-end.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'

const everything = { page: 1, pageSize: 100 }
const lost = { closedBy: 'lost', closeCode: null, reason: nodeLostEnd.reason } as const

describeStore('the history', (store) => {
  const leases = () => createNodeLeases(store().database)

  async function historyOf(chargePointKey: number): Promise<readonly HistoryRecord[]> {
    return (await store().queries.listHistory({ chargePointKey }, everything)).items
  }

  /** Oldest first. */
  async function statusesOf(key: number): Promise<unknown[]> {
    const connectors = (await historyOf(key)).filter((entry) => entry.kind === 'connector')
    return connectors.map(({ evseId, status, errorCode, atMs }) => [evseId, status, errorCode, atMs]).toReversed()
  }

  /** Oldest first. */
  async function connectionsOf(key: number): Promise<ConnectionHistoryRecord[]> {
    return (await historyOf(key)).filter((entry) => entry.kind === 'connection').toReversed()
  }

  async function report(key: number, atMs: number, ...changes: Parameters<typeof connectorStatus>[]): Promise<void> {
    await store().writer.commit(
      changeSet(key, { receivedAtMs: atMs, changes: changes.map((change) => connectorStatus(...change)) }),
    )
  }

  describe('of connectors', () => {
    test('has a row for each change of a status or an error, and none for one that is reported again', async () => {
      const key = await store().newChargePoint()
      await report(key, arrivalMs, [1, 'Available'], [2, 'Available'])
      await report(key, arrivalMs + 1_000, [1, 'Available', { info: 'again', occurredAtMs: arrivalMs + 900 }])
      await report(key, arrivalMs + 2_000, [1, 'Faulted', { errorCode: 'GroundFailure' }])
      await report(key, arrivalMs + 3_000, [1, 'Faulted', { errorCode: 'OtherError', vendorErrorCode: 'E1' }])
      await report(key, arrivalMs + 4_000, [1, 'Faulted', { errorCode: 'OtherError', vendorErrorCode: 'E2' }])
      await report(key, arrivalMs + 5_000, [1, 'Faulted', { errorCode: 'OtherError', vendorErrorCode: 'E2' }])
      await report(key, arrivalMs + 6_000, [1, 'Available'])
      expect(await statusesOf(key)).toEqual([
        [1, 'Available', 'NoError', arrivalMs],
        [2, 'Available', 'NoError', arrivalMs],
        [1, 'Faulted', 'GroundFailure', arrivalMs + 2_000],
        [1, 'Faulted', 'OtherError', arrivalMs + 3_000],
        [1, 'Faulted', 'OtherError', arrivalMs + 4_000],
        [1, 'Available', 'NoError', arrivalMs + 6_000],
      ])
    })

    test('is not added to by a commit that is done again because its outcome was lost', async () => {
      const key = await store().newChargePoint()
      const group = [changeSet(key, { changes: [connectorStatus(1, 'Preparing'), connectorStatus(2, 'Available')] })]
      const lease = await store().database.lease()
      for (const mayBeStored of [false, true]) await commitGroup(lease.client, group, [], true, mayBeStored)
      lease.release()
      expect(await statusesOf(key)).toHaveLength(2)
    })

    test('keeps the order of statuses that arrive in one millisecond', async () => {
      const key = await store().newChargePoint()
      const statuses = ['Available', 'Preparing', 'Charging', 'Finishing', 'Available', 'Faulted'] as const
      for (const status of statuses) await report(key, arrivalMs, [1, status])
      expect(await statusesOf(key)).toEqual(statuses.map((status) => [1, status, 'NoError', arrivalMs]))
    })

    test('goes on from the right time when the clock of this system had been ahead', async () => {
      const key = await store().newChargePoint()
      await report(key, arrivalMs + 3_600_000, [1, 'Available'])
      await report(key, arrivalMs, [1, 'Charging'])
      await report(key, arrivalMs + 1_000, [1, 'Charging'])
      expect(await statusesOf(key)).toEqual([
        [1, 'Charging', 'NoError', arrivalMs],
        [1, 'Available', 'NoError', arrivalMs + 3_600_000],
      ])
    })

    test('has its times by the clock of this system, whatever year the charge point lives in', async () => {
      const key = await store().newChargePoint()
      const [past, future] = [Date.UTC(1970, 0, 1), Date.UTC(2099, 0, 1)]
      await report(key, arrivalMs, [1, 'Available', { occurredAtMs: future }])
      await report(key, arrivalMs + 1_000, [1, 'Charging', { occurredAtMs: past }])
      expect(await historyOf(key)).toMatchObject([
        { status: 'Charging', atMs: arrivalMs + 1_000, occurredAtMs: past },
        { status: 'Available', atMs: arrivalMs, occurredAtMs: future },
      ])
    })

    test('begins with the next report of a connector from before the history', async () => {
      const { database, newChargePoint } = store()
      const key = await newChargePoint()
      await report(key, arrivalMs, [1, 'Available'])
      await database.pool.query('DELETE FROM connector_history WHERE charge_point_id = $1', [key])
      await database.pool.query('UPDATE connectors SET changed_at = NULL WHERE charge_point_id = $1', [key])
      for (const atMs of [1_000, 2_000]) await report(key, arrivalMs + atMs, [1, 'Available'])
      expect(await statusesOf(key)).toEqual([[1, 'Available', 'NoError', arrivalMs + 1_000]])
    })

    test('has what a node of the previous version received as soon as it is reported again', async () => {
      const { database, newChargePoint } = store()
      const key = await newChargePoint()
      await report(key, arrivalMs, [1, 'Available'])
      await database.pool.query(
        `UPDATE connectors SET status = 'Charging', status_since = status_since + interval '1 minute' WHERE charge_point_id = $1`,
        [key],
      )
      for (const atMs of [120_000, 180_000]) await report(key, arrivalMs + atMs, [1, 'Charging'])
      expect(await statusesOf(key)).toEqual([
        [1, 'Available', 'NoError', arrivalMs],
        [1, 'Charging', 'NoError', arrivalMs + 120_000],
      ])
    })
  })

  describe('of connections', () => {
    const claim = (node: string, atMs = arrivalMs) => ({ version: '1.6', node, atMs }) as const

    async function newNode(name = 'host:8080'): Promise<string> {
      const id = crypto.randomUUID()
      await leases().take({ id, name })
      return id
    }

    /** Lets the lease of this node run out, `agoMs` ago. Answers when that was. */
    async function expire(node: string, agoMs: number): Promise<number> {
      const { rows } = await store().database.pool.query<{ at: number }>(
        `UPDATE nodes SET seen_at = clock_timestamp() - $2 * interval '1 ms' WHERE id = $1
         RETURNING seen_at + $3 * interval '1 ms' AS at`,
        [node, agoMs + leaseMs, leaseMs],
      )
      return rows[0]?.at ?? 0
    }

    test('says when each opened, at which node, and how it ended', async () => {
      const { queries, newChargePoint } = store()
      const [key, node] = [await newChargePoint(), await newNode('csms-1:8080')]
      const remoteAddress = '192.0.2.1'
      const { epoch } = await queries.connect(key, { ...claim(node), remoteAddress })
      const end = { closedBy: 'chargePoint', closeCode: 1000, reason: 'reboot\0ing', atMs: arrivalMs + 60_000 } as const
      await queries.disconnect(key, epoch, end)
      await queries.disconnect(key, epoch, { ...goneEnd, atMs: arrivalMs + 61_000 })
      const shown = { kind: 'connection', epoch, node: 'csms-1:8080', remoteAddress } as const
      expect(await connectionsOf(key)).toEqual([
        { ...shown, event: 'opened', atMs: arrivalMs, closedBy: null, closeCode: null, reason: null },
        { ...shown, event: 'closed', ...end, reason: 'reboot\uFFFDing' },
      ])
    })

    test('has one end for one that a newer one replaces, and keeps the order of openings in one millisecond', async () => {
      const { queries, newChargePoint } = store()
      const [key, one, other] = [await newChargePoint(), await newNode('one:1'), await newNode('other:2')]
      const first = await queries.connect(key, claim(one))
      const second = await queries.connect(key, claim(other))
      await queries.disconnect(key, first.epoch, goneEnd)
      await queries.disconnect(key, second.epoch, goneEnd)
      expect(await connectionsOf(key)).toMatchObject([
        { event: 'opened', epoch: first.epoch, node: 'one:1', remoteAddress: null },
        { event: 'closed', epoch: first.epoch, node: 'one:1', ...replacedEnd },
        { event: 'opened', epoch: second.epoch, node: 'other:2' },
        { event: 'closed', epoch: second.epoch, node: 'other:2', closedBy: 'lost', closeCode: 1006 },
      ])
    })

    test('of many at once misses none', async () => {
      const { queries, newChargePoint } = store()
      const [key, node] = [await newChargePoint(), await newNode()]
      const claimed = await Promise.all(Array.from({ length: 20 }, () => queries.connect(key, claim(node))))
      const last = Math.max(...claimed.map(({ epoch }) => epoch))
      await Promise.all(claimed.map(({ epoch }) => queries.disconnect(key, epoch, goneEnd)))
      const connections = await connectionsOf(key)
      expect(connections).toHaveLength(40)
      const epochs = claimed.map(({ epoch }) => epoch).toSorted((a, b) => a - b)
      expect(connections.map(({ epoch, event }) => [epoch, event])).toEqual(
        epochs.flatMap((epoch) => [
          [epoch, 'opened'],
          [epoch, 'closed'],
        ]),
      )
      expect(connections.filter(({ closedBy }) => closedBy === 'lost').map(({ epoch }) => epoch)).toEqual([last])
    })

    test('says that other credentials, or its deletion, ended it; and nothing when it was not connected', async () => {
      const { queries } = store()
      const node = await newNode()
      const ends = async (change: (identity: string) => Promise<unknown>, isConnected: boolean) => {
        const identity = `CP-${crypto.randomUUID()}`
        const { key } = await queries.createChargePoint(identity, {}, 'all')
        const claimed = isConnected ? await queries.connect(key, claim(node)) : null
        expect(await change(identity)).not.toBe(null)
        if (claimed !== null) await queries.disconnect(key, claimed.epoch, goneEnd)
        return (await connectionsOf(key)).filter(({ event }) => event === 'closed')
      }
      const rekey = (identity: string) => queries.updateChargePoint(identity, { apiKeyHash: Buffer.alloc(32) }, 'all')
      const remove = (identity: string) => queries.deleteChargePoint(identity, 'all')
      expect(await ends(rekey, true)).toMatchObject([{ node: 'host:8080', ...credentialsEnd }])
      expect(await ends(remove, true)).toMatchObject([{ node: 'host:8080', ...deletedEnd }])
      expect([await ends(rekey, false), await ends(remove, false)]).toEqual([[], []])
    })

    test('ends with the lease of its node when that is gone, be it swept or connected elsewhere first', async () => {
      const { queries, newChargePoint } = store()
      const [dead, living] = [await newNode('dead:1'), await newNode('living:2')]
      const [swept, moved] = [await newChargePoint(), await newChargePoint()]
      for (const key of [swept, moved]) await queries.connect(key, claim(dead))
      const endedAtMs = await expire(dead, 7_200_000)
      await queries.connect(moved, claim(living, Date.now()))
      expect(await leases().sweep(living)).toBe(1)
      const end = { event: 'closed', node: 'dead:1', atMs: endedAtMs, ...lost }
      expect(await connectionsOf(swept)).toMatchObject([{ event: 'opened' }, end])
      expect(await connectionsOf(moved)).toMatchObject([
        { event: 'opened' },
        end,
        { event: 'opened', node: 'living:2' },
      ])
    })

    test('goes on under the same number when the node comes back', async () => {
      const { queries } = store()
      const [node, witness] = [await newNode(), await newNode()]
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, {}, 'all')
      const remoteAddress = '192.0.2.1'
      const { epoch } = await queries.connect(key, { ...claim(node), remoteAddress })
      await expire(node, 0)
      expect(await leases().sweep(witness)).toBe(1)
      await leases().take({ id: node, name: 'host:8080' })
      for (let time = 0; time < 2; time++)
        await leases().confirm({ id: node, name: 'host:8080' }, [{ key, identity, epoch }])
      expect(await connectionsOf(key)).toMatchObject([
        { event: 'opened', epoch, remoteAddress },
        { event: 'closed', epoch, ...lost, remoteAddress },
        { event: 'opened', epoch, remoteAddress },
      ])
    })

    test('has the name of a node that is back from a freeze, and holds connections before it has its lease again', async () => {
      const { queries } = store()
      const [node, witness] = [{ id: await newNode('frozen:1'), name: 'frozen:1' }, await newNode()]
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, {}, 'all')
      const { epoch } = await queries.connect(key, claim(node.id))
      await expire(node.id, 0)
      await leases().sweep(witness)
      await leases().forgetExpired()
      await leases().confirm(node, [{ key, identity, epoch }])
      const { epoch: next } = await queries.connect(key, { ...claim(node.id), nodeName: node.name })
      await queries.disconnect(key, next, { closedBy: 'chargePoint', closeCode: 1000, reason: '', atMs: arrivalMs })
      const connections = await connectionsOf(key)
      expect(connections).toHaveLength(6)
      expect(connections).toEqual(connections.map((entry) => ({ ...entry, node: 'frozen:1' })))
    })

    test('ends with the node that stops, with a process that died, and with one that could not report its end', async () => {
      const { queries, newChargePoint } = store()
      const [stopping, other] = [await newNode(), await newNode()]
      const [stopped, unreported, died] = [await newChargePoint(), await newChargePoint(), await newChargePoint()]
      await queries.connect(stopped, claim(stopping))
      const { epoch } = await queries.connect(unreported, claim(other))
      await leases().giveBack(stopping)
      await leases().release([{ key: unreported, epoch, end: { ...unreportedEnd, atMs: arrivalMs + 1_000 } }])
      await queries.connect(died, claim(other, arrivalMs + 2_000))
      await leases().giveBackAll()
      const endOf = async (key: number) => (await connectionsOf(key)).slice(1)
      expect(await endOf(stopped)).toMatchObject([{ event: 'closed', node: 'host:8080', ...stoppingEnd }])
      expect(await endOf(unreported)).toMatchObject([{ event: 'closed', atMs: arrivalMs + 1_000, ...unreportedEnd }])
      expect(await endOf(died)).toMatchObject([
        { event: 'closed', atMs: arrivalMs + 2_000, node: 'host:8080', ...processLostEnd },
      ])
    })
  })

  test('is read newest first, both kinds together, page by page, of a time, and of one charge point', async () => {
    const { queries, newChargePoint } = store()
    const [key, other] = [await newChargePoint(), await newChargePoint()]
    await report(other, arrivalMs, [1, 'Available'])
    for (let round = 0; round < 3; round++) {
      const atMs = arrivalMs + round * 10_000
      const { epoch } = await queries.connect(key, { version: '1.6', node: 'n', atMs })
      await report(key, atMs + 1_000, [1, round === 1 ? 'Charging' : 'Available'])
      await queries.disconnect(key, epoch, { ...goneEnd, atMs: atMs + 2_000 })
    }
    const list = async (page: number, pageSize: number, period = {}) => {
      const { totalCount, items } = await queries.listHistory({ chargePointKey: key, ...period }, { page, pageSize })
      return [totalCount, items.map(({ atMs }) => (atMs - arrivalMs) / 1_000)]
    }
    expect(await list(1, 100)).toEqual([9, [22, 21, 20, 12, 11, 10, 2, 1, 0]])
    expect(await list(2, 4)).toEqual([9, [11, 10, 2, 1]])
    expect(await list(3, 4)).toEqual([9, [0]])
    expect(await list(1, 2, { fromMs: arrivalMs + 2_000, toMs: arrivalMs + 12_000 })).toEqual([4, [12, 11]])
    expect(await list(2, 2, { fromMs: arrivalMs + 2_000, toMs: arrivalMs + 12_000 })).toEqual([4, [10, 2]])
  })
})
