// Compares the floor, the peer and Stator under the same load, one after the other and in rounds, so that other
// activity of the machine affects all of them.

import { serverCore } from '../affinity.ts'
import { audit, type Audited, databaseNow } from '../audit/audit.ts'
import type { Fleet } from '../generator/fleet.ts'
import type { MixName } from '../generator/mixes.ts'
import type { Loop } from '../generator/schedule.ts'
import { type Measurement, measure } from '../measure.ts'
import { tidyDatabase } from '../servers/database.ts'
import { startFloorSubject, startSubject, type Subject } from '../servers/start.ts'
import { bareCommits } from './bare-commit.ts'
import { batchSizes } from './batches.ts'
import { connectedFleet, type Context, identitiesOf } from './context.ts'
import { median, type Rounds, type ServerName, sideLabels, type SideName } from './results.ts'
import { metersPerSecond } from './verdicts.ts'

const prefix = 'BENCH'
const prefix201 = 'BENCH201'
const sliceMs = 250

/** Roughly how long it takes, in seconds. */
export function throughputSeconds({ rounds, ...size }: Context['size']): number {
  const warmUps = [size.heartbeatWarmUpMs, size.meterWarmUpMs].flatMap((ms) => Object.values(ms))
  const alike = size.heartbeatWarmUpMs.stator + 2 * size.meterWarmUpMs.stator + 2 * size.othersWarmUpMs
  const closed = warmUps.reduce((sum, ms) => sum + ms, alike) + 10 * rounds * (size.warmUpMs + size.durationMs)
  const open = 2 * rounds * (size.warmUpMs + size.halfMs)
  const others = size.othersWarmUpMs + size.warmUpMs + size.durationMs
  return 40 + (closed + open + others) / 1_000
}

interface Side {
  readonly name: SideName
  readonly subject: Subject
  readonly fleet: Fleet
}

/** Those that are Stator, each with a database and an audit. */
const statorSides = ['stator', 'stator201', 'statorNoLog', 'statorUnpinned'] as const satisfies readonly SideName[]

/** The side whose warm-up a side needs; 2.0.1 uses a server that is warm already. */
function warmUpMsOf(name: SideName, ms: Readonly<Record<ServerName, number>>, othersMs: number): number {
  if (name === 'stator201') return othersMs
  return name === 'floor' || name === 'peer' ? ms[name] : ms.stator
}

export async function throughput(context: Context): Promise<void> {
  const { results, progress } = context
  const sides = await startSides(context)
  const { peer, stator, statorNoLog } = sides
  const databaseUrl = databaseUrlOf(stator)
  const present = (names: readonly SideName[]): Side[] =>
    names.flatMap((name) => (sides[name] === undefined ? [] : [sides[name]]))

  const heartbeatSides = present(['floor', 'stator', 'stator201', 'statorNoLog'])
  await warmUps(context, 'heartbeat', heartbeatSides)
  await rounds(context, 'heartbeat', heartbeatSides, results.heartbeat)
  await bareCommit(context, databaseUrl)
  const since = await databaseNow(databaseUrl)
  const meterSides = present(['floor', 'peer', ...statorSides])
  await warmUps(context, 'meter', meterSides)
  await tidyDatabase(databaseUrl)
  await rounds(context, 'meter', meterSides, results.meter)
  await bareCommit(context, databaseUrl)
  const batches = await batchSizes(databaseUrl, 'meter_values', since)
  if (batches !== null) results.batches.stator = batches
  await atHalf(context, stator, results.meter.stator ?? [], results.half)
  await bareCommit(context, databaseUrl)
  await atHalf(context, statorNoLog, results.meter.statorNoLog ?? [], results.halfNoLog)

  for (const side of present(statorSides)) await auditSide(context, side, 'stator')
  if (peer !== undefined) await auditSide(context, peer, 'peer')
  for (const { fleet } of present([...statorSides, 'floor', 'peer'])) fleet.close()
  progress.step('stopping the servers', 2)
  for (const { subject } of present(['floor', 'peer', 'statorNoLog', 'statorUnpinned'])) await subject.stop()
  await day(context, stator.subject)
  await stator.subject.stop()
}

interface Sides extends Partial<Record<SideName, Side>> {
  readonly floor: Side
  readonly stator: Side
  readonly statorNoLog: Side
}

/** Starts every server and connects its stations. Only the one whose turn it is sends. */
async function startSides(context: Context): Promise<Sides> {
  const { size, progress, postgres, atEnd } = context
  progress.step('starting the servers', 12)
  const identities = identitiesOf(prefix, size.stations)
  const connected = async (name: SideName, subject: Subject): Promise<Side> => {
    const is201 = name === 'stator201'
    const fleet = await connectedFleet(subject, {
      stations: size.stations,
      identityPrefix: is201 ? prefix201 : prefix,
      version: is201 ? '2.0.1' : '1.6',
    })
    atEnd(() => fleet.close())
    return { name, subject, fleet }
  }
  const started = async (name: SideName, starting: Promise<Subject>): Promise<Side> => {
    const subject = await starting
    atEnd(() => subject.stop())
    return connected(name, subject)
  }
  const known = [...identities, ...identitiesOf(prefix201, size.stations)]
  const stator = await started('stator', startSubject('stator', postgres, { identities: known }))
  const noLog = { identities, databaseName: 'stator_no_log', settings: { OCPP__MessageLog: 'false' } }
  const unpinned = { identities, databaseName: 'stator_unpinned', core: null }
  return {
    floor: await started('floor', startFloorSubject()),
    stator,
    stator201: await connected('stator201', stator.subject),
    statorNoLog: await started('statorNoLog', startSubject('stator', postgres, noLog)),
    ...(Bun.which('node') === null
      ? {}
      : { peer: await started('peer', startSubject('peer', postgres, { identities: [] })) }),
    // Without pinning every server has all cores.
    ...(serverCore === null
      ? {}
      : { statorUnpinned: await started('statorUnpinned', startSubject('stator', postgres, unpinned)) }),
  }
}

function databaseUrlOf({ subject }: Side): string {
  return subject.database?.url ?? ''
}

async function bareCommit({ size, results, progress }: Context, databaseUrl: string): Promise<void> {
  progress.step('bare commits', 1)
  const latency = await bareCommits(databaseUrl, size.bareCommits)
  if (latency !== null) results.bareCommitMs.push(latency)
}

/** Meter values at half of the rate of the closed loop. */
async function atHalf(
  context: Context,
  side: Side,
  closed: readonly Measurement[],
  into: Measurement[],
): Promise<void> {
  const ratePerSecond = Math.max(1, Math.round(median(closed.map(metersPerSecond)) / 2))
  await tidyDatabase(databaseUrlOf(side))
  for (let round = 1; round <= context.size.rounds; round++) {
    const name = `meter at half of saturation: ${sideLabels[side.name]}, round ${round} of ${context.size.rounds}`
    into.push(await one(context, side, name, { kind: 'open', ratePerSecond }, context.size.halfMs))
  }
}

async function auditSide({ results, progress }: Context, side: Side, which: Audited): Promise<void> {
  progress.step(`audit of ${sideLabels[side.name]}`, 4)
  results.audits[`${sideLabels[side.name]}, meter`] = await audit(which, databaseUrlOf(side), side.fleet, new Date(0))
}

/** The `day` mix: one measurement, with an audit. */
async function day(context: Context, subject: Subject): Promise<void> {
  const { size, results } = context
  const databaseUrl = subject.database?.url ?? ''
  const since = await databaseNow(databaseUrl)
  const fleet = await connectedFleet(subject, { stations: size.stations, identityPrefix: prefix })
  context.atEnd(() => fleet.close())
  const side: Side = { name: 'stator', subject, fleet }
  await warmUp(context, side, 'day', 'day: Stator warms up', size.othersWarmUpMs)
  results.others.push(await one(context, side, 'day: Stator', { kind: 'closed' }, size.durationMs))
  results.audits['Stator, day'] = await audit('stator', databaseUrl, fleet, since)
  fleet.close()
}

async function warmUps(context: Context, mix: 'heartbeat' | 'meter', sides: readonly Side[]): Promise<void> {
  const ms = mix === 'heartbeat' ? context.size.heartbeatWarmUpMs : context.size.meterWarmUpMs
  for (const side of sides) {
    const sideMs = warmUpMsOf(side.name, ms, context.size.othersWarmUpMs)
    await warmUp(context, side, mix, `${mix}: ${sideLabels[side.name]} warms up`, sideMs)
  }
}

/** All sides in turn, several times over. */
async function rounds(context: Context, mix: MixName, sides: readonly Side[], into: Rounds): Promise<void> {
  const { size } = context
  for (let round = 1; round <= size.rounds; round++) {
    for (const side of sides) {
      const name = `${mix}: ${sideLabels[side.name]}, round ${round} of ${size.rounds}`
      const measurement = await one(context, side, name, { kind: 'closed' }, size.durationMs)
      into[side.name] = [...(into[side.name] ?? []), measurement]
    }
  }
}

// A server is compiled while it runs: the first seconds are not typical.
async function warmUp(
  { size, progress }: Context,
  { fleet }: Side,
  mix: MixName,
  name: string,
  ms: number,
): Promise<void> {
  progress.step(name, ms / 1_000)
  fleet.play(mix, size.samples)
  fleet.begin({ kind: 'closed' })
  await Bun.sleep(ms)
  await fleet.settle(30_000)
}

function one(context: Context, side: Side, name: string, loop: Loop, durationMs: number): Promise<Measurement> {
  const { size, progress } = context
  progress.step(name, (size.warmUpMs + durationMs) / 1_000)
  return measure(side.fleet, {
    loop,
    warmUpMs: size.warmUpMs,
    durationMs,
    sliceMs,
    serverPid: side.subject.server.pid,
    databasePid: side.subject.database?.pid ?? null,
    ...(side.name === 'statorUnpinned' ? { serverHasCore: false } : {}),
    onSlice: ({ messagesPerSecond }) => progress.note(`${Math.round(messagesPerSecond).toLocaleString('en')}/s`),
  })
}
