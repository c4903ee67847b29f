// Leases of nodes, statement by statement: who holds which charge points, and who is found out to be gone. No test waits for
// a lease to run out; each writes the time of its last renewal into the past.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { leaseMs, ownershipRowsMax } from '../../../src/base/limits.ts'
import { createNodeLeases, leaseToUnknown, type Ownership, sweepPart } from '../../../src/store/node-leases.ts'
import { arrivalMs, describeStore, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const claim = { version: '1.6', atMs: arrivalMs } as const

describeStore('the leases of nodes', (store, provider) => {
  const leases = () => createNodeLeases(store().database)
  let witness = ''

  beforeEach(async () => {
    witness = await newNode()
  })

  afterEach(async () => {
    await leases().giveBackAll()
  })

  async function newNode(): Promise<string> {
    const id = crypto.randomUUID()
    await leases().take({ id, name: 'host:8080' })
    return id
  }

  /** A charge point that has connected to `node`. */
  async function connected(node: string): Promise<Ownership> {
    const { queries } = store()
    const identity = `CP-${crypto.randomUUID()}`
    const { key } = await queries.createChargePoint(identity, {}, 'all')
    const { epoch } = await queries.connect(key, { ...claim, node })
    return { key, identity, epoch }
  }

  const holderOf = async ({ key }: Ownership): Promise<string | null> => {
    const { rows } = await store().database.pool.query('SELECT connected, node FROM charge_points WHERE id = $1', [key])
    expect(rows[0].connected).toBe(rows[0].node !== null)
    return rows[0].node
  }

  const isThere = async (node: string): Promise<boolean> => {
    const { rowCount } = await store().database.pool.query('SELECT FROM nodes WHERE id = $1', [node])
    return rowCount === 1
  }

  test('a lease holds while it is renewed, and one that ran out is not renewed but taken again', async () => {
    const node = await newNode()
    await age(store(), node, leaseMs - 1_000)
    expect(await leases().renew(node)).toBe(true)
    await age(store(), node, leaseMs - 1_000)
    expect(await leases().hasExpired(witness)).toBe(false)
    await age(store(), node, 1_000)
    expect(await leases().hasExpired(witness)).toBe(true)
    expect(await leases().renew(node)).toBe(false)
    await leases().take({ id: node, name: 'host:8080' })
    expect(await leases().hasExpired(witness)).toBe(false)
    expect(await leases().renew(node)).toBe(true)
  })

  test('what a node held whose lease ran out is not connected any more; what a living node holds stays as it is', async () => {
    const [dead, living] = [await newNode(), await newNode()]
    const [left, moved, held] = [await connected(dead), await connected(dead), await connected(living)]
    await store().queries.connect(moved.key, { ...claim, node: living })
    expect(await leases().sweep(witness)).toBe(0)
    await age(store(), dead, leaseMs)
    expect(await leases().sweep(witness)).toBe(1)
    await leases().forgetExpired()
    expect([await holderOf(left), await holderOf(moved), await holderOf(held)]).toEqual([null, living, living])
    expect([await isThere(dead), await isThere(living)]).toEqual([false, true])
  })

  test('a node whose own lease has run out sweeps nobody', async () => {
    const dead = await newNode()
    const left = await connected(dead)
    for (const node of [dead, witness]) await age(store(), node, leaseMs)
    expect(await leases().hasExpired(witness)).toBe(false)
    expect(await leases().sweep(witness)).toBe(0)
    expect(await holderOf(left)).toBe(dead)
  })

  test('a node is remembered until everything that it held has been swept, part by part', async () => {
    const dead = await newNode()
    await store().database.pool.query(
      `INSERT INTO charge_points (identity, connected, node) SELECT $1 || '-' || n, true, $1 FROM generate_series(0, $2::int) n`,
      [dead, ownershipRowsMax],
    )
    await age(store(), dead, leaseMs)
    expect(await leases().sweep(witness)).toBe(ownershipRowsMax)
    await leases().forgetExpired()
    expect(await isThere(dead)).toBe(true)
    expect(await leases().sweep(witness)).toBe(1)
    await leases().forgetExpired()
    expect(await isThere(dead)).toBe(false)
  })

  test('nodes without a lease that hold charge points get one that has run out, and nobody else does', async () => {
    const [known, unknown, other] = [await newNode(), crypto.randomUUID(), crypto.randomUUID()]
    for (const node of [known, unknown, other]) await connected(node)
    await leases().leaseToUnknown()
    expect(await Promise.all([known, unknown, other].map(isThere))).toEqual([true, true, true])
    expect(await Promise.all([known, unknown, other].map((node) => leases().renew(node)))).toEqual([true, false, false])
    expect(await leases().sweep(witness)).toBe(2)
    await leases().take({ id: other, name: 'host:9090' })
    const { rows } = await store().database.pool.query('SELECT name FROM nodes WHERE id = $1', [other])
    expect(rows).toEqual([{ name: 'host:9090' }])
    const held = [known, unknown, other].map(async (node) => (await leases().heldBy(node, 0)).length)
    expect(await Promise.all(held)).toEqual([1, 0, 0])
  })

  test('a node gets back what was swept, but nothing that has a newer connection, other credentials, or is deleted', async () => {
    const { queries } = store()
    const [node, other] = [await newNode(), await newNode()]
    const [mine, moved, rekeyed, deleted, left] = [
      await connected(node),
      await connected(node),
      await connected(node),
      await connected(node),
      await connected(node),
    ]
    await age(store(), node, leaseMs)
    expect(await leases().sweep(witness)).toBe(5)
    const { epoch } = await queries.connect(moved.key, { ...claim, node: other })
    await queries.updateChargePoint(rekeyed.identity, { apiKeyHash: Buffer.alloc(32) }, 'all')
    await queries.deleteChargePoint(deleted.identity, 'all')
    await leases().take({ id: node, name: 'host:8080' })
    const { regained, overtaken } = await leases().confirm({ id: node, name: 'host:8080' }, [
      mine,
      moved,
      rekeyed,
      deleted,
    ])
    expect(regained).toEqual([mine])
    expect(new Map(overtaken.map(({ key, connected }) => [key, connected]))).toEqual(
      new Map([
        [moved.key, true],
        [rekeyed.key, false],
        [deleted.key, false],
      ]),
    )
    expect(overtaken.find(({ key }) => key === moved.key)).toMatchObject({ epoch, strictness: 'lenient' })
    const held = [mine, moved, rekeyed, deleted, left].map(holderOf)
    expect(await Promise.all(held)).toEqual([node, other, null, null, null])
    expect((await leases().confirm({ id: node, name: 'host:8080' }, [mine])).regained).toEqual([])
  })

  test('a node reads what the database says that it holds, in batches by key', async () => {
    const [node, other] = [await newNode(), await newNode()]
    const held = [await connected(node), await connected(node)]
    await connected(other)
    expect(await leases().heldBy(node, 0)).toEqual(held)
    expect(await leases().heldBy(node, held[0]?.key ?? 0)).toEqual(held.slice(1))
  })

  test('at its end a node gives back what it holds, and its lease', async () => {
    const [node, other] = [await newNode(), await newNode()]
    const [mine, theirs] = [await connected(node), await connected(other)]
    await leases().giveBack(node)
    expect([await holderOf(mine), await holderOf(theirs)]).toEqual([null, other])
    expect([await isThere(node), await isThere(other)]).toEqual([false, true])
  })

  describe('while somebody else is at it', () => {
    // The embedded database has one session.
    test.skipIf(provider === 'Embedded')(
      'a node that comes back waits for the sweep of its lease, and sets right afterwards what was swept',
      async () => {
        const { database } = store()
        const node = await newNode()
        const mine = await connected(node)
        await age(store(), node, leaseMs)
        const sweeper = await database.pool.connect()
        await sweeper.query('BEGIN')
        expect((await sweeper.query(sweepPart, [witness])).rows[0].swept).toBe(1)
        let isTaken = false
        const taken = leases()
          .take({ id: node, name: 'host:8080' })
          .then(() => (isTaken = true))
        await until('the node to wait', async () => {
          const { rowCount } = await database.pool.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          )
          return rowCount === 1
        })
        expect(isTaken).toBe(false)
        await sweeper.query('COMMIT')
        sweeper.release()
        await taken
        expect((await leases().confirm({ id: node, name: 'host:8080' }, [mine])).regained).toEqual([mine])
        expect(await leases().sweep(witness)).toBe(0)
        expect(await holderOf(mine)).toBe(node)
      },
    )

    test.skipIf(provider === 'Embedded')(
      'a charge point that is being claimed is passed over by a sweep, and a lease that is being swept by another one',
      async () => {
        const { database, queries } = store()
        const [dead, living] = [await newNode(), await newNode()]
        const [moving, left] = [await connected(dead), await connected(dead)]
        await age(store(), dead, leaseMs)
        const other = await database.pool.connect()
        await other.query('BEGIN')
        await other.query('SELECT FROM charge_points WHERE id = $1 FOR UPDATE', [moving.key])
        expect(await leases().sweep(witness)).toBe(1)
        await other.query('COMMIT')
        await queries.connect(moving.key, { ...claim, node: living })
        await queries.connect(left.key, { ...claim, node: dead })
        await other.query('BEGIN')
        await other.query('SELECT FROM nodes WHERE id = $1 FOR UPDATE', [dead])
        expect(await leases().sweep(witness)).toBe(0)
        await other.query('COMMIT')
        other.release()
        expect(await leases().sweep(witness)).toBe(1)
        expect([await holderOf(moving), await holderOf(left)]).toEqual([living, null])
      },
    )
  })

  // Nobody sweeps the embedded database.
  test.skipIf(provider === 'Embedded')(
    'among 100,000 connected charge points, those of one node are found by an index',
    async () => {
      const { pool } = store().database
      await pool.query(
        `INSERT INTO charge_points (identity, connected, node)
       SELECT 'PLAN' || n, true, 'node ' || n % 20 FROM generate_series(1, 100000) n`,
      )
      await pool.query(`INSERT INTO nodes SELECT 'node ' || n, '', now(), now() FROM generate_series(0, 19) n`)
      await pool.query('ANALYZE charge_points')
      for (const [text, values] of [[sweepPart, [witness]] as const, [leaseToUnknown, []] as const]) {
        const { rows } = await pool.query(`EXPLAIN ${text}`, [...values])
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
        expect(plan).toContain('charge_points_of_node')
        expect(plan).not.toContain('Seq Scan on charge_points')
      }
    },
  )
})

/** Lets `ms` pass for the lease of this node. */
async function age({ database }: TestStore, node: string, ms: number): Promise<void> {
  await database.pool.query(`UPDATE nodes SET seen_at = seen_at - $2 * interval '1 ms' WHERE id = $1`, [node, ms])
}
