// HTTP as browsers, tools and strangers meet it: headers of every answer, and how much and how slowly a client may send.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { systemClock } from '../../../src/base/clock.ts'
import { httpBodyBytesMax, requestBodyBytesMax, requestBodyMsMax } from '../../../src/base/limits.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { adminApiKey, TestStator } from '../../support/stator.ts'
import { until, within } from '../../support/until.ts'

/** Ends the time that request bodies may take, of those whose time has begun. */
const bodyAlarms = new Set<() => void>()
const clock = {
  nowMs: () => systemClock.nowMs(),
  after(delayMs: number, callback: () => void): () => void {
    if (delayMs !== requestBodyMsMax) return systemClock.after(delayMs, callback)
    bodyAlarms.add(callback)
    return () => void bodyAlarms.delete(callback)
  },
}
const { log, lines } = collectedLog('Information')
let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start({ hooks: { clock, log } })
  await stator.provision('CP001')
})

afterAll(() => stator.stop())

/** Sends `request` as it is over a socket of its own, and returns what came until the server closed the connection. */
function rawAnswer(request: string): Promise<string> {
  const socket = connect(stator.stator.port, '127.0.0.1')
  socket.write(request)
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString('latin1')))
  const closed = new Promise<string>((resolve, reject) => {
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })
  return within('the server to close the connection', closed)
}

describe('every answer', () => {
  const restricted = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  }
  const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' }

  test.each([
    ['a list', '/api/chargepoints', 200],
    ['the document', '/openapi.json', 200],
    ['the page', '/docs', 200],
    ['a redirect', '/', 302],
    ['a check', '/health/live', 200],
    ['an unknown path', '/nothing', 404],
    ['a request without credentials', '/api/id-tags', 401],
    ['a path of charge points', '/ocpp/CP001', 426],
    ['a refused handshake', '/ocpp/CP001', 401],
  ])('restricts what browsers do with it: %s', async (what, path, status) => {
    const { headers, status: answered } = await fetch(`${stator.url}${path}`, {
      redirect: 'manual',
      headers: {
        ...(status === 302 ? { Accept: 'text/html' } : {}),
        ...(status === 200 ? { 'X-API-Key': adminApiKey } : {}),
        ...(what === 'a refused handshake' ? { ...upgrade, 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' } : {}),
      },
    })
    expect(answered).toBe(status)
    expect(Object.fromEntries(headers)).toMatchObject(restricted)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.has('strict-transport-security')).toBe(false)
    expect(headers.has('server')).toBe(false)
  })

  test('has a policy of its own if it is a page, and is kept if it never changes', async () => {
    const page = await fetch(`${stator.url}/docs`)
    expect(page.headers.get('content-security-policy')).toContain('script-src')
    const script = /"(\/docs\/scalar-[^"]+\.js)"/.exec(await page.text())?.[1] ?? ''
    const { headers } = await fetch(`${stator.url}${script}`)
    expect(headers.get('cache-control')).toContain('immutable')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('tells strangers no version but that of the API', async () => {
    expect(await (await fetch(stator.url)).json()).not.toHaveProperty('version')
    const document = (await stator.json('/openapi.json', { key: null }))['info']
    expect(document).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+$/) })
  })
})

describe('a body that does not end', () => {
  const head = (path: string, key: string, length: number): string =>
    `POST ${path} HTTP/1.1\r\nHost: stator\r\n${key}Content-Length: ${length}\r\n\r\n`
  const key = `X-API-Key: ${adminApiKey}\r\n`
  const start = '/api/chargepoints/CP001/start-transaction'

  async function timeIsUp(): Promise<void> {
    await until('the server to wait for the body', async () => bodyAlarms.size > 0)
    for (const alarm of [...bodyAlarms]) alarm()
  }

  test.each([
    ['that an operator sends', head(start, key, 100), '408 '],
    ['of a batch', head('/api/id-tags:batch', key, 100), '408 '],
    ['of a CSV file', head('/api/id-tags:batch', `${key}Content-Type: text/csv\r\n`, 100), '408 '],
    ['in chunks', `POST ${start} HTTP/1.1\r\nHost: s\r\n${key}Transfer-Encoding: chunked\r\n\r\n1\r\n`, '408 '],
    ['of a sender without credentials', head(start, '', 100), '401 '],
    ['that is announced as too large', head(start, key, requestBodyBytesMax + 1), '413 '],
    ['at a path that does not exist', head('/nothing', '', 100), '404 '],
    ['at a path of charge points', head('/ocpp/CP001', '', 100), '426 '],
  ])('%s ends with an answer, and the connection with it', async (_, request, status) => {
    const [answer] = await Promise.all([rawAnswer(`${request}{`), timeIsUp()])
    expect(answer).toStartWith(`HTTP/1.1 ${status}`)
    expect(answer).toMatch(/\r\nConnection: close\r\n/i)
    expect(bodyAlarms.size).toBe(0)
  })

  test('of a client that has gone is no failure of the server', async () => {
    lines.length = 0
    const socket = connect(stator.stator.port, '127.0.0.1')
    socket.write(`${head(start, key, 100)}{`)
    await until('the server to wait for the body', () => bodyAlarms.size > 0)
    socket.destroy()
    const line = await until('the request to be logged', () => lines.find((one) => one.includes(start)))
    expect(JSON.parse(line)).toMatchObject({ level: 'Information', status: 400 })
    expect(bodyAlarms.size).toBe(0)
  })

  test('leaves no timer behind once it has ended', async () => {
    const body = { connectorId: 1, idTag: 'USER123' }
    expect((await stator.api(start, { body })).status).toBe(409)
    expect((await stator.api(start, { body, key: null })).status).toBe(401)
    expect(bodyAlarms.size).toBe(0)
  })
})

describe('what is larger than the server reads', () => {
  const get = (...headers: string[]): string =>
    ['GET /health/live HTTP/1.1', 'Host: s', 'Connection: close', ...headers, '', ''].join('\r\n')

  test.each([
    ['a body', `POST /api/id-tags HTTP/1.1\r\nHost: s\r\nContent-Length: ${httpBodyBytesMax + 1}\r\n\r\n`, '413 '],
    ['one header', get(`A: ${'a'.repeat(16_384)}`), '431 '],
    ['a path', `GET /${'a'.repeat(16_384)} HTTP/1.1\r\nHost: s\r\n\r\n`, '431 '],
    ['many headers', get(...Array.from({ length: 200 }, (_, at) => `H${at}: a`)), '431 '],
  ])('%s is refused at once', async (_, request, status) => {
    expect(await rawAnswer(request)).toStartWith(`HTTP/1.1 ${status}`)
  })

  test('a header of 15 KiB and 100 headers are read', async () => {
    expect(await rawAnswer(get(`A: ${'a'.repeat(15_000)}`))).toStartWith('HTTP/1.1 200 ')
    const many = Array.from({ length: 97 }, (_, at) => `H${at}: a`)
    expect(await rawAnswer(get(...many))).toStartWith('HTTP/1.1 200 ')
  })

  test('a body in chunks is refused once it is too large, whether or not it ends', async () => {
    const head = 'POST /api/id-tags HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n'
    const chunk = `${requestBodyBytesMax.toString(16)}\r\n${'a'.repeat(requestBodyBytesMax)}\r\n`
    const answer = await rawAnswer(`${head}X-API-Key: ${adminApiKey}\r\n\r\n${chunk}1\r\na\r\n`)
    expect(answer).toStartWith('HTTP/1.1 413 ')
    expect(answer).toContain('REQUEST_TOO_LARGE')
  })

  test('a body of 5 MB is answered with what to do', async () => {
    const answer = await stator.api('/api/id-tags', { body: 'A'.repeat(5_000_000) })
    expect([answer.status, answer.body]).toEqual([413, expect.objectContaining({ code: 'REQUEST_TOO_LARGE' })])
    // A connection that is reset while the client sends would lose the answer.
    const stranger = await stator.api('/api/id-tags', { body: 'A'.repeat(5_000_000), key: null })
    expect(stranger.status).toBe(401)
  })
})

test('the log names the operator, the charge point that it acts as, and where it is', async () => {
  lines.length = 0
  const body = { connectorId: 1, idTag: 'USER123' }
  const path = '/api/chargepoints/CP001/start-transaction'
  await stator.api(path, { body, headers: { 'X-Charge-Point-Id': 'CP001' } })
  await stator.api(path, { body, basic: ['CP001', 'secretpassword'] })
  await stator.api(path, { body })
  expect(lines.map((line) => JSON.parse(line)).filter((line) => line.path === path)).toMatchObject([
    { principal: 'admin', identity: 'CP001', remoteAddress: '127.0.0.1' },
    { principal: 'CP001', identity: 'CP001', remoteAddress: '127.0.0.1' },
    { principal: 'admin', remoteAddress: '127.0.0.1' },
  ])
})
