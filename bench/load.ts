// `bun bench load`: one mix against one central system.

import { otherCore, pinSelf } from './affinity.ts'
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

/** Runs a plan from the command line; the figures it found. */
export async function load(plan: LoadPlan): Promise<Measurement> {
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

async function run(fleet: Fleet, plan: LoadPlan, subject: Subject | null): Promise<Measurement> {
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
  return measurement
}

/** The command: returns the exit code. */
export async function loadCommand(args: readonly string[]): Promise<number> {
  const plan = parseLoad(args)
  const measurement = await load(plan)
  if (plan.json !== null) await Bun.write(plan.json, `${JSON.stringify(measurement, null, 2)}\n`)
  return Object.keys(measurement.errors).length > 0 || !measurement.isSettled ? 1 : 0
}
