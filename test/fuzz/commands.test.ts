// Charge points that answer the CALLs of the central system with random answers: the REST request behind the CALL gets
// the right error, never a 500, and the next command works. STATOR_FUZZ_SEED repeats one round.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { MessageRow } from '../../src/blocks/message-row.ts'
import { tables } from '../../src/blocks/messages.ts'
import { answerAll } from '../support/answering.ts'
import { collectedLog } from '../support/log-lines.ts'
import type { Random } from '../support/random.ts'
import { adminApiKey, TestStator } from '../support/stator.ts'
import { makeAnswer, type MadeAnswer, type Outcome } from './make/answers.ts'
import { Contract, type Answered, type Operation } from './make/contract.ts'
import type { Speaker } from './make/frames.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'
import { validPayload } from './make/values.ts'
import { ocppVersions } from '../../src/ocpp/version.ts'

const rounds = 15
const commandsPerRound = 20
/** How long a CALL waits that stays unanswered on purpose, in seconds. */
const shortWait = 0.05

const { log, lines } = collectedLog('Warning')
let central: TestStator
let contract: Contract

beforeAll(async () => {
  central = await TestStator.start({ hooks: { log }, settings: { OCPP: { CallTimeout: 30 } } })
  contract = new Contract(await central.json('/openapi.json'))
})

afterAll(() => central.stop())

interface Station extends Speaker {
  readonly identity: string
  readonly commands: readonly (readonly [action: string, row: MessageRow])[]
  answer: MadeAnswer
}

async function connect({ version, strictness }: Speaker, place: number): Promise<Station> {
  const identity = `FUZZ-${version}-${strictness}-${place}`
  const raw = await central.bootedRaw(identity, version, { strictness })
  const commands = Object.entries(tables[version]).filter(([, { direction }]) => direction !== 'fromChargePoint')
  const answer: MadeAnswer = { what: 'nothing', frames: () => [], outcome: 'late' }
  const station: Station = { identity, version, strictness, commands, answer }
  answerAll(raw, ({ messageId }) => station.answer.frames(messageId))
  return station
}

const statuses: Readonly<Record<Outcome, number>> = {
  taken: 200,
  noted: 200,
  invalid: 502,
  unreadable: 502,
  refused: 502,
  late: 504,
}

/** A password that is set must have 8 characters, which no schema says. */
function withoutPassword(payload: unknown): unknown {
  const text = JSON.stringify(payload, (key, value: unknown) => (key === 'basicAuthPassword' ? undefined : value))
  return JSON.parse(text)
}

async function command(station: Station, random: Random): Promise<void> {
  const [action, row] = random.pick(station.commands)
  if (row.response === null) throw new Error(`${action} has no response`)
  const path = '/api/chargepoints/{chargePointId}/calls'
  station.answer = makeAnswer(row.response, station, random, true)
  const { outcome } = station.answer
  const payload = withoutPassword(validPayload(row.request, random))
  const body = { action, payload, timeout: outcome === 'late' ? shortWait : 30 }
  const answered = await post(station, path, body)
  const problem = problemOf(path, answered) ?? callProblem(answered, outcome)
  if (problem !== null) fail(station, problem, body, answered)
}

// The commands with endpoints of their own: their CALLs are fixed, so that only the answer is random.
const endpoints = {
  '/api/chargepoints/{chargePointId}/reset': { body: { type: 'Soft' }, action16: 'Reset', action201: 'Reset' },
  '/api/chargepoints/{chargePointId}/start-transaction': {
    body: { connectorId: 1, idTag: 'USER123' },
    action16: 'RemoteStartTransaction',
    action201: 'RequestStartTransaction',
  },
  '/api/chargepoints/{chargePointId}/update-firmware': {
    body: { location: 'https://example.com/f.bin', retrieveDate: '2026-01-31T12:00:00Z' },
    action16: 'UpdateFirmware',
    action201: 'UpdateFirmware',
  },
  '/api/chargepoints/{chargePointId}/configuration': {
    body: { key: 'HeartbeatInterval', value: '300' },
    action16: 'ChangeConfiguration',
    action201: 'SetVariables',
  },
} as const

async function endpoint(station: Station, random: Random): Promise<void> {
  const path = random.pick(Object.keys(endpoints).filter((name): name is keyof typeof endpoints => name in endpoints))
  const { body, action16, action201 } = endpoints[path]
  const response = tables[station.version][station.version === '1.6' ? action16 : action201]?.response
  if (response === null || response === undefined) throw new Error(`${path} sends a CALL that has no response`)
  // These wait as long as the setting says, so each needs a readable answer.
  do station.answer = makeAnswer(response, station, random, false)
  while (station.answer.outcome === 'late')
  const answered = await post(station, path, body)
  const { outcome } = station.answer
  const isRight =
    answered.status === statuses[outcome] || (['taken', 'noted'].includes(outcome) && answered.status === 502)
  const problem = problemOf(path, answered) ?? (isRight ? null : `the status is not ${statuses[outcome]}`)
  if (problem !== null) fail(station, problem, body, answered)
}

async function post({ identity }: Station, path: string, body: unknown): Promise<Answered> {
  const response = await fetch(`${central.url}${path.replace('{chargePointId}', identity)}`, {
    method: 'POST',
    headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function problemOf(path: string, answered: Answered): string | null {
  const operation = contract.operations.find((one: Operation) => one.path === path && one.method === 'POST')
  return operation === undefined ? `the document has no ${path}` : contract.problem(operation, answered)
}

function callProblem({ status, text }: Answered, outcome: Outcome): string | null {
  if (status !== statuses[outcome]) return `the status is not ${statuses[outcome]}`
  const { notes, details }: { notes?: unknown[]; details?: Record<string, unknown> } = JSON.parse(text)
  if (outcome === 'taken') return notes === undefined ? null : 'a valid answer has notes'
  if (outcome === 'noted') return notes === undefined ? 'an invalid answer has no notes' : null
  if (outcome === 'invalid') return details?.['problems'] === undefined ? 'the error names no problems' : null
  if (outcome === 'unreadable') return details?.['problem'] === undefined ? 'the error does not say why' : null
  if (outcome === 'refused') return details?.['code'] === undefined ? 'the error does not contain the CALLERROR' : null
  return null
}

function fail(
  { version, strictness, answer }: Station,
  problem: string,
  body: unknown,
  { status, text }: Answered,
): never {
  throw new Error(`${problem}: ${JSON.stringify({ version, strictness, body, answer: answer.what, status, text })}`)
}

test(
  'whatever a charge point answers, the command behind it ends in the right way',
  async () => {
    const counts = { commands: 0, failures: 0 }
    const speakers: readonly Speaker[] = ocppVersions.flatMap((version) =>
      (['strict', 'lenient'] as const).map((strictness) => ({ version, strictness })),
    )
    const stations = await Promise.all([1, 2].flatMap((place) => speakers.map((speaker) => connect(speaker, place))))
    const seeds = seedsOf(rounds)
    try {
      await Promise.all(
        stations.map(async (station, place) => {
          for (const seed of seeds) {
            const own = seeds.length === 1 ? seed : seed + place * 1_000
            await withSeed(own, async (random) => {
              for (let sent = 0; sent < commandsPerRound; sent++) {
                await (random.once(4) ? endpoint(station, random) : command(station, random))
                counts.commands++
              }
            })
          }
        }),
      )
      expect(lines).toEqual([])
      expect(await central.json('/health/ready')).toMatchObject({ status: 'ready' })
    } catch (error) {
      counts.failures++
      throw error
    } finally {
      await reportCounts('fuzz-commands', counts)
    }
  },
  fuzzMsMax,
)
