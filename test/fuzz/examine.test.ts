// Random damage to valid messages, and frames made from every schema: whatever a charge point sends, its examination
// gives the right verdict. A failing case prints its seed; STATOR_FUZZ_SEED repeats it.

import { describe, expect, test } from 'bun:test'
import { examine } from '../../src/examine/examine.ts'
import { quirkTable } from '../../src/ocpp/quirks.ts'
import { isLongFrame } from '../../src/ocpp/frame.ts'
import { checkRequest, checkResponse, requestNode } from '../../src/examine/schema.ts'
import { walk } from '../../src/ocpp/schema-walk.ts'
import { rowOf, tables } from '../../src/blocks/messages.ts'
import type { FrameTask, Verdict } from '../../src/ocpp/verdict.ts'
import { ocppVersions, type OcppVersion } from '../../src/ocpp/version.ts'
import { examineBatch } from '../../src/workers/examine-batch.ts'
import { FramePool } from '../../src/workers/pool.ts'
import type { MessageFixture } from '../fixtures/message-fixture.ts'
import { fixtures16 } from '../fixtures/v16.ts'
import { fixtures201 } from '../fixtures/v201.ts'
import type { Random } from '../support/random.ts'
import { makeFrame, type Speaker } from './make/frames.ts'
import { makePayload, textOf } from './make/mutations.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'

const rounds = 3_000

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
  for (let wounds = 1 + random.below(4); wounds > 0; wounds--) {
    const holders = holdersIn(damaged)
    if (holders.length === 0) return damaged
    const holder = random.pick(holders)
    const names = Object.keys(holder)
    const name = names.length === 0 ? '0' : random.pick(names)
    const kind = random.below(4)
    if (kind === 0 && Array.isArray(holder)) holder.splice(Number(name), 1)
    else if (kind === 0) Reflect.deleteProperty(holder, name)
    else if (kind === 1 && !Array.isArray(holder))
      put(holder, random.pick(oddNames), structuredClone(random.pick(oddValues)))
    else if (kind === 2 && names.length > 0)
      put(holder, name, Array.isArray(holder) ? null : [Reflect.get(holder, name)])
    else if (names.length > 0) put(holder, name, structuredClone(random.pick(oddValues)))
  }
  return damaged
}

function scratch(text: string, random: Random): string {
  const at = random.below(text.length)
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + random.pick([',', ':', '"', '}', ']', '{', '[', '\\', '\u0000', 'é']) + text.slice(at)
    default:
      return text.slice(0, at) + text.slice(0, random.below(text.length)) + text.slice(at)
  }
}

function taskOf({ version, strictness }: Speaker, text: string): FrameTask {
  return { text, version, strictness, chargePointKey: 1, receivedAtMs: Date.parse('2026-01-31T12:00:05Z') }
}

/** What may be wrong in a payload that lenient mode accepts: values that are kept, never a wrong shape. */
const keptKeywords = ['enum', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum', 'multipleOf']

function checkDamaged(message: Message, random: Random): void {
  const payload = damage(message.payload, random)
  const text = JSON.stringify([2, 'id', message.action, payload])
  const isValid = checkRequest(message.version, message.action, JSON.parse(text)[3]).length === 0

  const strict = examine(taskOf({ ...message, strictness: 'strict' }, text))
  expect(strict.verdict.kind).toBe(isValid ? 'call' : 'refused')

  const lenient = examine(taskOf({ ...message, strictness: 'lenient' }, text))
  expect(lenient).toEqual(examine(taskOf({ ...message, strictness: 'lenient' }, text)))
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
  for (let scratches = 1 + random.below(3); scratches > 0 && text.length > 0; scratches--) text = scratch(text, random)
  for (const strictness of ['strict', 'lenient'] as const) {
    const { verdict } = examine(taskOf({ ...message, strictness }, text))
    expect(['call', 'refused', 'dropped']).toContain(verdict.kind)
    if (verdict.kind === 'refused') expect(verdict.messageId.length).toBeGreaterThanOrEqual(0)
  }
}

function checkMade(speaker: Speaker, random: Random): void {
  const made = makeFrame(speaker, random)
  const { text, what, expected } = made
  const [verdict] = examineBatch([taskOf(speaker, text)]).verdicts
  const shown = { ...speaker, what, frame: text, verdict }
  try {
    if (expected.kind === 'silence') {
      expect(verdict?.kind).toBe('dropped')
      return
    }
    if (verdict === undefined || verdict.kind === 'dropped') throw new Error('it was dropped')
    expect(verdict.messageId).toBe(expected.messageId)
    if (verdict.kind === 'refused') {
      expect([...expected.codes]).toContain(verdict.code)
      return
    }
    expect(verdict.action).toBe(expected.resultOf ?? 'nothing that is served')
    expect(Object.getPrototypeOf(verdict.payload)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(verdict.sent ?? {})).toBe(Object.prototype)
    expect(verdict.quirks.filter(({ code }) => !Object.hasOwn(quirkTable, code))).toEqual([])
  } catch (error) {
    throw new Error(`${String(error)} ${JSON.stringify(shown)}`, { cause: error })
  }
}

const speakers: readonly Speaker[] = ocppVersions.flatMap((version) => [
  { version, strictness: 'strict' as const },
  { version, strictness: 'lenient' as const },
])

const framesPerSeed = 20

describe('a damaged message', () => {
  test('is judged by its schema when strict, repaired to a right shape when lenient, and never refused in a transaction', async () => {
    for (const seed of seedsOf(rounds)) await withSeed(seed, (random) => checkDamaged(random.pick(messages), random))
  })

  test('that is no JSON any more ends in a verdict', async () => {
    for (const seed of seedsOf(rounds)) await withSeed(seed, (random) => checkScratched(random.pick(messages), random))
  })
})

test(
  'a frame made from a schema of any version gets the verdict that it earns',
  async () => {
    const counts = { frames: 0, failures: 0 }
    try {
      for (const seed of seedsOf(rounds)) {
        await withSeed(seed, (random) => {
          for (let made = 0; made < framesPerSeed; made++) {
            counts.frames++
            checkMade(random.pick(speakers), random)
          }
        })
      }
    } catch (error) {
      counts.failures++
      throw error
    } finally {
      await reportCounts('fuzz-examination', counts)
    }
  },
  fuzzMsMax,
)

// A sentence about a text may cut it in the middle of a surrogate pair; such a half is not sent between threads and
// does not leave Stator.
function verdictText(verdict: Verdict): string {
  return JSON.stringify(verdict, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value))
}

test(
  'a worker thread says of a frame what the main thread says',
  async () => {
    const pool = new FramePool({ threads: 1, paysToCross: () => true })
    try {
      for (const seed of seedsOf(20)) {
        await withSeed(seed, async (random) => {
          const made = Array.from({ length: 100 }, () => {
            const speaker = random.pick(speakers)
            return taskOf(speaker, makeFrame(speaker, random).text)
          })
          const long = made.filter(({ text }) => isLongFrame(text))
          for (const task of long) {
            const [there, here] = [await pool.examineLong(task), examineBatch([task])]
            // Long frames are sent between threads with all characters of their texts.
            expect(there.verdicts).toEqual(JSON.parse(JSON.stringify(here.verdicts)))
            expect(there.meter?.rows).toBe(here.meter?.rows)
          }
          const tasks = made.filter((task) => !long.includes(task) && pool.examineAtOnce(task) === null)
          const [inWorker] = await pool.examine(tasks)
          const here = examineBatch(tasks)
          expect(inWorker?.verdicts.map(verdictText)).toEqual(here.verdicts.map(verdictText))
          expect(inWorker?.meter?.columns.map((column) => Buffer.from(column).toString('hex'))).toEqual(
            here.meter?.columns.map((column) => Buffer.from(column).toString('hex')),
          )
        })
      }
    } finally {
      await pool.close()
    }
  },
  fuzzMsMax,
)

const payloadsPerSchema = 20

// Compiling every schema takes seconds, so each run uses another third of them.
test(
  'a payload made from any schema of any version has the problems that it was given, and no others',
  async () => {
    const schemas = ocppVersions.flatMap((version) =>
      Object.entries(tables[version]).flatMap(([action, { request, response }]) => [
        { version, action, schema: request, check: checkRequest },
        ...(response === null ? [] : [{ version, action, schema: response, check: checkResponse }]),
      ]),
    )
    let payloads = 0
    for (const seed of seedsOf(Math.ceil(schemas.length / 3))) {
      await withSeed(seed, (random) => {
        const { version, action, schema, check } = random.pick(schemas)
        for (; payloads % payloadsPerSchema < payloadsPerSchema - 1; payloads++) {
          const wounds = random.pick([0, 1, 1, 3])
          const { payload, codes, isTooDeep } = makePayload(schema, random, wounds)
          // A schema does not limit the nesting depth.
          if (isTooDeep) continue
          const text = textOf(payload, random)
          const found = check(version, action, JSON.parse(text)).map(({ code }) => code)
          const shown = { version, action, check: check.name, text }
          expect({ ...shown, isValid: found.length === 0 }).toEqual({ ...shown, isValid: codes.size === 0 })
          if (check === checkRequest) {
            let isBroken = false
            walk(requestNode(version, action), JSON.parse(text), () => ((isBroken = true), 'stop'))
            expect({ ...shown, isBroken }).toEqual({ ...shown, isBroken: found.length > 0 })
          }
          if (wounds === 1) expect({ ...shown, first: found.slice(0, 1) }).toEqual({ ...shown, first: [...codes] })
        }
        payloads++
      })
    }
    await reportCounts('fuzz-schemas', { payloads, failures: 0 })
  },
  fuzzMsMax,
)
