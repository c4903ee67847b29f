// Every row of every version, in its direction, over a real socket: what a charge point sends gets the right answer or the
// right error in the spelling of its version; what an operator sends arrives as the schema has it, character by character.
// In 2.1 both sides refuse an answer with a CALLRESULTERROR, and a SEND has no answer.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { tables } from '../../../src/blocks/messages.ts'
import { checkResponse } from '../../../src/examine/schema.ts'
import { spellCallError } from '../../../src/ocpp/call-error.ts'
import { type ByVersion, hasResultErrors, ocppVersions } from '../../../src/ocpp/version.ts'
import type { MessageFixture } from '../../fixtures/message-fixture.ts'
import { fixtures16 } from '../../fixtures/v16.ts'
import { fixtures201 } from '../../fixtures/v201.ts'
import { fixtures21 } from '../../fixtures/v21.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { fullestSample, part, resolve, smallestSample } from '../../support/schema-sample.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'
import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'

const fixtures: ByVersion<Readonly<Record<string, MessageFixture>>> = {
  '1.6': fixtures16,
  '2.0.1': fixtures201,
  '2.1': fixtures21,
}

/** How many rows the specification has: 28 messages of 1.6 and 11 of its whitepaper, 64 of 2.0.1, 91 of 2.1. */
const rowsOf: ByVersion<number> = { '1.6': 39, '2.0.1': 64, '2.1': 91 }

let stator: TestStator
/** A row counts once for each direction in which it was walked. */
const walked = { fromChargePoint: 0, toChargePoint: 0, resultErrors: 0 }
let startedMs = 0

beforeAll(async () => {
  stator = await TestStator.start()
  startedMs = performance.now()
})

afterAll(async () => {
  const tookMs = Math.round(performance.now() - startedMs)
  await stator.stop()
  const { fromChargePoint, toChargePoint, resultErrors } = walked
  console.log(
    `${fromChargePoint} rows from the charge point and ${toChargePoint} to it, and ${resultErrors} refused answers, ` +
      `walked in ${tookMs} ms`,
  )
})

/** A copy with the members of each object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).toReversed()
  return Object.fromEntries(members.map(([name, member]) => [name, reversed(member)]))
}

/** Members of `value` that are not in the order of the schema, as paths. */
function disorder(value: unknown, given: JsonSchema, root: JsonSchema, path = ''): string[] {
  const schema = resolve(given, root)
  if (Array.isArray(value)) return value.flatMap((one) => disorder(one, part(schema.items), root, `${path}/*`))
  if (typeof value !== 'object' || value === null) return []
  const properties = part(schema.properties ?? {})
  const order = Object.keys(properties)
  const places = Object.keys(value).map((name) => order.indexOf(name))
  const own = places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1)) ? [] : [path]
  return [
    ...own,
    ...Object.entries(value).flatMap(([name, member]) =>
      name in properties ? disorder(member, part(properties[name]), root, `${path}/${name}`) : [],
    ),
  ]
}

describe.each(ocppVersions)('OCPP %s', (version) => {
  const rows = Object.entries(tables[version])
  const identity = `ROWS-${version}`
  const texts: string[] = []
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, version, { strictness: 'strict' })
    raw.socket.addEventListener('message', ({ data }) => texts.push(String(data)))
  })

  /** The operator sends a CALL, which has arrived; `told` is what REST answers once the charge point has answered. */
  async function commanded(action: string, payload: unknown) {
    const told = stator.api(`/api/chargepoints/${identity}/calls`, { body: { action, payload } })
    return { messageId: (await raw.command(action)).messageId, told }
  }

  test('has as many rows as the specification has messages', () => {
    expect(rows.length).toBe(rowsOf[version])
  })

  test('each message of a charge point gets its answer, valid and in the order of the schema', async () => {
    const wrong: unknown[] = []
    for (const [action, row] of rows) {
      if (row.direction === 'toChargePoint') continue
      walked.fromChargePoint++
      for (const payload of fixtures[version][action]?.valid ?? []) {
        if (row.response === null) {
          raw.send(JSON.stringify([6, crypto.randomUUID(), action, payload]))
          continue
        }
        const [type, , answer] = await raw.answerTo(raw.sendCall(action, payload))
        const problems = type === 3 ? checkResponse(version, action, answer) : answer
        const order = type === 3 ? disorder(answer, row.response, row.response) : []
        if (type !== 3 || order.length > 0 || !Array.isArray(problems) || problems.length > 0) {
          wrong.push({ action, type, problems, order })
        }
      }
    }
    expect(wrong).toEqual([])
    expect(raw.inbox).toEqual([])
  })

  test('each invalid message gets the error that names what is wrong, spelt as the version spells it', async () => {
    const wrong: unknown[] = []
    for (const [action, row] of rows) {
      if (row.direction === 'toChargePoint') continue
      for (const { payload, code } of fixtures[version][action]?.invalid ?? []) {
        if (row.response === null) {
          raw.send(JSON.stringify([6, crypto.randomUUID(), action, payload]))
          continue
        }
        const [type, , found] = await raw.answerTo(raw.sendCall(action, payload))
        if (type !== 4 || found !== spellCallError(code, version)) wrong.push({ action, type, found, code })
      }
    }
    expect(wrong).toEqual([])
    expect(raw.inbox).toEqual([])
  })

  test('each command arrives in the order of the schema, whatever order it was given in, and its answer comes back', async () => {
    const wrong: unknown[] = []
    for (const [action, row] of rows) {
      if (row.direction === 'fromChargePoint') continue
      walked.toChargePoint++
      for (const sample of [smallestSample, fullestSample]) {
        const payload = sample(row.request)
        const { messageId, told } = await commanded(action, reversed(payload))
        const text = await until('the text of the command', () => texts.find((one) => one.includes(messageId)))
        const expected = `[2,"${messageId}","${action}",${JSON.stringify(payload)}]`
        if (text !== expected) wrong.push({ action, text, expected })
        const reply = sample(part(row.response))
        raw.answer(messageId, reply)
        const { status, body: answer } = await told
        const toldOf = JSON.stringify({ action, status: reply['status'] ?? null, payload: reply })
        if (status !== 200 || JSON.stringify(answer) !== toldOf) wrong.push({ action, status, answer, reply })
      }
    }
    expect(wrong).toEqual([])
  })

  test('each answer that breaks its schema is refused: by the charge point silently, by Stator for its operator', async () => {
    const wrong: unknown[] = []
    for (const [action, row] of rows) {
      if (row.response === null) continue
      if (row.direction !== 'toChargePoint') {
        const messageId = raw.sendCall(action, fixtures[version][action]?.valid[0])
        await raw.answerTo(messageId)
        raw.send(JSON.stringify([5, messageId, 'FormatViolation', 'The test does not like it.', {}]))
      }
      if (row.direction === 'fromChargePoint') continue
      walked.resultErrors++
      const { messageId, told } = await commanded(action, smallestSample(row.request))
      raw.send(JSON.stringify([3, messageId, { ...smallestSample(part(row.response)), notOfOcpp: 1 }]))
      const { status } = await told
      if (status !== 502) wrong.push({ action, status })
      if (!hasResultErrors[version]) continue
      const [type, , code] = await raw.answerTo(messageId)
      if (type !== 5 || code !== 'FormatViolation') wrong.push({ action, type, code })
    }
    expect(wrong).toEqual([])
    await raw.call('Heartbeat', {})
    expect(raw.inbox).toEqual([])
  })

  test('each CALL of the other direction is refused, and each unknown one', async () => {
    for (const [action, row] of rows) {
      if (row.direction !== 'toChargePoint') continue
      expect((await raw.answerTo(raw.sendCall(action, {}))).slice(0, 3)).toEqual([4, expect.anything(), 'NotSupported'])
    }
    expect((await raw.answerTo(raw.sendCall('Dance', {})))[2]).toBe('NotImplemented')
  })
})

test('a limit with a rounding error of binary fractions is sent as the multiple of 0.1 that it means', async () => {
  const identity = 'ROWS-limit'
  const raw = await stator.bootedRaw(identity, '1.6')
  const texts: string[] = []
  raw.socket.addEventListener('message', ({ data }) => texts.push(String(data)))
  const profile = (limit: number) => ({
    chargingProfileId: 1,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
  })
  for (const limit of [0.1 + 0.2, 16.1, 3 * 5.1, 11_000]) {
    const payload = { connectorId: 0, csChargingProfiles: profile(limit) }
    const body = { action: 'SetChargingProfile', payload }
    const request = stator.json(`/api/chargepoints/${identity}/calls`, { body })
    raw.answer((await raw.command('SetChargingProfile')).messageId, { status: 'Accepted' })
    await request
  }
  const limits = texts.flatMap((text) => /"limit":([^}]+)}/.exec(text)?.[1] ?? [])
  expect(limits).toEqual(['0.3', '16.1', '15.3', '11000'])
})

test('what Stator has sent in this file was checked, and none of it broke its schema', () => {
  const { ownFramesChecked, ownFramesInvalid } = stator.stator.counters
  expect(ownFramesChecked).toBeGreaterThan(150)
  expect(ownFramesInvalid).toBe(0)
})
