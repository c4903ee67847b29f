// Random damage to good messages: whatever a charge point sends, examining it ends in a verdict that can be acted on.
// A failing case prints its seed; STATOR_FUZZ_SEED runs that one again.

import { describe, expect, test } from 'bun:test'
import { examine } from '../../src/ocpp/examine.ts'
import { quirkTable } from '../../src/ocpp/quirks.ts'
import { checkRequest } from '../../src/ocpp/schema.ts'
import { rowOf } from '../../src/ocpp/tables.ts'
import type { FrameTask, Strictness } from '../../src/ocpp/verdict.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'
import type { MessageFixture } from '../fixtures/message-fixture.ts'
import { fixtures16 } from '../fixtures/v16.ts'
import { fixtures201 } from '../fixtures/v201.ts'

const cases = 3000
const firstSeed = Number(process.env.STATOR_FUZZ_SEED ?? Date.now() % 1_000_000_000)
const seeds = process.env.STATOR_FUZZ_SEED === undefined ? cases : 1

/** Whole numbers from 0 to below `end`, the same for the same seed (mulberry32). */
function randomOf(seed: number): (end: number) => number {
  let state = seed
  return (end) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }
}

type Random = ReturnType<typeof randomOf>

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random(items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

interface Message {
  readonly version: OcppVersion
  readonly action: string
  readonly payload: unknown
}

function messagesOf(version: OcppVersion, fixtures: Readonly<Record<string, MessageFixture>>): Message[] {
  return Object.entries(fixtures).flatMap(([action, { valid, invalid }]) =>
    [...valid, ...invalid.map(({ payload }) => payload)].map((payload) => ({ version, action, payload })),
  )
}

const messages = [...messagesOf('1.6', fixtures16), ...messagesOf('2.0.1', fixtures201)]

const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e300, -(2 ** 40), 2 ** 53, 99_999],
  ...['', '0', '-1', '12,5', 'x'.repeat(600), '1970-01-01T00:00:00Z', '2026-01-31 12:00:00', 'Accepted', '\u0000'],
  ...[[], {}, [[]], [null], [1, 'a', {}], { value: 1 }, { values: '1' }, [{ value: null }], { id: '1' }],
]

const oddNames = ['values', 'value', 'timestamp', 'meterValue', '__proto__', 'constructor', 'a/b~c', '0', '']

type Holder = Record<string, unknown> | unknown[]

function holdersIn(value: unknown): Holder[] {
  if (typeof value !== 'object' || value === null) return []
  const own = value as Holder
  return [own, ...Object.values(own).flatMap((inner) => holdersIn(inner))]
}

function put(holder: Holder, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}

function damage(payload: unknown, random: Random): unknown {
  const damaged: unknown = structuredClone(payload)
  for (let wounds = 1 + random(4); wounds > 0; wounds--) {
    const holders = holdersIn(damaged)
    if (holders.length === 0) return damaged
    const holder = pick(random, holders)
    const names = Object.keys(holder)
    const name = names.length === 0 ? '0' : pick(random, names)
    const kind = random(4)
    if (kind === 0 && Array.isArray(holder)) holder.splice(Number(name), 1)
    else if (kind === 0) Reflect.deleteProperty(holder, name)
    else if (kind === 1 && !Array.isArray(holder))
      put(holder, pick(random, oddNames), structuredClone(pick(random, oddValues)))
    else if (kind === 2 && names.length > 0)
      put(holder, name, Array.isArray(holder) ? null : [Reflect.get(holder, name)])
    else if (names.length > 0) put(holder, name, structuredClone(pick(random, oddValues)))
  }
  return damaged
}

function scratch(text: string, random: Random): string {
  const at = random(text.length)
  switch (random(4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + pick(random, [',', ':', '"', '}', ']', '{', '[', '\\', '\u0000', 'é']) + text.slice(at)
    default:
      return text.slice(0, at) + text.slice(0, random(text.length)) + text.slice(at)
  }
}

function taskOf({ version }: Message, text: string, strictness: Strictness): FrameTask {
  return { text, version, strictness, chargePointKey: 1, receivedAtMs: Date.parse('2026-01-31T12:00:05Z') }
}

/** What may be left of a payload that lenient serves: values that are kept, never a wrong shape. */
const keptKeywords = ['enum', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum', 'multipleOf']

function checkDamaged(message: Message, random: Random): void {
  const payload = damage(message.payload, random)
  const text = JSON.stringify([2, 'id', message.action, payload])
  const isValid = checkRequest(message.version, message.action, JSON.parse(text)[3]).length === 0

  const strict = examine(taskOf(message, text, 'strict'))
  expect(strict.verdict.kind).toBe(isValid ? 'call' : 'refused')

  const lenient = examine(taskOf(message, text, 'lenient'))
  expect(lenient).toEqual(examine(taskOf(message, text, 'lenient')))
  if (isValid || rowOf(message.version, message.action)?.transactional === true) {
    expect(lenient.verdict.kind).toBe('call')
  }
  if (lenient.verdict.kind !== 'call') return
  expect(lenient.sent).toEqual(JSON.parse(text)[3])
  const left = checkRequest(message.version, message.action, lenient.verdict.payload)
  expect(left.filter(({ keyword }) => !keptKeywords.includes(keyword))).toEqual([])
  expect(lenient.verdict.quirks.filter(({ code }) => !Object.hasOwn(quirkTable, code))).toEqual([])
  if (!isValid) expect(lenient.verdict.quirks).not.toEqual([])
}

function checkScratched(message: Message, random: Random): void {
  let text = JSON.stringify([2, 'id', message.action, message.payload])
  for (let scratches = 1 + random(3); scratches > 0 && text.length > 0; scratches--) text = scratch(text, random)
  for (const strictness of ['strict', 'lenient'] as const) {
    const { verdict } = examine(taskOf(message, text, strictness))
    expect(['call', 'refused', 'dropped']).toContain(verdict.kind)
    if (verdict.kind === 'refused') expect(verdict.messageId.length).toBeGreaterThanOrEqual(0)
  }
}

function withEachSeed(check: (message: Message, random: Random) => void): void {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const random = randomOf(seed)
    try {
      check(pick(random, messages), random)
    } catch (error) {
      throw new Error(`STATOR_FUZZ_SEED=${seed} fails: ${String(error)}`, { cause: error })
    }
  }
}

describe('a damaged message', () => {
  test('is judged by its schema when strict, repaired to a right shape when lenient, and never refused in a transaction', () => {
    withEachSeed(checkDamaged)
  })

  test('that is no JSON any more ends in a verdict', () => {
    withEachSeed(checkScratched)
  })
})
