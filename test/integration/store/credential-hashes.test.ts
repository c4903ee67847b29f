// Stored hashes of credentials: salted after an update, and moved to another secret, while charge points connect.

import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import type { Client } from 'pg'
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

test('hashes without a salt, as earlier versions stored them, are salted at the start and still match', async () => {
  const central = await TestStator.start({ settings: { Security: { CredentialSecret: first } } })
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
    await connects(central, 'EARLIER')
    // A node of the earlier version is alive: it would refuse what has a salt.
    await client.query(
      "INSERT INTO nodes (id, name, started_at, seen_at, reads_salted) VALUES ('old', 'old', now(), now() + interval '1 h', false)",
    )
    await central.restart()
    await connects(central, 'EARLIER')
    expect((await hashesOf(client, 'EARLIER')).password).toEqual(unsalted)
    await client.query("DELETE FROM nodes WHERE id = 'old'")
    await central.restart()
    const salted = await until('the hashes to be salted', async () => {
      const hashes = await hashesOf(client, 'EARLIER')
      return hashes.password?.length === unsalted.length ? null : hashes
    })
    expect(salted.password).not.toEqual(salted.apiKey)
    expect(await hashesOf(client, 'LATER')).toEqual(later)
    await connects(central, 'EARLIER')
  } finally {
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
