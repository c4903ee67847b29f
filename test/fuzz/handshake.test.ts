// Malformed handshakes, written to bare TCP connections: each gets an HTTP answer other than a 500, or a closed
// connection, and the next charge point can connect. STATOR_FUZZ_SEED repeats one round.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectedLog } from '../support/log-lines.ts'
import { basic, httpStatusOf } from '../support/raw-charge-point.ts'
import type { Random } from '../support/random.ts'
import { passwordDefault, TestStator } from '../support/stator.ts'
import { testJwtSection, testKey } from '../support/tokens.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'
import { oddTexts } from './make/values.ts'

const rounds = 30
const handshakesPerRound = 20

const { log, lines } = collectedLog('Warning')
let central: TestStator
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-fuzz-'))
  const KeyFile = join(folder, 'keys.json')
  await writeFile(KeyFile, JSON.stringify({ keys: [(await testKey()).jwk] }))
  const Security = { Jwt: { ...testJwtSection, KeyFile } }
  central = await TestStator.start({ settings: { Security }, hooks: { log } })
  for (const strictness of ['strict', 'lenient']) await central.provision(`FUZZ-${strictness}`, { strictness })
})

afterAll(async () => {
  await central.stop()
  await rm(folder, { recursive: true, force: true })
})

const answersAllowed = [101, 400, 401, 403, 404, 405, 426, 431, 505]

const identities = ['FUZZ-strict', 'FUZZ-lenient', 'fuzz-STRICT', 'UNKNOWN', 'FUZZ%2Dstrict']
const paths = [
  '',
  '/',
  '//',
  '/%',
  '/%00',
  '/%E0%A4%A',
  '/../ocpp/UNKNOWN',
  '/a:b',
  `/${'x'.repeat(49)}`,
  `/${'%F0%9F%94%8C'.repeat(40)}`,
  '?a=1',
  '/a?b#c',
]
const subprotocols = [
  'ocpp1.6',
  'ocpp2.0.1',
  'ocpp2.1',
  'OCPP1.6',
  'ocpp2.0.1.1',
  'ocpp1.6, ocpp2.0.1',
  ',,,',
  'soap',
  ' ',
  'x'.repeat(5_000),
]
const keys = ['dGhlIHNhbXBsZSBub25jZQ==', '', 'short', '====', 'x'.repeat(300)]

// Headers of tokens whose signatures are examined, and contents.
const tokenParts = [
  '{"alg":"ES256","kid":"key-of-ES256"}',
  '{"alg":"ES256"}',
  '{"alg":"ES256","kid":"key-of-ES256","crit":["b64"],"b64":false}',
  '{"alg":"none"}',
  '{"iss":"https://issuer.example.com","sub":"FUZZ-lenient","exp":1e400}',
  '[]',
  'x'.repeat(64),
]

function handshakeText(random: Random): string {
  const odd = (): string => random.pick(oddTexts).replaceAll(/[\r\n]/g, ' ')
  const part = (): string => Buffer.from(random.pick([...tokenParts, odd()])).toString('base64url')
  const identity = random.pick(identities)
  const path = random.once(4) ? random.pick(paths) : `/${identity}`
  const credentials = random.pick([
    `Authorization: ${basic(identity, passwordDefault)}`,
    `Authorization: ${basic(identity, passwordDefault)}`,
    `Authorization: ${basic(random.pick(identities), odd())}`,
    `Authorization: Basic ${odd()}`,
    `Authorization: ${odd()}`,
    `Authorization: Bearer ${odd()}`,
    `Authorization: Bearer ${part()}.${part()}.${part()}`,
    `X-API-Key: ${odd()}\r\nX-Charge-Point-Id: ${odd()}`,
    `X-API-Key: ${passwordDefault}\r\nX-API-Key: ${passwordDefault}`,
    'Cookie: a=b',
  ])
  const headers = [
    `Host: ${random.once(20) ? odd() : 'localhost'}`,
    `Connection: ${random.once(10) ? random.pick(['close', 'keep-alive', odd()]) : 'Upgrade'}`,
    `Upgrade: ${random.once(10) ? random.pick(['h2c', 'WebSocket', odd()]) : 'websocket'}`,
    `Sec-WebSocket-Version: ${random.once(10) ? random.pick(['8', '', '13, 8', odd()]) : '13'}`,
    `Sec-WebSocket-Key: ${random.once(8) ? random.pick(keys) : keys[0]}`,
    `Sec-WebSocket-Protocol: ${random.once(3) ? random.pick(subprotocols) : 'ocpp1.6'}`,
    credentials,
    ...(random.once(10) ? [`${odd()}: ${odd()}`] : []),
    ...(random.once(10) ? ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99'] : []),
  ].filter(() => !random.once(25))
  const method = random.once(15) ? random.pick(['POST', 'HEAD', 'OPTIONS', 'get', odd()]) : 'GET'
  const version = random.once(20) ? random.pick(['1.0', '9.9', '']) : '1.1'
  return `${method} /ocpp${path} HTTP/${version}\r\n${headers.join('\r\n')}\r\n\r\n`
}

test(
  'whatever is sent instead of a handshake, Stator answers it or closes, and lets in the next charge point',
  async () => {
    const counts = { handshakes: 0, failures: 0 }
    try {
      for (const seed of seedsOf(rounds)) {
        await withSeed(seed, async (random) => {
          const texts = Array.from({ length: handshakesPerRound }, () => handshakeText(random))
          const answers = await Promise.all(
            texts.map(async (text) => ({ text, status: await httpStatusOf(central.url, text) })),
          )
          counts.handshakes += answers.length
          expect(answers.filter(({ status }) => status !== null && !answersAllowed.includes(status))).toEqual([])
        })
      }
      expect(lines).toEqual([])
      for (const strictness of ['strict', 'lenient']) {
        const raw = await central.raw(`FUZZ-${strictness}`)
        await raw.call('BootNotification', { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' })
        await raw.close()
      }
    } catch (error) {
      counts.failures++
      throw error
    } finally {
      await reportCounts('fuzz-handshakes', counts)
    }
  },
  fuzzMsMax,
)
