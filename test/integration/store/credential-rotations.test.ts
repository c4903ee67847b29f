// What the store keeps of credential rotations, on every database: who gets which item, and when.

import { beforeAll, expect, test } from 'bun:test'
import { rotationItemsMax } from '../../../src/base/limits.ts'
import { createCredentialRotations } from '../../../src/store/credential-rotations.ts'
import { deleteOldRotations } from '../../../src/store/retention.ts'
import { arrivalMs, describeStore } from '../../support/store.ts'

const page = { page: 1, pageSize: 100 }
const hourMs = 3_600_000
const accepted = { state: 'accepted', status: 'Accepted', errorCode: null, error: null } as const

describeStore('credential rotations', (store) => {
  const node = 'this-node'

  beforeAll(async () => {
    await store().database.pool.query(
      `INSERT INTO nodes (id, name, started_at, seen_at) VALUES ('${node}', 'n', now(), 'infinity'), ('other', 'o', now(), 'infinity')`,
    )
  })

  const rotationsOf = (nodeId = node) => createCredentialRotations(store().database.upkeepPool, nodeId)

  /** Identities of fresh charge points that are connected to `holder`. */
  async function connected(count: number, holder: string | null = node): Promise<string[]> {
    const identities = Array.from({ length: count }, () => `CP-${crypto.randomUUID()}`)
    for (const identity of identities) {
      const key = await store().newChargePoint(identity)
      if (holder !== null) await store().queries.connect(key, { version: '1.6', node: holder, atMs: arrivalMs })
    }
    return identities
  }

  const create = (chargePoints: readonly string[], perMinute = 6_000) =>
    store().queries.createCredentialRotation({
      scope: 'all',
      chargePoints,
      createdAtMs: arrivalMs,
      createdBy: 'admin',
      perMinute,
      expiresAtMs: arrivalMs + hourMs,
    })

  /** As if this rotation had been created earlier, by the clock of its pace. */
  async function age(id: number, seconds: number): Promise<void> {
    await store().database.pool.query(
      `UPDATE credential_rotations SET next_at = clock_timestamp() - interval '${seconds} s' WHERE id = $1`,
      [id],
    )
  }

  /** Nothing is left of earlier tests. */
  async function cancelAll(): Promise<void> {
    await store().database.pool.query(`UPDATE credential_rotation_items SET state = 'unknown' WHERE state = 'sending'`)
    const { items } = await store().queries.listCredentialRotations('all', page)
    for (const { id } of items) await store().queries.cancelCredentialRotation(id, 'all', arrivalMs)
  }

  test('give a node the charge points that it holds, and no item twice', async () => {
    const mine = await connected(3)
    const others = await connected(2, 'other')
    const { id } = await create([...mine, ...others, ...(await connected(1, null))])
    await age(id, 3)
    const taken = await rotationsOf().claim(100, arrivalMs)
    expect(taken.map(({ identity }) => identity).toSorted()).toEqual(mine.toSorted())
    await age(id, 3)
    expect(await rotationsOf().claim(100, arrivalMs)).toEqual([])
    expect(await rotationsOf('other').claim(100, arrivalMs)).toHaveLength(2)
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { waiting: 1, sending: 5 } })
    for (const item of taken) await rotationsOf().settle(item, accepted, arrivalMs)
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { accepted: 3, sending: 2 } })
    await cancelAll()
  })

  test('give as many as the pace and the room allow, and make up for no more than five seconds', async () => {
    const { id } = await create(await connected(12), 60)
    expect(await rotationsOf().claim(100, arrivalMs)).toHaveLength(1)
    expect(await rotationsOf().claim(100, arrivalMs)).toHaveLength(0)
    await age(id, 3.5)
    expect(await rotationsOf().claim(2, arrivalMs)).toHaveLength(2)
    expect(await rotationsOf().claim(100, arrivalMs)).toHaveLength(2)
    await age(id, 3_600)
    expect(await rotationsOf().claim(100, arrivalMs)).toHaveLength(6)
    expect(await rotationsOf().claim(100, arrivalMs)).toHaveLength(0)
    await cancelAll()
  })

  test('give nothing to a node whose lease has expired, and nothing of one that has expired itself', async () => {
    const { id } = await create(await connected(1, 'asleep'))
    const seen = (at: string) =>
      store().database.pool.query(
        `INSERT INTO nodes (id, name, started_at, seen_at) VALUES ('asleep', 'a', now(), ${at})
         ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at`,
      )
    await seen(`now() - interval '1 hour'`)
    expect(await rotationsOf('asleep').claim(1, arrivalMs)).toHaveLength(0)
    await seen(`'infinity'`)
    expect(await rotationsOf('asleep').claim(1, arrivalMs + hourMs)).toHaveLength(0)
    const { ended } = await rotationsOf().tidy([], arrivalMs + hourMs)
    expect(ended).toMatchObject([{ id, state: 'expired' }])
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { expired: 1 } })
  })

  test('keep an answer that comes after another node took the sender for dead', async () => {
    const [identity = ''] = await connected(1)
    const { id } = await create([identity])
    const [item] = await rotationsOf().claim(1, arrivalMs)
    if (item === undefined) throw new Error('One item was to be taken.')
    const seen = (at: string) => store().database.pool.query(`UPDATE nodes SET seen_at = ${at} WHERE id = '${node}'`)
    await seen(`now() - interval '1 hour'`)
    expect((await rotationsOf('other').tidy([], arrivalMs)).states).toEqual(['unknown'])
    await seen(`'infinity'`)
    await rotationsOf().giveBack(item, arrivalMs)
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { unknown: 1, waiting: 0 } })
    await rotationsOf().settle(item, accepted, arrivalMs)
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { unknown: 0, accepted: 1 } })
    expect((await rotationsOf().finish(arrivalMs)).ended).toMatchObject([{ id, state: 'done' }])
  })

  test('try an item that was given back later, after the others, and not once the rotation has ended', async () => {
    const { id } = await create(await connected(2), 60)
    const [first] = await rotationsOf().claim(1, arrivalMs)
    if (first === undefined) throw new Error('One item was to be taken.')
    await rotationsOf().giveBack(first, arrivalMs)
    await age(id, 1)
    const [second] = await rotationsOf().claim(2, arrivalMs)
    expect(second?.key).not.toBe(first.key)
    if (second === undefined) throw new Error('Another item was to be taken.')
    await store().queries.cancelCredentialRotation(id, 'all', arrivalMs)
    await rotationsOf().giveBack(second, arrivalMs)
    expect((await rotationsOf().tidy([], arrivalMs)).states).toEqual(['cancelled'])
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { cancelled: 2 } })
    expect((await rotationsOf().finish(arrivalMs)).isOpen).toBe(false)
  })

  test('take back what a node has claimed without hearing of it, and leave it what it holds', async () => {
    const { id } = await create(await connected(3))
    await age(id, 3)
    const [held, ...lost] = await rotationsOf().claim(3, arrivalMs)
    if (held === undefined) throw new Error('Three items were to be taken.')
    await rotationsOf('other').tidy([], arrivalMs + 1)
    await rotationsOf().tidy([held], arrivalMs)
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { sending: 3 } })
    await rotationsOf().tidy([held], arrivalMs + 1)
    expect(await store().queries.credentialRotation(id, 'all')).toMatchObject({ counts: { sending: 1, waiting: 2 } })
    await age(id, 3)
    const again = await rotationsOf().claim(3, arrivalMs + 1)
    expect(again.map(({ key }) => key).toSorted()).toEqual(lost.map(({ key }) => key).toSorted())
    await cancelAll()
  })

  test('are deleted with their items when they ended long ago; one that runs stays', async () => {
    const { database, queries } = store()
    const old = await create(await connected(2))
    await queries.cancelCredentialRotation(old.id, 'all', arrivalMs)
    const running = await create(await connected(1))
    await deleteOldRotations(database.upkeepPool, arrivalMs)
    expect(await queries.credentialRotation(old.id, 'all')).not.toBeNull()
    await deleteOldRotations(database.upkeepPool, arrivalMs + 1)
    expect(await queries.credentialRotation(old.id, 'all')).toBeNull()
    expect((await queries.credentialRotationItems(old.id, undefined, page)).items).toEqual([])
    expect(await queries.credentialRotation(running.id, 'all')).toMatchObject({ counts: { waiting: 1 } })
    await cancelAll()
  })

  test('may be large', async () => {
    const { database, queries } = store()
    const size = database.isSingleConnection ? 9_000 : 20_000
    await database.pool.query(
      `INSERT INTO charge_points (identity, vendor) SELECT 'LARGE-' || n, 'Large' FROM generate_series(1, ${size}) AS n`,
    )
    const chargePoints = { vendor: 'Large' }
    const about = { createdAtMs: arrivalMs, createdBy: 'admin', perMinute: 60, expiresAtMs: arrivalMs + hourMs }
    const { id, counts } = await queries.createCredentialRotation({ scope: 'all', chargePoints, ...about })
    expect(counts).toMatchObject({ waiting: size })
    expect(await rotationsOf().claim(100, arrivalMs)).toEqual([])
    expect(size).toBeLessThan(rotationItemsMax)
    await queries.cancelCredentialRotation(id, 'all', arrivalMs)
    expect(await queries.credentialRotation(id, 'all')).toMatchObject({ counts: { cancelled: size } })
  })
})
