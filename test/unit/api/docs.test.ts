// The OpenAPI document and the page, and that they describe what is there.

import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { remoteStartPromiseMs } from '../../../src/base/limits.ts'
import { fakeApi } from './fake-deps.ts'

const Operation = z.looseObject({
  summary: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  responses: z.record(z.string(), z.unknown()),
})
const Document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), Operation)) })

async function openApi() {
  const { app } = fakeApi()
  const text = await (await app.request('/openapi.json')).text()
  return { app, document: Document.parse(JSON.parse(text)), text }
}

describe('the OpenAPI document', () => {
  test('has the nine endpoints of the contract with their parameters', async () => {
    const { document } = await openApi()
    const nine = [
      ['get', '/api/chargepoints/{chargePointId}/status', ['chargePointId']],
      ['get', '/api/chargepoints', ['status', 'page', 'pageSize']],
      ['post', '/api/chargepoints/{chargePointId}/start-transaction', ['chargePointId']],
      ['post', '/api/chargepoints/{chargePointId}/stop-transaction', ['chargePointId']],
      ['post', '/api/chargepoints/{chargePointId}/reset', ['chargePointId']],
      ['post', '/api/chargepoints/{chargePointId}/update-firmware', ['chargePointId']],
      ['get', '/api/chargepoints/{chargePointId}/configuration', ['chargePointId', 'key']],
      ['post', '/api/chargepoints/{chargePointId}/configuration', ['chargePointId']],
      ['get', '/api/transactions', ['chargePointId', 'idTag', 'startDate', 'endDate', 'open', 'page', 'pageSize']],
    ] as const
    for (const [method, path, parameters] of nine) {
      const operation = document.paths[path]?.[method]
      expect([path, operation?.parameters.map(({ name }) => name)]).toEqual([path, [...parameters]])
    }
  })

  test('refers only to what it defines', async () => {
    const { document, text } = await openApi()
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(references.length).toBeGreaterThan(0)
    for (const reference of references) {
      const target = reference.split('/').reduce<unknown>((at, part) => Object(at)[part], document)
      expect([reference, typeof target]).toEqual([reference, 'object'])
    }
  })

  test('says that every request may be one too many at once, and that a total may be a lower bound', async () => {
    const { document, text } = await openApi()
    const operations = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/'))
    expect(operations.length).toBeGreaterThan(0)
    for (const [path, methods] of operations) {
      for (const [method, { responses }] of Object.entries(methods)) {
        expect([path, method, Object.keys(responses)]).toEqual([path, method, expect.arrayContaining(['429'])])
      }
    }
    expect(text).toContain('"totalCountAtLeast"')
  })

  test('says for every path parameter where it goes', async () => {
    const { document } = await openApi()
    for (const [path, operations] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
      for (const operation of Object.values(operations)) {
        const given = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)
        expect([path, given]).toEqual([path, wanted])
      }
    }
  })

  test('describes routes that need credentials unless they say otherwise', async () => {
    const { app, document } = await openApi()
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const method of Object.keys(operations)) {
        const response = await app.request(path.replaceAll(/\{\w+\}/g, '1'), { method: method.toUpperCase() })
        expect([path, response.status]).toEqual([path, path.startsWith('/health/') ? 200 : 401])
      }
    }
  })
})

describe('the page', () => {
  test('stands alone and shows every endpoint', async () => {
    const { app, document } = await openApi()
    const response = await app.request('/docs')
    const page = await response.text()
    expect(response.headers.get('Content-Type')).toContain('text/html')
    expect(page).not.toMatch(/<script|<link|src=/)
    for (const [path, operations] of Object.entries(document.paths)) {
      expect(page).toContain(`<code>${path}</code>`)
      for (const { summary } of Object.values(operations)) expect(page).toContain(summary)
    }
  })

  test('says of every field where it goes, whether it is required, and what it may be', async () => {
    const { app } = await openApi()
    const page = await (await app.request('/docs')).text()
    const rows = [...page.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
      [...row.matchAll(/<td>([\s\S]*?)<\/td>/g)].map(([, cell = '']) => cell.replaceAll(/<[^>]+>/g, '')),
    )
    for (const row of [
      ['page', 'query', 'optional', 'integer, 1 to 2147483647, default 1', 'Page number, from 1.'],
      ['open', 'query', 'optional', 'boolean', expect.stringContaining('not ended')],
      ['key', 'query', 'optional', 'list of text, 1 to 500 characters', expect.any(String)],
      ['chargePointId', 'path', 'required', 'text', expect.any(String)],
      ['chargePointId', 'body', 'required', 'text, 1 to 48 characters', expect.stringContaining('Without')],
      ['password', 'body', 'optional', 'text, 1 to 128 characters, or null', ''],
      ['strictness', 'body', 'optional', 'one of lenient, strict', expect.any(String)],
      ['connectorId', 'body', 'required', 'integer, 1 to 2147483647', 'OCPP 2.x: the EVSE.'],
      ['location', 'body', 'required', 'URL, at most 512 characters', ''],
      ['retrieveDate', 'body', 'required', 'time in ISO 8601', ''],
      ['timeout', 'body', 'optional', 'number, above 0, at most 600', expect.any(String)],
      ['meterStop', 'body', 'optional', 'number, at least 0', expect.any(String)],
      ['status', 'body', 'optional', 'one of Accepted, Blocked, Expired, Invalid, default Accepted', ''],
      // What a change leaves out stays as it is.
      ['status', 'body', 'optional', 'one of Accepted, Blocked, Expired, Invalid', ''],
      ['payload', 'body', 'optional', 'object, default {}', expect.any(String)],
    ]) {
      expect(rows).toContainEqual(row)
    }
    expect(page.match(/The body may be left out\./g)).toHaveLength(1)
  })

  test('says what a remote start promises, and for how long', async () => {
    const { app } = await openApi()
    const page = await (await app.request('/docs')).text()
    expect(page).toContain(`kept for ${remoteStartPromiseMs / 1_000} seconds`)
    expect(page).toContain('asks Stator whether it is good')
  })

  test('is where a browser that opens the address lands', async () => {
    const { app } = await openApi()
    const forPeople = await app.request('/', { headers: { Accept: 'text/html,*/*' } })
    expect(forPeople.headers.get('Location')).toBe('/docs')
    expect(await (await app.request('/')).json()).toMatchObject({ name: 'Stator', docs: '/docs' })
  })
})

describe('health', () => {
  test('is told by status and body', async () => {
    const sick = fakeApi({
      deps: { health: { live: () => false, ready: async () => [{ name: 'database', problem: 'It is away.' }] } },
    })
    const live = await sick.app.request('/health/live')
    expect([live.status, await live.json()]).toEqual([503, { status: 'down' }])
    const ready = await sick.app.request('/health/ready')
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'notReady', checks: { database: 'It is away.' } },
    ])

    const { app } = fakeApi({
      deps: { health: { live: () => true, ready: async () => [{ name: 'database', problem: null }] } },
    })
    expect((await app.request('/health/live')).status).toBe(200)
    const good = await app.request('/health/ready')
    expect([good.status, await good.json()]).toEqual([200, { status: 'ready', checks: { database: 'ok' } }])
  })
})
