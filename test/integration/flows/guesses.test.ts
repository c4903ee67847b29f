// Those who guess credentials, and those who share an address with them.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { refusalHoldMsMin } from '../../../src/base/limits.ts'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'

const freeAttempts = 3
const connectionsPerAddress = 40

let central: TestStator

beforeAll(async () => {
  const Limits = { FailedAttempts: freeAttempts, ConnectionsPerAddress: connectionsPerAddress }
  central = await TestStator.start({ settings: { Limits } })
})

afterAll(() => central.stop())

function knock(identity: string, password = passwordDefault): Promise<Response> {
  return handshakeAnswer({ url: central.ocppUrl, identity, password })
}

async function takesMs(answer: Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await answer
  return performance.now() - startMs
}

test('the refusals of a guesser come later and later, and its neighbours connect meanwhile', async () => {
  for (const identity of ['GUESSED', 'NEIGHBOUR']) await central.provision(identity)
  for (let i = 0; i < freeAttempts; i++) expect((await knock('GUESSED', 'a wrong one')).status).toBe(401)
  const guesses = Array.from({ length: 20 }, (_, i) => knock('GUESSED', `guess number ${i}`))
  const raw = await central.raw('NEIGHBOUR')
  await raw.close()
  // The charge point itself, from the same address, with credentials that were never used before.
  const own = await central.raw('GUESSED')
  await own.close()
  expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual(guesses.map(() => 401))
  expect(await takesMs(knock('GUESSED', 'a last guess'))).toBeGreaterThan(refusalHoldMsMin)
  expect(await takesMs(knock('NEIGHBOUR', 'a first wrong one'))).toBeLessThan(refusalHoldMsMin * 20)
  const { refusalsHeldBack } = central.stator.counters
  expect(refusalsHeldBack).toBe(21)
})

test('a guesser over REST gets 429 with Retry-After, and right keys from its address go on', async () => {
  const wrong = () => central.api('/api/chargepoints', { key: 'a wrong key of an operator' })
  for (let i = 0; i < freeAttempts; i++) expect((await wrong()).status).toBe(401)
  const refused = await wrong()
  expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } })
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect((await central.api('/api/chargepoints', { key: adminApiKey })).status).toBe(200)
})

test('a guesser over REST cannot choose what its guesses count under', async () => {
  await central.provision('NAMED')
  const guess = async (headers: Record<string, string>): Promise<number> => {
    const answer = await fetch(`${central.url}/api/chargepoints/NAMED`, { headers })
    return answer.status
  }
  const ofPassword = (i: number) =>
    guess({ Authorization: `Basic ${btoa(`NAMED:guess number ${i}`)}`, 'X-Charge-Point-Id': `OTHER-${i}` })
  for (let i = 0; i < freeAttempts; i++) expect(await ofPassword(i)).toBe(401)
  expect(await ofPassword(freeAttempts)).toBe(429)
  // The keys of operators were guessed above already.
  const ofKey = (i: number) =>
    guess({ 'X-API-Key': `guess number ${i} of a key`, Authorization: `Basic ${btoa(`OTHER-${i}:whatever it is`)}` })
  for (let i = 0; i < freeAttempts; i++) await ofKey(i)
  expect(await ofKey(freeAttempts)).toBe(429)
})

test('one address has so many connections at most, and gets another one when it has closed one', async () => {
  await central.provision('ONE-MORE')
  const open = []
  for (let i = 0; i < connectionsPerAddress; i++) {
    await central.provision(`MANY-${i}`)
    open.push(await central.raw(`MANY-${i}`))
  }
  const refused = await knock('ONE-MORE')
  expect(refused.status).toBe(429)
  expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' })
  expect(refused.headers.get('Retry-After')).not.toBeNull()
  await open[0]?.close()
  await (await central.raw('ONE-MORE')).close()
})

test('nor has it more if they all come at once', async () => {
  const connectionsMax = 5
  const narrow = await TestStator.start({ settings: { Limits: { ConnectionsPerAddress: connectionsMax } } })
  const identities = Array.from({ length: 30 }, (_, i) => `AT-ONCE-${i}`)
  for (const identity of identities) await narrow.provision(identity)
  const answers = identities.map((identity) =>
    handshakeAnswer({ url: narrow.ocppUrl, identity, password: passwordDefault }),
  )
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 101)).toHaveLength(connectionsMax)
  expect(statuses.filter((status) => status === 429)).toHaveLength(identities.length - connectionsMax)
  await narrow.stop()
})
