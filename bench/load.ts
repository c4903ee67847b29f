// `bun bench load`: one mix against one central system.

import { UsageError } from '../src/base/command-line.ts'
import { otherCore, pinSelf } from './affinity.ts'
import { audit, databaseNow } from './audit/audit.ts'
import { type Findings, findingsSentence, isClean } from './audit/comparison.ts'
import { type LoadPlan, parseLoad } from './cli.ts'
import { Fleet, identityOf } from './generator/fleet.ts'
import type { Loop } from './generator/schedule.ts'
import { targetOf } from './generator/wire.ts'
import { type Measurement, measure, type Pids } from './measure.ts'
import { checkFiles, checkListening, checkPackages, refusalSentence } from './preflight.ts'
import { measurementLines, stormLines } from './report/measurement.ts'
import { provisionOverRest } from './servers/rest.ts'
import { startDatabase } from './servers/database.ts'
import { startFloorSubject, startSubject, type Subject } from './servers/start.ts'
import { storm, type StormResult } from './storm.ts'

const connectMsMax = 120_000
const answerMsMax = 30_000
/** How often a station of the `idle` mix sends a Heartbeat, without `--rate`. */
const idleHeartbeatSeconds = 300

export interface LoadResult {
  readonly measurement: Measurement | null
  readonly storm: StormResult | null
  /** Null if there is no database to audit. */
  readonly audit: Findings | null
}

export interface LoadOptions {
  readonly print: (line: string) => void
  /** Ends the load early, whatever it does; the results until then are reported and audited. */
  readonly signal?: AbortSignal
}

const nothing: LoadResult = { measurement: null, storm: null, audit: null }
const interruptedEarly = 'interrupted before a station connected: nothing was measured'

/**
 * Runs a plan from the command line and returns the results.
 *
 * @throws {UsageError} with one sentence, within seconds, when the stations of the plan cannot connect.
 */
export async function load(plan: LoadPlan, options: LoadOptions): Promise<LoadResult> {
  checkFiles(plan.stations)
  if (plan.url !== null) await checkListening(plan.url)
  else if (plan.start !== 'floor') checkPackages()
  try {
    return await loadServer(plan, options)
  } catch (error) {
    // Ctrl-C also ends what starts the servers. Its handler runs a turn of the event loop later than that is noticed.
    await new Promise((resolve) => setImmediate(resolve))
    if (options.signal?.aborted !== true) throw error
    options.print(interruptedEarly)
    return nothing
  }
}

async function loadServer(plan: LoadPlan, options: LoadOptions): Promise<LoadResult> {
  const identities = Array.from({ length: plan.stations }, (_, index) => identityOf(plan.identityPrefix, index))
  const postgres = plan.start === null || plan.start === 'floor' ? null : await startDatabase()
  let subject: Subject | null = null
  try {
    if (plan.start === 'floor') subject = await startFloorSubject()
    else if (plan.start !== null && postgres !== null)
      subject = await startSubject(plan.start, postgres, { identities, profileFolder: plan.profileFolder })
    const url = subject?.server.url ?? plan.url ?? ''
    if (plan.apiKey !== null) await provisionOverRest(url, plan.apiKey, identities, plan.password, options.signal)
    if (options.signal?.aborted === true) {
      options.print(interruptedEarly)
      return nothing
    }
    const fleet = new Fleet({
      target: targetOf(url),
      version: plan.version,
      stations: plan.stations,
      identityPrefix: plan.identityPrefix,
      password: plan.start === 'floor' ? null : plan.password,
      boots: plan.boots,
      answerMsMax,
    })
    try {
      return await run(fleet, plan, subject, options)
    } finally {
      fleet.close()
    }
  } finally {
    await subject?.stop()
    await postgres?.stop()
  }
}

async function run(
  fleet: Fleet,
  plan: LoadPlan,
  subject: Subject | null,
  { print, signal }: LoadOptions,
): Promise<LoadResult> {
  const databaseUrl = subject?.database?.url ?? plan.databaseUrl
  const since = databaseUrl === null ? null : await databaseNow(databaseUrl).catch(unreadable)
  const pids: Pids = {
    serverPid: subject?.server.pid ?? plan.serverPid,
    databasePid: subject?.database?.pid ?? plan.databasePid,
  }
  const signalled = signal === undefined ? {} : { signal }
  const deadlineMs = plan.rampMs + connectMsMax
  const connectedMs = await fleet.connect({ rampMs: plan.rampMs, deadlineMs, isImpatient: true, ...signalled })
  if (connectedMs === null) {
    const came = `${fleet.ready} of ${plan.stations} stations`
    const reasons = [...fleet.errors].map(([reason, count]) => `${count} × ${reason}`)
    if (signal?.aborted === true) {
      print(`interrupted when ${came} were connected: nothing was measured`)
      for (const reason of reasons) print(`  ${reason}`)
      return nothing
    }
    if (fleet.refusal !== null) throw new UsageError(refusalSentence(fleet.refusal, plan))
    throw new UsageError(`Only ${came} could connect and boot: ${reasons.join('; ')}.`)
  }
  print(`${plan.stations} stations connected${plan.boots ? ' and booted' : ''} in ${connectedMs.toFixed(0)} ms`)

  let measurement: Measurement | null = null
  let stormResult: StormResult | null = null
  if (plan.mix === 'storm') {
    stormResult = await storm(fleet, pids.serverPid, signal)
    stormLines(stormResult).forEach(print)
  } else {
    fleet.play(plan.mix, plan.samples)
    measurement = await measure(fleet, {
      ...pids,
      loop: loopOf(plan),
      warmUpMs: plan.warmUpMs,
      durationMs: plan.durationMs,
      ...signalled,
      onSlice: ({ atMs, messagesPerSecond, latencyMs }) =>
        print(
          `${(atMs / 1_000).toFixed(0).padStart(5)} s ${messagesPerSecond.toFixed(0).padStart(8)}/s` +
            `   p50 ${(latencyMs?.p50 ?? 0).toFixed(2).padStart(8)} ms` +
            `   p99 ${(latencyMs?.p99 ?? 0).toFixed(2).padStart(8)} ms`,
        ),
    })
    if (measurement.seconds > 0) measurementLines(measurement).forEach(print)
    else {
      print('interrupted in the warm-up: nothing was measured')
      measurement = null
    }
  }
  if (databaseUrl === null || since === null) return { measurement, storm: stormResult, audit: null }
  const findings = await audit(plan.start === 'peer' ? 'peer' : 'stator', databaseUrl, fleet, since)
  print(`${(isClean(findings) ? 'audit' : 'AUDIT FAILED').padEnd(14)} ${findingsSentence(findings)}`)
  for (const example of findings.examples) print(`  ${example}`)
  return { measurement, storm: stormResult, audit: findings }
}

function loopOf({ mix, loop, stations }: LoadPlan): Loop {
  const isIdle = mix === 'idle' && loop.kind === 'closed'
  return isIdle ? { kind: 'open', ratePerSecond: stations / idleHeartbeatSeconds } : loop
}

/** Whether everything was answered without an error and is in the database. */
export function isRight({ measurement, storm: stormResult, audit: findings }: LoadResult): boolean {
  const errors = { ...measurement?.errors, ...stormResult?.errors }
  return (
    Object.keys(errors).length === 0 &&
    measurement?.isSettled !== false &&
    (stormResult === null || stormResult.readyMs !== null) &&
    (findings === null || isClean(findings))
  )
}

function unreadable(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new UsageError(`The database at --database-url cannot be read (${reason}): expected that of Stator at --url.`)
}

/** Exit code after Ctrl-C. */
const exitInterrupted = 130

/** The command: returns the exit code. */
export async function loadCommand(args: readonly string[]): Promise<number> {
  const plan = parseLoad(args)
  pinSelf(otherCore)
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const result = await load(plan, { print: (line) => console.log(line), signal: interrupted.signal })
  if (plan.json !== null) await Bun.write(plan.json, `${JSON.stringify(result, null, 2)}\n`)
  if (interrupted.signal.aborted) return exitInterrupted
  return isRight(result) ? 0 : 1
}
