// What the store promises about revoked certificates: nobody connects with one, whatever happens at the same time.

import { expect, test } from 'bun:test'
import { arrivalMs, describeStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const dayMs = 86_400_000

describeStore('certificate revocation', (store, provider) => {
  /** A charge point with one certificate, which is accepted. */
  async function withCertificate() {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const serialNumber = crypto.randomUUID().replaceAll('-', '').toUpperCase()
    await database.pool.query(
      `INSERT INTO certificates (serial_number, charge_point_id, csr_digest, certificate, state, valid_from, valid_to, signed_at)
       VALUES ($1, $2, 'digest', 'PEM', 'accepted', $3, $4, $3)`,
      [serialNumber, key, new Date(arrivalMs).toISOString(), new Date(arrivalMs + 365 * dayMs).toISOString()],
    )
    return { key, serialNumber }
  }

  const claim = (key: number, certificate: string | null) =>
    store().queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs, certificate })

  const gone = { code: 'NOT_FOUND' }

  /** Whether `count` statements wait for a lock. */
  async function waitForLocks(count: number): Promise<void> {
    await until(`${count} statements to wait`, async () => {
      const { rows } = await store().database.pool.query<{ readonly count: number }>(
        `SELECT count(*)::int4 AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return (rows[0]?.count ?? 0) >= count
    })
  }

  test('a connection is not claimed with a revoked certificate, and is with any other', async () => {
    const { queries } = store()
    const { key, serialNumber } = await withCertificate()
    expect(await queries.isCertificateRevoked(serialNumber)).toBe(false)
    await claim(key, serialNumber)
    expect(await queries.certificatesOf({ key, identity: '' })).toMatchObject([{ isInUse: true, state: 'accepted' }])
    expect(await queries.revokeCertificate(key, serialNumber)).toMatchObject({
      endsConnection: true,
      certificate: { serialNumber, state: 'revoked', isInUse: false },
    })
    expect(await queries.isCertificateRevoked(serialNumber)).toBe(true)
    await expect(claim(key, serialNumber)).rejects.toMatchObject(gone)
    expect((await claim(key, 'OF ANOTHER AUTHORITY')).chargePoint.key).toBe(key)
    expect((await claim(key, null)).chargePoint.key).toBe(key)
  })

  test('a connection that authenticated otherwise goes on when a certificate is revoked', async () => {
    const { queries } = store()
    const { key, serialNumber } = await withCertificate()
    await claim(key, serialNumber)
    const { epoch } = await claim(key, null)
    expect(await queries.revokeCertificate(key, serialNumber)).toMatchObject({ endsConnection: false })
    expect((await queries.rehydrate(key)).epoch).toBe(epoch)
  })

  test('a certificate of another charge point, or none, is not found', async () => {
    const { queries, newChargePoint } = store()
    const { serialNumber } = await withCertificate()
    expect(await queries.revokeCertificate(await newChargePoint(), serialNumber)).toBeNull()
    expect(await queries.isCertificateRevoked(serialNumber)).toBe(false)
  })

  test('the certificates of a deleted charge point are revoked with it', async () => {
    const { database, queries } = store()
    const { key, serialNumber } = await withCertificate()
    const other = await withCertificate()
    const { rows } = await database.pool.query('SELECT identity FROM charge_points WHERE id = $1', [key])
    expect(await queries.deleteChargePoint(String(Object(rows[0]).identity), 'all')).toBe(key)
    expect(await queries.isCertificateRevoked(serialNumber)).toBe(true)
    expect(await queries.isCertificateRevoked(other.serialNumber)).toBe(false)
  })

  test('an answer of the charge point does not undo a revocation', async () => {
    const { queries } = store()
    const { key, serialNumber } = await withCertificate()
    await queries.revokeCertificate(key, serialNumber)
    await queries.settleCertificate(serialNumber, 'accepted', null, arrivalMs)
    expect(await queries.isCertificateRevoked(serialNumber)).toBe(true)
  })

  test.skipIf(provider === 'Embedded')('a claim that meets a revocation waits for it, and is refused', async () => {
    const { database, queries } = store()
    const { key, serialNumber } = await withCertificate()
    await claim(key, serialNumber)
    const holder = await database.pool.connect()
    try {
      // The revocation has locked the certificate, and waits for the charge point.
      await holder.query('BEGIN')
      await holder.query('SELECT FROM charge_points WHERE id = $1 FOR UPDATE', [key])
      const revocation = queries.revokeCertificate(key, serialNumber)
      await waitForLocks(1)
      const refused = claim(key, serialNumber).catch((error: unknown) => error)
      await waitForLocks(2)
      await holder.query('COMMIT')
      expect(await revocation).toMatchObject({ endsConnection: true })
      expect(await refused).toMatchObject(gone)
    } finally {
      holder.release(true)
    }
  })

  test.skipIf(provider === 'Embedded')(
    'a revocation that meets a claim waits for it, and ends its connection',
    async () => {
      const { database, queries } = store()
      const { key, serialNumber } = await withCertificate()
      const holder = await database.pool.connect()
      try {
        await holder.query('BEGIN')
        await holder.query('SELECT FROM charge_points WHERE id = $1 FOR UPDATE', [key])
        const claimed = claim(key, serialNumber)
        await waitForLocks(1)
        const revocation = queries.revokeCertificate(key, serialNumber)
        await waitForLocks(2)
        await holder.query('COMMIT')
        const { epoch } = await claimed
        expect(await revocation).toMatchObject({ endsConnection: true })
        expect((await queries.rehydrate(key)).epoch).toBeGreaterThan(epoch)
      } finally {
        holder.release(true)
      }
    },
  )
})
