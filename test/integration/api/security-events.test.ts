// GET /api/security-events: who was refused and how often, and what charge points report about their security.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { basic } from '../../support/credential-store.ts'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start()
})

afterAll(() => central.stop())

interface Listed {
  readonly totalCount: number
  readonly securityEvents: readonly Record<string, unknown>[]
}

async function list(query = ''): Promise<Listed> {
  const { totalCount, securityEvents } = await central.json(`/api/security-events${query}`)
  return { totalCount: Number(totalCount), securityEvents: Array.isArray(securityEvents) ? securityEvents : [] }
}

/** The events that `query` selects, once they are `count` together. */
function listed(query: string, count: number): Promise<Listed['securityEvents']> {
  return until(`${count} events`, async () => {
    const { securityEvents } = await list(query)
    const sum = securityEvents.reduce((all, event) => all + Number(event['count']), 0)
    return sum === count ? securityEvents : null
  })
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

test('guesses of a password are counted, with the identity and the address', async () => {
  await central.provision('GUESSED')
  const knock = (password: string) => handshakeAnswer({ url: central.ocppUrl, identity: 'GUESSED', password })
  for (const password of ['guess 1', 'guess 2', 'guess 3']) expect((await knock(password)).status).toBe(401)
  const events = await listed('?chargePointId=GUESSED', 3)
  expect(events[0]).toEqual({
    source: 'centralSystem',
    type: 'HandshakeUnauthorized',
    chargePointId: 'GUESSED',
    reason: 'wrong password',
    remoteAddress: '127.0.0.1',
    node: expect.stringContaining(':'),
    count: expect.any(Number),
    firstAt: isoTime,
    receivedAt: isoTime,
  })
  expect(JSON.stringify(events)).not.toContain('guess')
})

test('identities that do not exist, blocked charge points and REST requests are there, too', async () => {
  await central.provision('BLOCKED', { blocked: true })
  const knock = (identity: string) => handshakeAnswer({ url: central.ocppUrl, identity, password: passwordDefault })
  expect([(await knock('NOBODY')).status, (await knock('BLOCKED')).status]).toEqual([404, 403])
  const asked = await central.api('/api/transactions', {
    key: null,
    headers: basic('THIEF', 'secretpassword'),
  })
  expect(asked.status).toBe(401)
  expect(await listed('?chargePointId=NOBODY', 1)).toMatchObject([{ type: 'HandshakeUnknown' }])
  expect(await listed('?type=HandshakeForbidden', 1)).toMatchObject([{ chargePointId: 'BLOCKED' }])
  // A name that belongs to no charge point may be a password in the wrong field.
  expect(await listed('?type=RequestUnauthorized', 1)).toMatchObject([
    { chargePointId: null, reason: 'GET /api/transactions', remoteAddress: '127.0.0.1' },
  ])
})

test('what charge points report stands between them, newest first, page by page', async () => {
  const raw = await central.bootedRaw('REPORTS')
  for (const type of ['InvalidTLSVersion', 'TamperDetectionActivated']) {
    const event = { type, timestamp: '2026-01-01T00:00:00Z', techInfo: `about ${type}` }
    expect(await raw.call('SecurityEventNotification', event)).toEqual({})
  }
  await raw.close()
  const expected = {
    source: 'chargePoint',
    type: 'TamperDetectionActivated',
    chargePointId: 'REPORTS',
    reason: 'about TamperDetectionActivated',
    remoteAddress: null,
    node: null,
    count: 1,
    firstAt: '2026-01-01T00:00:00.000Z',
    receivedAt: isoTime,
  }
  const { totalCount, securityEvents } = await list('?source=chargePoint&pageSize=1')
  expect([totalCount, securityEvents]).toEqual([2, [expected]])
  expect(await list('?source=chargePoint&pageSize=1&page=2')).toMatchObject({
    securityEvents: [{ type: 'InvalidTLSVersion' }],
  })
  expect(await list('?chargePointId=REPORTS&source=centralSystem')).toMatchObject({ totalCount: 0 })
  expect(await list('?type=TamperDetectionActivated')).toMatchObject({ totalCount: 1 })
  const all = (await list('?pageSize=100')).securityEvents.map(({ receivedAt }) => String(receivedAt))
  expect(all).toEqual(all.toSorted().toReversed())
})

test('charge points may not read them', async () => {
  expect((await central.api('/api/security-events', { basic: ['REPORTS', passwordDefault] })).status).toBe(403)
})
