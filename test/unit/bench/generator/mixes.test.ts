// What the stations of a load say: valid OCPP of either version, and a ledger that knows what was acknowledged.

import { describe, expect, test } from 'bun:test'
import { samplesOf, sentMessages } from '../../../../bench/audit/sent-messages.ts'
import type { Message } from '../../../../bench/generator/dialect.ts'
import { type BenchVersion, dialects } from '../../../../bench/generator/fleet.ts'
import { booting, type Ledger, type MixName, type Outcome, scriptOf } from '../../../../bench/generator/mixes.ts'
import { inlineCharactersMax, shortFrameCharactersMax } from '../../../../src/base/limits.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'

const versions: readonly BenchVersion[] = ['1.6', '2.0.1']
const nowMs = Date.UTC(2026, 0, 15, 8)

function script(mix: MixName, version: BenchVersion, index = 3) {
  const ledger: Ledger = { identity: 'BENCH000003', chargings: [], facts: [] }
  const dialect = dialects[version]
  return { ledger, dialect, steps: scriptOf(mix, { dialect, ledger, index, samples: 5, nowMs }) }
}

function answerTo({ action }: Message): Outcome {
  return action === 'BootNotification' ? { status: 'Accepted' } : { transactionId: 17 }
}

/** The first messages of a mix, every one acknowledged but those that `isRefused` picks. */
function sent(steps: ReturnType<typeof scriptOf>, count: number, isRefused = (_: Message, __: number) => false) {
  const messages: Message[] = []
  let message = steps.next({}).value
  while (messages.length < count) {
    messages.push(message)
    message = steps.next(isRefused(message, messages.length) ? null : answerTo(message)).value
  }
  return messages
}

describe.each(versions)('OCPP %s', (version) => {
  test.each(['heartbeat', 'meter', 'long', 'day', 'idle', 'storm'] as const)('every message of %p is valid', (mix) => {
    const { steps, dialect } = script(mix, version)
    for (const { action, payload } of [dialect.boot, ...sent(steps, 5_000)])
      expect(checkRequest(version, action, JSON.parse(payload)), `${action} ${payload}`).toEqual([])
  })

  test('no message is sent twice, except heartbeats and authorisations', () => {
    const { steps } = script('day', version)
    const facts = sent(steps, 3_000).filter(({ action }) => !/Heartbeat|Authorize|Boot/.test(action))
    expect(new Set(facts.map(({ action, payload }) => action + payload)).size).toBe(facts.length)
  })

  test('a day has the proportions of messages of a fleet', () => {
    const { steps } = script('day', version)
    const count = (action: string): number => messages.filter((message) => message.action === action).length
    const messages = sent(steps, 20_000)
    expect(count('Heartbeat')).toBeGreaterThan(messages.length / 3)
    expect(count('StatusNotification') / count('Authorize')).toBeCloseTo(4, 0)
    expect(count('BootNotification')).toBeGreaterThan(0)
    expect(count('BootNotification')).toBeLessThan(count('Authorize') / 30)
  })

  test('most samples that travel with an end make a message that may cross to a worker, some a long one', () => {
    const ends = Array.from({ length: 8 }, (_, index) =>
      sent(script('long', version, index).steps, 20).find(({ action, payload }) => /Stop|Ended/.test(action + payload)),
    ).map((message) => message?.payload.length ?? 0)
    expect(ends.filter((characters) => characters > shortFrameCharactersMax)).toHaveLength(1)
    expect(ends.filter((characters) => characters > inlineCharactersMax)).toHaveLength(8)
  })

  test('what was sent can be reconstructed from the ledger', () => {
    const { steps, ledger, dialect } = script('day', version)
    const messages = sent(steps, 400).filter(({ action }) => !/Heartbeat|Authorize/.test(action))
    const again = sentMessages(ledger, dialect).map(({ message }) => message.action + message.payload)
    expect(messages.filter(({ action, payload }) => !again.includes(action + payload))).toEqual([])
  })
})

test('the ledger distinguishes what was acknowledged from what was refused or is outstanding', () => {
  const { steps, ledger, dialect } = script('meter', '1.6', 0)
  // A first transaction of one sample, then one of five: its second sample is refused, its fourth never answered.
  sent(steps, 3 + 1 + 3, ({ action }, nth) => action === 'MeterValues' && nth === 6)
  const [first, second] = ledger.chargings
  expect(first).toMatchObject({ samplesAcknowledged: 1, isStartAcknowledged: true, isEndAcknowledged: true })
  expect(second === undefined ? [] : samplesOf(second)).toEqual([
    { index: 0, isAcknowledged: true },
    { index: 1, isAcknowledged: false },
    { index: 2, isAcknowledged: true },
    { index: 3, isAcknowledged: false },
  ])
  expect(sentMessages(ledger, dialect).filter(({ isAcknowledged }) => isAcknowledged)).toHaveLength(6)
})

test('stations start their transactions out of step', () => {
  const lengths = [0, 1, 2].map((index) => {
    const { steps, ledger } = script('meter', '1.6', index)
    sent(steps, 20)
    return ledger.chargings[0]?.samplesSent
  })
  expect(lengths).toEqual([1, 2, 3])
})

test('a station whose boot is not accepted says why it gives up', () => {
  const { ledger, dialect } = script('idle', '1.6')
  const boot = booting({ dialect, ledger, nowMs })
  boot.next({})
  expect(boot.next({ status: 'Pending' })).toEqual({
    done: true,
    value: 'BootNotification was answered with status Pending',
  })
})
