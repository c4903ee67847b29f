// `bun bench load`: one mix against one central system.

import { otherCore, pinSelf } from './affinity.ts'
import { audit, databaseNow } from './audit/audit.ts'
import { type Findings, findingsSentence, isClean } from './audit/comparison.ts'
import { type LoadPlan, parseLoad, UsageError } from './cli.ts'
import { Fleet, identityOf } from './generator/fleet.ts'
import { targetOf } from './generator/wire.ts'
import { type Measurement, measure } from './measure.ts'
import { printMeasurement } from './report/measurement.ts'
import { provisionOverRest } from './servers/rest.ts'
import { startSubject, type Subject } from './servers/start.ts'

/** Handshakes and boots that a load has under way at once. */
const connectingMax = 256
const connectMsMax = 120_000
const answerMsMax = 30_000

export interface LoadResult {
  readonly measurement: Measurement
  /** Null where there is no database to look into. */
  readonly audit: Findings | null
}

/** Runs a plan from the command line; the figures it found. */
export async function load(plan: LoadPlan): Promise<LoadResult> {
  pinSelf(otherCore)
  const identities = Array.from({ length: plan.stations }, (_, index) => identityOf(plan.identityPrefix, index))
  const subject: Subject | null =
    plan.start === null ? null : await startSubject(plan.start, { identities, profileFolder: plan.profileFolder })
  try {
    const url = subject?.server.url ?? plan.url ?? ''
    if (plan.apiKey !== null) await provisionOverRest(url, plan.apiKey, identities, plan.password)
    const fleet = new Fleet({
      target: targetOf(url),
      version: plan.version,
      stations: plan.stations,
      identityPrefix: plan.identityPrefix,
      password: plan.start === 'floor' ? null : plan.password,
      boots: plan.boots,
      connectingMax,
      answerMsMax,
    })
    try {
      return await run(fleet, plan, subject)
    } finally {
      fleet.close()
    }
  } finally {
    await subject?.stop()
  }
}

async function run(fleet: Fleet, plan: LoadPlan, subject: Subject | null): Promise<LoadResult> {
  const databaseUrl = subject?.database?.url ?? plan.databaseUrl
  const since = databaseUrl === null ? null : await databaseNow(databaseUrl)
  const connectedMs = await fleet.connect(plan.rampMs, plan.rampMs + connectMsMax)
  if (connectedMs === null) {
    const reasons = [...fleet.errors].map(([reason, count]) => `${count} × ${reason}`).join('\n  ')
    throw new UsageError(`${fleet.ready} of ${plan.stations} stations are connected and booted:\n  ${reasons}`)
  }
  console.log(`${plan.stations} stations connected${plan.boots ? ' and booted' : ''} in ${connectedMs.toFixed(0)} ms`)
  const measurement = await measure(fleet, {
    ...plan,
    serverPid: subject?.server.pid ?? plan.serverPid,
    databasePid: subject?.database?.pid ?? plan.databasePid,
    onSlice: ({ atMs, messagesPerSecond, latencyMs }) =>
      console.log(
        `${(atMs / 1_000).toFixed(0).padStart(5)} s ${messagesPerSecond.toFixed(0).padStart(8)}/s` +
          `   p50 ${(latencyMs?.p50 ?? 0).toFixed(2).padStart(8)} ms   p99 ${(latencyMs?.p99 ?? 0).toFixed(2).padStart(8)} ms`,
      ),
  })
  printMeasurement(measurement)
  const findings =
    databaseUrl === null || since === null
      ? null
      : await audit(plan.start === 'peer' ? 'peer' : 'stator', databaseUrl, fleet, since)
  if (findings !== null) {
    console.log(`${isClean(findings) ? 'audit' : 'AUDIT FAILED'}          ${findingsSentence(findings)}`)
    for (const example of findings.examples) console.log(`  ${example}`)
  }
  return { measurement, audit: findings }
}

/** The command: returns the exit code. */
export async function loadCommand(args: readonly string[]): Promise<number> {
  const plan = parseLoad(args)
  const result = await load(plan)
  if (plan.json !== null) await Bun.write(plan.json, `${JSON.stringify(result, null, 2)}\n`)
  const { measurement, audit: findings } = result
  const isRight = measurement.isSettled && Object.keys(measurement.errors).length === 0
  return isRight && (findings === null || isClean(findings)) ? 0 : 1
}
