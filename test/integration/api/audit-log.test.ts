// The audit log over REST: every operation that may change something leaves a request with its outcome, and nothing
// secret.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { verified } from '../../support/audit.ts'

interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
}

interface Item {
  readonly sequence: number
  readonly requestId: string
  readonly principalKind: string
  readonly principal: string
  readonly actingAs: string | null
  readonly remoteAddress: string
  readonly operation: string
  readonly chargePointId: string | null
  readonly request: unknown
  readonly before: unknown
  readonly after: unknown
  readonly outcome: string
  readonly status: number | null
  readonly code: string | null
}

/** What no entry may contain. */
const secrets = ['new-password-1', 'new-api-key-1', 'password-in-url', 'secret-value-1', passwordDefault, adminApiKey]
const idTags = ['DRIVER-CARD-1', 'DRIVER-CARD-2', 'DRIVER-CARD-3']

/** Bodies that get as far as they can; other operations are sent `{}`. */
const bodies: Readonly<Record<string, unknown>> = {
  createChargePoint: { chargePointId: 'NEW', password: 'new-password-1', apiKey: 'new-api-key-1' },
  changeChargePoint: { location: 'Hall', apiKey: 'new-api-key-1' },
  storeChargePoints: [{ chargePointId: 'NEW2', password: 'new-password-1' }],
  createIdTag: { idTag: 'DRIVER-CARD-1', status: 'Accepted', parentIdTag: 'DRIVER-CARD-3' },
  changeIdTag: { status: 'Blocked', parentIdTag: 'DRIVER-CARD-2' },
  storeIdTags: [{ idTag: 'DRIVER-CARD-2' }, { idTag: 'DRIVER-CARD-3', parentIdTag: 'DRIVER-CARD-1' }],
  startTransaction: { connectorId: 1, idTag: 'DRIVER-CARD-1' },
  changeConfiguration: { key: 'AuthorizationKey', value: 'secret-value-1' },
  updateFirmware: { location: 'ftp://user:password-in-url@example.org/firmware', retrieveDate: '2027-01-01T00:00:00Z' },
  createCredentialRotation: { chargePointIds: ['OWN'] },
  closeTransaction: { meterStop: 5_000 },
  sendCall: {
    action: 'SendLocalList',
    payload: {
      listVersion: 1,
      updateType: 'Full',
      localAuthorizationList: [
        { idTag: 'DRIVER-CARD-1', idTagInfo: { status: 'Accepted', parentIdTag: 'DRIVER-CARD-2' } },
      ],
    },
  },
}

let stator: TestStator
let database: Client
let operations: readonly Operation[]
let transactionId: string

beforeAll(async () => {
  stator = await TestStator.start()
  database = await stator.client()
  await stator.provision('OTHER')
  await stator.addIdTag('TAG')
  const raw = await stator.bootedRaw('OWN')
  const start = { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp: new Date().toISOString() }
  transactionId = String((await raw.call('StartTransaction', start))['transactionId'])
  await raw.close()
  const document = await stator.json('/openapi.json')
  const paths: Record<string, Record<string, { readonly operationId: string }>> = Object(document).paths
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({ id: operationId, method: method.toUpperCase(), path })),
  )
  const changing = all.filter(({ method }) => method !== 'GET')
  operations = changing.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))
})

afterAll(() => stator.stop())

/** Sends an operation about OWN; returns its request id and the status of the answer. */
async function send({ id, method, path }: Operation, headers: Record<string, string>) {
  const names: Readonly<Record<string, string>> = {
    chargePointId: 'OWN',
    idTag: 'DRIVER-CARD-1',
    transactionId,
    rotationId: '1',
    serialNumber: '01',
  }
  const url = stator.url + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? name)
  const response = await fetch(url, {
    method,
    headers: { ...headers, 'Content-Type': 'application/json' },
    ...(method === 'DELETE' ? {} : { body: JSON.stringify(bodies[id] ?? {}) }),
  })
  await response.arrayBuffer()
  return { requestId: response.headers.get('X-Request-Id') ?? '', status: response.status }
}

async function items(query = ''): Promise<readonly Item[]> {
  const { entries } = await stator.json(`/api/audit-log?pageSize=100&${query}`)
  return entries as readonly Item[]
}

async function newest(query = ''): Promise<Item | undefined> {
  return (await items(query))[0]
}

const operator = { 'X-API-Key': adminApiKey }
const other = { Authorization: `Basic ${btoa(`OTHER:${passwordDefault}`)}` }

describe('every operation that may change something', () => {
  test('is refused to another charge point, and recorded with its charge point and sender', async () => {
    expect(operations.length).toBeGreaterThan(20)
    for (const operation of operations) {
      const { requestId, status } = await send(operation, other)
      expect([operation.id, await newest()]).toMatchObject([
        operation.id,
        {
          requestId,
          status,
          operation: operation.id,
          outcome: 'refused',
          principalKind: 'chargePoint',
          principal: 'OTHER',
          actingAs: null,
          remoteAddress: '127.0.0.1',
          ...(operation.path.includes('{chargePointId}') ? { chargePointId: 'OWN' } : {}),
        },
      ])
    }
  })

  test('is recorded when an operator sends it, with the outcome that was answered', async () => {
    for (const operation of operations) {
      const { requestId, status } = await send(operation, operator)
      const item = await newest()
      const outcome = status < 400 ? 'done' : 'refused'
      expect([operation.id, item]).toMatchObject([
        operation.id,
        { requestId, status, operation: operation.id, principal: 'admin', outcome },
      ])
      expect(item?.code === null).toBe(status < 400)
    }
  })

  test('has no secret and no id tag in any column of any entry', async () => {
    const { rows } = await database.query<{ text: string }>('SELECT row_to_json(a)::text AS text FROM audit_log a')
    expect(rows.length).toBeGreaterThan(4 * operations.length)
    const all = rows.map(({ text }) => text).join('\n')
    expect([...secrets, ...idTags].filter((text) => all.toLowerCase().includes(text.toLowerCase()))).toEqual([])
    expect(all).toContain('***')
  })

  test('leaves a chain that is right', async () => {
    const chains = Object.values(await verified(database))
    expect(chains).toHaveLength(1)
    expect(chains[0]?.problem).toBeNull()
    const { heads } = await stator.json('/api/audit-log/heads')
    expect(heads).toMatchObject([{ node: chains[0]?.node, sequence: chains[0]?.head.sequence }])
  })
})

describe('an entry', () => {
  test('of a refused request without permission, or about a charge point that does not exist, has the reason', async () => {
    await stator.api('/api/chargepoints/NOBODY', { method: 'DELETE' })
    expect(await newest('chargePointId=NOBODY')).toMatchObject({
      ...{ operation: 'deleteChargePoint', outcome: 'refused', status: 404, code: 'NOT_FOUND', before: null },
    })
    await stator.api('/api/id-tags', {
      body: { idTag: 'X' },
      key: adminApiKey,
      headers: { 'X-Charge-Point-Id': 'OTHER' },
    })
    expect(await newest()).toMatchObject({
      ...{ operation: 'createIdTag', status: 403, code: 'FORBIDDEN', principal: 'admin', actingAs: 'OTHER' },
      ...{ principalKind: 'operator', chargePointId: 'OTHER' },
    })
    await stator.api('/api/id-tags', { body: { idTag: 'X' }, key: 'wrong' })
    expect((await newest())?.code).toBe('FORBIDDEN')
  })

  test('of a request without permission has no body, no query, and parameters of some length', async () => {
    const body = { action: 'DataTransfer', payload: { vendorId: 'v', data: 'x'.repeat(50_000) } }
    await stator.api('/api/roles', { body: { name: 'looker', permissions: ['chargepoint:read'] } })
    const { apiKey } = await stator.json('/api/api-keys', { body: { name: 'looker', role: 'looker' } }, 201)
    const key = String(apiKey)
    expect((await stator.api('/api/chargepoints/OWN/calls', { body, key })).status).toBe(403)
    const refused = await newest('principal=looker')
    expect(refused).toMatchObject({ operation: 'sendCall', chargePointId: 'OWN', status: 403 })
    expect(refused?.request).toEqual({ params: { chargePointId: 'OWN' } })
    await stator.api('/api/chargepoints:batch?partial=true', { body: [{ chargePointId: 'NEW3' }], key })
    expect((await newest('principal=looker'))?.request).toEqual({})
    await stator.api(`/api/chargepoints/${'x'.repeat(5_000)}`, { method: 'DELETE', key })
    expect((await newest('principal=looker'))?.request).toEqual({ params: { chargePointId: 'x'.repeat(255) } })
  })

  test('has what a charge point was before and after; of secrets, whether they were set', async () => {
    await stator.provision('CHANGED', { location: 'A' })
    expect(await newest('chargePointId=CHANGED')).toMatchObject({
      before: null,
      after: { chargePointId: 'CHANGED', location: 'A', credentials: { basic: 'changed', key: 'not set' } },
    })
    await stator.json('/api/chargepoints/CHANGED', { method: 'PATCH', body: { location: 'B', apiKey: 'k'.repeat(20) } })
    expect(await newest('chargePointId=CHANGED')).toMatchObject({
      request: { params: { chargePointId: 'CHANGED' }, body: { location: 'B', apiKey: '***' } },
      before: { location: 'A', credentials: { basic: 'set', key: 'not set' } },
      after: { location: 'B', credentials: { basic: 'set', key: 'changed' } },
    })
    await stator.api('/api/chargepoints/CHANGED', { method: 'DELETE' })
    expect(await newest('chargePointId=CHANGED')).toMatchObject({
      before: { location: 'B', credentials: { basic: 'set', key: 'set' } },
      after: null,
    })
  })

  test('of a charge point that moves has both groups', async () => {
    const one = (await stator.json('/api/groups', { body: { name: 'One' } }, 201))['id']
    await stator.provision('MOVED', { groupId: one })
    expect(await newest('chargePointId=MOVED')).toMatchObject({ after: { groupId: one } })
    await stator.json('/api/chargepoints/MOVED', { method: 'PATCH', body: { groupId: null } })
    expect(await newest('chargePointId=MOVED')).toMatchObject({ before: { groupId: one }, after: { groupId: null } })
  })

  test('has what groups, roles and API keys were before and after', async () => {
    const change = async (path: string, made: object, changed: object) => {
      const answer = await stator.api(path, { body: made })
      expect([answer.status, await newest()]).toMatchObject([201, { before: null, after: made }])
      const own = answer.headers.get('Location') ?? ''
      await stator.json(own, { method: 'PATCH', body: changed })
      expect(await newest()).toMatchObject({ before: made, after: changed })
      return own
    }
    const group = await change('/api/groups', { name: 'Site' }, { name: 'Place' })
    const role = await change('/api/roles', { name: 'reader', permissions: ['group:read'] }, { description: 'Reads' })
    const key = await change('/api/api-keys', { name: 'tool', role: 'reader' }, { name: 'other-tool' })
    await stator.api(key, { method: 'DELETE' })
    expect(await newest()).toMatchObject({ before: { name: 'other-tool', state: 'active' }, after: null })
    await stator.api(role, { method: 'DELETE' })
    expect(await newest()).toMatchObject({ before: { name: 'reader', permissions: ['group:read'] }, after: null })
    await stator.api(group, { method: 'DELETE' })
    expect(await newest()).toMatchObject({ before: { name: 'Place', path: 'Place' }, after: null })
  })

  test('of an erasure names the erasure', async () => {
    const { id } = await stator.json('/api/id-tags/GONE/erase', { method: 'POST' }, 202)
    expect(await newest('idTag=gone')).toMatchObject({ operation: 'eraseIdTag', after: { erasureId: id } })
  })

  test('of an id tag is found by the id tag, in any letter case, and shows only its digest', async () => {
    await stator.addIdTag('CARD-A', { parentIdTag: 'CARD-P' })
    await stator.json('/api/id-tags/card-a', { method: 'PATCH', body: { status: 'Blocked' } })
    await stator.api('/api/id-tags/CARD-A', { method: 'DELETE' })
    const found = await items('idTag=Card-a')
    expect(found.map(({ operation }) => operation)).toEqual(['deleteIdTag', 'changeIdTag', 'createIdTag'])
    expect(found[1]).toMatchObject({ before: { status: 'Accepted' }, after: { status: 'Blocked' } })
    expect(found[0]).toMatchObject({ request: { params: { idTag: expect.stringMatching(/^idTag:[0-9a-f]{16}$/) } } })
    expect(await items('idTag=CARD-P')).toHaveLength(3)
    expect(await items('idTag=CARD')).toEqual([])
  })

  test('of a batch has its counts, and what it created and changed', async () => {
    await stator.addIdTag('BATCH-1')
    const body = [{ idTag: 'BATCH-1', status: 'Blocked' }, { idTag: 'BATCH-2' }]
    await stator.json('/api/id-tags:batch', { body })
    const digest = expect.stringMatching(/^idTag:/)
    expect(await newest()).toMatchObject({
      request: { body: { lines: 2 } },
      after: { totalCount: 2, created: 1, changed: 1, createdIdTags: [digest], changedIdTags: [digest] },
    })
    expect((await newest('idTag=BATCH-2'))?.operation).toBe('storeIdTags')
    await stator.json('/api/chargepoints:batch', {
      body: 'chargePointId,location\r\nBATCH-CP,Hall\r\n',
      headers: { 'Content-Type': 'text/csv' },
    })
    expect(await newest()).toMatchObject({
      request: { body: { type: 'text/csv' } },
      after: { created: 1, createdChargePointIds: ['BATCH-CP'] },
    })
  })

  test('of one thing whose name ends like the path of a batch has the body', async () => {
    await stator.addIdTag('card:batch')
    await stator.json('/api/id-tags/card:batch', { method: 'PATCH', body: { status: 'Blocked' } })
    expect(await newest('idTag=card:batch')).toMatchObject({ request: { body: { status: 'Blocked' } } })
  })

  test('of a transaction that is closed and corrected has both ends, and its charge point', async () => {
    const station = await stator.bootedRaw('CLOSED')
    const start = { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp: new Date().toISOString() }
    const id = String((await station.call('StartTransaction', start))['transactionId'])
    await stator.json(`/api/transactions/${id}/close`, { body: { meterStop: 1_000 } })
    expect(await newest('chargePointId=CLOSED&operation=closeTransaction')).toMatchObject({
      before: { open: true, meterStop: null },
      after: { open: false, meterStop: 1_000, closedBy: 'operator' },
    })
    await stator.json(`/api/transactions/${id}/close`, { body: { meterStop: 2_000 } })
    expect(await newest('chargePointId=CLOSED&operation=closeTransaction')).toMatchObject({
      before: { meterStop: 1_000, corrections: 0 },
      after: { meterStop: 2_000, corrections: 1 },
    })
  })

  test('is there while its command waits for the charge point, with an unknown outcome', async () => {
    const station = await stator.bootedRaw('SLOW')
    const reset = stator.api('/api/chargepoints/SLOW/reset', { body: { type: 'Soft' } })
    const { messageId } = await station.command('Reset')
    expect(await newest('chargePointId=SLOW')).toMatchObject({ operation: 'resetChargePoint', outcome: 'unknown' })
    expect((await newest('outcome=unknown'))?.chargePointId).toBe('SLOW')
    station.answer(messageId, { status: 'Accepted' })
    expect((await reset).status).toBe(200)
    expect(await newest('chargePointId=SLOW')).toMatchObject({
      ...{ outcome: 'done', status: 200, before: null, after: { status: 'Accepted' } },
    })
    const change = stator.api('/api/chargepoints/SLOW/configuration', {
      body: { key: 'AuthorizationKey', value: 'echoed-password-1' },
    })
    station.answer((await station.command('ChangeConfiguration')).messageId, { status: 'echoed-password-1' })
    await change
    expect(await newest('chargePointId=SLOW')).toMatchObject({ operation: 'changeConfiguration' })
    const { rows } = await database.query('SELECT row_to_json(a)::text AS text FROM audit_log a')
    expect(rows.filter(({ text }) => text.includes('echoed-password'))).toEqual([])
  })
})

test('reading leaves no entry, and only those with the permission may read the log', async () => {
  const before = await newest()
  await stator.json('/api/chargepoints')
  expect((await newest())?.sequence).toBe(before?.sequence ?? 0)
  expect((await stator.api('/api/audit-log', { basic: ['OTHER', passwordDefault] })).status).toBe(403)
  expect((await stator.api('/api/audit-log/heads', { basic: ['OTHER', passwordDefault] })).status).toBe(403)
})
