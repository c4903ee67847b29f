// What web pages of other hosts may send, and read.

import { describe, expect, test } from 'bun:test'
import type { SecurityEvent } from '../../../src/blocks/records.ts'
import { fakeApi } from './fake-deps.ts'

const console = 'https://console.example.com'
const evil = 'https://evil.example'
const tags = { queries: { listIdTokens: async () => ({ items: [], totalCount: 0 }) } }

function apiFor(...allowedOrigins: string[]) {
  const events: SecurityEvent[] = []
  const api = fakeApi({ ...tags, deps: { allowedOrigins, noteSecurityEvent: (event) => events.push(event) } })
  const preflight = (origin: string) =>
    api.app.request('/api/id-tags', {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    })
  return { ...api, events, preflight }
}

const corsOf = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('a page of a host that is not allowed', () => {
  test('changes nothing: it is refused before its credentials are compared, and noted', async () => {
    const { request, events, logged } = apiFor(console)
    const body = JSON.stringify({ connectorId: 1, idTag: 'USER123' })
    const headers = { Origin: evil, 'Content-Type': 'text/plain' }
    const refused = await request('/api/chargepoints/CP001/start-transaction', { method: 'POST', body, headers })
    expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ code: 'FORBIDDEN' })])
    expect(corsOf(refused)).toEqual([])
    expect(events).toMatchObject([{ type: 'RequestForbidden', reason: expect.stringContaining(evil) }])
    expect(logged.map(({ fields }) => fields.code)).toEqual(['FORBIDDEN'])
  })

  test('reads nothing: no answer has a header for it, and its preflight is refused', async () => {
    const { request, preflight } = apiFor(console)
    expect(corsOf(await request('/api/id-tags', { headers: { Origin: evil } }))).toEqual([])
    const refused = await preflight(evil)
    expect([refused.status, corsOf(refused)]).toEqual([401, []])
  })
})

test('tools name no origin, and send JSON as text', async () => {
  const { request } = apiFor()
  const headers = { 'Content-Type': 'text/plain' }
  const answer = await request('/api/chargepoints/CP001/start-transaction', { method: 'POST', body: '{}', headers })
  expect(answer.status).toBe(400)
})

describe('a page of an allowed host', () => {
  test('gets its preflight, and may send keys', async () => {
    const { preflight } = apiFor(console)
    const answer = await preflight(console)
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([204, console])
    expect(answer.headers.get('Access-Control-Allow-Headers')).toContain('X-API-Key')
    expect(answer.headers.get('Access-Control-Allow-Methods')).toContain('PATCH')
    expect(answer.headers.get('Vary')).toContain('Origin')
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull()
  })

  test('reads answers, errors included', async () => {
    const { app, request } = apiFor(console)
    const headers = { Origin: console }
    for (const [answer, status] of [
      [await request('/api/id-tags', { headers }), 200],
      [await app.request('/api/id-tags', { headers }), 401],
      [await request('/api/nothing', { headers }), 404],
    ] as const) {
      expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([status, console])
      expect(answer.headers.get('Access-Control-Expose-Headers')).toContain('X-Request-Id')
    }
  })

  test('sends no other OPTIONS than a preflight', async () => {
    const { request } = apiFor(console)
    const answer = await request('/api/id-tags', { method: 'OPTIONS', headers: { Origin: console } })
    expect(answer.status).toBe(405)
  })
})

test('if all hosts are allowed, the answer says so, and never asks for credentials', async () => {
  const { request, preflight } = apiFor('*')
  for (const answer of [await preflight(evil), await request('/api/id-tags', { headers: { Origin: evil } })]) {
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull()
  }
})

test('an answer that depends on the origin says so also to those that name none', async () => {
  const { request } = apiFor(console)
  expect((await request('/api/id-tags')).headers.get('Vary')).toContain('Origin')
})
