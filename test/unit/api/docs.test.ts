// The OpenAPI document and the page, and that they describe what is there.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Ruleset, Spectral } from '@stoplight/spectral-core'
import { oas } from '@stoplight/spectral-rulesets'
import { z } from 'zod'
import packageJson from '../../../package.json' with { type: 'json' }
import { integerMax, remoteStartPromiseMs } from '../../../src/base/limits.ts'
import { scriptOfPackage } from '../../support/scalar-script.ts'
import { fakeApi } from './fake-deps.ts'

const Parameter = z.looseObject({ name: z.string(), in: z.string() })
const Operation = z.looseObject({
  summary: z.string(),
  description: z.string().default(''),
  tags: z.array(z.string()).default([]),
  parameters: z.array(Parameter).default([]),
  requestBody: z.looseObject({ required: z.boolean() }).optional(),
  responses: z.record(z.string(), z.unknown()),
  security: z.array(z.record(z.string(), z.tuple([]))).optional(),
})
const Schema = z.looseObject({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
})
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  tags: z.array(z.looseObject({ name: z.string(), description: z.string() })),
  components: z.looseObject({
    schemas: z.record(z.string(), Schema),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.string() })),
  }),
})

async function openApi() {
  const { app } = fakeApi()
  const text = await (await app.request('/openapi.json')).text()
  return { app, document: Document.parse(JSON.parse(text)), text }
}

/** What `redocly` prints, as JSON. It asks no server for updates and reports nothing to its vendor. */
async function redocly(command: readonly string[]): Promise<unknown> {
  const script = Bun.resolveSync('@redocly/cli/bin/cli.js', import.meta.dir)
  const { stdout } = Bun.spawn([process.execPath, '--bun', script, ...command], {
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    stdout: 'pipe',
    stderr: 'ignore',
  })
  return JSON.parse(await stdout.text())
}

/** What `spectral` finds with its ruleset for OpenAPI (`spectral:oas`): the rule, and where. */
async function spectral(document: string): Promise<readonly (readonly [rule: string | number, at: string])[]> {
  const linter = new Spectral()
  linter.setRuleset(new Ruleset({ extends: [[oas, 'recommended']] }))
  return (await linter.run(document)).map(({ code, path }) => [code, path.join('.')])
}

describe('the OpenAPI document', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-openapi-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

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
      const names = operation?.parameters.map(({ name }) => name)
      expect([path, names]).toEqual([path, expect.arrayContaining([...parameters])])
    }
  })

  test('has the same filters for the messages and for the events of a charge point', async () => {
    const { document } = await openApi()
    const filtersOf = (list: string) =>
      document.paths[`/api/chargepoints/{chargePointId}/${list}`]?.['get']?.parameters
        .map(({ name }) => name)
        .toSorted()
    expect(filtersOf('events')).toEqual(filtersOf('messages'))
    expect(filtersOf('events')).toEqual(expect.arrayContaining(['action', 'direction', 'from', 'messageId', 'to']))
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

  test('describes how the errors of a batch are listed', async () => {
    const { document } = await openApi()
    const { request } = fakeApi({ queries: { storeIdTokens: async () => [] } })
    const described = (name: string) => Object.keys(document.components.schemas[name]?.properties ?? {})
    const Details = z.looseObject({ properties: z.record(z.string(), z.unknown()) })
    const details = Object.keys(Details.parse(document.components.schemas.Error?.properties.details).properties)
    for (const [type, body] of [
      ['application/json', '[{"idTag":"USER123","status":"Dancing"}]'],
      ['text/csv', 'idTag,colour\r\nUSER123,blue\r\n'],
    ] as const) {
      const answer = await request('/api/id-tags:batch', { method: 'POST', body, headers: { 'Content-Type': type } })
      const Answer = z.object({ details: z.looseObject({ errors: z.array(z.looseObject({})).min(1) }) })
      const given = Answer.parse(await answer.json()).details
      expect([type, answer.status]).toEqual([type, 400])
      expect(details).toEqual(expect.arrayContaining(Object.keys(given)))
      for (const error of given.errors) {
        expect(described('BatchError')).toEqual(expect.arrayContaining(Object.keys(error)))
        expect(Object.keys(error)).toEqual(
          expect.arrayContaining([...(document.components.schemas.BatchError?.required ?? ['none'])]),
        )
      }
    }
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

  test('says of every field where it goes, whether it is required, and what it may be', async () => {
    const { document } = await openApi()
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
    const parameters = operations.flatMap((one) => one.parameters.map((field) => [field.name, field]))
    const bodies = Object.values(document.components.schemas).flatMap(({ properties, required }) =>
      Object.entries(properties).map(([name, schema]) => [
        name,
        { in: 'body', required: required.includes(name), schema },
      ]),
    )
    const fields = [...parameters, ...bodies]
    const where = (place: 'path' | 'query' | 'body', required: boolean, schema: Readonly<Record<string, unknown>>) =>
      expect.objectContaining({ in: place, required, schema: expect.objectContaining(schema) })
    const description = expect.any(String)
    const positive = { type: 'integer', minimum: 1, maximum: integerMax }
    const idTagStatus = { type: 'string', enum: ['Accepted', 'Blocked', 'Expired', 'Invalid'] }
    const asIdentity = '^[^\\x00-\\x20\\x7f-\\xa0:/]([^\\x00-\\x1f\\x7f-\\x9f:/]*[^\\x00-\\x20\\x7f-\\xa0:/])?$'
    const noControl = '^[^\\x00-\\x1f\\x7f-\\x9f]*$'
    for (const [name, field] of [
      ['page', where('query', false, { ...positive, default: 1, description: 'Page number, from 1.' })],
      ['open', where('query', false, { type: 'boolean', description: expect.stringContaining('not ended') })],
      [
        'key',
        where('query', false, {
          type: 'array',
          items: { type: 'string', minLength: 1, maxLength: 500, pattern: noControl },
        }),
      ],
      ['chargePointId', where('path', true, { type: 'string', description })],
      ['chargePointId', where('body', true, { type: 'string', minLength: 1, maxLength: 48, pattern: asIdentity })],
      ['chargePointId', where('body', true, { description: expect.stringContaining('Without') })],
      ['password', where('body', false, { type: ['string', 'null'], minLength: 8, maxLength: 128 })],
      ['strictness', where('body', false, { enum: ['lenient', 'strict'], description })],
      ['connectorId', where('body', true, { ...positive, description: 'OCPP 2.x: the EVSE.' })],
      ['location', where('body', true, { type: 'string', format: 'uri', maxLength: 512 })],
      ['retrieveDate', where('body', true, { type: 'string', format: 'date-time' })],
      ['timeout', where('body', false, { type: 'number', exclusiveMinimum: 0, maximum: 600, description })],
      ['meterStop', where('body', false, { type: 'number', minimum: 0, description })],
      ['status', where('body', false, { ...idTagStatus, default: 'Accepted' })],
      ['action', where('body', true, { enum: expect.arrayContaining(['DataTransfer', 'GetLocalListVersion']) })],
      ['timeZone', where('body', false, { maxLength: 100, pattern: expect.stringContaining('[A-Za-z]') })],
      ['payload', where('body', false, { type: 'object', default: {}, description })],
    ]) {
      expect(fields).toContainEqual([name, field])
    }
    expect(fields).not.toContainEqual(['action', where('body', true, { enum: expect.arrayContaining(['Heartbeat']) })])
    // What a change leaves out stays as it is.
    expect(fields).toContainEqual(['status', { in: 'body', required: false, schema: idTagStatus }])
    const mayBeLeftOut = operations.filter(({ requestBody }) => requestBody?.required === false)
    expect(mayBeLeftOut.map(({ summary }) => summary)).toEqual([
      expect.stringMatching(/^Send an unknown job again/),
      'Ask which certificates are installed',
      'Ask for a new key and certificate',
      expect.stringMatching(/^Close/),
    ])
  })

  test('says what a remote start promises, and for how long', async () => {
    const { text } = await openApi()
    expect(text).toContain(`reserved for ${remoteStartPromiseMs / 1_000} seconds`)
    expect(text).toContain('asks Stator whether it is accepted')
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

  test('describes the token of scrapers, which opens the metrics and nothing else', async () => {
    const { document } = await openApi()
    expect(document.components.securitySchemes['metricsToken']).toMatchObject({ type: 'http', scheme: 'bearer' })
    const opened = Object.entries(document.paths).filter(([, operations]) =>
      Object.values(operations).some(({ security = [] }) => security.some((one) => 'metricsToken' in one)),
    )
    expect(opened.map(([path]) => path)).toEqual(['/metrics'])
    expect(document.paths['/metrics']?.['get']?.security).toEqual([{ apiKey: [] }, { metricsToken: [] }])
  })

  test('describes every route, the metrics and the health checks included', async () => {
    const { app, document } = await openApi()
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    const served = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)
    const pages = ['GET /', 'GET /docs', 'GET /openapi.json']
    expect(documented.toSorted()).toEqual(
      [...new Set(served)].filter((route) => !pages.includes(route) && !route.includes('/docs/')).toSorted(),
    )
  })

  test('describes each operation, under tags that it describes, too', async () => {
    const { document } = await openApi()
    const tags = document.tags.map(({ name }) => name)
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const operation of Object.values(operations)) {
        expect([path, operation.description]).toEqual([path, expect.stringMatching(/\w/)])
        expect([path, operation.tags.length > 0 && operation.tags.every((tag) => tags.includes(tag))]).toEqual([
          path,
          true,
        ])
      }
    }
  })

  test('is clean for `redocly lint`: no error and no warning of its recommended rules', async () => {
    const file = join(folder, 'openapi.json')
    await Bun.write(file, (await openApi()).text)
    expect(await redocly(['lint', file, '--extends=recommended', '--format=json'])).toMatchObject({
      totals: { errors: 0, warnings: 0 },
      problems: [],
    })
    await Bun.write(file, '{"openapi": "3.1.0", "info": {"title": "Stator", "version": "1"}, "paths": {}}')
    expect(await redocly(['lint', file, '--extends=recommended', '--format=json'])).toMatchObject({
      totals: { errors: 1 },
    })
  })

  test('is clean for `spectral lint`: no error, warning or hint of its ruleset for OpenAPI', async () => {
    const { text } = await openApi()
    expect(await spectral(text)).toEqual([])
    const broken = '{"openapi": "3.1.0", "info": {"title": "Stator", "version": "1"}, "servers": [], "paths": {}}'
    expect(await spectral(broken)).toContainEqual(['info-contact', 'info'])
  }, 240_000)
})

describe('the page', () => {
  let server: Bun.Server<undefined>
  beforeAll(() => {
    server = Bun.serve({ port: 0, fetch: fakeApi().app.fetch })
  })
  afterAll(() => server.stop(true))

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(new URL(path, server.url), { headers, decompress: false })

  const nonceOf = ({ headers }: Response): string =>
    /script-src 'nonce-([^']{16,})';/.exec(headers.get('Content-Security-Policy') ?? '')?.[1] ?? ''

  test('names this server only, and everything that it names is there', async () => {
    const response = await get('/docs')
    // A nonce is any base64, and so may look like a path.
    const html = (await response.text()).replaceAll(nonceOf(response), '')
    const named = [...html.matchAll(/(?:src|href|action)="([^"]*)"|"[^"]*url":\s*"([^"]*)"/gi)]
      .map(([, attribute, setting]) => attribute ?? setting ?? '')
      .filter((text) => text.includes('/'))
    expect(named).toEqual([expect.stringMatching(/^\/docs\/scalar-[\d.]+\.js$/), '/openapi.json'])
    expect(html).not.toMatch(/\w:\/\/|"\/\//)
    for (const path of named) expect([path, (await get(path)).status]).toEqual([path, 200])
  })

  test('may load nothing from another server, run no script but its own, and stand in no other page', async () => {
    const response = await get('/docs')
    expect(response.headers.get('Content-Type')).toContain('text/html')
    const policy = response.headers.get('Content-Security-Policy') ?? ''
    const nonce = nonceOf(response)
    const sources = policy.split(/;? +/).filter((word) => !/^[a-z]+(-[a-z]+)+$/.test(word))
    const allowed = ["'none'", "'self'", "'unsafe-inline'", 'data:', `'nonce-${nonce}'`]
    expect(sources.filter((source) => !allowed.includes(source))).toEqual([])
    for (const directive of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(directive)
    }
    const html = await response.text()
    const scripts = html.match(/<script[^>]*>/g) ?? []
    expect(scripts).toHaveLength(2)
    for (const script of scripts) expect(script).toContain(`nonce="${nonce}"`)
    expect(nonceOf(await get('/docs'))).not.toBe(nonce)
  })

  test('asks its makers for nothing: no fonts, no figures about its use, no assistant', async () => {
    const html = await (await get('/docs')).text()
    expect(html).toContain('"withDefaultFonts": false')
    expect(html).toContain('"telemetry": false')
    expect(html).toMatch(/"agent": \{\s*"disabled": true/)
    expect(html).toMatch(/"mcp": \{\s*"disabled": true/)
    expect(html).not.toContain('proxyUrl')
  })

  test('runs the script of the package, compressed for those that take it so, and kept for ever', async () => {
    const script = scriptOfPackage()
    expect(script).toContain('createApiReference')
    const path = `/docs/scalar-${packageJson.devDependencies['@scalar/fastify-api-reference']}.js`
    const plain = await get(path, { 'Accept-Encoding': 'identity' })
    const compressed = await get(path, { 'Accept-Encoding': 'br, gzip' })
    for (const { headers } of [plain, compressed]) {
      expect(headers.get('Content-Type')).toBe('text/javascript; charset=utf-8')
      expect(headers.get('Cache-Control')).toContain('immutable')
      expect(headers.get('Vary')).toBe('Accept-Encoding')
    }
    expect([plain, compressed].map(({ headers }) => headers.get('Content-Encoding'))).toEqual([null, 'gzip'])
    expect(await plain.text()).toBe(script)
    expect(gunzipSync(await compressed.arrayBuffer()).toString()).toBe(script)
  })

  test('is where a browser that opens the address lands', async () => {
    const { app } = await openApi()
    const forPeople = await app.request('/', { headers: { Accept: 'text/html,*/*' } })
    expect(forPeople.headers.get('Location')).toBe('/docs')
    expect(await (await app.request('/')).json()).toMatchObject({ name: 'Stator', docs: '/docs' })
  })
})
