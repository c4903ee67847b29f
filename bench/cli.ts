// Command line of `bun bench`: flags become one checked plan. An invalid flag is refused with its name, its value and
// what was expected.

import { type Command, type Flag, readFlags, UsageError } from '../src/base/command-line.ts'
import { type BenchVersion, dialects } from './generator/fleet.ts'
import { type MixName, mixNames } from './generator/mixes.ts'
import type { Loop } from './generator/schedule.ts'
import { partOfSize, type ReadsSize, type ReadsSizeName, readsSizes } from './reads/sizes.ts'
import { type Size, type SizeName, sizes } from './standard/sizes.ts'

export const startable = ['stator', 'floor', 'peer'] as const
export type Startable = (typeof startable)[number]

export interface LoadPlan {
  /** Where to connect; null when the bench starts the server itself. */
  readonly url: string | null
  readonly start: Startable | null
  readonly stations: number
  readonly loop: Loop
  readonly mix: MixName
  readonly version: BenchVersion
  readonly durationMs: number
  readonly warmUpMs: number
  readonly rampMs: number
  readonly samples: number
  readonly identityPrefix: string
  readonly password: string | null
  readonly apiKey: string | null
  readonly boots: boolean
  readonly serverPid: number | null
  readonly databasePid: number | null
  readonly databaseUrl: string | null
  readonly profileFolder: string | null
  readonly json: string | null
}

/** Every flag of `bun bench load`: what its value is called, and what it does. */
export const loadFlags = {
  url: { value: 'URL', about: 'ws:// or wss:// URL of a running CSMS, without the identity' },
  start: { value: startable.join('|'), about: 'start this server (and its database) for the run instead of --url' },
  stations: { value: 'N', about: 'charge points, one connection each (100)' },
  mix: { value: mixNames.join('|'), about: 'what they say (heartbeat)' },
  rate: { value: 'R', about: 'messages a second of all stations together, open loop; without it: closed loop' },
  duration: { value: 'TIME', about: 'how long to measure, such as 10s or 2m (10s)' },
  warmup: { value: 'TIME', about: 'how long to talk before that (2s)' },
  ramp: { value: 'TIME', about: 'time over which the stations connect (0s)' },
  samples: { value: 'N', about: 'meter samples of one transaction (60)' },
  ocpp: { value: Object.keys(dialects).join('|'), about: 'OCPP version (1.6)' },
  identity: { value: 'PREFIX', about: 'identities are this and six digits (BENCH)' },
  password: { value: 'TEXT', about: 'password of all stations for HTTP Basic (that of the bench)' },
  'no-password': { value: null, about: 'connect without credentials' },
  'no-boot': { value: null, about: 'send no BootNotification on a new connection' },
  'api-key': { value: 'KEY', about: "key of Stator's REST API: provisions the stations first" },
  pid: { value: 'PID', about: 'process of the server at --url, for its CPU and memory' },
  'database-pid': { value: 'PID', about: 'postmaster of that server, for its CPU' },
  'database-url': { value: 'URL', about: "Stator's PostgreSQL at --url: audits what was acknowledged against it" },
  profile: { value: 'FOLDER', about: 'with --start stator: write its CPU profile there' },
  json: { value: 'FILE', about: 'write the figures there' },
} as const satisfies Record<string, Flag>

type FlagName = keyof typeof loadFlags | keyof typeof standardFlags | keyof typeof readsFlags

const stationsMax = 100_000
const rateMax = 1_000_000
const timeMsMax = 86_400_000

/**
 * Reads the arguments after `load`.
 *
 * @throws {UsageError} naming the flag, its value and the valid values.
 */
export function parseLoad(args: readonly string[]): LoadPlan {
  const { flags } = readFlags(args, loadBench)
  const text = (name: FlagName): string | null => flags.get(name) ?? null
  const url = text('url')
  const start = oneOf(flags, 'start', startable)
  if (url === null && start === null)
    throw new UsageError('Give --url of a running CSMS, or --start of one that the bench knows.')
  if (url !== null && start !== null)
    throw new UsageError('Give either --url of a running CSMS or --start of one that the bench knows, not both.')
  if (url !== null && !/^wss?:\/\/[^/]+/.test(url))
    throw new UsageError(`--url is "${url}": expected a URL such as ws://127.0.0.1:8080/ocpp.`)
  const profileFolder = text('profile')
  if (profileFolder !== null && start !== 'stator')
    throw new UsageError(`--profile is "${profileFolder}": it needs --start stator.`)
  const rate = flags.has('rate') ? number(flags, 'rate', 0.001, rateMax) : null
  return {
    url,
    start,
    stations: whole(flags, 'stations', 100, 1, stationsMax),
    loop: rate === null ? { kind: 'closed' } : { kind: 'open', ratePerSecond: rate },
    mix: oneOf(flags, 'mix', mixNames) ?? 'heartbeat',
    version: oneOf(flags, 'ocpp', ['1.6', '2.0.1']) ?? '1.6',
    durationMs: time(flags, 'duration', 10_000),
    warmUpMs: time(flags, 'warmup', 2_000),
    rampMs: time(flags, 'ramp', 0),
    samples: whole(flags, 'samples', 60, 1, 100_000),
    identityPrefix: identityPrefix(text('identity') ?? 'BENCH'),
    password: flags.has('no-password') ? null : (text('password') ?? benchPasswordDefault),
    apiKey: text('api-key'),
    boots: !flags.has('no-boot') && start !== 'floor',
    serverPid: flags.has('pid') ? whole(flags, 'pid', 0, 1, 4_194_304) : null,
    databasePid: flags.has('database-pid') ? whole(flags, 'database-pid', 0, 1, 4_194_304) : null,
    databaseUrl: text('database-url'),
    profileFolder,
    json: text('json'),
  }
}

/** Default password of every bench station. */
export const benchPasswordDefault = 'bench-password-of-stations'

/** `bun bench load`. */
export const loadBench: Command = {
  name: 'bun bench load',
  about: 'puts a load on one central system and says what it took',
  flags: loadFlags,
  operands: null,
}

/** Every flag of `bun bench` itself. */
export const standardFlags = {
  size: { value: Object.keys(sizes).join('|'), about: 'how much of everything (standard)' },
  results: { value: 'FOLDER', about: 'where the files go (bench/results)' },
  readme: { value: null, about: 'write the figures of a complete run into README.md and bench/README.md' },
} as const satisfies Record<string, Flag>

/** `bun bench`. */
export const standardBench: Command = {
  name: 'bun bench',
  about: 'what a node carries and whether it loses anything, beside a bare server and a hand-written one',
  flags: standardFlags,
  operands: null,
}

/**
 * Reads the arguments of a standard run.
 *
 * @throws {UsageError} as `parseLoad`.
 */
export function parseStandard(
  args: readonly string[],
  resultsFolder: string,
): { readonly size: Size; readonly resultsFolder: string; readonly writesReadme: boolean } {
  const { flags } = readFlags(args, standardBench)
  const names = Object.keys(sizes).filter((name): name is SizeName => Object.hasOwn(sizes, name))
  const size = oneOf(flags, 'size', names) ?? 'standard'
  if (flags.has('readme') && size !== 'standard')
    throw new UsageError(`--readme goes with --size standard, not with --size ${size}.`)
  return {
    size: sizes[size],
    resultsFolder: flags.get('results') ?? resultsFolder,
    writesReadme: flags.has('readme'),
  }
}

/** Every flag of `bun bench reads`. */
export const readsFlags = {
  size: { value: Object.keys(readsSizes).join('|'), about: 'how much of everything (standard)' },
  transactions: { value: 'N', about: 'transactions of two years, in place of those of the size' },
  samples: { value: 'N', about: 'meter samples, spread evenly over the transactions' },
  'log-lines': { value: 'N', about: 'frames in the message log of seven days' },
  'charge-points': { value: 'N', about: 'charge points' },
  rate: { value: 'R', about: 'meter values that charge points send a second while lists are read; 0: none' },
  results: { value: 'FOLDER', about: 'where the file goes (bench/results)' },
} as const satisfies Record<string, Flag>

/** `bun bench reads`. */
export const readsBench: Command = {
  name: 'bun bench reads',
  about: 'how long every list of the API takes in a database that is years old, and in a tenth of it',
  flags: readsFlags,
  operands: null,
}

/** With fewer there are no rare facts in a tenth of the size. Transaction ids are of 31 bits. */
const transactionsMin = 1_000
const transactionsMax = 100_000_000
const samplesPerTransactionMax = 1_000
const logLinesMax = 1_000_000_000

/**
 * Reads the arguments after `reads`.
 *
 * @throws {UsageError} as `parseLoad`.
 */
export function parseReads(
  args: readonly string[],
  resultsFolder: string,
): { readonly size: ReadsSize; readonly resultsFolder: string } {
  const { flags } = readFlags(args, readsBench)
  const names = Object.keys(readsSizes).filter((name): name is ReadsSizeName => Object.hasOwn(readsSizes, name))
  const size: ReadsSize = readsSizes[oneOf(flags, 'size', names) ?? 'standard']
  const transactions = whole(flags, 'transactions', size.transactions, transactionsMin, transactionsMax)
  const samplesMax = transactions * samplesPerTransactionMax
  return {
    size: {
      ...size,
      transactions,
      samples: whole(flags, 'samples', Math.max(size.samples, transactions), transactions, samplesMax),
      logLines: whole(flags, 'log-lines', size.logLines, 10 * partOfSize, logLinesMax),
      chargePoints: whole(flags, 'charge-points', size.chargePoints, partOfSize, stationsMax),
      ratePerSecond: flags.has('rate') ? number(flags, 'rate', 0, rateMax) : size.ratePerSecond,
    },
    resultsFolder: flags.get('results') ?? resultsFolder,
  }
}

function oneOf<const T extends string>(
  flags: ReadonlyMap<string, string>,
  name: FlagName,
  allowed: readonly T[],
): T | null {
  const value = flags.get(name)
  if (value === undefined) return null
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw new UsageError(`--${name} is "${value}": expected one of ${allowed.join(', ')}.`)
  return found
}

function number(flags: ReadonlyMap<string, string>, name: FlagName, min: number, max: number): number {
  const value = flags.get(name) ?? ''
  const parsed = value.trim() === '' ? Number.NaN : Number(value)
  if (Number.isFinite(parsed) && parsed >= min && parsed <= max) return parsed
  throw new UsageError(`--${name} is "${value}": expected a number from ${min} to ${max}.`)
}

function whole(
  flags: ReadonlyMap<string, string>,
  name: FlagName,
  byDefault: number,
  min: number,
  max: number,
): number {
  if (!flags.has(name)) return byDefault
  const value = flags.get(name) ?? ''
  const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (parsed >= min && parsed <= max) return parsed
  throw new UsageError(`--${name} is "${value}": expected a whole number from ${min} to ${max}.`)
}

/** Milliseconds of a time such as `500ms`, `10s`, `2m`; a bare number is seconds. */
function time(flags: ReadonlyMap<string, string>, name: FlagName, byDefaultMs: number): number {
  const value = flags.get(name)
  if (value === undefined) return byDefaultMs
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value)
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'] ?? Number.NaN
  const ms = Number(match?.[1]) * unitMs
  if (ms >= 0 && ms <= timeMsMax) return ms
  throw new UsageError(`--${name} is "${value}": expected a time of at most 24h, such as 500ms, 10s or 2m.`)
}

function identityPrefix(value: string): string {
  if (/^[A-Za-z0-9._-]{1,30}$/.test(value)) return value
  throw new UsageError(`--identity is "${value}": expected 1 to 30 letters, digits, dots, dashes or underscores.`)
}
