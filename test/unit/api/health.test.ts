// What the health checks tell whom.

import { describe, expect, test } from 'bun:test'
import type { ApiDeps, HealthCheck } from '../../../src/api/deps.ts'
import { fakeApi } from './fake-deps.ts'

const away = { name: 'database', problem: 'connect ECONNREFUSED 10.1.2.3:5432' }
const well = { name: 'database', problem: null }

function apiWith(checks: readonly HealthCheck[], deps: Partial<ApiDeps> = {}) {
  return fakeApi({
    deps: { health: { live: () => checks.length > 0, ready: async () => checks }, ...deps },
  })
}

test('health is reported by status and body', async () => {
  const { app } = apiWith([well])
  const live = await app.request('/health/live')
  expect([live.status, await live.json()]).toEqual([200, { status: 'up' }])
  const ready = await app.request('/health/ready')
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', checks: { database: 'ok' } }])
  const dead = await apiWith([]).app.request('/health/live')
  expect([dead.status, await dead.json()]).toEqual([503, { status: 'down' }])
})

describe('what is wrong', () => {
  const failing = { status: 'notReady', checks: { database: 'fails' } }

  test('is for operators; a stranger reads which check fails', async () => {
    const { app, request } = apiWith([away])
    const strange = await app.request('/health/ready')
    expect([strange.status, await strange.json()]).toEqual([503, failing])
    const known = await request('/health/ready')
    expect([known.status, await known.json()]).toEqual([503, { ...failing, checks: { database: away.problem } }])
  })

  test('is not for charge points, which the database would have to recognise', async () => {
    const { request } = apiWith([away], { authenticate: () => Promise.reject(new Error('the database is away')) })
    const answer = await request('/health/ready', { headers: { 'X-Charge-Point-Id': 'CP001' } })
    expect([answer.status, await answer.json()]).toEqual([503, failing])
  })

  test('is not for guesses at keys, which are counted here as everywhere', async () => {
    let failures = 0
    const attempts = { turn: async () => true, failed: async () => ++failures > 1, proven: () => {} }
    const { request } = apiWith([away], { authenticate: async () => null, attempts })
    expect((await request('/health/ready')).status).toBe(401)
    expect((await request('/health/ready')).status).toBe(429)
  })

  test('is logged once, and again when it differs or returns', async () => {
    const checks: HealthCheck[] = []
    const { app, logged } = apiWith(checks)
    const log = async (check: HealthCheck): Promise<unknown[]> => {
      checks[0] = check
      await app.request('/health/ready')
      await app.request('/health/ready')
      return logged.splice(0).map(({ fields }) => fields.reason)
    }
    expect(await log(away)).toEqual([away.problem])
    expect(await log({ ...away, problem: 'too slow' })).toEqual(['too slow'])
    expect(await log(well)).toEqual([])
    expect(await log(away)).toEqual([away.problem])
  })
})
