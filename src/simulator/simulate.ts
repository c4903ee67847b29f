// `bun run simulate`: simulated charge points at a central system of any vendor, until Ctrl-C. Drivers come to them,
// and what happens is printed line by line. With `--case` one of them plays conformance cases instead, and ends.

import { createInterface } from 'node:readline/promises'
import { answerAtOnce, readFlags, UsageError, type Command, type Given } from '../base/command-line.ts'
import { systemClock } from '../base/clock.ts'
import { makeFilesPrivate } from '../base/private-folder.ts'
import { onSignals } from '../base/signals.ts'
import { ocppVersions } from '../ocpp/version.ts'
import { casesOf, type VersionCase } from './cases/all.ts'
import type { Asking } from './cases/operators.ts'
import { type CaseRun, playCases } from './cases/run.ts'
import { SimulatedChargePoint } from './charge-point.ts'
import { described } from './demo.ts'
import { drive } from './driver.ts'
import type { SimulatorOptions } from './options.ts'
import { refusalOf } from './refusal.ts'

const stationsMax = 10_000
const waitSecondsMax = 86_400
const passwordDefault = 'simulated-password'

const simulateCommand: Command = {
  name: 'bun run simulate',
  about: 'simulated charge points at a central system of any vendor, until Ctrl-C',
  flags: {
    url: { value: 'URL', about: 'without an identity at its end (ws://127.0.0.1:8080/ocpp)' },
    stations: { value: 'N', about: 'how many charge points (1)' },
    version: { value: 'VERSION', about: `OCPP ${ocppVersions.join(' or ')} (1.6); without a value: print the version` },
    identity: { value: 'NAME', about: 'identity; of several charge points what their numbers are put behind (SIM)' },
    password: { value: 'TEXT', about: 'for Basic authentication, the same for all (simulated-password)' },
    'api-key': { value: 'KEY', about: 'key of an operator of Stator: charge points that do not exist are created' },
    connectors: { value: 'N', about: 'of each charge point (1)' },
    'id-tag': { value: 'TEXT', about: 'what drivers show (USER123)' },
    quiet: { value: null, about: 'no drivers come, the charge points obey commands only' },
    case: { value: 'ID', about: 'play this conformance case instead: TC_E_31_CSMS (docs/conformance.md lists them)' },
    cases: { value: 'LIST', about: 'play all cases whose ids begin so, separated by commas: TC_B,TC_E; or: all' },
    wait: { value: 'SECONDS', about: 'how long a person has to have a CALL of a case sent (120)' },
  },
  operands: null,
}

/** What the command line asks for. */
export interface Simulation {
  readonly stations: readonly Pick<SimulatorOptions, 'url' | 'identity' | 'version' | 'password' | 'connectors'>[]
  /** Creates the charge points before they connect; null: they exist. */
  readonly apiKey: string | null
  /** Null: no drivers come. */
  readonly idTag: string | null
}

/**
 * The simulation of these arguments.
 *
 * @throws {UsageError} with one sentence.
 */
export function simulationOf(args: readonly string[]): Simulation {
  const { flags } = readFlags(args, simulateCommand)
  const url = urlOf(flags)
  const version = ocppVersions.find((known) => known === (flags.get('version') ?? '1.6'))
  if (version === undefined) {
    throw new UsageError(`--version is "${flags.get('version') ?? ''}": expected ${ocppVersions.join(' or ')}.`)
  }
  const count = wholeNumber(flags, 'stations', stationsMax)
  const connectors = wholeNumber(flags, 'connectors', 100)
  const name = flags.get('identity') ?? 'SIM'
  const password = flags.get('password') ?? passwordDefault
  const digits = String(count - 1).length
  return {
    stations: Array.from({ length: count }, (_, index) => {
      const identity = count === 1 ? name : `${name}${String(index).padStart(digits, '0')}`
      return { url, identity, version, password, connectors }
    }),
    apiKey: flags.get('api-key') ?? null,
    idTag: flags.has('quiet') ? null : (flags.get('id-tag') ?? 'USER123'),
  }
}

/**
 * The conformance cases of these arguments; null if they are about none.
 *
 * @throws {UsageError} with one sentence.
 */
export function caseRunOf(args: readonly string[]): CaseRun | null {
  const { flags } = readFlags(args, simulateCommand)
  if (!flags.has('case') && !flags.has('cases')) return null
  return {
    cases: chosenCases(flags),
    url: urlOf(flags),
    // Charge points that cases make at a Stator must not have a password that everyone knows.
    password: flags.get('password') ?? (flags.has('api-key') ? newPassword() : passwordDefault),
    identity: flags.get('identity') ?? null,
    idToken: flags.get('id-tag') ?? null,
    apiKey: flags.get('api-key') ?? null,
    callMsMax: 1_000 * wholeNumber(flags, 'wait', waitSecondsMax, '120'),
  }
}

function newPassword(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

/** Without a version, the cases of all of them; `--case` is the first of its name. */
function chosenCases(flags: Given['flags']): readonly VersionCase[] {
  const asked = flags.get('version')
  const versions = asked === undefined ? ocppVersions : ocppVersions.filter((version) => version === asked)
  if (versions.length === 0) throw new UsageError(`--version is "${asked}": expected ${ocppVersions.join(' or ')}.`)
  const known = casesOf(versions)
  const one = flags.get('case')
  const list = flags.get('cases')
  if (one !== undefined) {
    const found = known.find(({ id }) => id === one)
    if (found === undefined) throw new UsageError(`--case is "${one}": no such case (docs/conformance.md lists them).`)
    return [found]
  }
  const beginnings = (list ?? '').split(',').map((text) => text.trim())
  const isChosen = (id: string) => beginnings.some((beginning) => beginning !== '' && id.startsWith(beginning))
  const chosen = list === 'all' ? known : known.filter(({ id }) => isChosen(id))
  if (chosen.length === 0)
    throw new UsageError(`--cases is "${list}": no case begins so (docs/conformance.md lists them).`)
  return chosen
}

function urlOf(flags: Given['flags']): string {
  const url = (flags.get('url') ?? 'ws://127.0.0.1:8080/ocpp').replace(/\/$/, '')
  if (/^wss?:\/\//.test(url) && URL.canParse(url)) return url
  throw new UsageError(`--url is "${url}": expected a URL that begins with ws:// or wss://.`)
}

function wholeNumber(flags: Given['flags'], name: string, max: number, otherwise = '1'): number {
  const text = flags.get(name) ?? otherwise
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw new UsageError(`--${name} is "${text}": expected a whole number from 1 to ${max}.`)
}

/**
 * Switches the charge points on; the returned function switches them off.
 *
 * @param print is called with a line for every event worth showing.
 * @throws {UsageError} if charge points cannot be created.
 */
export async function simulate(
  { stations, apiKey, idTag }: Simulation,
  print: (line: string) => void,
): Promise<() => void> {
  if (apiKey !== null) for (const station of stations) await provision(station, apiKey)
  let isLetIn = false
  let isAsked = false
  /** Prints once why nobody is let in: it is mostly the same for all. */
  const explain = async (station: Simulation['stations'][number]): Promise<void> => {
    if (isLetIn || isAsked) return
    isAsked = true
    const refusal = await refusalOf(station)
    if (refusal !== null) print(`${station.identity}  is not let in: ${refusal}${adviceOn(refusal)}`)
  }
  const stops = stations.map((options) => {
    const observe: SimulatorOptions['observe'] = (observation) => {
      if (observation.kind === 'connected') isLetIn = true
      if (observation.kind === 'disconnected') void explain(options)
      const text = described(observation)
      if (text !== null) print(`${options.identity}  ${text}`)
    }
    const station = new SimulatedChargePoint({ ...options, observe })
    const stopDriving =
      idTag === null ? () => {} : drive(station, { clock: systemClock, random: Math.random, idTags: [idTag] })
    void station.start()
    return () => {
      stopDriving()
      station.stop()
    }
  })
  return () => {
    for (const stop of stops) stop()
  }
}

function adviceOn(refusal: string): string {
  return refusal.startsWith('404') ? ' (--api-key KEY creates charge points at a Stator)' : ''
}

async function provision({ url, identity, password }: Simulation['stations'][number], apiKey: string): Promise<void> {
  const { origin } = new URL(url.replace(/^ws/, 'http'))
  const answer = await fetch(`${origin}/api/chargepoints`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': apiKey },
    body: JSON.stringify({ chargePointId: identity, password }),
    tls: { rejectUnauthorized: false },
  }).catch((error: unknown) => {
    throw new UsageError(`${origin} does not answer (${error instanceof Error ? error.message : String(error)}).`)
  })
  if (answer.ok || answer.status === 409) return
  throw new UsageError(`Charge point ${identity} could not be created: ${answer.status} ${await answer.text()}`)
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  const answer = answerAtOnce(args, simulateCommand)
  if (answer !== null) return console.log(answer)
  makeFilesPrivate()
  const run = caseRunOf(args)
  if (run !== null) return playToEnd(run)
  const simulation = simulationOf(args)
  const stop = await simulate(simulation, (line) => console.log(`${new Date().toLocaleTimeString()}  ${line}`))
  onSignals({ stop: async () => stop(), reload: null, fail })
}

/** Plays the cases; the process ends with 1 if one of them failed, or none passed. */
async function playToEnd(run: CaseRun): Promise<void> {
  const print = (line: string): void => console.log(line)
  const { failed, passed } = await playCases(run, print, process.stdin.isTTY ? askAtTerminal() : null)
  process.exit(failed > 0 || passed === 0 ? 1 : 0)
}

function askAtTerminal(): Asking {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  return {
    ask: async (sentence) => void (await terminal.question(`${sentence} Press Enter when it is done. `)),
    request: async (sentence) => console.log(sentence),
  }
}

function fail(error: unknown): void {
  console.error(error instanceof UsageError ? error.message : error)
  process.exit(1)
}

if (import.meta.main) await main().catch(fail)
