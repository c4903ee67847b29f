// `bun bench load`: one mix against one central system.

import { otherCore, pinSelf } from './affinity.ts'
import { audit, databaseNow } from './audit/audit.ts'
import { type Findings, findingsSentence, isClean } from './audit/comparison.ts'
import { type LoadPlan, parseLoad, UsageError } from './cli.ts'
import { Fleet, identityOf } from './generator/fleet.ts'
import type { Loop } from './generator/schedule.ts'
import { targetOf } from './generator/wire.ts'
import { type Measurement, measure, type Pids } from './measure.ts'
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
  /** Ends the measurement early; the results until then are reported and audited. */
  readonly signal?: AbortSignal
}

/** Runs a plan from the command line and returns the results. */
export async function load(plan: LoadPlan, options: LoadOptions): Promise<LoadResult> {
  const identities = Array.from({ length: plan.stations }, (_, index) => identityOf(plan.identityPrefix, index))
  const postgres = plan.start === null || plan.start === 'floor' ? null : await startDatabase()
  let subject: Subject | null = null
  try {
    if (plan.start === 'floor') subject = await startFloorSubject()
    else if (plan.start !== null && postgres !== null)
      subject = await startSubject(plan.start, postgres, { identities, profileFolder: plan.profileFolder })
    const url = subject?.server.url ?? plan.url ?? ''
    if (plan.apiKey !== null) await provisionOverRest(url, plan.apiKey, identities, plan.password)
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
  const since = databaseUrl === null ? null : await databaseNow(databaseUrl)
  const pids: Pids = {
    serverPid: subject?.server.pid ?? plan.serverPid,
    databasePid: subject?.database?.pid ?? plan.databasePid,
  }
  const connectedMs = await fleet.connect({ rampMs: plan.rampMs, deadlineMs: plan.rampMs + connectMsMax })
  if (connectedMs === null) {
    const reasons = [...fleet.errors].map(([reason, count]) => `${count} × ${reason}`).join('\n  ')
    throw new UsageError(`Only ${fleet.ready} of ${plan.stations} stations could connect and boot:\n  ${reasons}`)
  }
  print(`${plan.stations} stations connected${plan.boots ? ' and booted' : ''} in ${connectedMs.toFixed(0)} ms`)

  let measurement: Measurement | null = null
  let stormResult: StormResult | null = null
  if (plan.mix === 'storm') {
    stormResult = await storm(fleet, pids.serverPid)
    stormLines(stormResult).forEach(print)
  } else {
    fleet.play(plan.mix, plan.samples)
    measurement = await measure(fleet, {
      ...pids,
      loop: loopOf(plan),
      warmUpMs: plan.warmUpMs,
      durationMs: plan.durationMs,
      ...(signal === undefined ? {} : { signal }),
      onSlice: ({ atMs, messagesPerSecond, latencyMs }) =>
        print(
          `${(atMs / 1_000).toFixed(0).padStart(5)} s ${messagesPerSecond.toFixed(0).padStart(8)}/s` +
            `   p50 ${(latencyMs?.p50 ?? 0).toFixed(2).padStart(8)} ms` +
            `   p99 ${(latencyMs?.p99 ?? 0).toFixed(2).padStart(8)} ms`,
        ),
    })
    measurementLines(measurement).forEach(print)
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

/** The command: returns the exit code. */
export async function loadCommand(args: readonly string[]): Promise<number> {
  const plan = parseLoad(args)
  pinSelf(otherCore)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  const result = await load(plan, { print: (line) => console.log(line), signal: interrupted.signal })
  if (plan.json !== null) await Bun.write(plan.json, `${JSON.stringify(result, null, 2)}\n`)
  return isRight(result) ? 0 : 1
}
