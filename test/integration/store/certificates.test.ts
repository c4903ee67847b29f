// What the store promises about certificates: one authority, and one certificate for a request, whoever signs it.

import { expect, test } from 'bun:test'
import { isOf, type RowChange } from '../../../src/blocks/stored-rows.ts'
import { createQueries } from '../../../src/store/queries.ts'
import { deleteOldCertificates } from '../../../src/store/retention.ts'
import { TableModel } from '../../simulation/table-model.ts'
import { Random } from '../../support/random.ts'
import { arrivalMs, changeSet, describeStore, startedWriter } from '../../support/store.ts'

const dayMs = 86_400_000

describeStore('certificates', (store) => {
  const issued = (serialNumber: string) => ({
    serialNumber,
    certificate: 'PEM',
    validFromMs: arrivalMs,
    validToMs: arrivalMs + 365 * dayMs,
  })

  async function requested(csrDigest: string, receivedAtMs = arrivalMs): Promise<number> {
    const { database, queries } = store()
    const { key } = await queries.createChargePoint(crypto.randomUUID(), {}, 'all')
    await request(key, csrDigest, receivedAtMs)
    expect(await createQueries(database).certificateRequestsOf(key)).toEqual([
      { csrDigest, csr: 'CSR', requestId: null, receivedAtMs },
    ])
    return key
  }

  async function request(key: number, csrDigest: string, receivedAtMs: number): Promise<void> {
    const writer = startedWriter(store().database)
    const row = { csrDigest, csr: 'CSR' }
    try {
      await writer.commit(
        changeSet(key, {
          epoch: 0,
          messageId: crypto.randomUUID(),
          receivedAtMs,
          changes: [{ table: 'certificateRequests', row }],
        }),
      )
    } finally {
      await writer.stop()
    }
  }

  test('of several nodes that make an authority at once, one is kept, and all get it', async () => {
    const { queries } = store()
    const made = Array.from({ length: 5 }, (_, node) => ({ certificate: `root ${node}`, privateKey: `key ${node}` }))
    const kept = await Promise.all(made.map((one) => queries.keepCertificateAuthority(one)))
    expect(new Set(kept.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(await queries.certificateAuthority()).toEqual(kept[0] ?? null)
  })

  test('a request that two nodes sign at once gets one certificate', async () => {
    const { queries } = store()
    const key = await requested('twice')
    const task = { csrDigest: 'twice', csr: 'CSR', requestId: null, receivedAtMs: arrivalMs }
    await Promise.all(['AA', 'BB'].map((serial) => queries.storeCertificate(key, task, issued(serial), arrivalMs)))
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toHaveLength(1)
    expect(await queries.certificateRequestsOf(key)).toEqual([])
  })

  test('a request that was repeated while it was signed stays, and is then one with the first', async () => {
    const { queries } = store()
    const key = await requested('repeated')
    const task = { csrDigest: 'repeated', csr: 'CSR', requestId: null, receivedAtMs: arrivalMs }
    const laterMs = arrivalMs + 1_000
    await request(key, 'repeated', laterMs)
    await queries.storeCertificate(key, task, issued('CC'), arrivalMs)
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toEqual([])
    await queries.storeCertificate(key, { ...task, receivedAtMs: laterMs }, issued('DD'), laterMs)
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toMatchObject([
      { serialNumber: 'DD', state: 'signed' },
    ])
  })

  test('a request for an accepted certificate gets it again while it is fresh, then a new one', async () => {
    const { queries } = store()
    const key = await requested('fresh')
    const task = (receivedAtMs: number) => ({ csrDigest: 'fresh', csr: 'CSR', requestId: null, receivedAtMs })
    await queries.storeCertificate(key, task(arrivalMs), issued('EE'), arrivalMs)
    await queries.settleCertificate('EE', 'accepted', null, arrivalMs)
    const soonMs = arrivalMs + 100 * dayMs
    await request(key, 'fresh', soonMs)
    await queries.storeCertificate(key, task(soonMs), issued('FF'), soonMs)
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toMatchObject([
      { serialNumber: 'EE', state: 'signed' },
    ])
    // A charge point may refuse what it has already.
    await queries.settleCertificate('EE', 'rejected', 'The charge point answered with Rejected.', soonMs)
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toMatchObject([
      { serialNumber: 'EE', state: 'accepted' },
    ])
    const lateMs = arrivalMs + 300 * dayMs
    await request(key, 'fresh', lateMs)
    await queries.storeCertificate(key, task(lateMs), { ...issued('0A'), validToMs: lateMs + 365 * dayMs }, lateMs)
    const states = (await queries.certificatesOf({ key, identity: 'CP' })).map(({ state }) => state)
    expect(states).toEqual(['signed', 'accepted'])
  })

  test('a certificate answers the newest of the requests that it is for, by its id', async () => {
    const { queries } = store()
    const key = await requested('named')
    const task = (requestId: number, receivedAtMs: number) => ({
      csrDigest: 'named',
      csr: 'CSR',
      requestId,
      receivedAtMs,
    })
    await queries.storeCertificate(key, task(7, arrivalMs), issued('0B'), arrivalMs)
    await request(key, 'named', arrivalMs + 1)
    await queries.storeCertificate(key, task(8, arrivalMs + 1), issued('0C'), arrivalMs + 1)
    expect(await queries.takeCertificatesToSend(key)).toEqual({
      toSend: [{ serialNumber: '0B', certificate: 'PEM', requestId: 8 }],
      failed: 0,
    })
  })

  test('a certificate that is never answered is sent five times, then it has failed', async () => {
    const { database, queries } = store()
    const key = await requested('silent')
    await queries.storeCertificate(
      key,
      { csrDigest: 'silent', csr: 'CSR', requestId: null, receivedAtMs: arrivalMs },
      issued('AB'),
      0,
    )
    for (let sends = 0; sends < 5; sends++) {
      expect(await queries.takeCertificatesToSend(key)).toEqual({
        toSend: [{ serialNumber: 'AB', certificate: 'PEM', requestId: null }],
        failed: 0,
      })
      // It was sent on this connection just now.
      expect(await queries.takeCertificatesToSend(key)).toEqual({ toSend: [], failed: 0 })
      await database.pool.query(
        `UPDATE certificates SET sent_at = now() - interval '2 minutes' WHERE charge_point_id = $1`,
        [key],
      )
    }
    expect(await queries.takeCertificatesToSend(key)).toEqual({ toSend: [], failed: 1 })
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toMatchObject([{ state: 'failed' }])
  })

  test('a charge point is to renew its newest certificate, while it is connected to this node, once a day', async () => {
    const { queries } = store()
    const nowMs = Date.now()
    const key = await requested('renew')
    const accepted = async (serialNumber: string, endsInDays: number) => {
      const csrDigest = serialNumber
      await request(key, csrDigest, arrivalMs)
      const validToMs = nowMs + endsInDays * dayMs
      const made = { ...issued(serialNumber), validFromMs: validToMs - 365 * dayMs, validToMs }
      await queries.storeCertificate(
        key,
        { csrDigest, csr: 'CSR', requestId: null, receivedAtMs: arrivalMs },
        made,
        nowMs,
      )
      await queries.settleCertificate(serialNumber, 'accepted', null, nowMs)
    }
    const due = async (node: string) => (await queries.takeRenewals(node, 30 * dayMs, 100)).map((found) => found.key)
    await accepted('R1', 10)
    expect(await due('here')).not.toContain(key)
    await queries.connect(key, { version: '1.6', node: 'here', atMs: nowMs })
    expect(await due('elsewhere')).toEqual([])
    await accepted('R2', 300)
    expect(await due('here')).toEqual([])
    await accepted('R3', 310)
    const newest = `UPDATE certificates SET valid_from = now() - interval '1 year', valid_to = now() + interval '20 days'
      WHERE charge_point_id = $1 AND serial_number <> 'R1'`
    await store().database.pool.query(newest, [key])
    expect(await due('here')).toEqual([key])
    expect(await due('here')).toEqual([])
  })

  test('certificates that ended long ago, or were refused long ago, are deleted', async () => {
    const { database, queries } = store()
    const key = await requested('D1')
    const keep = async (serialNumber: string, state: 'accepted' | 'rejected') => {
      const task = { csrDigest: serialNumber, csr: 'CSR', requestId: null, receivedAtMs: arrivalMs }
      await request(key, serialNumber, arrivalMs)
      await queries.storeCertificate(key, task, issued(serialNumber), arrivalMs)
      await queries.settleCertificate(serialNumber, state, null, arrivalMs)
    }
    await keep('D1', 'accepted')
    await keep('D2', 'rejected')
    const left = async () => (await queries.certificatesOf({ key, identity: 'CP' })).map((one) => one.serialNumber)
    await deleteOldCertificates(database.pool, arrivalMs - dayMs)
    expect((await left()).toSorted()).toEqual(['D1', 'D2'])
    await deleteOldCertificates(database.pool, arrivalMs + 10 * dayMs)
    expect(await left()).toEqual(['D1'])
    await deleteOldCertificates(database.pool, arrivalMs + 400 * dayMs)
    expect(await left()).toEqual([])
  })

  test('what is installed is what a model has after the same reports and deletions, in one commit or several', async () => {
    const { database, queries } = store()
    const writer = startedWriter(database)
    try {
      for (let seed = 1; seed <= 5; seed++) {
        const random = new Random(seed)
        const model = new TableModel()
        const created = [0, 1].map(() => queries.createChargePoint(crypto.randomUUID(), {}, 'all'))
        const keys = (await Promise.all(created)).map(({ key }) => key)
        for (let turn = 0; turn < 6; turn++) {
          const sets = Array.from({ length: random.between(1, 4) }, () => {
            const changes = Array.from({ length: random.between(1, 4) }, () => certificateChange(random))
            const [messageId, receivedAtMs] = [crypto.randomUUID(), arrivalMs + turn]
            return changeSet(random.pick(keys), { epoch: 0, messageId, receivedAtMs, changes })
          })
          for (const set of sets) for (const change of set.changes) if (isOf(table, change)) model.put(set, change)
          await Promise.all(sets.map((set) => writer.commit(set)))
          for (const key of keys) {
            const rows = [...(model.tables.get(table)?.values() ?? [])].filter((row) => row['chargePointKey'] === key)
            const expected = rows.map(({ chargePointKey: _, receivedAtMs: reportedAtMs, ...row }) =>
              expect.objectContaining({ ...row, reportedAtMs }),
            )
            const found = await queries.installedCertificatesOf(key)
            expect([seed, turn, found.length]).toEqual([seed, turn, expected.length])
            expect(found).toEqual(expect.arrayContaining(expected))
          }
        }
      }
    } finally {
      await writer.stop()
    }
  })
})

const table = 'installedCertificates'

function certificateChange(random: Random): RowChange<typeof table> {
  const hash = { hashAlgorithm: 'SHA256', issuerNameHash: 'n', issuerKeyHash: random.pick(['k', 'l']) }
  const serialNumber = String(random.between(1, 3))
  const types = ['CSMSRootCertificate', 'MORootCertificate']
  switch (random.between(0, 4)) {
    case 0:
      return {
        table,
        row: { certificateType: random.pick(['', ...types]), ...hash, serialNumber: '' },
        gone: 'reported',
      }
    case 1:
      return { table, row: { certificateType: '', ...hash, serialNumber }, gone: 'deleted' }
    default:
      return { table, row: { certificateType: random.pick(types), ...hash, serialNumber } }
  }
}
