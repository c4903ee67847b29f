// What the store promises about credentials that change: claims, rotations, and fences of other nodes, on every
// database.

import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { startLooking } from '../../../src/store/fences.ts'
import { arrivalMs, describeStore } from '../../support/store.ts'

const hash = (secret: string): Uint8Array => createHash('sha256').update(secret).digest()

describeStore('credentials', (store) => {
  test('a connection is claimed with the credential that the charge point authenticated with, unless it was taken away since', async () => {
    const { queries } = store()
    const identity = `CP-${crypto.randomUUID()}`
    const created = { passwordHash: hash('old'), apiKeyHash: hash('key') }
    const { key } = await queries.createChargePoint(identity, created, 'all')
    const claim = (credential: Uint8Array | null) =>
      queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs, credential })
    const gone = { code: 'NOT_FOUND' }
    const claims = [hash('old'), hash('key'), null].map(claim)
    expect((await Promise.all(claims)).map(({ chargePoint }) => chargePoint.key)).toEqual([key, key, key])
    await expect(claim(hash('another'))).rejects.toMatchObject(gone)

    await queries.updateChargePoint(identity, { passwordHash: hash('new') }, 'all')
    expect(await queries.chargePoint(identity, 'all')).toMatchObject({ connected: false })
    await expect(claim(hash('old'))).rejects.toMatchObject(gone)
    expect((await claim(hash('key'))).chargePoint.key).toBe(key)
    expect((await claim(hash('new'))).chargePoint.key).toBe(key)
  })

  test('a pending password becomes the password with the first claim that uses it', async () => {
    const { queries } = store()
    const identity = `CP-${crypto.randomUUID()}`
    const { key } = await queries.createChargePoint(identity, { passwordHash: hash('old') }, 'all')
    const claim = (credential: Uint8Array) =>
      queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs, credential })
    const held = async () => {
      const { passwordHash, pendingPasswordHash } = (await queries.credentials(identity)) ?? {}
      return [passwordHash, pendingPasswordHash].map((one) => (one == null ? null : Buffer.from(one).toString('hex')))
    }
    const hex = (secret: string): string => Buffer.from(hash(secret)).toString('hex')
    expect(await queries.beginRotation(key, hash('new'))).toEqual({ previous: null })
    await claim(hash('old'))
    expect(await held()).toEqual([hex('old'), hex('new')])
    await claim(hash('new'))
    expect(await held()).toEqual([hex('new'), null])
    await expect(claim(hash('old'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    // The answer comes late: nothing of it counts any more.
    await queries.withdrawRotation(key, hash('new'), null)
    await queries.acceptRotation(key, hash('new'))
    expect(await held()).toEqual([hex('new'), null])
  })

  test('a rotation is accepted or withdrawn unless an operator has set a password meanwhile', async () => {
    const { queries } = store()
    const identity = `CP-${crypto.randomUUID()}`
    const { key } = await queries.createChargePoint(identity, { passwordHash: hash('old') }, 'all')
    const held = async () => {
      const { passwordHash, pendingPasswordHash } = (await queries.credentials(identity)) ?? {}
      return [passwordHash, pendingPasswordHash].map((one) => one && Buffer.from(one))
    }
    await queries.beginRotation(key, hash('first'))
    expect(await queries.beginRotation(key, hash('second'))).toEqual({ previous: Buffer.from(hash('first')) })
    await queries.withdrawRotation(key, hash('second'), hash('first'))
    expect(await held()).toEqual([hash('old'), hash('first')].map((one) => Buffer.from(one)))
    await queries.updateChargePoint(identity, { passwordHash: hash('of the operator') }, 'all')
    await queries.acceptRotation(key, hash('first'))
    expect(await held()).toEqual([Buffer.from(hash('of the operator')), null])
    await queries.deleteChargePoint(identity, 'all')
    expect(await queries.beginRotation(key, hash('third'))).toBeNull()
  })

  test('each poll has the connections that were ended since the last one, also by a transaction that is committed late', async () => {
    const { database, queries } = store()
    const claim = { version: '1.6', node: 'n', atMs: arrivalMs } as const
    const made = [1, 2, 3, 4, 5].map(() => queries.createChargePoint(`CP-${crypto.randomUUID()}`, {}, 'all'))
    const [rekeyed, deleted, replaced, moved, late] = await Promise.all(made)
    if (!rekeyed || !deleted || !replaced || !moved || !late) throw new Error('Five were made.')
    for (const { key } of [rekeyed, deleted, replaced, moved, late]) await queries.connect(key, claim)
    const look = await startLooking(database)
    const keys = [rekeyed, deleted, replaced, moved, late].map(({ key }) => key)
    // A look repeats rows while any transaction of the server is open, also one of another database: what it said
    // before is left out.
    const before = new Map<number, string>()
    const seen = async () =>
      (await look()).filter((row) => {
        if (!keys.includes(row.key) || before.get(row.key) === JSON.stringify(row)) return false
        before.set(row.key, JSON.stringify(row))
        return true
      })
    await seen()
    expect(await seen()).toEqual([])
    await queries.updateChargePoint(moved.identity, { location: 'There' }, 'all')
    await queries.updateChargePoint(rekeyed.identity, { apiKeyHash: hash('key') }, 'all')
    await queries.deleteChargePoint(deleted.identity, 'all')
    const { epoch } = await queries.connect(replaced.key, claim)
    const found = await seen()
    expect(new Map(found.map(({ key, connected }) => [key, connected]))).toEqual(
      new Map([
        [rekeyed.key, false],
        [deleted.key, false],
        [replaced.key, true],
      ]),
    )
    expect(found.find(({ key }) => key === replaced.key)?.epoch).toBe(epoch)
    const settings = { strictness: 'strict', quirkProfile: 'p', registrationStatus: 'Pending' } as const
    await queries.updateChargePoint(moved.identity, settings, 'all')
    expect(await seen()).toMatchObject([{ key: moved.key, connected: true, ...settings }])
    expect(await seen()).toEqual([])
    if (database.isSingleConnection) return
    // Another one that is begun later is seen first.
    const slow = await database.pool.connect()
    await slow.query('BEGIN')
    await slow.query('UPDATE charge_points SET fenced_in = pg_current_xact_id() WHERE id = $1', [late.key])
    await queries.updateChargePoint(rekeyed.identity, { apiKeyHash: null }, 'all')
    expect((await seen()).map(({ key }) => key)).toEqual([rekeyed.key])
    await slow.query('COMMIT')
    slow.release()
    expect((await seen()).map(({ key }) => key)).toContain(late.key)
  })
})
