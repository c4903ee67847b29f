// One 2.x session, told in as many ways as charge points tell it: events and samples in another order, more than once, in other
// words. What Stator makes of it is the session itself, whatever was left out, or null: never another figure.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Random } from '../support/random.ts'
import type { RawChargePoint } from '../support/raw-charge-point.ts'
import { TestStator } from '../support/stator.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'

type Json = Record<string, unknown>

interface Message {
  readonly action: 'TransactionEvent' | 'MeterValues'
  readonly payload: Json
}

interface Session {
  readonly stationId: string
  /** In the order in which it happened. */
  readonly events: readonly Message[]
  /** What the operator is to see. */
  readonly truth: Json
}

const sessions = 25
const minuteMs = 60_000

let central: TestStator
beforeAll(async () => {
  central = await TestStator.start()
})
afterAll(() => central.stop())

function timeText(random: Random, atMs: number): string {
  const utc = new Date(atMs).toISOString()
  const later = new Date(atMs + 120 * minuteMs).toISOString()
  return random.pick([utc, utc.replace('.000Z', 'Z'), later.replace('Z', '+02:00'), utc.replace('T', ' ')])
}

/** The register, in Wh or in kWh, as a number or as a text, alone or among others. */
function sampleOf(random: Random, wh: number, context?: string): Json[] {
  const inKwh = random.chance(0.3)
  const value = inKwh ? wh / 1_000 : wh
  const register = {
    value: random.chance(0.2) ? String(value) : value,
    measurand: 'Energy.Active.Import.Register',
    unitOfMeasure: { unit: inKwh ? random.pick(['kWh', 'KWH']) : 'Wh' },
    ...(context === undefined ? {} : { context }),
  }
  const others = [
    { value: 7_400, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
    { value: 231, measurand: 'Voltage', phase: 'L1', unitOfMeasure: { unit: 'V' } },
  ]
  return shuffled(random, [register, ...others.slice(random.below(3))])
}

/** A charge point that was online from the start to the end, and then some. */
function makeSession(random: Random, number: number, startMs: number): Session {
  const stationId = `S-${number}`
  const startWh = random.between(0, 5_000_000)
  const steps = random.between(1, 8)
  const endsWithoutRegister = random.chance(0.3)
  const idToken = { idToken: 'CARD-1', type: 'ISO14443' }
  const event = (eventType: string, seqNo: number, rest: Json): Message => ({
    action: 'TransactionEvent',
    payload: {
      eventType,
      seqNo,
      timestamp: timeText(random, startMs + seqNo * minuteMs),
      triggerReason: eventType === 'Updated' ? 'MeterValuePeriodic' : 'CablePluggedIn',
      evse: { id: 1, connectorId: 1 },
      transactionInfo: { transactionId: stationId },
      ...rest,
    },
  })
  const meterValue = (seqNo: number, sampledValue: Json[]) => ({
    timestamp: timeText(random, startMs + seqNo * minuteMs),
    sampledValue,
  })
  const begin = meterValue(0, sampleOf(random, startWh, 'Transaction.Begin'))
  const events = [event('Started', 0, { idToken, meterValue: [begin] })]
  let wh = startWh
  for (let seqNo = 1; seqNo <= steps; seqNo++) {
    wh += random.between(0, 900)
    events.push(event('Updated', seqNo, { meterValue: [meterValue(seqNo, sampleOf(random, wh, 'Sample.Periodic'))] }))
  }
  const stopSeqNo = steps + 1
  if (!endsWithoutRegister) wh += random.between(0, 900)
  const end = endsWithoutRegister
    ? {}
    : { meterValue: shuffled(random, [begin, meterValue(stopSeqNo, sampleOf(random, wh, 'Transaction.End'))]) }
  events.push(event('Ended', stopSeqNo, end))
  return {
    stationId,
    events,
    truth: {
      connectorId: 1,
      idTag: 'CARD-1',
      startTime: new Date(startMs).toISOString(),
      stopTime: new Date(startMs + stopSeqNo * minuteMs).toISOString(),
      meterStart: startWh,
      energyConsumed: (wh - startWh) / 1_000,
      energySource: endsWithoutRegister ? 'lastRegister' : 'register',
      energySoFar: null,
    },
  }
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items]
  const out: T[] = []
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1))
  return out
}

/** As a charge point sends it again: members in another order, with white space, as an event of the time offline. */
function told(random: Random, { action, payload }: Message): string {
  const members = shuffled(random, Object.entries(payload))
  if (action === 'TransactionEvent' && random.chance(0.3)) members.push(['offline', true])
  const frame = [2, crypto.randomUUID(), action, Object.fromEntries(members)]
  return JSON.stringify(frame, null, random.chance(0.2) ? 2 : 0)
}

/** The messages of a session, some more than once, in an order in which an odd charge point may deliver them. */
function delivered(random: Random, { events }: Session): Message[] {
  const repeated = events.flatMap((event) => Array.from({ length: random.chance(0.3) ? 2 : 1 }, () => event))
  return random.chance(0.7) ? shuffled(random, repeated) : repeated
}

async function send(station: RawChargePoint, text: string): Promise<void> {
  station.send(text)
  const frame = await station.answerTo(String((JSON.parse(text) as unknown[])[1]))
  expect(frame[0], `the answer to ${text}`).toBe(3)
}

test(
  'a session is the same session, in whatever order and words its charge point tells it',
  async () => {
    let messages = 0
    for (const seed of seedsOf(12)) {
      await withSeed(seed, async (random) => {
        const identity = `SESSION${seed}`
        const station = await central.bootedRaw(identity, '2.0.1')
        const startMs = Date.UTC(2026, 0, 1)
        for (let number = 0; number < sessions; number++) {
          const session = makeSession(random, number, startMs + number * 60 * minuteMs)
          for (const message of delivered(random, session)) {
            messages++
            await send(station, told(random, message))
          }
          const { transactions } = await central.json(`/api/transactions?chargePointId=${identity}&pageSize=100`)
          expect(transactions).toHaveLength(number + 1)
          const [newest] = transactions as Json[]
          expect(newest, `session ${session.stationId}`).toMatchObject(session.truth)
        }
        await station.close()
      })
    }
    await reportCounts('one session', { messages })
  },
  fuzzMsMax,
)
