// Frames made from every schema, through real WebSockets into a whole Stator: each gets exactly the expected answer, in
// the order in which they were sent, and Stator continues as before. STATOR_FUZZ_SEED repeats one round.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { collectedLog } from '../support/log-lines.ts'
import type { RawChargePoint } from '../support/raw-charge-point.ts'
import type { Random } from '../support/random.ts'
import { TestStator } from '../support/stator.ts'
import { until } from '../support/until.ts'
import { makeFrame, type MadeFrame, type Speaker } from './make/frames.ts'
import { answerProblem } from './make/oracle.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'
import { type OcppVersion, ocppVersions } from '../../src/ocpp/version.ts'

/** Charge points of each kind; together they send too many frames for the main thread, so that some go to a worker. */
const places = Array.from({ length: 20 }, (_, place) => place + 1)
const framesPerRound = 40
const roundsPerStation = 8
/**
 * How much memory may remain in use after all frames, in bytes: caches, pools, and the noise of a garbage collector.
 */
const heapGrowthBytesMax = 64 * 1_048_576

const { log, lines } = collectedLog('Warning')
let central: TestStator

beforeAll(async () => {
  central = await TestStator.start({ hooks: { log }, settings: { OCPP: { MessageLog: true } } })
  await central.addIdTag('USER123')
})

afterAll(() => central.stop())

interface Station extends Speaker {
  readonly identity: string
  readonly raw: RawChargePoint
  /** transactionIds that its StartTransactions were answered with. */
  readonly started: Set<unknown>
}

async function connect(version: OcppVersion, strictness: 'strict' | 'lenient', place: number): Promise<Station> {
  const identity = `FUZZ-${version}-${strictness}-${place}`
  const raw = await central.bootedRaw(identity, version, { strictness })
  return { identity, raw, version, strictness, started: new Set() }
}

/** Sends `text` and then a Heartbeat; returns what came back before the answer to the Heartbeat. */
async function answersOf({ raw }: Station, marker: string, texts: readonly string[]): Promise<(readonly unknown[])[]> {
  // Some stations send binary frames, which are read as text.
  for (const [at, text] of texts.entries()) raw.send(at % 16 === 0 ? new TextEncoder().encode(text) : text)
  raw.sendCall('Heartbeat', {}, marker)
  const end = await until(
    `the answers to ${texts.length} frames`,
    () => {
      if (raw.closing !== null) throw new Error(`the connection was closed: ${raw.closing.code} ${raw.closing.reason}`)
      const at = raw.inbox.findIndex(([, messageId]) => messageId === marker)
      return at < 0 ? null : at + 1
    },
    60_000,
  )
  return raw.inbox.splice(0, end).slice(0, -1)
}

async function round(station: Station, seed: number, random: Random): Promise<void> {
  const made = Array.from({ length: framesPerRound }, () => makeFrame(station, random))
  const answers = await answersOf(
    station,
    `marker ${seed}`,
    made.map(({ text }) => text),
  )
  for (const frame of made) {
    if (frame.isSend === true || frame.expected.kind === 'silence') continue
    const answer = answers.shift()
    const problem =
      answer === undefined ? 'it was not answered' : answerProblem(station.version, frame.expected, answer)
    if (problem !== null) throw new Error(`${problem}: ${caseText(station, frame, answer)}`)
    if (answer?.[0] === 3 && frame.expected.resultOf === 'StartTransaction') {
      station.started.add(Reflect.get(Object(answer[2]), 'transactionId'))
    }
  }
  expect(answers).toEqual([])
}

function caseText({ version, strictness }: Station, { what, text }: MadeFrame, answer: unknown): string {
  return JSON.stringify({ version, strictness, what, frame: text, answer })
}

function heapBytes(): number {
  Bun.gc(true)
  return process.memoryUsage().heapUsed
}

test(
  'every CALL of every station gets the one answer that it earns, in order, and nothing is left behind',
  async () => {
    const stations = await Promise.all(
      ocppVersions.flatMap((version) =>
        (['strict', 'lenient'] as const).flatMap((strictness) =>
          places.map((place) => connect(version, strictness, place)),
        ),
      ),
    )
    const counts = { frames: 0, failures: 0 }
    const seeds = seedsOf(roundsPerStation)
    const run = (some: readonly number[]): Promise<unknown> =>
      Promise.all(
        stations.map(async (station, place) => {
          for (const seed of some) {
            // Each station has random numbers of its own, unless a seed is given.
            const own = seeds.length === 1 ? seed : seed + place * 1_000
            await withSeed(own, (random) => round(station, own, random))
            counts.frames += framesPerRound
          }
        }),
      )
    try {
      const warmUp = Math.ceil(seeds.length / 5)
      await run(seeds.slice(0, warmUp))
      const heapBefore = heapBytes()
      await run(seeds.slice(warmUp))
      expect(heapBytes() - heapBefore).toBeLessThan(heapGrowthBytesMax)

      expect(lines).toEqual([])
      expect(await central.json('/health/ready')).toEqual({
        status: 'ready',
        checks: { database: 'ok', gateway: 'ok' },
      })
      for (const { identity, version, started } of stations) {
        expect(await central.json(`/api/chargepoints/${identity}/status`)).toMatchObject({ chargePointId: identity })
        if (version !== '1.6') continue
        const { totalCount } = await central.json(`/api/transactions?chargePointId=${identity}`)
        expect({ identity, totalCount }).toEqual({ identity, totalCount: started.size })
      }
    } catch (error) {
      counts.failures++
      throw error
    } finally {
      await reportCounts('fuzz-wire', counts)
    }
  },
  fuzzMsMax,
)
