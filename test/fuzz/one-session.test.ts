// A session, reported in the many ways of charge points: messages in another order, repeated, in other spellings, over
// several connections. Stator stores one session, with the reported energy or null, never another figure. Two sessions
// in a row stay two.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Random } from '../support/random.ts'
import type { RawChargePoint } from '../support/raw-charge-point.ts'
import { TestStator } from '../support/stator.ts'
import {
  frameOf,
  type Json,
  merged,
  type Message,
  minuteMs,
  repeated,
  type Session,
  shuffled,
} from '../support/sessions.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'
import { session16 } from './make/session-16.ts'
import { session201 } from './make/session-201.ts'
import { untimedSession } from './make/untimed-session.ts'

type Version = '1.6' | '2.0.1'

const rounds = 2
const sessions = 20
const pairs = 12
const startMs = Date.UTC(2026, 0, 1)
/** Time between the beginnings of two independent sessions. */
const apartMs = 120 * minuteMs

let central: TestStator
const counts = { messages: 0, reconnects: 0 }
beforeAll(async () => {
  central = await TestStator.start()
})
afterAll(async () => {
  await reportCounts('one session', counts)
  await central.stop()
})

/** A message to be sent; that of a 1.6 session waits for the answer to its start. */
interface SentMessage {
  readonly session: Session
  /** The start, or the position among the messages after it. */
  readonly which: 'start' | number
}

/** A charge point that reports sessions, and sometimes reconnects in between. */
class Reporter {
  readonly #identity: string
  readonly #version: Version
  readonly #random: Random
  readonly #transactionIds = new Map<Session, number>()
  #station: RawChargePoint

  private constructor(identity: string, version: Version, random: Random, station: RawChargePoint) {
    this.#identity = identity
    this.#version = version
    this.#random = random
    this.#station = station
  }

  static async boot(identity: string, version: Version, random: Random): Promise<Reporter> {
    return new Reporter(identity, version, random, await central.bootedRaw(identity, version))
  }

  async send(order: readonly SentMessage[]): Promise<void> {
    for (const { session, which } of order) {
      if (this.#random.chance(0.02)) await this.#reconnect()
      const transactionId = this.#transactionIds.get(session) ?? 0
      const message = which === 'start' ? session.start : session.following(transactionId)[which]
      if (message === undefined) throw new RangeError(`A session has no message ${which}.`)
      const answer = await this.#send(message)
      if (this.#version !== '1.6' || which !== 'start') continue
      // A retransmitted start gets the first answer again.
      expect(answer.transactionId).toBe(this.#transactionIds.get(session) ?? answer.transactionId)
      this.#transactionIds.set(session, Number(answer.transactionId))
    }
  }

  close(): Promise<void> {
    return this.#station.close()
  }

  async #send(message: Message): Promise<Json> {
    counts.messages++
    const { id, text } = frameOf(this.#random, message)
    this.#station.send(text)
    const frame = await this.#station.answerTo(id)
    expect(frame[0], `the answer to ${text}`).toBe(3)
    return frame[2] as Json
  }

  async #reconnect(): Promise<void> {
    counts.reconnects++
    await this.#station.close()
    this.#station = await central.raw(this.#identity, { subprotocols: [`ocpp${this.#version}`] })
  }
}

/**
 * The messages after the start, in an order in which an odd charge point may deliver them, some of them more than once.
 */
function rest(random: Random, session: Session): SentMessage[] {
  const messages = session.following(0).map((_, which): SentMessage => ({ session, which }))
  const again = repeated(random, messages)
  return random.chance(0.7) ? shuffled(random, again) : again
}

/** All of a session. A 1.6 charge point knows its transaction only once the start has been answered. */
function delivered(random: Random, version: Version, session: Session): SentMessage[] {
  const start: SentMessage = { session, which: 'start' }
  const starts = repeated(random, [start])
  if (version === '1.6') return [start, ...merged(random, starts.slice(1), rest(random, session))]
  return merged(random, starts, rest(random, session))
}

function makeSession(random: Random, version: Version, name: string, beginMs: number, startWh: number): Session {
  return version === '1.6' ? session16(random, 1, beginMs, startWh) : session201(random, name, beginMs, startWh)
}

/** The transactions of a charge point, the newest first, and the registers listed with each. */
async function seen(identity: string): Promise<Json[]> {
  const { transactions } = await central.json(`/api/transactions?chargePointId=${identity}&pageSize=100`)
  return transactions as Json[]
}

async function listedWh({ transactionId }: Json): Promise<number[]> {
  const { meterValues } = await central.json(`/api/transactions/${String(transactionId)}/meter-values?pageSize=500`)
  return (meterValues as Json[]).flatMap(({ energyWh }) => (typeof energyWh === 'number' ? [energyWh] : []))
}

async function expectTruth(item: Json = {}, session: Session): Promise<void> {
  const { energyConsumed, energySource } = item
  expect(item).toMatchObject(session.truth)
  expect<readonly unknown[]>(session.energies).toContainEqual({ energyConsumed, energySource })
  const strangers = (await listedWh(item)).filter((wh) => !session.reportedWh.has(wh))
  expect(strangers, 'registers of another session').toEqual([])
}

describe.each(['1.6', '2.0.1'] as const)('whatever order and words a %s charge point reports it in,', (version) => {
  const name = version.replaceAll('.', '')

  test(
    'a session is the same session',
    async () => {
      for (const seed of seedsOf(rounds)) {
        await withSeed(seed, async (random) => {
          const identity = `SESSION${name}-${seed}`
          const reporter = await Reporter.boot(identity, version, random)
          for (let number = 0; number < sessions; number++) {
            const startWh = random.between(0, 5_000_000)
            const session = makeSession(random, version, `S-${number}`, startMs + number * apartMs, startWh)
            await reporter.send(delivered(random, version, session))
            const transactions = await seen(identity)
            expect(transactions).toHaveLength(number + 1)
            await expectTruth(transactions[0], session)
          }
          await reporter.close()
        })
      }
    },
    fuzzMsMax,
  )

  test(
    'two sessions in a row stay two, and each keeps its own energy',
    async () => {
      for (const seed of seedsOf(rounds)) {
        await withSeed(seed, async (random) => {
          const identity = `PAIR${name}-${seed}`
          const reporter = await Reporter.boot(identity, version, random)
          for (let number = 0; number < pairs; number++) {
            const beginMs = startMs + number * apartMs
            const first = makeSession(random, version, `S-${number}`, beginMs, random.between(0, 5_000_000))
            const isIdUsedAgain = version !== '1.6' && random.chance(0.4)
            const [secondMs, secondWh] = [first.stopAtMs + minuteMs, first.stopWh + random.pick([0, 1, 2_000])]
            const secondName = isIdUsedAgain ? `S-${number}` : `T-${number}`
            const second = makeSession(random, version, secondName, secondMs, secondWh)
            await reporter.send(
              isIdUsedAgain ? oneAfterTheOther(random, first, second) : inARow(random, version, first, second),
            )
            const transactions = await seen(identity)
            expect(transactions).toHaveLength(2 * (number + 1))
            const byStart = transactions.toSorted((a, b) => String(b.startTime).localeCompare(String(a.startTime)))
            await expectTruth(byStart[0], second)
            await expectTruth(byStart[1], first)
          }
          await reporter.close()
        })
      }
    },
    fuzzMsMax,
  )

  test(
    'a session without usable times is one session, and another one when it is reported again after its end',
    async () => {
      for (const seed of seedsOf(rounds)) {
        await withSeed(seed, async (random) => {
          const identity = `UNTIMED${name}-${seed}`
          const reporter = await Reporter.boot(identity, version, random)
          let transactionCount = 0
          for (let number = 0; number < sessions; number++) {
            const startWh = random.pick([0, random.between(0, 5_000_000)])
            const session = untimedSession(random, version, `S-${number}`, startWh)
            // Charge points that count each session from 0, and reuse ids, may send exactly the same again.
            for (const each of [session, ...(random.chance(0.4) ? [{ ...session }] : [])]) {
              await reporter.send(repeated(random, inOrder(each)))
              const transactions = await seen(identity)
              expect(transactions).toHaveLength(++transactionCount)
              await expectTruth(transactions[0], each)
              const listed = await listedWh(transactions[0] ?? {})
              expect(listed.toSorted(), 'registers that are listed').toEqual([...each.reportedWh].toSorted())
            }
          }
          await reporter.close()
        })
      }
    },
    fuzzMsMax,
  )
})

function inOrder(session: Session): SentMessage[] {
  return [{ session, which: 'start' }, ...session.following(0).map((_, which): SentMessage => ({ session, which }))]
}

/** Messages of both sessions, mixed; a 1.6 charge point has reported the first start before the second. */
function inARow(random: Random, version: Version, first: Session, second: Session): SentMessage[] {
  const [one, other] = [delivered(random, version, first), delivered(random, version, second)]
  const [start, ...more] = one
  return start !== undefined && version === '1.6' ? [start, ...merged(random, more, other)] : merged(random, one, other)
}

/**
 * A charge point that reuses an id has reported the start and the end of its first use; the values between may come
 * later.
 */
function oneAfterTheOther(random: Random, first: Session, second: Session): SentMessage[] {
  const firstOnes = delivered(random, '2.0.1', first)
  const last = first.following(0).length - 1
  const [start, stop]: SentMessage[] = [
    { session: first, which: 'start' },
    { session: first, which: last },
  ]
  const begun: SentMessage = { session: second, which: 'start' }
  const ends = start === undefined || stop === undefined ? [] : shuffled(random, [start, stop])
  return [...ends, ...merged(random, firstOnes, [begun, ...rest(random, second)])]
}
