// Requests made from the OpenAPI document, to a whole Stator with charge points behind it: every answer is one that the
// document lists and describes, and never a 500. STATOR_FUZZ_SEED repeats one round.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { tables } from '../../src/blocks/messages.ts'
import { answerAll } from '../support/answering.ts'
import { collectedLog } from '../support/log-lines.ts'
import { basic } from '../support/raw-charge-point.ts'
import { Random } from '../support/random.ts'
import { adminApiKey, passwordDefault, TestStator } from '../support/stator.ts'
import { Contract, type Operation } from './make/contract.ts'
import { makePayload } from './make/mutations.ts'
import { makeRequest, type Known, type MadeRequest } from './make/requests.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'
import { badTimes, oddTexts, validPayload } from './make/values.ts'

const rounds = 150
/** Requests of one client, one after another; each client has a round of its own. */
const requestsPerRound = 40
const hands = 8

const { log, lines } = collectedLog('Warning')
let central: TestStator
let contract: Contract

const connected = ['FUZZ16', 'FUZZ201'] as const
const versions = { FUZZ16: '1.6', FUZZ201: '2.0.1' } as const

beforeAll(async () => {
  central = await TestStator.start({ hooks: { log }, settings: { OCPP: { CallTimeout: 1 } } })
  contract = new Contract(await central.json('/openapi.json'))
  await central.addIdTag('USER123')
  for (const identity of connected) {
    const version = versions[identity]
    const raw = await central.bootedRaw(identity, version, { strictness: 'lenient' })
    const table = tables[version]
    let calls = 0
    answerAll(raw, ({ messageId, action }) => {
      const response = table[action]?.response
      if (response === undefined || response === null) return [JSON.stringify([4, messageId, 'NotSupported', '', {}])]
      return [JSON.stringify([3, messageId, validPayload(response, new Random(calls++))])]
    })
    const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: '2025-12-26T12:00:00Z' }
    const info = { transactionId: 'tx-1' }
    if (version === '1.6')
      for (const connectorId of [1, 2, 3]) await raw.call('StartTransaction', { ...start, connectorId })
    else
      await raw.call('TransactionEvent', {
        ...{ eventType: 'Started', timestamp: '2025-12-26T12:00:00Z', triggerReason: 'Authorized', seqNo: 0 },
        ...{ transactionInfo: info, evse: { id: 1, connectorId: 1 } },
        meterValue: [{ timestamp: '2025-12-26T12:00:00Z', sampledValue: [{ value: 1 }] }],
      })
  }
  await central.provision('FUZZOFFLINE')
})

afterAll(() => central.stop())

const times = [
  '2025-12-26',
  '2025-12-26T12:00:00Z',
  '0000-01-01',
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-14:00',
]

function knownFor({ method, path }: Operation, random: Random): Known {
  // The charge points that answer must not be deleted, because other requests need them.
  const isChange = path === '/api/chargepoints/{chargePointId}' && method !== 'GET'
  const own = ['FUZZOFFLINE', 'FUZZ-NEW', `FUZZ-${random.below(5)}`, 'fuzz16']
  const calls = Object.entries(tables[random.once(2) ? '1.6' : '2.0.1'])
  const [action, row] = random.pick(calls)
  return {
    chargePointId: isChange ? own : [...connected, ...connected, ...own],
    transactionId: [1, 2, 3, 4, 5, 999_999],
    connectorId: [1, 1, 2, 3, 0],
    idTag: ['USER123', 'user123', 'UNKNOWN', `TAG${random.below(5)}`],
    startDate: [...times, ...badTimes],
    endDate: [...times, ...badTimes],
    from: [...times, ...badTimes],
    to: [...times, ...badTimes],
    stopTime: times,
    retrieveDate: times,
    expiryDate: times,
    action: [action, action, action, 'Dance', '__proto__'],
    payload: [makePayload(row.request, random, random.pick([0, 0, 1])).payload],
    key: ['HeartbeatInterval', 'OCPPCommCtrlr.HeartbeatInterval', 'A[b]@1/2.C', 'A[', ...oddTexts],
    page: [1, 2, 1_000_000, 2_147_483_647],
    pageSize: [1, 20, 500],
    timeout: [1, 0.1, 600],
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
    { Authorization: `Bearer ${'x'.repeat(500)}` },
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
  const isWelcome = json !== undefined && status < 400 && !isOther && contract.forbids(operation, json)
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
    const hand = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        await withSeed(seed, async (random) => {
          for (let sent = 0; sent < requestsPerRound; sent++) {
            const operation = random.pick(contract.operations)
            const request = makeRequest(operation, knownFor(operation, random), random)
            await check(operation, request, credentials(random))
            counts.requests++
          }
        })
      }
    }
    try {
      await Promise.all(Array.from({ length: hands }, hand))
      expect(lines).toEqual([])
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
    expect(lines).toEqual([])
  },
  fuzzMsMax,
)
