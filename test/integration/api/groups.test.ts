// Groups over REST, for who sees all and for tenants; and what tenants get of the other resources. The store is a real one.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { silentLogger } from '../../../src/base/log.ts'
import type { Principal } from '../../../src/operators/principal.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { createQueries, type Queries } from '../../../src/store/queries.ts'
import { testDatabase } from '../../support/postgres.ts'
import { anOperator, anOperatorOf } from '../../support/principals.ts'
import { fakeApi } from '../../unit/api/fake-deps.ts'

let database: Database
let queries: Queries
let drop: () => Promise<void>
let request: ReturnType<typeof fakeApi>['request']
const tops = new Map<string, number>()

beforeAll(async () => {
  const made = await testDatabase(18)
  drop = made.drop
  const { connectionString } = made
  database = await openDatabase({
    provider: 'PostgreSQL',
    connectionString,
    dataFolder: '',
    poolSize: 4,
    log: silentLogger,
  })
  queries = createQueries(database)
  const live = { get: () => undefined, provisioned: () => {}, disconnect: () => {} }
  request = fakeApi({ queries, live, deps: { authenticate: principalOf } }).request
}, 60_000)

afterAll(async () => {
  await database.close()
  await drop()
})

/** A key is the name of the top group that its owner sees. */
async function principalOf(headers: Headers): Promise<Principal> {
  const name = headers.get('X-API-Key') ?? ''
  if (name === 'all') return anOperator()
  const top = tops.get(name)
  return anOperatorOf(await queries.expandedGroups(top === undefined ? [] : [top]), name)
}

const Answer = z.looseObject({
  id: z.int().default(0),
  message: z.string().default(''),
  details: z.looseObject({}).optional(),
})

async function send(key: string, method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const type = typeof body === 'string' ? { 'Content-Type': 'text/csv' } : {}
  const response = await request(path, { method, headers: { 'X-API-Key': key, ...type }, ...init })
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.includes('json') === true
  return { status: response.status, text, body: Answer.parse(isJson ? JSON.parse(text) : {}) }
}

const newGroup = async (name: string, parentId?: number): Promise<number> => {
  const { status, body } = await send('all', 'POST', '/api/groups', {
    name,
    ...(parentId === undefined ? {} : { parentId }),
  })
  expect(status).toBe(201)
  tops.set(name, body.id)
  return body.id
}

describe('groups', () => {
  test('are created, read, renamed, moved and deleted', async () => {
    const tenant = await newGroup('Tenant A')
    const site = await newGroup('Site 1', tenant)
    const shown = { id: site, name: 'Site 1', parentId: tenant, path: 'Tenant A/Site 1' }
    const counts = { chargePointCount: 0, totalChargePointCount: 0 }
    expect((await send('all', 'GET', `/api/groups/${site}`)).body).toMatchObject({ ...shown, ...counts })
    await send('all', 'POST', '/api/chargepoints', { chargePointId: 'IN-SITE', groupId: site })
    expect((await send('all', 'GET', '/api/groups?parentId=none')).body).toMatchObject({
      totalCount: 1,
      groups: [{ id: tenant, parentId: null, path: 'Tenant A', chargePointCount: 0, totalChargePointCount: 1 }],
    })
    expect((await send('all', 'GET', `/api/groups?parentId=${tenant}`)).body).toMatchObject({ groups: [shown] })
    expect((await send('all', 'PATCH', `/api/groups/${site}`, { name: 'Hall', parentId: null })).body).toMatchObject({
      path: 'Hall',
      parentId: null,
    })
    await send('all', 'PATCH', `/api/groups/${site}`, { name: 'Site 1', parentId: tenant })
    expect((await send('all', 'DELETE', `/api/groups/${site}`)).status).toBe(409)
    const area = await newGroup('Area', site)
    expect((await send('all', 'DELETE', `/api/groups/${area}`)).status).toBe(204)
    expect((await send('all', 'GET', `/api/groups/${area}`)).status).toBe(404)
  })

  test.each([
    ['POST', '/api/groups', { name: 'a/b' }, 'name'],
    ['POST', '/api/groups', { name: '' }, 'name'],
    ['POST', '/api/groups', {}, 'name'],
    ['POST', '/api/groups', { name: 'A', parentId: 999_999 }, 'parentId'],
    ['GET', '/api/groups?parentId=some', undefined, 'parentId'],
    ['GET', '/api/groups/one', undefined, 'groupId'],
    ['POST', '/api/chargepoints', { chargePointId: 'NEW', groupId: 999_999 }, 'groupId'],
    ['POST', '/api/chargepoints', { chargePointId: 'NEW', groupId: 'one' }, 'groupId'],
    ['PATCH', '/api/chargepoints/IN-SITE', { groupId: 999_999 }, 'groupId'],
  ])('%s %s with %o is a bad request', async (method, path, body, field) => {
    const answer = await send('all', method, path, body)
    expect([answer.status, answer.body.details?.['field']]).toEqual([400, field])
  })
})

describe('a tenant', () => {
  let own: number
  let foreign: number

  beforeAll(async () => {
    own = await newGroup('Tenant T')
    await newGroup('Garage', own)
    foreign = await newGroup('Tenant F')
    for (const chargePointId of ['F-1', 'F-2']) {
      await send('all', 'POST', '/api/chargepoints', { chargePointId, groupId: foreign })
    }
  })

  const ask = (method: string, path: string, body?: unknown) => send('Tenant T', method, path, body)

  test('creates charge points among its own, and is told nothing about others', async () => {
    expect(await ask('POST', '/api/chargepoints', { chargePointId: 'T-1' })).toMatchObject({
      status: 201,
      body: { chargePointId: 'T-1', groupId: own },
    })
    const garage = tops.get('Garage')
    expect(await ask('PATCH', '/api/chargepoints/T-1', { groupId: garage })).toMatchObject({
      status: 200,
      body: { groupId: garage },
    })
    const issue = `There is no group ${foreign}`
    for (const [method, path] of [
      ['POST', '/api/chargepoints'],
      ['PATCH', '/api/chargepoints/T-1'],
    ] as const) {
      const answer = await ask(
        method,
        path,
        method === 'POST' ? { chargePointId: 'T-2', groupId: foreign } : { groupId: foreign },
      )
      expect(answer).toMatchObject({ status: 400, body: { details: { field: 'groupId', issue } } })
    }
    const taken = await ask('POST', '/api/chargepoints', { chargePointId: 'F-1' })
    expect(taken.status).toBe(409)
    expect(taken.body.message).toBe("The charge point ID 'F-1' cannot be used; choose another one.")
    expect((await ask('GET', '/api/chargepoints/F-1')).text).toBe(
      (await ask('GET', '/api/chargepoints/F-9')).text.replace('F-9', 'F-1'),
    )
    for (const [method, path, body] of [
      ['PATCH', '/api/chargepoints/F-1', { blocked: true }],
      ['DELETE', '/api/chargepoints/F-1'],
      ['GET', '/api/chargepoints/F-1/messages'],
      ['GET', '/api/chargepoints/F-1/certificates'],
      ['POST', '/api/chargepoints/F-1/reset', { type: 'Soft' }],
      ['GET', `/api/groups/${foreign}`],
      ['DELETE', `/api/groups/${foreign}`],
    ] as const) {
      expect([path, (await ask(method, path, body)).status]).toEqual([path, 404])
    }
  })

  test('lists and exports its own charge points, and those of one of its groups', async () => {
    expect((await ask('GET', '/api/chargepoints')).body).toMatchObject({ totalCount: 1 })
    expect((await ask('GET', `/api/chargepoints?groupId=${own}`)).body).toMatchObject({ totalCount: 1 })
    expect((await ask('GET', `/api/chargepoints?groupId=${foreign}`)).body).toMatchObject({ totalCount: 0 })
    const { text } = await ask('GET', '/api/chargepoints.csv')
    const [header = '', first = '', ...others] = text
      .replace(/^\uFEFF/, '')
      .trim()
      .split('\r\n')
    expect(header).toStartWith('chargePointId,location,groupId,')
    expect(first).toStartWith(`T-1,,${tops.get('Garage')},`)
    expect(others).toEqual([])
    // What is exported can be sent back as it is.
    expect((await ask('POST', '/api/chargepoints:batch', text)).body).toMatchObject({ unchanged: 1, failed: 0 })
  })

  test('does in a batch what it may do line by line', async () => {
    const csv = `chargePointId,groupId\nT-3,\nT-4,${foreign}\nF-1,${own}\n`
    const { status, body } = await ask('POST', '/api/chargepoints:batch', csv)
    expect(status).toBe(400)
    expect(body).toMatchObject({
      code: 'BATCH_INVALID',
      details: {
        errors: [
          { line: 2, field: 'groupId', issue: expect.stringContaining('one of your groups') },
          { line: 3, field: 'groupId', issue: `There is no group ${foreign}` },
          { line: 4, field: 'chargePointId', issue: expect.stringContaining('cannot be used') },
        ],
      },
    })
    const lines = [{ chargePointId: 'T-3' }, { chargePointId: 'F-1' }, { chargePointId: 'T-5', groupId: 'x' }]
    expect((await ask('POST', '/api/chargepoints:batch?partial=true', lines)).body).toMatchObject({
      created: 1,
      failed: 2,
    })
    const conflicts = await ask('POST', '/api/chargepoints:batch', [{ chargePointId: 'F-2' }])
    expect([conflicts.status, conflicts.body]).toMatchObject([409, { code: 'CONFLICT' }])
    expect((await send('all', 'GET', '/api/chargepoints/F-1')).body).toMatchObject({ groupId: foreign })
    expect((await send('all', 'GET', '/api/chargepoints/T-3')).body).toMatchObject({ groupId: own })
  })

  test('builds its own tree below the group that it was given, which it cannot change', async () => {
    expect(await ask('POST', '/api/groups', { name: 'Car park' })).toMatchObject({ status: 400 })
    const { body } = await ask('POST', '/api/groups', { name: 'Car park', parentId: own })
    expect(body).toMatchObject({ path: 'Tenant T/Car park', parentId: own })
    expect((await ask('PATCH', `/api/groups/${body.id}`, { name: 'Car park 1' })).status).toBe(200)
    expect((await ask('PATCH', `/api/groups/${own}`, { name: 'Mine' })).status).toBe(403)
    expect((await ask('DELETE', `/api/groups/${body.id}`)).status).toBe(204)
    expect((await send('Garage', 'GET', '/api/groups')).body).toMatchObject({
      totalCount: 1,
      groups: [{ path: 'Garage', parentId: null }],
    })
  })

  test('begins credential rotations for its own charge points only', async () => {
    const begin = (wanted: unknown) => ask('POST', '/api/credential-rotations', wanted)
    expect((await begin({ chargePointIds: ['F-1'] })).status).toBe(400)
    expect((await begin({ filter: { groupId: foreign } })).status).toBe(400)
    const rotation = await begin({ filter: { all: true } })
    expect(rotation.status).toBe(202)
    expect((await ask('GET', `/api/credential-rotations/${rotation.body.id}/items`)).body).toMatchObject({
      totalCount: 2,
    })
    const ofOther = await send('Tenant F', 'POST', '/api/credential-rotations', { filter: { groupId: foreign } })
    expect((await ask('GET', `/api/credential-rotations/${ofOther.body.id}`)).status).toBe(404)
    expect((await ask('DELETE', `/api/credential-rotations/${ofOther.body.id}`)).status).toBe(404)
    expect((await send('Tenant F', 'GET', `/api/credential-rotations/${ofOther.body.id}`)).body).toMatchObject({
      state: 'running',
    })
  })

  test('whose groups are all gone sees nothing', async () => {
    for (const path of [
      '/api/groups',
      '/api/chargepoints',
      '/api/transactions',
      '/api/anomalies',
      '/api/certificates',
    ]) {
      expect((await send('Tenant gone', 'GET', path)).body).toMatchObject({ totalCount: 0 })
    }
  })
})
