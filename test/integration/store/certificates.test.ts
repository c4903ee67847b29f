// What the store promises about certificates: one authority, and one certificate for a request, whoever signs it.

import { expect, test } from 'bun:test'
import { createQueries } from '../../../src/store/queries.ts'
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
    const { key } = await queries.createChargePoint(crypto.randomUUID(), {})
    await request(key, csrDigest, receivedAtMs)
    expect(await createQueries(database).certificateRequestsOf(key)).toEqual([{ csrDigest, csr: 'CSR', receivedAtMs }])
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
    const task = { csrDigest: 'twice', csr: 'CSR', receivedAtMs: arrivalMs }
    await Promise.all(['AA', 'BB'].map((serial) => queries.storeCertificate(key, task, issued(serial), arrivalMs)))
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toHaveLength(1)
    expect(await queries.certificateRequestsOf(key)).toEqual([])
  })

  test('a request that was repeated while it was signed stays, and is then one with the first', async () => {
    const { queries } = store()
    const key = await requested('repeated')
    const task = { csrDigest: 'repeated', csr: 'CSR', receivedAtMs: arrivalMs }
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
    const task = (receivedAtMs: number) => ({ csrDigest: 'fresh', csr: 'CSR', receivedAtMs })
    await queries.storeCertificate(key, task(arrivalMs), issued('EE'), arrivalMs)
    await queries.settleCertificate('EE', 'accepted', null, arrivalMs)
    const soonMs = arrivalMs + 100 * dayMs
    await request(key, 'fresh', soonMs)
    await queries.storeCertificate(key, task(soonMs), issued('FF'), soonMs)
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toMatchObject([
      { serialNumber: 'EE', state: 'signed' },
    ])
    await queries.settleCertificate('EE', 'accepted', null, soonMs)
    const lateMs = arrivalMs + 300 * dayMs
    await request(key, 'fresh', lateMs)
    await queries.storeCertificate(key, task(lateMs), { ...issued('0A'), validToMs: lateMs + 365 * dayMs }, lateMs)
    const states = (await queries.certificatesOf({ key, identity: 'CP' })).map(({ state }) => state)
    expect(states).toEqual(['signed', 'accepted'])
  })

  test('a certificate that is never answered is sent five times, then it has failed', async () => {
    const { database, queries } = store()
    const key = await requested('silent')
    await queries.storeCertificate(key, { csrDigest: 'silent', csr: 'CSR', receivedAtMs: arrivalMs }, issued('AB'), 0)
    for (let sends = 0; sends < 5; sends++) {
      expect(await queries.takeCertificatesToSend(key)).toEqual([{ serialNumber: 'AB', certificate: 'PEM' }])
      // It was sent on this connection just now.
      expect(await queries.takeCertificatesToSend(key)).toEqual([])
      await database.pool.query(
        `UPDATE certificates SET sent_at = now() - interval '2 minutes' WHERE charge_point_id = $1`,
        [key],
      )
    }
    expect(await queries.takeCertificatesToSend(key)).toEqual([])
    expect(await queries.certificatesOf({ key, identity: 'CP' })).toMatchObject([{ state: 'failed' }])
  })
})
