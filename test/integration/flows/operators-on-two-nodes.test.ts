// Operators on two nodes of one database: what is taken away at one counts at the other within two seconds; what happens
// while the database is away, and when the secret of the hashes is changed.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client, type QueryResultRow } from 'pg'
import { giveBack, takeAway } from '../../support/database-switch.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const secret = 'the first secret of the hashes, 32+'
const nextSecret = 'the second secret of the hashes, 32+'

let here: TestStator
let there: TestStator

beforeAll(async () => {
  here = await TestStator.start({ settings: { Security: { CredentialSecret: secret } } })
  there = await another({ CredentialSecret: secret })
})

afterAll(async () => {
  await there.stop()
  await here.stop()
})

/** Another node on the same database. */
function another(Security: Record<string, unknown>): Promise<TestStator> {
  return TestStator.start({ settings: { Security, Database: { ConnectionString: here.connectionString } } })
}

/** The rows of one statement, on a connection of its own: the database is taken away meanwhile. */
async function rowsOf<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: here.connectionString ?? '' })
  await client.connect()
  try {
    return (await client.query<Row>(text, [...values])).rows
  } finally {
    await client.end()
  }
}

async function newGroup(name: string, parent: number | null): Promise<number> {
  const text = 'INSERT INTO charge_point_groups (name, parent_id) VALUES ($1, $2) RETURNING id'
  const [row] = await rowsOf<{ id: number }>(text, [name, parent])
  return row?.id ?? 0
}

async function newKey(name: string, more: Record<string, unknown> = {}): Promise<{ id: string; text: string }> {
  const made = await here.json('/api/api-keys', { body: { name, role: 'viewer', ...more } }, 201)
  return { id: String(made['keyId']), text: String(made['apiKey']) }
}

async function statusThere(path: string, key: string): Promise<number> {
  return (await there.api(path, { key })).status
}

/** How long it takes until the other node answers with this status, in milliseconds. */
async function lastsUntil(status: number, path: string, key: string): Promise<number> {
  const fromMs = performance.now()
  await until(`the other node to answer ${status}`, async () => (await statusThere(path, key)) === status)
  return performance.now() - fromMs
}

test('a key that is revoked at one node is refused at the other within two seconds', async () => {
  const { id, text } = await newKey('revoked')
  expect(await statusThere('/api/chargepoints', text)).toBe(200)
  await here.api(`/api/api-keys/${id}`, { method: 'DELETE' })
  expect(await lastsUntil(401, '/api/chargepoints', text)).toBeLessThan(2_000)
})

test('a key that is revoked at one node makes no other key at the other node, at once', async () => {
  const { id, text } = await newKey('maker', { role: 'admin' })
  expect(await statusThere('/api/chargepoints', text)).toBe(200)
  await here.api(`/api/api-keys/${id}`, { method: 'DELETE' })
  const body = { name: 'made-by-a-revoked-one', role: 'admin' }
  expect(await there.api('/api/api-keys', { key: text, body })).toMatchObject({ status: 401 })
})

test('a charge point is not taken back at the other node from a group that was taken away, at once', async () => {
  const tenant = await newGroup('loser', null)
  const site = await newGroup('lost-site', tenant)
  await here.provision('CP-LOST')
  await rowsOf(`UPDATE charge_points SET group_id = $1 WHERE identity = 'CP-LOST'`, [site])
  const { text } = await newKey('of-the-loser', { role: 'admin', groupIds: [tenant] })
  expect(await statusThere('/api/chargepoints/CP-LOST', text)).toBe(200)
  await rowsOf('UPDATE charge_point_groups SET parent_id = NULL WHERE id = $1', [site])
  const request = { key: text, method: 'PATCH', body: { groupId: tenant } }
  expect(await there.api('/api/chargepoints/CP-LOST', request)).toMatchObject({ status: 404 })
})

test('a changed role counts at the other node within two seconds', async () => {
  await here.json('/api/roles', { body: { name: 'seer', permissions: ['chargepoint:read'] } }, 201)
  const { text } = await newKey('seer', { role: 'seer' })
  expect(await statusThere('/api/chargepoints', text)).toBe(200)
  await here.json('/api/roles/seer', { method: 'PATCH', body: { permissions: [] } })
  expect(await lastsUntil(403, '/api/chargepoints', text)).toBeLessThan(2_000)
})

test('a group that is moved out of the groups of a key is outside at the other node within two seconds', async () => {
  const tenant = await newGroup('tenant', null)
  const site = await newGroup('site', tenant)
  await here.provision('CP-OF-SITE')
  await rowsOf(`UPDATE charge_points SET group_id = $1 WHERE identity = 'CP-OF-SITE'`, [site])
  const { text } = await newKey('of-the-tenant', { groupIds: [tenant] })
  expect(await statusThere('/api/chargepoints/CP-OF-SITE', text)).toBe(200)
  await rowsOf('UPDATE charge_point_groups SET parent_id = NULL WHERE id = $1', [site])
  expect(await lastsUntil(404, '/api/chargepoints/CP-OF-SITE', text)).toBeLessThan(2_000)
})

test('while the database is away, keys in it get 503 and keys of the settings are recognised', async () => {
  const { text } = await newKey('while-away')
  expect((await here.api('/api/chargepoints', { key: text })).status).toBe(200)
  const url = here.connectionString ?? ''
  await takeAway(url)
  try {
    await until('its key cannot be read', async () => {
      const { status, body } = await here.api('/api/certificate-authority', { key: text })
      return status === 503 && body['code'] === 'STORE_UNAVAILABLE'
    })
    expect((await here.api('/api/certificate-authority')).status).toBe(404)
    const ready = await here.api('/health/ready', { key: text })
    expect(ready).toMatchObject({ status: 503, body: { status: 'notReady', checks: { database: 'fails' } } })
  } finally {
    await giveBack(url)
  }
  await until('its key is read again', async () => (await here.api('/api/chargepoints', { key: text })).status === 200)
})

test('the secret of the hashes can be changed: keys that were used meanwhile count with the next one alone', async () => {
  const { id, text } = await newKey('moved')
  const hashOf = async (): Promise<unknown> =>
    (await rowsOf(`SELECT encode(secret_hash, 'hex') AS hash FROM api_keys WHERE id = $1`, [id]))[0]?.['hash']
  const before = await hashOf()
  await there.stop()
  there = await another({ CredentialSecret: nextSecret, OtherCredentialSecrets: [secret] })
  expect(await statusThere('/api/chargepoints', text)).toBe(200)
  await until('its hash is another', async () => (await hashOf()) !== before)
  await there.stop()
  there = await another({ CredentialSecret: nextSecret })
  expect(await statusThere('/api/chargepoints', text)).toBe(200)
})
