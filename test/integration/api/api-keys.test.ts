// API keys of operators over REST: made, used, changed and revoked, and that nobody gives what they do not have.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

let stator: TestStator
/** Groups: a tenant with a site, and another tenant. */
let tenant: number
let site: number
let other: number

beforeAll(async () => {
  const settings = { Security: { ApiKeys: ['key-of-the-office'] }, Limits: { FailedAttempts: 1_000_000 } }
  stator = await TestStator.start({ settings })
  tenant = await group('tenant', null)
  site = await group('site', tenant)
  other = await group('other', null)
})

afterAll(() => stator.stop())

async function group(name: string, parent: number | null): Promise<number> {
  const client = await stator.client()
  const made = await client.query('INSERT INTO charge_point_groups (name, parent_id) VALUES ($1, $2) RETURNING id', [
    name,
    parent,
  ])
  return made.rows[0].id
}

interface Made {
  readonly id: string
  readonly text: string
}

async function made(body: Json, by?: string): Promise<Made> {
  const answer = await stator.json('/api/api-keys', { body, ...(by === undefined ? {} : { key: by }) }, 201)
  return { id: String(answer['keyId']), text: String(answer['apiKey']) }
}

/** The body of an error, which must have this status. */
function refused(path: string, status: number, request: Parameters<TestStator['api']>[1]): Promise<Json> {
  return stator.json(path, request, status)
}

async function role(name: string, permissions: readonly string[], status = 201): Promise<Json> {
  return stator.json('/api/roles', { body: { name, permissions } }, status)
}

describe('a key', () => {
  test('is shown once, with its text, and then without', async () => {
    const answer = await stator.api('/api/api-keys', { body: { name: 'first', role: 'viewer', expiresInDays: 90 } })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    const { apiKey, ...shown } = answer.body
    expect(apiKey).toMatch(/^stator_[0-9a-f]{16}_[\w-]{43}$/)
    expect(answer.headers.get('Location')).toBe(`/api/api-keys/${shown['keyId']}`)
    expect(shown).toMatchObject({
      name: 'first',
      origin: 'api',
      role: 'viewer',
      groupIds: null,
      state: 'active',
      createdBy: 'admin',
      revokedAt: null,
      lastUsedAt: null,
    })
    expect(Date.parse(String(shown['expiresAt'])) - Date.parse(String(shown['createdAt']))).toBe(90 * 86_400_000)
    expect(await stator.json(`/api/api-keys/${shown['keyId']}`)).toEqual(shown)
    const client = await stator.client()
    const { rows } = await client.query('SELECT k::text AS row FROM api_keys k')
    expect(JSON.stringify(rows)).not.toContain(String(apiKey))
    expect(JSON.stringify(rows)).not.toContain(String(apiKey).slice(-43))
  })

  test('does what its role allows, and is told what it lacks', async () => {
    const { text } = await made({ name: 'looks', role: 'viewer' })
    expect((await stator.api('/api/chargepoints', { key: text })).status).toBe(200)
    const answer = await stator.api('/api/chargepoints', { key: text, body: { chargePointId: 'CP-NOT' } })
    expect(answer).toMatchObject({ status: 403, body: { details: { missing: 'chargepoint:write' } } })
  })

  test('has its last use in the list, and so have those of the settings', async () => {
    const { id, text } = await made({ name: 'used', role: 'viewer' })
    await stator.json('/api/chargepoints', { key: text })
    await stator.json('/api/chargepoints', { key: 'key-of-the-office' })
    const used = await until('its use is stored', async () => {
      const key = await stator.json(`/api/api-keys/${id}`)
      return key['lastUsedAt'] === null ? null : key
    })
    expect(used['lastUsedFrom']).toBe('127.0.0.1')
    const ofSettings = await stator.json('/api/api-keys/settings-0')
    expect(ofSettings).toMatchObject({ name: 'Security.ApiKeys[0]', lastUsedFrom: '127.0.0.1' })
  })

  test('may not have the name of another one until that is revoked', async () => {
    const { id } = await made({ name: 'again', role: 'viewer' })
    const body = { name: 'again', role: 'viewer' }
    expect(await refused('/api/api-keys', 409, { body })).toMatchObject({
      message: "An API key with the name 'again' exists already",
    })
    await stator.api(`/api/api-keys/${id}`, { method: 'DELETE' })
    await made(body)
  })

  test.each([
    [{ role: 'viewer' }, 'name', 'Name is required; it must be a text of 1 to 64 characters'],
    [{ name: 'admin', role: 'viewer' }, 'name', expect.stringContaining('Name must not be "admin"')],
    [{ name: 'admin\u200b', role: 'viewer' }, 'name', 'Name must not contain characters that cannot be seen'],
    [{ name: 'jwt\u{e0001}:ada', role: 'viewer' }, 'name', 'Name must not contain characters that cannot be seen'],
    [{ name: 'ad\u3164min', role: 'viewer' }, 'name', 'Name must not contain characters that cannot be seen'],
    [{ name: 'billing\u2028', role: 'viewer' }, 'name', expect.any(String)],
    [{ name: '\uff41dmin', role: 'viewer' }, 'name', expect.stringContaining('Name must not be "admin"')],
    [{ name: 'jwt:ada', role: 'viewer' }, 'name', expect.stringContaining('nor begin with "jwt:"')],
    [{ name: 'x', role: 'vewer' }, 'role', "There is no role 'vewer'; 'viewer' was probably meant"],
    [{ name: 'x', role: 'viewer', groupIds: [] }, 'groupIds', expect.stringContaining('must not be empty')],
    [{ name: 'x', role: 'viewer', groupIds: [999_999] }, 'groupIds', 'There is no group 999999'],
    [{ name: 'x', role: 'viewer', expiresAt: '2020-01-01' }, 'expiresAt', expect.stringContaining('in the future')],
    [{ name: 'x', role: 'viewer', expiresInDays: 0 }, 'expiresInDays', expect.stringContaining('from 1 to 3650')],
    [
      { name: 'x', role: 'viewer', expiresInDays: 1, expiresAt: '2999-01-01' },
      'expiresInDays',
      expect.stringContaining('leave one of them out'),
    ],
    [{ name: 'x', role: 'viewer', rights: 'all' }, 'rights', expect.stringContaining('is not known in this body')],
  ])('of %j is refused', async (body, field, issue) => {
    expect(await refused('/api/api-keys', 400, { body })).toMatchObject({ details: { field, issue } })
  })

  test('lets in no charge point: only keys of the settings do', async () => {
    await stator.provision('CP-SOCKET')
    const { text } = await made({ name: 'no-socket', role: 'admin' })
    const headers = { 'X-API-Key': text, 'X-Charge-Point-Id': 'CP-SOCKET' }
    const answer = await handshakeAnswer({ url: stator.ocppUrl, identity: 'CP-SOCKET', headers })
    expect(answer.status).toBe(401)
    expect((await stator.api('/api/chargepoints/CP-SOCKET', { key: null, headers })).status).toBe(200)
  })
})

describe('a key that is revoked', () => {
  test('is worthless within two seconds, and stays in the list', async () => {
    const { id, text } = await made({ name: 'leaked', role: 'operator' })
    await stator.json('/api/chargepoints', { key: text })
    expect((await stator.api(`/api/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204)
    const revokedAtMs = Date.now()
    await until('it is refused', async () => (await stator.api('/api/chargepoints', { key: text })).status === 401)
    expect(Date.now() - revokedAtMs).toBeLessThan(2_000)
    const shown = await stator.json(`/api/api-keys/${id}`)
    expect(shown).toMatchObject({ state: 'revoked', revokedBy: 'admin' })
    expect((await stator.api(`/api/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await stator.json(`/api/api-keys/${id}`)).toEqual(shown)
    await refused(`/api/api-keys/${id}`, 409, { method: 'PATCH', body: { role: 'admin' } })
    await until('the refusal is listed', async () => {
      const events = await stator.json('/api/security-events')
      return JSON.stringify(events).includes("the API key 'leaked' is revoked")
    })
  })

  test('may have revoked itself', async () => {
    await role('self', ['apikey:write'])
    const { id, text } = await made({ name: 'self', role: 'self' })
    expect((await stator.api(`/api/api-keys/${id}`, { method: 'DELETE', key: text })).status).toBe(204)
    expect(await stator.json(`/api/api-keys/${id}`)).toMatchObject({ state: 'revoked', revokedBy: 'self' })
  })
})

describe('a key that is changed', () => {
  test('has its new role, groups and end within two seconds', async () => {
    const { id, text } = await made({ name: 'changing', role: 'viewer' })
    await stator.provision('CP-SEEN')
    const seen = async (): Promise<number> => (await stator.api('/api/chargepoints/CP-SEEN', { key: text })).status
    expect(await seen()).toBe(200)
    const change = (body: Json) => stator.json(`/api/api-keys/${id}`, { method: 'PATCH', body })
    expect(await change({ groupIds: [site, tenant, site] })).toMatchObject({ groupIds: [tenant, site].toSorted() })
    await until('the charge point is outside', async () => (await seen()) === 404)
    await (await stator.client()).query("UPDATE charge_points SET group_id = $1 WHERE identity = 'CP-SEEN'", [site])
    expect(await seen()).toBe(200)
    await change({ role: 'admin', name: 'changed' })
    await until('it may write', async () => {
      const body = { location: 'here' }
      return (await stator.api('/api/chargepoints/CP-SEEN', { method: 'PATCH', key: text, body })).status === 200
    })
    const soon = new Date(Date.now() + 300).toISOString()
    await change({ expiresAt: soon })
    await until('it has expired', async () => (await seen()) === 401)
    expect(await stator.json(`/api/api-keys/${id}`)).toMatchObject({ name: 'changed', state: 'expired' })
    await change({ expiresAt: null })
    await until('it counts again', async () => (await seen()) === 200)
  })

  test('has the permissions that its role has now', async () => {
    await role('changing-role', ['chargepoint:read'])
    const { text } = await made({ name: 'of-changing-role', role: 'changing-role' })
    expect((await stator.api('/api/roles', { key: text })).status).toBe(403)
    const body = { permissions: ['role:read', 'chargepoint:read'] }
    await stator.json('/api/roles/changing-role', { method: 'PATCH', body })
    await until('it may see roles', async () => (await stator.api('/api/roles', { key: text })).status === 200)
    await stator.json('/api/roles/changing-role', { method: 'PATCH', body: { permissions: [] } })
    await until('it may not', async () => (await stator.api('/api/roles', { key: text })).status === 403)
  })
})

describe('nobody gives what they do not have', () => {
  let giver: Made

  beforeAll(async () => {
    await role('giver', ['apikey:read', 'apikey:write', 'role:read', 'role:write', 'chargepoint:read'])
    await role('reader', ['chargepoint:read'])
    giver = await made({ name: 'giver', role: 'giver' })
  })

  test('neither a role with more than their own permissions', async () => {
    await made({ name: 'given', role: 'reader' }, giver.text)
    const answer = await refused('/api/api-keys', 403, { key: giver.text, body: { name: 'more', role: 'viewer' } })
    expect(answer).toMatchObject({ code: 'FORBIDDEN', details: { missing: expect.stringContaining('group:read, ') } })
    expect(JSON.stringify(answer)).not.toContain('chargepoint:read')
    const body = { name: 'viewing', permissions: ['chargepoint:read', 'idtag:write'] }
    expect(await refused('/api/roles', 403, { key: giver.text, body })).toMatchObject({
      details: { missing: 'idtag:write' },
    })
  })

  test('nor by a change of a key or a role, their own included', async () => {
    const patch = (path: string, body: Json) => refused(path, 403, { method: 'PATCH', key: giver.text, body })
    expect(await patch(`/api/api-keys/${giver.id}`, { role: 'admin' })).toHaveProperty('details.missing')
    expect(await patch('/api/roles/giver', { permissions: ['command:call'] })).toMatchObject({
      details: { missing: 'command:call' },
    })
    const admins = await made({ name: 'of-an-admin', role: 'admin' })
    expect(await patch(`/api/api-keys/${admins.id}`, { role: 'reader' })).toHaveProperty('details.missing')
    await role('strong', ['command:reset'])
    expect(await patch('/api/roles/strong', { permissions: [] })).toMatchObject({
      details: { missing: 'command:reset' },
    })
  })

  test('nor groups other than their own; those are unknown to them', async () => {
    const ours = await made({ name: 'of-the-tenant', role: 'giver', groupIds: [tenant] })
    const body = { name: 'of-the-site', role: 'reader' }
    expect(await refused('/api/api-keys', 403, { key: ours.text, body })).toMatchObject({
      details: { missing: 'a scope of all charge points' },
    })
    const foreign = await refused('/api/api-keys', 400, { key: ours.text, body: { ...body, groupIds: [site, other] } })
    expect(foreign).toMatchObject({ details: { field: 'groupIds', issue: `There is no group ${other}` } })
    const { id, text } = await made({ ...body, groupIds: [site] }, ours.text)
    await refused(`/api/api-keys/${id}`, 400, { method: 'PATCH', key: ours.text, body: { groupIds: [other] } })
    await refused(`/api/api-keys/${id}`, 403, { method: 'PATCH', key: ours.text, body: { groupIds: null } })
    expect((await stator.api('/api/chargepoints', { key: text })).status).toBe(200)
  })

  test('nor time: a key that ends makes none that lasts longer', async () => {
    const brief = await made({ name: 'brief', role: 'giver', expiresInDays: 2 })
    const create = (body: Json) => stator.api('/api/api-keys', { key: brief.text, body })
    const missing = 'an API key that is valid for as long'
    expect(await create({ name: 'lasting', role: 'reader' })).toMatchObject({
      status: 403,
      body: { details: { missing } },
    })
    expect(await create({ name: 'longer', role: 'reader', expiresInDays: 3 })).toMatchObject({ status: 403 })
    expect(await create({ name: 'shorter', role: 'reader', expiresInDays: 1 })).toMatchObject({ status: 201 })
    const body = { expiresAt: null }
    await refused(`/api/api-keys/${brief.id}`, 403, { method: 'PATCH', key: brief.text, body })
  })

  test('nor time by a change of a key or a role that lasts', async () => {
    const brief = await made({ name: 'brief-changer', role: 'giver', expiresInDays: 2 })
    const lasting = await made({ name: 'lasting-key', role: 'reader' })
    const change = (path: string, body: Json) => stator.api(path, { method: 'PATCH', key: brief.text, body })
    const tooLong = { status: 403, body: { details: { missing: 'an API key that is valid for as long' } } }
    const path = `/api/api-keys/${lasting.id}`
    expect(await change(path, { role: 'giver' })).toMatchObject(tooLong)
    expect(await change(path, { groupIds: [tenant] })).toMatchObject(tooLong)
    expect(await change(path, { name: 'lasting-key-2' })).toMatchObject({ status: 200 })
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
    expect(await change(path, { role: 'giver', expiresAt })).toMatchObject({ status: 200 })
    await role('grown', ['chargepoint:read'])
    const permissions = ['chargepoint:read', 'apikey:write']
    expect(await change('/api/roles/grown', { permissions })).toMatchObject(tooLong)
    expect(await change('/api/roles/grown', { description: 'as it was', permissions: [] })).toMatchObject({
      status: 200,
    })
  })
})

describe('an operator of some groups', () => {
  test('sees, changes and revokes the keys that are wholly for them; others do not exist', async () => {
    await role('keeper', ['apikey:read', 'apikey:write', 'chargepoint:read'])
    const keeper = await made({ name: 'keeper', role: 'keeper', groupIds: [tenant] })
    const inside = await made({ name: 'inside', role: 'keeper', groupIds: [site] })
    const foreign = [
      await made({ name: 'foreign', role: 'keeper', groupIds: [other] }),
      await made({ name: 'half-foreign', role: 'keeper', groupIds: [site, other] }),
      await made({ name: 'of-all', role: 'keeper' }),
    ]
    const listed = await stator.json('/api/api-keys?pageSize=100', { key: keeper.text })
    const names = (listed['apiKeys'] as readonly Json[]).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['keeper', 'inside']))
    expect(names.filter((name) => ['foreign', 'half-foreign', 'of-all', 'admin'].includes(String(name)))).toEqual([])
    expect(listed['totalCount']).toBe(names.length)
    const key = keeper.text
    for (const id of [...foreign.map((one) => one.id), 'admin', 'settings-0', '0123456789abcdef']) {
      const path = `/api/api-keys/${id}`
      const message = `API key '${id}' not found`
      expect(await refused(path, 404, { key })).toMatchObject({ message })
      expect(await refused(path, 404, { key, method: 'PATCH', body: { name: 'x' } })).toMatchObject({ message })
      expect(await refused(path, 404, { key, method: 'DELETE' })).toMatchObject({ message })
    }
    await stator.json(`/api/api-keys/${inside.id}`, { key, method: 'PATCH', body: { name: 'inside-2' } })
    expect((await stator.api(`/api/api-keys/${inside.id}`, { key, method: 'DELETE' })).status).toBe(204)
    for (const { text } of foreign) expect((await stator.api('/api/chargepoints', { key: text })).status).toBe(200)
  })
})

describe('the list of keys', () => {
  test('has those of the settings first, and is the same page by page', async () => {
    const all = await stator.json('/api/api-keys?pageSize=100')
    const ids = (all['apiKeys'] as readonly Json[]).map(({ keyId }) => keyId)
    expect(ids.slice(0, 2)).toEqual(['admin', 'settings-0'])
    expect(all['totalCount']).toBe(ids.length)
    const paged: unknown[] = []
    for (let page = 1; paged.length < ids.length && page <= ids.length; page++) {
      const part = await stator.json(`/api/api-keys?page=${page}&pageSize=3`)
      expect(part['totalCount']).toBe(ids.length)
      paged.push(...(part['apiKeys'] as readonly Json[]).map(({ keyId }) => keyId))
    }
    expect(paged).toEqual(ids)
  })

  test('can be of one state', async () => {
    for (const state of ['active', 'expired', 'revoked']) {
      const { apiKeys } = await stator.json(`/api/api-keys?state=${state}&pageSize=100`)
      expect(new Set((apiKeys as readonly Json[]).map((key) => key['state']))).toEqual(
        new Set(state === 'expired' ? [] : [state]),
      )
    }
    const { id } = await made({ name: 'over', role: 'viewer', expiresInDays: 1 })
    await (await stator.client()).query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [id])
    expect(await stator.json('/api/api-keys?state=expired')).toMatchObject({ totalCount: 1, apiKeys: [{ keyId: id }] })
  })

  test('shows keys of the settings, which are not changed here', async () => {
    expect(await stator.json('/api/api-keys/admin')).toMatchObject({
      origin: 'settings',
      role: 'admin',
      createdAt: null,
    })
    for (const request of [{ method: 'DELETE' }, { method: 'PATCH', body: { role: 'viewer' } }]) {
      expect(await refused('/api/api-keys/admin', 409, request)).toMatchObject({
        message: expect.stringContaining('change Security.AdminApiKey'),
      })
      expect(await refused('/api/api-keys/settings-0', 409, request)).toMatchObject({
        message: expect.stringContaining('change Security.ApiKeys'),
      })
    }
  })
})

describe('roles', () => {
  test('are made, changed and deleted, but not while a key has one', async () => {
    expect(await role('fixer', ['command:reset', 'chargepoint:read', 'command:reset'])).toMatchObject({
      isBuiltIn: false,
      permissions: ['chargepoint:read', 'command:reset'],
      createdBy: 'admin',
    })
    expect(await role('fixer', [], 409)).toMatchObject({ message: "A role with the name 'fixer' exists already" })
    const body = { description: 'Resets what is stuck.' }
    expect(await stator.json('/api/roles/fixer', { method: 'PATCH', body })).toMatchObject({
      ...body,
      permissions: ['chargepoint:read', 'command:reset'],
    })
    const { id } = await made({ name: 'fixing', role: 'fixer' })
    expect(await refused('/api/roles/fixer', 409, { method: 'DELETE' })).toMatchObject({
      message: expect.stringContaining("The API key 'fixing' has the role 'fixer'"),
    })
    await stator.api(`/api/api-keys/${id}`, { method: 'DELETE' })
    expect((await stator.api('/api/roles/fixer', { method: 'DELETE' })).status).toBe(204)
    expect((await stator.api('/api/roles/fixer', { method: 'DELETE' })).status).toBe(404)
    expect((await stator.api('/api/roles/fixer')).status).toBe(404)
  })

  test('that are always there come first, and stay as they are', async () => {
    const { roles } = await stator.json('/api/roles')
    expect((roles as readonly Json[]).slice(0, 4)).toMatchObject(
      ['admin', 'operator', 'viewer', 'auditor'].map((name) => ({ name, isBuiltIn: true, createdAt: null })),
    )
    await role('viewer', [], 409)
    await refused('/api/roles/viewer', 409, { method: 'DELETE' })
    await refused('/api/roles/viewer', 409, { method: 'PATCH', body: { permissions: [] } })
    expect(await stator.json('/api/roles?page=2&pageSize=3')).toMatchObject({ roles: [{ name: 'auditor' }, {}, {}] })
  })

  test('with a permission or name that cannot be are refused, with what was probably meant', async () => {
    expect(await role('misspelt', ['chargepoint:reed'], 400)).toMatchObject({
      details: { issue: "There is no permission 'chargepoint:reed'; 'chargepoint:read' was probably meant" },
    })
    for (const name of ['Fixer', '2nd', 'a b', '', 'x'.repeat(65)]) {
      expect(await role(name, [], 400)).toMatchObject({ details: { field: 'name' } })
    }
  })
})
