// Who may use a route of the REST API, and what those who may not are told.

import { describe, expect, test } from 'bun:test'
import type { Scope } from '../../../src/blocks/scope.ts'
import { aChargePoint, anOperator } from '../../support/principals.ts'
import { openRecord } from '../../support/transaction-record.ts'
import { chargePoint, fakeApi, messageOf } from './fake-deps.ts'

const start = '/api/chargepoints/CP001/start-transaction'
const firmware = { location: 'https://firmware.example.com/v2.bin', retrieveDate: '2025-12-27T00:00:00Z' }
const startBody = { connectorId: 1, idTag: 'USER123' }

/** Whether the charge point with that key is in the scope. */
function isOf(scope: Scope, key: number): boolean {
  return scope === 'all' || ('chargePointKey' in scope && scope.chargePointKey === key)
}

describe('access', () => {
  test('without credentials is 401, in the words of the contract', async () => {
    const { app } = fakeApi()
    const response = await app.request('/api/chargepoints/CP001/status')
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toContain('Basic')
    expect(await response.json()).toEqual({
      error: 'Unauthorized',
      code: 'UNAUTHORIZED',
      message: 'Invalid authentication credentials',
    })
  })

  test('by a bearer token that is worthless is noted with the reason, which the client is not told', async () => {
    const reasons: string[] = []
    const { request } = fakeApi({
      deps: {
        authenticate: async () => 'the token has expired',
        challenge: () => 'Bearer error="invalid_token"',
        noteSecurityEvent: ({ reason }) => reasons.push(reason),
      },
    })
    const response = await request('/api/chargepoints')
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer error="invalid_token"')
    expect(await response.text()).not.toContain('expired')
    expect(reasons).toEqual(['GET /api/chargepoints: the token has expired'])
  })

  test('to change something takes credentials that are still valid when the body has arrived', async () => {
    const events: string[] = []
    const body = new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        await Promise.resolve()
        events.push('the body ends')
        controller.enqueue(new TextEncoder().encode('{"chargePointId":"CP003"}'))
        controller.close()
      },
    })
    const { request } = fakeApi({
      deps: {
        authenticate: async () => anOperator(),
        authenticateNow: async () => {
          events.push('authenticated again')
          return "the API key 'leaked' is revoked"
        },
        noteSecurityEvent: ({ reason }) => events.push(reason),
      },
    })
    const response = await request('/api/chargepoints', { method: 'POST', body })
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toContain('Basic')
    const refusal = "POST /api/chargepoints: the API key 'leaked' is revoked"
    expect(events).toEqual(['the body ends', 'authenticated again', refusal])
  })

  test('to change something goes by what the sender may do now', async () => {
    const { request } = fakeApi({
      deps: { authenticate: async () => anOperator(), authenticateNow: async () => aChargePoint('CP001', 1) },
    })
    const response = await request('/api/chargepoints', { method: 'POST', body: '{"chargePointId":"CP003"}' })
    expect(response.status).toBe(403)
    expect((await request('/api/chargepoints/CP001')).status).toBe(200)
  })

  test('that was given a moment ago changes nothing yet: the audit log has left out the body', async () => {
    const { request } = fakeApi({
      deps: { authenticate: async () => aChargePoint('CP001', 1), authenticateNow: async () => anOperator() },
    })
    const response = await request('/api/chargepoints', { method: 'POST', body: '{"chargePointId":"CP003"}' })
    expect(response.status).toBe(403)
  })

  test('is asked for before anything else is looked at', async () => {
    const { app } = fakeApi()
    expect((await app.request('/api/nothing')).status).toBe(401)
    expect((await app.request(start, { method: 'POST', body: 'not JSON' })).status).toBe(401)
  })

  test('of a charge point ends at its own resources: those of others do not exist', async () => {
    const { request } = fakeApi({
      deps: { authenticate: async () => aChargePoint('CP001', 1) },
      queries: {
        transaction: async (transactionId, scope) =>
          isOf(scope, 2) ? { ...openRecord, transactionId, identity: 'CP002', chargePointKey: 2 } : null,
        chargePoint: async (identity, scope) =>
          isOf(scope, identity === 'CP001' ? 1 : 2) ? { ...chargePoint, identity } : null,
      },
    })
    const json = (method: string, body: unknown) => ({ method, body: JSON.stringify(body) })
    const missing: readonly [path: string, init?: RequestInit][] = [
      ['/api/chargepoints/CP002'],
      ['/api/chargepoints/CP002/status'],
      ['/api/chargepoints/CP002/messages'],
      ['/api/chargepoints/CP002/anomalies'],
      ['/api/chargepoints/CP002/configuration'],
      ['/api/chargepoints/CP002/configuration', json('POST', { key: 'A', value: 'B' })],
      ['/api/chargepoints/CP002/start-transaction', json('POST', startBody)],
      ['/api/chargepoints/CP002/stop-transaction', json('POST', { transactionId: 1 })],
      ['/api/chargepoints/CP002/reset', json('POST', { type: 'Soft' })],
      ['/api/chargepoints/CP002/update-firmware', json('POST', firmware)],
      ['/api/chargepoints/CP002/calls', json('POST', { action: 'ClearCache' })],
      ['/api/transactions/1'],
      ['/api/transactions/1/meter-values'],
    ]
    for (const [path, init] of missing) {
      const response = await request(path, init)
      expect([path, response.status]).toEqual([path, 404])
      expect(await messageOf(response)).toBe(
        path.startsWith('/api/chargepoints') ? "Charge point 'CP002' not found" : "Transaction '1' not found",
      )
    }
    expect((await request('/api/chargepoints/CP001/status')).status).toBe(200)
  })

  test('of a charge point is refused with what is missing where it takes more than a charge point may do', async () => {
    const { request } = fakeApi({ deps: { authenticate: async () => aChargePoint('CP001', 1) } })
    const json = (method: string, body: unknown) => ({ method, body: JSON.stringify(body) })
    const forbidden: readonly [path: string, init?: RequestInit][] = [
      ['/api/chargepoints', json('POST', { chargePointId: 'CP003' })],
      ['/api/chargepoints/CP001', json('PATCH', {})],
      ['/api/chargepoints/CP001', { method: 'DELETE' }],
      ['/api/groups'],
      ['/api/groups', json('POST', { name: 'Mine' })],
      ['/api/transactions/1/close', { method: 'POST' }],
      ['/api/id-tags'],
      ['/api/id-tags', json('POST', { idTag: 'A' })],
      ['/api/id-tags/A'],
      ['/api/id-tags/A', json('PATCH', {})],
      ['/api/id-tags/A', { method: 'DELETE' }],
    ]
    for (const [path, init] of forbidden) {
      const response = await request(path, init)
      expect([path, response.status]).toEqual([path, 403])
      expect(await response.json()).toMatchObject({
        error: 'Forbidden',
        code: 'FORBIDDEN',
        message: expect.stringContaining('Insufficient permissions for the requested operation'),
        details: { missing: expect.any(String) },
      })
    }
  })
})
