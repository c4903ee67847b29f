// Stored hashes of credentials: salted after an update, and moved to another secret, while charge points connect.

import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { type Client, Pool } from 'pg'
import { Credentials } from '../../../src/auth/credentials.ts'
import { maintenanceMs, saltHashesAfterMs } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { keepSalted } from '../../../src/store/credential-hashes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const [first, second] = ['the first secret of the credential hashes', 'the second secret of the credential hashes']

interface Hashes {
  readonly password: Buffer | null
  readonly apiKey: Buffer | null
}

async function hashesOf(client: Client, identity: string): Promise<Hashes> {
  const { rows } = await client.query(
    'SELECT password_hash AS password, api_key_hash AS "apiKey" FROM charge_points WHERE identity = $1',
    [identity],
  )
  return rows[0]
}

async function connects(central: TestStator, identity: string): Promise<void> {
  const raw = await central.raw(identity)
  const boot = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
  expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Accepted' })
  await raw.close()
}

test('hashes without a salt, as earlier versions stored them, are salted once the earlier version is given up', async () => {
  const central = await TestStator.start({ settings: { Security: { CredentialSecret: first } } })
  const pool = new Pool({ connectionString: central.connectionString ?? '' })
  const clock = new HandClock()
  let end = async (): Promise<void> => {}
  const turn = async (afterMs: number): Promise<void> => {
    clock.pass(afterMs)
    await until('the turn to end', () => (clock.alarms === 1 ? true : null))
  }
  try {
    const client = await central.client()
    await central.provision('EARLIER')
    await central.provision('LATER', { password: 'another password' })
    const unsalted = createHmac('sha256', first).update(passwordDefault).digest()
    await client.query('UPDATE charge_points SET password_hash = $1, api_key_hash = $1 WHERE identity = $2', [
      unsalted,
      'EARLIER',
    ])
    const later = await hashesOf(client, 'LATER')
    end = keepSalted(pool, new Credentials(Buffer.from(first)).saltEarlier, clock, silentLogger)
    // The earlier version, which would refuse what has a salt, may be started again for an hour ...
    await central.restart()
    await connects(central, 'EARLIER')
    clock.pass(saltHashesAfterMs - 1)
    expect((await hashesOf(client, 'EARLIER')).password).toEqual(unsalted)
    // ... and nothing is salted while a node of it is alive.
    await client.query(
      "INSERT INTO nodes (id, name, started_at, seen_at, reads_salted) VALUES ('old', 'old', now(), now() + interval '1 h', false)",
    )
    await turn(1)
    expect((await hashesOf(client, 'EARLIER')).password).toEqual(unsalted)
    await client.query("DELETE FROM nodes WHERE id = 'old'")
    await turn(maintenanceMs)
    const salted = await hashesOf(client, 'EARLIER')
    expect(salted.password).not.toEqual(unsalted)
    expect(salted.password).not.toEqual(salted.apiKey)
    expect(await hashesOf(client, 'LATER')).toEqual(later)
    await connects(central, 'EARLIER')
  } finally {
    await end()
    await pool.end()
    await central.stop()
  }
})

test('the secret of the hashes is changed without a charge point being refused', async () => {
  const central = await TestStator.start({ settings: { Security: { CredentialSecret: first } } })
  const node = (Security: Record<string, unknown>) =>
    TestStator.start({ settings: { Database: { ConnectionString: central.connectionString }, Security } })
  try {
    const client = await central.client()
    for (const identity of ['COMES', 'LATE', 'UNSALTED']) await central.provision(identity)
    await client.query('UPDATE charge_points SET password_hash = $1 WHERE identity = $2', [
      createHmac('sha256', first).update(passwordDefault).digest(),
      'UNSALTED',
    ])
    const before = await hashesOf(client, 'COMES')
    const both = await node({ CredentialSecret: second, OtherCredentialSecrets: [first] })
    for (const identity of ['COMES', 'LATE', 'UNSALTED']) await connects(both, identity)
    expect(await hashesOf(client, 'COMES')).not.toEqual(before)
    await both.stop()
    const after = await node({ CredentialSecret: second })
    for (const identity of ['COMES', 'LATE', 'UNSALTED']) await connects(after, identity)
    await after.stop()
  } finally {
    await central.stop()
  }
})
