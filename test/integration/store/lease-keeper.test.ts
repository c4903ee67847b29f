// How a node keeps its lease and sets right what the database says of its charge points, turn by turn: on PostgreSQL, with a
// clock that the test moves.

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import { StatorError } from '../../../src/base/errors.ts'
import {
  leaseMs,
  leaseRenewalsBeforeSweep,
  leaseRenewMs,
  leaseStatementMsMax,
  leaseCheckMs,
  ownershipCheckMs,
} from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import type { Release } from '../../../src/store/live-queries.ts'
import type { Fence } from '../../../src/store/fences.ts'
import { LeaseKeeper, type LeaseKeeperOptions } from '../../../src/store/lease-keeper.ts'
import { createNodeLeases, type NodeLeases, type Ownership } from '../../../src/store/node-leases.ts'
import { createQueries, type Queries } from '../../../src/store/queries.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { type TestDatabase, testDatabase } from '../../support/postgres.ts'
import { arrivalMs } from '../../support/store.ts'
import { until } from '../../support/until.ts'

let test18: TestDatabase
let database: Database
let queries: Queries
let leases: NodeLeases
const kept: Node[] = []

beforeAll(async () => {
  test18 = await testDatabase()
  database = await openDatabase({
    provider: 'PostgreSQL',
    connectionString: test18.connectionString,
    dataFolder: '',
    poolSize: 1,
    log: silentLogger,
  })
  queries = createQueries(database)
  leases = createNodeLeases(database)
})

afterEach(async () => {
  for (const node of kept.splice(0)) await node.keeper.end()
  await leases.giveBackAll()
})

afterAll(async () => {
  await database.close()
  await test18.drop()
})

/** A node with a clock of its own, and the charge points that it believes to hold. */
interface Node {
  readonly keeper: LeaseKeeper
  readonly clock: HandClock
  readonly counters: Counters
  held: Ownership[]
  /** Keys of charge points with a connection that is being begun. */
  expected: number[]
  /** Keys that it was notified of as not its own any more. */
  readonly overtaken: Fence[]
  /** Whether those that it holds leave just as they are marked as connected. */
  isLeaving: boolean
}

async function newNode(isShared = true, more: Partial<LeaseKeeperOptions> = {}): Promise<Node> {
  const clock = new HandClock()
  const counters = new Counters()
  const state = { clock, counters, held: [], expected: [], overtaken: [], isLeaving: false } as Omit<Node, 'keeper'>
  const keeper = await LeaseKeeper.begin({
    leases,
    node: { id: crypto.randomUUID(), name: 'host:8080' },
    isShared,
    clock,
    counters,
    log: silentLogger,
    holdings: {
      all: () => state.held,
      has: ({ key, epoch }) => !state.isLeaving && state.held.some((one) => one.key === key && one.epoch === epoch),
      expects: ({ key }) => state.expected.includes(key),
      overtaken: (fence) => {
        state.overtaken.push(fence)
        state.held = state.held.filter(({ key }) => key !== fence.key)
      },
    },
    ...more,
  })
  const node = Object.assign(state, { keeper })
  kept.push(node)
  return node
}

/** The end of a connection that left. */
function gone({ key, epoch }: Ownership): Release {
  return { key, epoch, end: { closedBy: 'chargePoint', closeCode: 1000, reason: 'bye', atMs: arrivalMs + 30_000 } }
}

/** Lets `ms` pass for one node, turn by turn. */
async function pass({ clock }: Node, ms: number): Promise<void> {
  const alarms = clock.alarms
  for (let passed = 0; passed < ms; passed += leaseCheckMs) {
    clock.pass(leaseCheckMs)
    await until('the turn to end', () => clock.alarms === alarms)
  }
}

async function runOut({ keeper }: Node): Promise<void> {
  await database.pool.query(`UPDATE nodes SET seen_at = seen_at - $2 * interval '1 ms' WHERE id = $1`, [
    keeper.node,
    leaseMs,
  ])
}

/** A charge point that has connected to the node, which does not know it yet. */
async function claimed({ keeper }: Node): Promise<Ownership> {
  const identity = `CP-${crypto.randomUUID()}`
  const { key } = await queries.createChargePoint(identity, {}, 'all')
  const { epoch } = await queries.connect(key, { version: '1.6', atMs: arrivalMs, node: keeper.node })
  return { key, identity, epoch }
}

async function connected(node: Node): Promise<Ownership> {
  const one = await claimed(node)
  node.held.push(one)
  return one
}

async function isConnected({ identity }: Ownership): Promise<boolean | undefined> {
  return (await queries.chargePoint(identity, 'all'))?.connected
}

test('a lease that is renewed is not swept by another node, and one that is not renewed is', async () => {
  const [one, other] = [await newNode(), await newNode()]
  const theirs = await connected(other)
  await pass(one, leaseMs)
  expect(await isConnected(theirs)).toBe(true)
  await runOut(other)
  await pass(other, leaseRenewMs)
  await pass(one, leaseMs)
  expect(await isConnected(theirs)).toBe(true)
  await runOut(other)
  await pass(one, leaseCheckMs)
  expect(await isConnected(theirs)).toBe(false)
  expect(one.counters.connectionsSwept).toBe(1)
})

test('a node that was swept gets its charge points back as soon as it renews, and is notified of those that are not its own any more', async () => {
  const [one, other] = [await newNode(), await newNode()]
  const [mine, moved] = [await connected(other), await connected(other)]
  await runOut(other)
  await pass(one, leaseMs)
  const { epoch } = await queries.connect(moved.key, { version: '1.6', atMs: arrivalMs, node: one.keeper.node })
  await pass(other, leaseRenewMs + leaseCheckMs)
  expect(await isConnected(mine)).toBe(true)
  expect(other.counters.leasesLost).toBe(1)
  expect(other.overtaken).toMatchObject([{ key: moved.key, epoch, connected: true }])
  expect(one.overtaken).toEqual([])
})

test('a node whose own lease had run out gives the others time before it sweeps theirs', async () => {
  const [one, other] = [await newNode(), await newNode()]
  const theirs = await connected(other)
  await pass(one, leaseMs)
  for (const node of [one, other]) await runOut(node)
  await pass(one, leaseRenewMs)
  expect(one.counters.leasesLost).toBe(1)
  await pass(one, leaseRenewMs * leaseRenewalsBeforeSweep - 2 * leaseCheckMs)
  expect(await isConnected(theirs)).toBe(true)
  await pass(one, leaseRenewMs)
  expect(await isConnected(theirs)).toBe(false)
})

test('a charge point that was swept while its claim was under way is connected all the same', async () => {
  const [one, other] = [await newNode(), await newNode()]
  await pass(one, leaseMs)
  const { promise: answer, resolve: arrive } = Promise.withResolvers<Ownership>()
  const claiming = other.keeper.claiming(0, () => answer)
  const late = await claimed(other)
  other.expected = [late.key]
  await runOut(other)
  await pass(one, leaseCheckMs)
  await pass(other, 2 * leaseRenewMs)
  expect(await isConnected(late)).toBe(false)
  arrive(late)
  other.held.push(await claiming)
  other.expected = []
  await pass(other, leaseRenewMs)
  expect(await isConnected(late)).toBe(true)
})

test('who leaves while his node marks him as connected again has left', async () => {
  const node = await newNode()
  const leaving = await connected(node)
  await runOut(node)
  expect(await leases.sweep((await newNode()).keeper.node)).toBe(1)
  node.isLeaving = true
  await pass(node, leaseRenewMs + leaseCheckMs)
  expect(await isConnected(leaving)).toBe(false)
})

test.each([
  ['with others', true],
  ['alone', false],
])(
  'of an outage of the database a node %s logs the beginning and the end, once each, at Warning',
  async (_who, isShared) => {
    const { log, lines } = collectedLog('Warning')
    let isAway = false
    const whileThere = <T>(work: () => Promise<T>): Promise<T> =>
      isAway ? Promise.reject(new StatorError('STORE_UNAVAILABLE', 'The database is away.')) : work()
    const node = await newNode(isShared, {
      log,
      leases: {
        ...leases,
        renew: (id) => whileThere(() => leases.renew(id)),
        confirm: (...given) => whileThere(() => leases.confirm(...given)),
        heldBy: (...given) => whileThere(() => leases.heldBy(...given)),
      },
    })
    await pass(node, leaseCheckMs)
    isAway = true
    await pass(node, ownershipCheckMs + 2 * leaseRenewMs)
    isAway = false
    await pass(node, 2 * leaseRenewMs)
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'The lease of this node could not be kept; the next turn tries again.',
      'The database answers again; the lease of this node is kept.',
    ])
  },
)

test('a charge point that left while the database was away is not connected when it is back', async () => {
  const node = await newNode()
  await pass(node, leaseCheckMs)
  const left = await claimed(node)
  await pass(node, leaseRenewMs)
  expect(await isConnected(left)).toBe(true)
  const away = new StatorError('STORE_UNAVAILABLE', 'The database is away.')
  await expect(node.keeper.releasing(gone(left), () => Promise.reject(away))).rejects.toBe(away)
  await pass(node, leaseRenewMs)
  expect(await isConnected(left)).toBe(false)
})

test('a charge point that has left is not connected within seconds, though the statement that says so hangs', async () => {
  const node = await newNode()
  await pass(node, leaseCheckMs)
  const left = await claimed(node)
  const { promise: hanging, resolve: end } = Promise.withResolvers<void>()
  const releasing = node.keeper.releasing(gone(left), () => hanging)
  await pass(node, leaseStatementMsMax)
  expect(await isConnected(left)).toBe(true)
  await pass(node, leaseRenewMs)
  expect(await isConnected(left)).toBe(false)
  end()
  await releasing
})

test('the end of a connection while the database was unavailable is stored when it is back, and before the next one is claimed', async () => {
  const node = await newNode()
  await pass(node, leaseCheckMs)
  const [left, returned] = [await claimed(node), await claimed(node)]
  const away = () => Promise.reject(new StatorError('STORE_UNAVAILABLE', 'The database is away.'))
  for (const one of [left, returned]) {
    let isAway = true
    const release = gone(one)
    const report = () => (isAway ? away() : queries.disconnect(one.key, one.epoch, release.end))
    await expect(node.keeper.releasing(release, report)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    isAway = false
  }
  const claim = { version: '1.6', atMs: arrivalMs + 60_000, node: node.keeper.node } as const
  const { epoch } = await node.keeper.claiming(returned.key, () => queries.connect(returned.key, claim))
  node.held.push({ ...returned, epoch })
  await pass(node, leaseRenewMs)
  const endsOf = async ({ key }: Ownership) => {
    const { items } = await queries.listHistory({ chargePointKey: key }, { page: 1, pageSize: 10 })
    return items.filter((entry) => entry.kind === 'connection' && entry.event === 'closed')
  }
  for (const one of [left, returned]) expect(await endsOf(one)).toMatchObject([{ epoch: one.epoch, ...gone(one).end }])
  expect(await isConnected(returned)).toBe(true)
})

test('a claim whose answer was lost leaves nobody connected, and one that was refused costs nothing', async () => {
  const node = await newNode()
  await pass(node, leaseCheckMs)
  const lost = await claimed(node)
  const refused = new StatorError('NOT_FOUND', 'It was deleted.')
  await expect(node.keeper.claiming(lost.key, () => Promise.reject(refused))).rejects.toBe(refused)
  await pass(node, leaseRenewMs)
  expect(await isConnected(lost)).toBe(true)
  const away = new StatorError('STORE_UNAVAILABLE', 'The database is away.')
  await expect(node.keeper.claiming(lost.key, () => Promise.reject(away))).rejects.toBe(away)
  await pass(node, leaseRenewMs)
  expect(await isConnected(lost)).toBe(false)
})

test('a connection that is being begun is not taken for one that has left, and is looked at again', async () => {
  const node = await newNode()
  const beginning = await claimed(node)
  node.expected = [beginning.key]
  await pass(node, leaseRenewMs)
  expect(await isConnected(beginning)).toBe(true)
  node.expected = []
  await pass(node, leaseRenewMs)
  expect(await isConnected(beginning)).toBe(false)
})

test('what is connected to a node that nobody knows is swept', async () => {
  const node = await newNode()
  const orphan = await claimed(node)
  const unknown = crypto.randomUUID()
  await database.pool.query('UPDATE charge_points SET node = $2 WHERE id = $1', [orphan.key, unknown])
  await pass(node, leaseMs)
  expect(await isConnected(orphan)).toBe(false)
})

test('where no other process can be, whatever was connected is not when the node begins, and its lease never runs out', async () => {
  const before = await newNode()
  const left = await connected(before)
  const node = await newNode(false)
  expect(await isConnected(left)).toBe(false)
  await pass(node, leaseMs)
  const { rows } = await database.pool.query("SELECT id, name FROM nodes WHERE seen_at = 'infinity'")
  expect(rows).toEqual([{ id: node.keeper.node, name: 'host:8080' }])
})

test('a node that ends gives everything back, and has no turn any more', async () => {
  const node = await newNode()
  const mine = await connected(node)
  await node.keeper.end()
  expect(await isConnected(mine)).toBe(false)
  expect(node.clock.alarms).toBe(0)
})
