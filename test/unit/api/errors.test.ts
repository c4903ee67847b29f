// How errors are reported to a REST client.

import { describe, expect, spyOn, test } from 'bun:test'
import { noTreatment } from '../../support/known.ts'
import { type ErrorCode, errorTable } from '../../../src/base/errors.ts'
import { chargePointBodyBytesMax, frameDepthMax, jsonValuesMax, requestBodyBytesMax } from '../../../src/base/limits.ts'
import { aChargePoint, anOperator } from '../../support/principals.ts'
import { detailsOf, failing, fakeApi, nowMs } from './fake-deps.ts'

const start = '/api/chargepoints/CP001/start-transaction'
const startBody = { connectorId: 1, idTag: 'USER123' }

const codes = Object.keys(errorTable) as ErrorCode[]
const isOurs = (code: ErrorCode) => errorTable[code].status === 500 || code === 'STORE_UNAVAILABLE'

test.each(codes.filter((code) => !isOurs(code)))(
  'an error with %s has the status of its row and its own message',
  async (code) => {
    const { post, logged } = fakeApi({ live: { call: failing(code) } })
    const response = await post(start, startBody)
    expect(response.status).toBe(errorTable[code].status)
    expect(await response.json()).toEqual({ error: errorTable[code].name, code, message: `It failed with ${code}` })
    expect(logged.filter(({ level }) => level === 'error')).toEqual([])
  },
)

test.each(codes.filter(isOurs))('a failure with %s keeps its words for the log', async (code) => {
  const { post, logged } = fakeApi({ live: { call: failing(code) } })
  const response = await post(start, startBody)
  const isAway = code === 'STORE_UNAVAILABLE'
  expect(response.status).toBe(isAway ? 503 : 500)
  expect(await response.json()).toEqual(
    isAway
      ? { error: 'ServiceUnavailable', code: 'STORE_UNAVAILABLE', message: 'The database cannot be reached now' }
      : { error: 'InternalServerError', code: 'INTERNAL', message: 'An unexpected error occurred' },
  )
  expect(logged).toContainEqual({
    level: 'error',
    fields: expect.objectContaining({
      path: start,
      error: expect.objectContaining({ message: `It failed with ${code}` }),
    }),
  })
})

describe('bad input', () => {
  test.each([
    ['an id of zero', { connectorId: 0, idTag: 'A' }, 'connectorId', 'Connector ID must be a positive integer'],
    ['a fraction', { connectorId: 1.5, idTag: 'A' }, 'connectorId', 'Connector ID must be a positive integer'],
    ['a huge id', { connectorId: 1e10, idTag: 'A' }, 'connectorId', 'Connector ID must be at most 2147483647'],
    ['a text for a number', { connectorId: '1', idTag: 'A' }, 'connectorId', 'Connector ID must be a positive integer'],
    ['a missing field', { connectorId: 1 }, 'idTag', 'ID tag is required; it must be a text of 1 to 255 characters'],
    ['null for a text', { connectorId: 1, idTag: null }, 'idTag', 'ID tag must be a text of 1 to 255 characters'],
    ['a control character', { connectorId: 1, idTag: 'A\n' }, 'idTag', 'ID tag must not contain control characters'],
    ['half a character', { connectorId: 1, idTag: '\ud83d' }, 'idTag', 'ID tag must not contain half a surrogate pair'],
    [
      'an unknown field',
      { ...startBody, when: 'now' },
      'when',
      'when is not known in this body; leave it out or correct its spelling',
    ],
    ['a list', [], 'body', 'The body must be a JSON object'],
    ['a text', 'start', 'body', 'The body must be a JSON object'],
    [
      'no object where one belongs',
      { ...startBody, chargingProfile: 1 },
      'chargingProfile',
      'Charging profile must be a JSON object',
    ],
  ])('%s is named with its field', async (_, body, field, issue) => {
    const { post } = fakeApi()
    const response = await post(start, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: 'BadRequest',
      code: 'BAD_REQUEST',
      message: 'Invalid request format',
      details: { field, issue },
    })
  })

  test.each([
    ['1.6', 'chargingProfile.chargingSchedule.chargingSchedulePeriod[0].limit'],
    ['2.0.1', 'chargingProfile.chargingSchedule.chargingSchedulePeriod[0].limit'],
  ] as const)('what the schema of %s refuses is spelt alike in field and issue', async (version, field) => {
    const view = {
      version,
      bootStatus: 'Accepted',
      mayBeSent: () => true,
      lastSeenAtMs: nowMs,
      lastHeartbeatAtMs: null,
      treatment: noTreatment,
    } as const
    const { post } = fakeApi({ live: { get: () => view } })
    const chargingProfile = {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingProfileKind: 'Absolute',
      chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 'all' }] },
    }
    const response = await post(start, { ...startBody, chargingProfile })
    expect(response.status).toBe(400)
    expect(await detailsOf(response)).toEqual({ field, issue: `Field "${field}" is a string; expected a number.` })
  })

  test('several problems are reported at once, the first in details itself', async () => {
    const { post } = fakeApi()
    const details = await detailsOf(await post(start, {}))
    expect(details.field).toBe('connectorId')
    expect(details.more).toEqual([{ field: 'idTag', issue: expect.any(String) }])
  })

  test('a body that is not JSON is a bad request', async () => {
    const { request } = fakeApi()
    const response = await request(start, { method: 'POST', body: '{"connectorId": 1,' })
    expect(response.status).toBe(400)
    expect(await detailsOf(response)).toMatchObject({
      field: 'body',
      issue: expect.stringContaining('The body must be JSON: '),
    })
  })

  test('a body that is not there is a bad request, too', async () => {
    const { request } = fakeApi()
    for (const body of ['', undefined]) {
      const response = await request(start, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      })
      expect(response.status).toBe(400)
      expect(await detailsOf(response)).toMatchObject({ field: expect.any(String), issue: expect.any(String) })
    }
  })

  test.each(['0000-01-01', '0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-14:00'])(
    'a time that no database can store (%s) is refused with the valid years',
    async (startDate) => {
      const { request } = fakeApi()
      const response = await request(`/api/transactions?startDate=${encodeURIComponent(startDate)}`)
      expect(response.status).toBe(400)
      expect((await detailsOf(response)).issue).toBe('Start date must lie in the years 1 to 9999, in UTC')
    },
  )

  test('a body without content type, or with that of a form, is read as JSON all the same', async () => {
    const { request } = fakeApi()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream']) {
      const headers = { 'Content-Type': type }
      const response = await request(start, { method: 'POST', headers, body: '{"connectorId":0}' })
      expect((await detailsOf(response)).issue).toBe('Connector ID must be a positive integer')
    }
  })

  test.each([
    ['/api/chargepoints?page=0', 'page', 'Page must be a positive integer'],
    ['/api/chargepoints?page=two', 'page', 'Page must be a positive integer'],
    ['/api/chargepoints?page=1&page=2', 'page', 'Page must be a positive integer'],
    ['/api/chargepoints?pageSize=0', 'pageSize', 'Page size must be an integer from 1 to 500'],
    ['/api/chargepoints?pageSize=501', 'pageSize', 'Page size must be an integer from 1 to 500'],
    [
      '/api/chargepoints?chargepointId=CP001',
      'chargepointId',
      'chargepointId is not known in this query; leave it out or correct its spelling',
    ],
    [
      '/api/transactions?endDate=2025-02-30',
      'endDate',
      'End date must be a date and time in ISO 8601, such as 2025-12-26T12:30:00Z',
    ],
    ['/api/transactions?open=yes', 'open', 'Open must be true or false'],
    ['/api/transactions?open=', 'open', 'Open must be true or false'],
    [
      '/api/transactions?startDate=2025-02-02&endDate=2025-02-01',
      'endDate',
      'End date must not be before the start date',
    ],
    ['/api/transactions/0', 'transactionId', 'Transaction ID must be a positive integer'],
    ['/api/transactions/9999999999', 'transactionId', 'Transaction ID must be at most 2147483647'],
    ['/api/chargepoints?page=999999999999', 'page', 'Page must be at most 2147483647'],
    [`/api/chargepoints?page=${'9'.repeat(400)}`, 'page', 'Page must be at most 2147483647'],
    ['/api/chargepoints?pageSize=999999999999', 'pageSize', 'Page size must be an integer from 1 to 500'],
    [
      '/api/transactions?startDate=2025-12-26T12:30:00+01:00',
      'startDate',
      'Start date has a space where the + of its time zone belongs; write the + as %2B in a URL',
    ],
    ['/api/transactions/abc/meter-values', 'transactionId', 'Transaction ID must be a positive integer'],
  ])('%s is reported with its field', async (path, field, issue) => {
    const { request } = fakeApi()
    const response = await request(path)
    expect(response.status).toBe(400)
    expect(await detailsOf(response)).toEqual({ field, issue })
  })

  test('an unknown status filter is refused with the statuses that exist', async () => {
    const { request } = fakeApi()
    const details = await detailsOf(await request('/api/chargepoints?status=available'))
    expect(details.field).toBe('status')
    expect(details.issue).toContain('Status must be one of Offline, Faulted, Charging')
  })

  test('a body that is too large is refused by what it says of itself, and by what it turns out to be', async () => {
    const { request } = fakeApi()
    const large = `{"idTag":"${'A'.repeat(requestBodyBytesMax)}"}`
    const whole = await request(start, {
      method: 'POST',
      body: large,
      headers: { 'Content-Length': `${large.length}` },
    })
    expect(whole.status).toBe(413)
    const inChunks = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(large))
        controller.close()
      },
    })
    const chunked = await request(start, { method: 'POST', body: inChunks })
    expect(chunked.status).toBe(413)
    expect(await chunked.json()).toMatchObject({ error: 'PayloadTooLarge' })
  })

  test('a charge point may send less than an operator', async () => {
    const { request, app } = fakeApi({
      deps: {
        authenticate: async (headers) => (headers.has('X-API-Key') ? anOperator() : aChargePoint('CP001', 1)),
      },
    })
    const body = `{"connectorId":"${'A'.repeat(chargePointBodyBytesMax)}"}`
    expect((await app.request(start, { method: 'POST', body })).status).toBe(413)
    expect((await request(start, { method: 'POST', body })).status).toBe(400)
  })

  test('a body of too many values or levels is refused before it is parsed, any other is parsed once', async () => {
    const { request } = fakeApi()
    const parse = spyOn(JSON, 'parse')
    const issueOf = async (body: string): Promise<unknown> => {
      parse.mockClear()
      const response = await request(start, { method: 'POST', body })
      const times = parse.mock.calls.filter(([text]) => text === body).length
      const { issue } = await detailsOf(response)
      return [response.status, times, issue]
    }
    try {
      expect(await issueOf(`[${'{},'.repeat(jsonValuesMax)}{}]`)).toEqual([
        400,
        0,
        `The body must hold no more than ${jsonValuesMax} JSON values`,
      ])
      const deep = frameDepthMax + 1
      expect(await issueOf('['.repeat(deep) + ']'.repeat(deep))).toEqual([
        400,
        0,
        `The body must nest no deeper than ${frameDepthMax} levels`,
      ])
      expect(await issueOf(`[${'{},'.repeat(100)}{}]`)).toEqual([400, 1, 'The body must be a JSON object'])
    } finally {
      parse.mockRestore()
    }
  })
})

describe('what is not there', () => {
  test('an unknown charge point is reported in the words of the contract', async () => {
    const { request } = fakeApi()
    const response = await request('/api/chargepoints/CP999/status')
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: 'NotFound',
      code: 'NOT_FOUND',
      message: "Charge point 'CP999' not found",
    })
  })

  test.each([
    ['GET', '/api/nothing'],
    ['PUT', '/api/nothing'],
    ['GET', '/nothing'],
    ['GET', '/ocpp/CP001'],
  ])('%s %s is a JSON answer too', async (method, path) => {
    const { request } = fakeApi()
    const response = await request(path, { method })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: 'NotFound',
      code: 'NOT_FOUND',
      message: `Endpoint '${method} ${path}' not found`,
    })
  })
})

describe('a wrong method', () => {
  test.each([
    ['PUT', '/api/chargepoints/CP001', 'GET, HEAD, PATCH, DELETE'],
    ['DELETE', '/api/transactions/1', 'GET, HEAD'],
    ['GET', '/api/chargepoints/CP001/reset', 'POST'],
    ['HEAD', '/api/chargepoints/CP001/reset', 'POST'],
    ['OPTIONS', '/api/id-tags', 'GET, HEAD, POST'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['DELETE', '/openapi.json', 'GET, HEAD'],
  ])('%s %s is 405, and Allow lists the methods', async (method, path, allow) => {
    const { request } = fakeApi()
    const response = await request(path, { method })
    expect([response.status, response.headers.get('Allow')]).toEqual([405, allow])
    if (method === 'HEAD') return
    expect(await response.json()).toEqual({
      error: 'MethodNotAllowed',
      code: 'METHOD_NOT_ALLOWED',
      message: `${method} is not a method of ${path}; its methods are ${allow}`,
    })
  })
})

test.each(['/api/chargepoints/CP001', '/api/id-tags/USER123'])(
  'a PATCH of %s that changes nothing is a bad request',
  async (path) => {
    const { request } = fakeApi()
    for (const body of ['{}', undefined]) {
      const response = await request(path, { method: 'PATCH', ...(body === undefined ? {} : { body }) })
      expect(response.status).toBe(400)
      expect((await detailsOf(response)).field).toBe('body')
    }
  },
)

test('an unexpected failure keeps its secrets, and is logged with the request id', async () => {
  const { request, logged } = fakeApi({
    queries: {
      chargePoint: async () => {
        throw new Error('password=hunter2')
      },
    },
  })
  const response = await request('/api/chargepoints/CP001', { headers: { 'X-Request-Id': 'request-1' } })
  expect(response.status).toBe(500)
  expect(response.headers.get('X-Request-Id')).toBe('request-1')
  expect(await response.json()).toEqual({
    error: 'InternalServerError',
    code: 'INTERNAL',
    message: 'An unexpected error occurred',
  })
  expect(logged).toContainEqual({
    level: 'error',
    fields: expect.objectContaining({
      requestId: 'request-1',
      error: expect.objectContaining({ message: 'password=hunter2' }),
    }),
  })
})

test('the log line of a request that was answered with an error has its code', async () => {
  const { post, request, logged } = fakeApi({ live: { call: failing('NOT_CONNECTED') } })
  await post(start, startBody)
  await request('/api/chargepoints/CP999')
  await request('/api/chargepoints/CP001')
  expect(logged.map(({ fields: { status, code } }) => [status, code])).toEqual([
    [409, 'NOT_CONNECTED'],
    [404, 'NOT_FOUND'],
    [200, undefined],
  ])
})

test('every answer carries a request id', async () => {
  const { request } = fakeApi()
  for (const path of ['/', '/docs', '/openapi.json', '/health/live', '/api/chargepoints/CP001', '/nothing']) {
    expect((await request(path)).headers.get('X-Request-Id')).toMatch(/^[\w-]{36}$/)
  }
})
