// Operators with tokens of a real OpenID provider: roles and groups by claims, keys that change, a provider that goes
// away, and tokens that are worthless.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { decodeJwt } from 'jose'
import { systemClock } from '../../../src/base/clock.ts'
import { tokenKeysCooldownMs } from '../../../src/base/limits.ts'
import { OidcIssuer, statorResource } from '../../support/oidc-issuer.ts'
import { type ApiAnswer, type ApiRequest, TestStator } from '../../support/stator.ts'
import { signed, testKey } from '../../support/tokens.ts'
import { until } from '../../support/until.ts'

const operators = {
  OperatorClaim: 'roles',
  OperatorValues: ['chiefs', 'cn=ops,dc=example=operator', 'see=viewer', 'reset=resetter', 'later=not-there-yet'],
}

/** How far the clock of Stator is ahead. */
let aheadMs = 0
const clock = { nowMs: () => systemClock.nowMs() + aheadMs, after: systemClock.after.bind(systemClock) }

let issuer: OidcIssuer
/** Operators are for all charge points. */
let central: TestStator
/** Operators are for the groups in their claim `sites`. */
let grouped: TestStator

beforeAll(async () => {
  issuer = await OidcIssuer.start([
    { id: 'chief', claims: { roles: ['chiefs', 'another'] } },
    { id: 'ops', claims: { roles: ['cn=ops,dc=example'] } },
    { id: 'seer', claims: { roles: ['see'] } },
    { id: 'seer-and-resetter', claims: { roles: ['see', 'reset'] } },
    { id: 'of-no-role', claims: { roles: ['later'] } },
    { id: 'of-a-path', claims: { roles: ['see'], sites: ['/tenant/site', 'elsewhere'] } },
    { id: 'of-a-tenant', claims: { roles: ['chiefs'], sites: 'tenant' } },
    { id: 'of-an-id', claims: { roles: ['see'], sites: [2] } },
    { id: 'of-unknown-groups', claims: { roles: ['chiefs'], sites: ['elsewhere', 999, 'site', ''] } },
  ])
  central = await started({})
  grouped = await started({ GroupClaim: 'sites' })
  const client = await grouped.client()
  await client.query(`INSERT INTO charge_point_groups (name, parent_id) VALUES ('tenant', NULL), ('site', 1)`)
  for (const identity of ['CP-OF-SITE', 'CP-OF-TENANT', 'CP-OF-NONE']) await grouped.provision(identity)
  await client.query(`UPDATE charge_points SET group_id = 2 WHERE identity = 'CP-OF-SITE'`)
  await client.query(`UPDATE charge_points SET group_id = 1 WHERE identity = 'CP-OF-TENANT'`)
})

afterAll(async () => {
  await grouped.stop()
  await central.stop()
  await issuer.stop()
})

function started(more: Readonly<Record<string, unknown>>): Promise<TestStator> {
  const Jwt = { Issuer: issuer.url, Audience: [statorResource], ...operators, ...more }
  return TestStator.start({ settings: { Security: { Jwt } }, hooks: { clock } })
}

function bearing(token: string, request: ApiRequest = {}): ApiRequest {
  return { ...request, key: null, headers: { Authorization: `Bearer ${token}` } }
}

async function sent(clientId: string, path: string, request?: ApiRequest, stator = central): Promise<ApiAnswer> {
  return stator.api(path, bearing(await issuer.token(clientId), request))
}

const write: ApiRequest = { method: 'PATCH', body: { location: 'here' } }
const reset: ApiRequest = { body: { type: 'Soft' } }

describe('the roles of a token', () => {
  test('are those that the settings give its values: one without a role is an admin', async () => {
    expect((await sent('chief', '/api/api-keys')).status).toBe(200)
    expect((await sent('ops', '/api/chargepoints/CP404', write)).status).toBe(404)
    expect(await sent('ops', '/api/api-keys')).toMatchObject({
      status: 403,
      body: { details: { missing: 'apikey:read' } },
    })
    expect((await sent('seer', '/api/chargepoints')).status).toBe(200)
    expect(await sent('seer', '/api/chargepoints/CP404', write)).toMatchObject({
      status: 403,
      body: { details: { missing: 'chargepoint:write' } },
    })
  })

  test('allow together what each of them allows', async () => {
    await central.json('/api/roles', { body: { name: 'resetter', permissions: ['command:reset'] } }, 201)
    expect((await sent('seer-and-resetter', '/api/chargepoints')).status).toBe(200)
    expect((await sent('seer-and-resetter', '/api/chargepoints/CP404/reset', reset)).status).toBe(404)
    expect((await sent('seer', '/api/chargepoints/CP404/reset', reset)).status).toBe(403)
    await central.json('/api/roles/resetter', { method: 'PATCH', body: { permissions: [] } })
    await until('the role to allow nothing', async () => {
      return (await sent('seer-and-resetter', '/api/chargepoints/CP404/reset', reset)).status === 403
    })
  })

  test('allow nothing while they do not exist', async () => {
    expect((await sent('of-no-role', '/api/chargepoints')).status).toBe(403)
    await central.json('/api/roles', { body: { name: 'not-there-yet', permissions: ['chargepoint:read'] } }, 201)
    await until('the role to exist', async () => (await sent('of-no-role', '/api/chargepoints')).status === 200)
  })

  test('are what it may give an API key', async () => {
    const give = (role: string) => sent('chief', '/api/api-keys', { body: { name: `a ${role}`, role } })
    expect(await give('admin')).toMatchObject({ status: 201, body: { createdBy: 'jwt:chief' } })
  })
})

describe('the groups of a token', () => {
  const seenBy = async (clientId: string): Promise<unknown> => {
    const { status, body } = await sent(clientId, '/api/chargepoints', {}, grouped)
    expect(status).toBe(200)
    return (body['chargePoints'] as { chargePointId: string }[]).map(({ chargePointId }) => chargePointId)
  }

  test('are named by path or id, and have all groups below them', async () => {
    expect(await seenBy('of-a-path')).toEqual(['CP-OF-SITE'])
    expect(await seenBy('of-an-id')).toEqual(['CP-OF-SITE'])
    expect(await seenBy('of-a-tenant')).toEqual(['CP-OF-SITE', 'CP-OF-TENANT'])
    expect((await sent('of-a-path', '/api/chargepoints/CP-OF-TENANT', {}, grouped)).status).toBe(404)
    expect((await sent('of-a-tenant', '/api/chargepoints/CP-OF-NONE', {}, grouped)).status).toBe(404)
  })

  test('without one that exists: it is refused with what is missing, and never for all charge points', async () => {
    const details = { missing: 'a known group in the claim sites' }
    for (const clientId of ['chief', 'of-unknown-groups']) {
      for (const path of ['/api/chargepoints', '/api/api-keys', '/metrics']) {
        expect(await sent(clientId, path, {}, grouped)).toMatchObject({ status: 403, body: { details } })
      }
    }
  })
})

describe('a token of an operator', () => {
  test('counts while its key is published: another key is read when it is first seen', async () => {
    const before = await issuer.token('seer')
    expect((await central.api('/api/chargepoints', bearing(before))).status).toBe(200)
    await issuer.rotateKeys()
    aheadMs += tokenKeysCooldownMs
    expect((await sent('seer', '/api/chargepoints')).status).toBe(200)
    expect((await central.api('/api/chargepoints', bearing(before))).status).toBe(401)
  })

  test('counts while the provider is away', async () => {
    const token = await issuer.token('seer')
    await issuer.stop()
    try {
      expect((await central.api('/api/chargepoints', bearing(token))).status).toBe(200)
      expect((await central.api('/api/api-keys', bearing(token))).status).toBe(403)
    } finally {
      await issuer.resume()
    }
  })

  test('is worthless if another issuer signed it, if it names another issuer, or when it has expired', async () => {
    const other = await OidcIssuer.start([{ id: 'chief', claims: { roles: ['chiefs'] } }])
    try {
      expect((await central.api('/api/chargepoints', bearing(await other.token('chief')))).status).toBe(401)
    } finally {
      await other.stop()
    }
    const claims = decodeJwt(await issuer.token('chief'))
    const forged = await signed(await testKey(), { ...claims, iss: 'https://login.example.com' })
    expect((await central.api('/api/chargepoints', bearing(forged))).status).toBe(401)
    const token = await issuer.token('chief')
    const before = aheadMs
    try {
      aheadMs += 700_000
      const answer = await central.api('/api/chargepoints', bearing(token))
      expect(answer.status).toBe(401)
      expect(answer.headers.get('WWW-Authenticate')).toContain('Bearer realm="Stator", error="invalid_token"')
    } finally {
      aheadMs = before
    }
  })
})
