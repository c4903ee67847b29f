// Two processes on one PostgreSQL. One is killed, frozen, cut off, started or stopped: REST is correct about every
// charge point, on each node, within 15 s.

import { afterAll, describe, expect, test } from 'bun:test'
import { Client } from 'pg'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { leaseMs } from '../../src/base/limits.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { giveBack, takeAway } from '../support/database-switch.ts'
import { keepResult } from '../support/fault-results.ts'
import { agree, connectedAt } from '../support/nodes-agree.ts'
import { testDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const testMsMax = 120_000

const cleanUp: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

async function newDatabase(): Promise<string> {
  const { connectionString, drop } = await testDatabase()
  cleanUp.push(drop)
  return connectionString
}

async function startNode(connectionString: string, identities: readonly string[] = []): Promise<StatorProcess> {
  const node = await StatorProcess.start({ connectionString, identities })
  cleanUp.push(() => node.remove())
  return node
}

/** A charge point that has connected to `node` and booted. */
async function dial(node: StatorProcess, identity: string): Promise<RawChargePoint> {
  const raw = await RawChargePoint.connect({ url: node.ocppUrl, identity, password: benchPasswordDefault })
  cleanUp.push(async () => raw.socket.terminate())
  await raw.call('BootNotification', flows16.boot)
  return raw
}

interface ConnectionEntry {
  readonly event?: string
  readonly node?: string
}

/** The connections of a charge point, the newest first, as `node` says. */
async function connectionsOf(node: StatorProcess, identity: string): Promise<readonly ConnectionEntry[]> {
  const { history } = await node.json(`/api/chargepoints/${identity}/history`)
  return (history as readonly ConnectionEntry[]).filter(({ event }) => event !== undefined)
}

/** Checks repeatedly until `isOver` that every node that answers says that `identity` is connected. */
async function staysConnected(
  nodes: readonly StatorProcess[],
  identity: string,
  isOver: () => boolean | Promise<boolean>,
): Promise<number> {
  let looks = 0
  const look = async (): Promise<boolean> => {
    for (const node of nodes) {
      const connected = await connectedAt(node).catch(() => null)
      if (connected === null) continue
      expect(connected).toContain(identity)
      looks++
    }
    return isOver()
  }
  await until('the end of the fault', look, testMsMax)
  return looks
}

/** Whether this many nodes have renewed their leases. */
async function haveLeases(connectionString: string, count: number): Promise<boolean> {
  const client = new Client({ connectionString })
  await client.connect()
  const { rowCount } = await client.query(
    `SELECT FROM nodes WHERE seen_at > clock_timestamp() - interval '${leaseMs} ms'`,
  )
  await client.end()
  return rowCount === count
}

function keep(id: string, fault: string, recoveryMs: readonly number[], recovery: string): void {
  const file = 'several-nodes.test.ts'
  keepResult({ id: `9-${id}`, fault, file, injected: 1, audit: null, recoveryMs, recovery, figures: {} })
}

describe('of two nodes on one database', () => {
  test.concurrent(
    'one is killed: its charge points are not connected any more, also after it is started again, and the others are',
    async () => {
      const database = await newDatabase()
      const dying = await startNode(database, ['DYING', 'BACK', 'LIVING'])
      const living = await startNode(database)
      await dial(dying, 'DYING')
      await dial(dying, 'BACK')
      const raw = await dial(living, 'LIVING')
      await agree([dying, living], ['BACK', 'DYING', 'LIVING'])
      await dying.kill()
      let isOver = false
      const watched = staysConnected([living], 'LIVING', () => isOver)
      await dying.startAgain()
      await dial(dying, 'BACK')
      const ms = await agree([living, dying], ['BACK', 'LIVING'])
      isOver = true
      expect(await watched).toBeGreaterThan(0)
      expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
      const [opened, closed] = [{ event: 'opened' }, { event: 'closed' }]
      expect(await connectionsOf(living, 'DYING')).toMatchObject([{ ...closed, closedBy: 'lost' }, opened])
      expect(await connectionsOf(living, 'BACK')).toMatchObject([opened, closed, opened])
      expect(await connectionsOf(living, 'LIVING')).toMatchObject([opened])
      keep('killed', 'one of two nodes killed', [ms], 'from its new start until both said who is connected')
    },
    testMsMax,
  )

  test.concurrent(
    'one is frozen: its charge points are not connected while it is, and are again when it continues, except those that moved',
    async () => {
      const database = await newDatabase()
      const frozen = await startNode(database, ['FROZEN', 'MOVED'])
      const living = await startNode(database)
      const stays = await dial(frozen, 'FROZEN')
      const older = await dial(frozen, 'MOVED')
      await agree([frozen, living], ['FROZEN', 'MOVED'])
      process.kill(frozen.pid, 'SIGSTOP')
      const gone = await agree([living], [])
      const newer = await dial(living, 'MOVED')
      process.kill(frozen.pid, 'SIGCONT')
      const back = await agree([frozen, living], ['FROZEN', 'MOVED'])
      expect((await older.closed()).code).toBe(1001)
      for (const raw of [stays, newer]) expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
      const connections = await connectionsOf(living, 'FROZEN')
      expect(connections).toMatchObject([
        { event: 'opened' },
        { event: 'closed', closedBy: 'lost' },
        { event: 'opened' },
      ])
      expect(new Set(connections.map(({ node }) => node)).size).toBe(1)
      const recovery = 'from the freeze until the other node knew, and from its end until both did'
      keep('frozen', 'one of two nodes frozen', [gone, back], recovery)
    },
    testMsMax,
  )

  test.concurrent(
    'one is frozen with messages of a charge point that has moved: when it continues, it overwrites nothing',
    async () => {
      const database = await newDatabase()
      const frozen = await startNode(database, ['MOVING'])
      const living = await startNode(database)
      const older = await dial(frozen, 'MOVING')
      const { transactionId } = await older.call('StartTransaction', flows16.start)
      const stop = { transactionId, meterStop: 15_000, timestamp: '2025-12-26T14:00:00Z' }
      process.kill(frozen.pid, 'SIGSTOP')
      const late = [
        older.sendCall('StatusNotification', flows16.status('Faulted')),
        older.sendCall('StopTransaction', { ...stop, meterStop: 16_000, timestamp: '2025-12-26T14:10:00Z' }),
      ]
      const newer = await dial(living, 'MOVING')
      await newer.call('StatusNotification', flows16.status('Charging'))
      await newer.call('StopTransaction', stop)
      process.kill(frozen.pid, 'SIGCONT')
      expect((await older.closed()).code).toBe(1001)
      const nodes = [frozen, living]
      await agree(nodes, ['MOVING'])
      for (const node of nodes) {
        expect(await node.json('/api/chargepoints/MOVING/status')).toMatchObject({ status: 'Charging' })
        expect(await node.json(`/api/transactions/${String(transactionId)}`)).toMatchObject({ meterStop: 15_000 })
      }
      const { anomalies } = await living.json('/api/chargepoints/MOVING/anomalies')
      const seconds = (anomalies as readonly { readonly kind: string }[]).filter(
        ({ kind }) => kind === 'closedTransaction',
      )
      // It may detect the end of the connection before the second message.
      const answered = older.inbox.filter(([type, messageId]) => type === 3 && messageId === late[1])
      expect(seconds.length).toBeGreaterThanOrEqual(answered.length)
      expect(await newer.call('Heartbeat', {})).toHaveProperty('currentTime')
    },
    testMsMax,
  )

  test.concurrent.each(['refused', 'dropped'] as const)(
    'one is cut off from the database, packets %s: likewise, and who left meanwhile has left',
    async (packets) => {
      const database = new URL(await newDatabase())
      const proxy = await startTcpProxy(Number(database.port))
      cleanUp.push(() => proxy.stop())
      const living = await startNode(database.href, ['CUT', 'LEAVES'])
      database.port = String(proxy.port)
      const cutOff = await startNode(database.href)
      const stays = await dial(cutOff, 'CUT')
      const leaves = await dial(cutOff, 'LEAVES')
      await agree([cutOff, living], ['CUT', 'LEAVES'])
      if (packets === 'dropped') proxy.freeze()
      else await proxy.close()
      const gone = await agree([living], [])
      await leaves.close()
      if (packets === 'dropped') await proxy.close()
      await proxy.open()
      const back = await agree([living, cutOff], ['CUT'])
      expect(await stays.call('Heartbeat', {})).toHaveProperty('currentTime')
      const recovery = 'from the cut until the other node knew, and from its end until both did'
      keep(`cut-off-${packets}`, `one of two nodes cut off from PostgreSQL, packets ${packets}`, [gone, back], recovery)
    },
    testMsMax,
  )

  test.concurrent(
    'both are without the database for longer than a lease, and one charge point leaves: it has left, and the others stay connected',
    async () => {
      const database = await newDatabase()
      const one = await startNode(database, ['LEAVES', 'ONE', 'OTHER'])
      const other = await startNode(database)
      const leaves = await dial(one, 'LEAVES')
      await dial(one, 'ONE')
      await dial(other, 'OTHER')
      await agree([one, other], ['LEAVES', 'ONE', 'OTHER'])
      await takeAway(database)
      await leaves.close()
      await Bun.sleep(leaseMs + 1_000)
      await giveBack(database)
      const nodes = [one, other]
      const watched = ['ONE', 'OTHER'].map((identity) => staysConnected(nodes, identity, () => haveLeases(database, 2)))
      const ms = await agree(nodes, ['ONE', 'OTHER'])
      for (const looks of await Promise.all(watched)) expect(looks).toBeGreaterThan(0)
      keep('both-cut-off', 'PostgreSQL away for longer than a lease', [ms], 'until both nodes knew who had left')
    },
    testMsMax,
  )

  test.concurrent(
    'one starts and stops beside the other: nothing happens to what the other holds',
    async () => {
      const database = await newDatabase()
      const living = await startNode(database, ['LIVING', 'GUEST'])
      const raw = await dial(living, 'LIVING')
      let isOver = false
      const watched = staysConnected([living], 'LIVING', () => isOver)
      const coming = await startNode(database)
      await dial(coming, 'GUEST')
      await agree([coming, living], ['GUEST', 'LIVING'])
      expect((await coming.terminate()).code).toBe(0)
      // When it ends it releases its charge points; they do not have to wait for its lease to expire.
      expect(await connectedAt(living)).toEqual(['LIVING'])
      await coming.startAgain()
      expect(await connectedAt(coming)).toEqual(['LIVING'])
      isOver = true
      expect(await watched).toBeGreaterThan(0)
      expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
    },
    testMsMax,
  )
})
