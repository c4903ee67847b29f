// Requests made from the OpenAPI document, to a whole Stator with charge points behind it: every answer is one that the
// document lists and describes, and never a 500. STATOR_FUZZ_SEED repeats one round.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { tables } from '../../src/blocks/messages.ts'
import { collectedLog } from '../support/log-lines.ts'
import { makeAuthority } from '../support/made-certificates.ts'
import { basic, type RawChargePoint } from '../support/raw-charge-point.ts'
import { Random } from '../support/random.ts'
import { adminApiKey, passwordDefault, TestStator } from '../support/stator.ts'
import { TestIssuer } from '../support/test-issuer.ts'
import {
  rightClaims,
  signed,
  signedWithSecret,
  testJwtSection,
  testKey,
  testOperatorRole,
  type TestKey,
  unsigned,
} from '../support/tokens.ts'
import { Contract, type Operation } from './make/contract.ts'
import { answeringChargePoint } from './make/answering-charge-point.ts'
import { makePayload } from './make/mutations.ts'
import { makeRequest, type Known, type MadeRequest } from './make/requests.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'
import { badTimes, oddTexts } from './make/values.ts'

const rounds = 150
/** Requests of one client, one after another; each client has a round of its own. */
const requestsPerRound = 40
const hands = 8

const { log, lines } = collectedLog('Warning')
/** Lines of the log that no request may cause. Headers that only a proxy may send are warned of. */
const failures = () => lines.filter((line) => !line.includes('Headers of a proxy are ignored'))
let central: TestStator
let contract: Contract

let issuer: TestIssuer
/** Bearer tokens: right ones of an operator and of a charge point, old ones, and forged ones. */
let tokens: readonly string[] = []
const connected = ['FUZZ16', 'FUZZ201'] as const
/** The connection of each charge point that answers. */
let answering: readonly (readonly [identity: string, RawChargePoint])[] = []

beforeAll(async () => {
  // Wrong credentials are a part of every round; how they are paced is a test of its own.
  const key = await testKey()
  issuer = new TestIssuer([key.jwk])
  tokens = await tokensOf(key)
  const settings = {
    OCPP: { CallTimeout: 1 },
    Limits: { FailedAttempts: 1_000_000 },
    Security: { CertificateAuthority: 'Local', Jwt: { ...testJwtSection, Issuer: issuer.url } },
  }
  central = await TestStator.start({ hooks: { log }, settings })
  contract = new Contract(await central.json('/openapi.json'))
  await central.addIdTag('USER123')
  answering = [
    ['FUZZ16', await answeringChargePoint(central, 'FUZZ16', '1.6')],
    ['FUZZ201', await answeringChargePoint(central, 'FUZZ201', '2.0.1')],
  ]
  await central.provision('FUZZOFFLINE')
})

// It ends the credential rotations that still run.
afterAll(async () => {
  await central.stop()
  await issuer.stop()
})

function tokensOf(key: TestKey): Promise<readonly string[]> {
  const claims = (sub: string) => ({ ...rightClaims(sub, Date.now()), iss: issuer.url })
  const operator = { ...claims('ada'), roles: [testOperatorRole] }
  return Promise.all([
    ...[signed(key, operator), signed(key, claims('FUZZ16')), signed(key, claims('__proto__'))],
    ...[signed(key, { ...operator, exp: 1 }), signed(key, { ...operator, aud: 'another' })],
    ...[unsigned(operator), signedWithSecret('x', operator), 'a.b.c', 'x'.repeat(500)],
  ])
}

const { certificate } = makeAuthority('Root')

const times = [
  '2025-12-26',
  '2025-12-26T12:00:00Z',
  '0000-01-01',
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-14:00',
]

function knownFor({ method, path }: Operation, random: Random): Known {
  // The charge points that answer must not be deleted or blocked, because other requests need them. Credential
  // rotations do give them other passwords, which ends no connection.
  const isChange = (path === '/api/chargepoints/{chargePointId}' && method !== 'GET') || path.endsWith(':batch')
  const own = ['FUZZOFFLINE', 'FUZZ-NEW', `FUZZ-${random.below(5)}`]
  const rows = Object.entries(tables[random.once(2) ? '1.6' : '2.0.1'])
  const [action, row] = random.pick(
    random.once(4) ? rows : rows.filter(([, { direction }]) => direction !== 'fromChargePoint'),
  )
  const time = random.once(4) ? badTimes : times
  const { payload } = makePayload(row.request, random, random.pick([0, 0, 1]))
  const chargePointIds = random.pick([['FUZZ16'], ['FUZZOFFLINE', 'fuzz201'], ['UNKNOWN'], ['FUZZ-0', 'fuzz-0']])
  const bodies: Readonly<Record<string, Known['bodies']>> = {
    '/api/chargepoints/{chargePointId}/calls': [{ action, payload }],
    '/api/chargepoints/{chargePointId}/certificates/install': [{ type: 'CSMSRootCertificate', certificate }],
    '/api/chargepoints/{chargePointId}/stop-transaction': [{ transactionId: random.between(1, 4) }],
    '/api/credential-rotations': [{ chargePointIds }, { filter: { all: true } }, { filter: { connected: true } }],
  }
  return {
    bodies: bodies[path] ?? [],
    values: {
      chargePointId: isChange ? own : [...connected, ...connected, ...own, 'fuzz16'],
      transactionId: [1, 2, 3, 4, 5, 999_999],
      connectorId: [1, 1, 2, 3, 0],
      idTag: ['USER123', 'user123', 'UNKNOWN', `TAG${random.below(5)}`],
      startDate: time,
      endDate: time,
      from: time,
      to: time,
      stopTime: times,
      retrieveDate: times,
      expiryDate: times,
      chargePointIds: [chargePointIds],
      timeZone: ['Europe/Berlin', 'UTC', '+05:30', 'Mars/Olympus'],
      rotationId: [1, 1, 2, 3, random.between(4, 100), 999_999],
      action: [action, action, action, 'Dance', '__proto__'],
      payload: [payload],
      key: ['HeartbeatInterval', 'OCPPCommCtrlr.HeartbeatInterval', 'A[b]@1/2.C', 'A[', ...oddTexts],
      page: [1, 2, 1_000_000, 2_147_483_647],
      pageSize: [1, 20, 500],
      timeout: [1, 0.1, 600],
    },
  }
}

function credentials(random: Random): Record<string, string> {
  if (!random.once(8)) return { 'X-API-Key': adminApiKey }
  return random.pick<Record<string, string>>([
    {},
    { 'X-API-Key': 'wrong' },
    { 'X-API-Key': '' },
    { 'X-API-Key': 'x'.repeat(3_000), 'X-Charge-Point-Id': '__proto__' },
    { Authorization: basic('FUZZ16', passwordDefault) },
    { Authorization: basic('FUZZ16', 'wrong') },
    { Authorization: basic('nul\u0000', ':') },
    { Authorization: 'Basic %%%' },
    { Authorization: 'Basic' },
    ...tokens.map((token) => ({ Authorization: `Bearer ${token}` })),
  ])
}

async function check(operation: Operation, request: MadeRequest, headers: Record<string, string>): Promise<void> {
  const { method, target, body, json } = request
  const response = await fetch(`${central.url}${target}`, {
    method,
    redirect: 'manual',
    headers: { ...request.headers, ...headers },
    ...(body === null ? {} : { body }),
  })
  const { status } = response
  const answer = { status, headers: response.headers, text: await response.text() }
  // A path with an empty parameter, or with `..`, is another path, which another operation answers.
  const path = new URL(target, central.url).pathname
  const isOther = !matches(operation.path, path)
  const problem = isOther ? null : contract.problem(operation, answer)
  const isFault = status >= 500 && status !== 502 && status !== 504
  const isTaken = json !== undefined && status < 400 && !isOther
  const isWelcome = isTaken && contract.wronglyTakes(operation, json, answer.text)
  if (problem === null && !isFault && !isWelcome) return
  const why = isFault ? 'it failed' : (problem ?? 'the document forbids the body, and it was taken')
  const shown = { method, target, headers, body: body?.slice(0, 2_000), status, answer: answer.text.slice(0, 500) }
  throw new Error(`${why}: ${JSON.stringify(shown)}`)
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
}

test(
  'every request gets an answer that the document lists and describes',
  async () => {
    const counts = { requests: 0, failures: 0 }
    const waiting = [...seedsOf(rounds)]
    // A file of many cells may fail in each of them.
    const batches = contract.operations.filter(({ takesCsv }) => takesCsv)
    const hand = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        await withSeed(seed, async (random) => {
          for (let sent = 0; sent < requestsPerRound; sent++) {
            const operation = random.pick(random.once(8) ? batches : contract.operations)
            const request = makeRequest(operation, knownFor(operation, random), random)
            await check(operation, request, credentials(random))
            counts.requests++
          }
        })
      }
    }
    try {
      await Promise.all(Array.from({ length: hands }, hand))
      expect(failures()).toEqual([])
      for (const [identity, { closing }] of answering) {
        expect({ identity, closing }).toEqual({ identity, closing: null })
        await central.json(`/api/chargepoints/${identity}/calls`, { body: { action: 'ClearCache' } })
      }
      expect(await central.json('/health/ready')).toMatchObject({ status: 'ready' })
    } catch (error) {
      counts.failures++
      throw error
    } finally {
      await reportCounts('fuzz-rest', counts)
    }
  },
  fuzzMsMax,
)

test(
  'what no operation is there for is not found, and never a failure',
  async () => {
    const paths = [
      ...contract.operations.map(({ path }) => path),
      '/',
      '/docs',
      '/openapi.json',
      '/metrics',
      '/nothing',
      '/api',
    ]
    for (const seed of seedsOf(5)) {
      await withSeed(seed, async (random) => {
        for (let sent = 0; sent < 100; sent++) {
          const method = random.pick(['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PURGE'])
          const path = random.pick(paths).replaceAll(/\{\w+\}/g, () => random.pick(['FUZZOFFLINE', '1', '__proto__']))
          const target = `${path}${random.pick(['', '', '/', '/x', '//', '/__proto__', '?constructor=1', '%2F'])}`
          const response = await fetch(`${central.url}${target}`, {
            method,
            redirect: 'manual',
            headers: credentials(random),
            ...(method === 'POST' ? { body: random.pick(['', '{}', '[', 'x']) } : {}),
          })
          const shown = { method, target, status: response.status }
          expect({ ...shown, isFault: response.status >= 500 }).toEqual({ ...shown, isFault: false })
          const text = await response.text()
          if (response.status < 400 || method === 'HEAD') continue
          expect({ ...shown, ...JSON.parse(text) }).toMatchObject({
            error: expect.any(String),
            message: expect.any(String),
          })
        }
      })
    }
    expect(failures()).toEqual([])
  },
  fuzzMsMax,
)

test.each(['chargepoints', 'id-tags'])(
  'what the requests have left in the list of %s goes back as CSV unchanged',
  async (list) => {
    await central.addIdTag(`=${crypto.randomUUID().slice(0, 8)}`)
    for (const separator of ['comma', 'semicolon']) {
      const file = await fetch(`${central.url}/api/${list}.csv?separator=${separator}`, {
        headers: { 'X-API-Key': adminApiKey },
      })
      const headers = { 'Content-Type': file.headers.get('Content-Type') ?? '' }
      const body = await file.text()
      const { totalCount, unchanged } = await central.json(`/api/${list}:batch`, { method: 'POST', body, headers })
      expect(totalCount).toBeGreaterThan(0)
      expect(unchanged).toEqual(totalCount)
    }
  },
)

test('guesses that are paced get answers that the document lists, and the right key is answered at once', async () => {
  const paced = await TestStator.start({ settings: { Limits: { FailedAttempts: 2 } } })
  try {
    const path = '/api/id-tags'
    const operation = contract.operations.find((one) => one.path === path && one.method === 'GET')
    if (operation === undefined) throw new Error(`the document has no ${path}`)
    const statuses: number[] = []
    for (let sent = 0; sent < 5; sent++) {
      const response = await fetch(`${paced.url}${path}`, { headers: { 'X-API-Key': `guess ${sent}` } })
      const { status, headers } = response
      expect(contract.problem(operation, { status, headers, text: await response.text() })).toBeNull()
      statuses.push(status)
    }
    expect(statuses).toEqual([401, 401, 429, 429, 429])
    expect((await paced.api(path)).status).toBe(200)
  } finally {
    await paced.stop()
  }
})
