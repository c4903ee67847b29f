// Side by side: the floor, the peer and Stator under the same load, one after the other and in rounds, so that whatever the
// machine does besides falls on all of them.

import { audit, databaseNow } from '../audit/audit.ts'
import type { Fleet } from '../generator/fleet.ts'
import type { MixName } from '../generator/mixes.ts'
import type { Loop } from '../generator/schedule.ts'
import { type Measurement, measure } from '../measure.ts'
import { tidyDatabase } from '../servers/database.ts'
import { startFloorSubject, startSubject, type Subject } from '../servers/start.ts'
import { bareCommits } from './bare-commit.ts'
import { batchSizes } from './batches.ts'
import { connectedFleet, type Context, identitiesOf } from './context.ts'
import { median, type Rounds, type ServerName } from './results.ts'
import { metersPerSecond } from './verdicts.ts'

const prefix = 'BENCH'
const prefix201 = 'BENCH201'
const sliceMs = 250

/** Roughly how long it takes, in seconds. */
export function throughputSeconds({ rounds, ...size }: Context['size']): number {
  const warmUps = [size.heartbeatWarmUpMs, size.meterWarmUpMs].flatMap((ms) => Object.values(ms))
  const closed = warmUps.reduce((sum, ms) => sum + ms, 0) + 5 * rounds * (size.warmUpMs + size.durationMs)
  const open = rounds * (size.warmUpMs + size.halfMs)
  const others = 2 * (size.othersWarmUpMs + size.warmUpMs + size.durationMs)
  return 20 + (closed + open + others) / 1_000
}

interface Side {
  readonly name: ServerName
  readonly subject: Subject
  readonly fleet: Fleet
}

export async function throughput(context: Context): Promise<void> {
  const { size, results, progress, postgres } = context
  progress.step('starting the servers', 8)
  const identities = identitiesOf(prefix, size.stations)
  const add = async (name: ServerName, starting: Promise<Subject>): Promise<Side> => {
    const subject = await starting
    context.atEnd(() => subject.stop())
    const fleet = await connectedFleet(subject, { stations: size.stations, identityPrefix: prefix })
    context.atEnd(() => fleet.close())
    return { name, subject, fleet }
  }
  const known = [...identities, ...identitiesOf(prefix201, size.stations)]
  const floor = await add('floor', startFloorSubject())
  const peer = Bun.which('node') === null ? null : await add('peer', startSubject('peer', postgres, { identities: [] }))
  const stator = await add('stator', startSubject('stator', postgres, { identities: known }))
  const databaseUrl = stator.subject.database?.url ?? ''
  const theBeginning = new Date(0)

  const bare = async (): Promise<void> => {
    const latency = await bareCommits(databaseUrl, size.bareCommits)
    if (latency !== null) results.bareCommitMs.push(latency)
  }

  await warmUps(context, 'heartbeat', [floor, stator])
  await rounds(context, 'heartbeat', [floor, stator], results.heartbeat)
  progress.step('bare commits', 1)
  await bare()
  const since = await databaseNow(databaseUrl)
  const sides = peer === null ? [floor, stator] : [floor, peer, stator]
  await warmUps(context, 'meter', sides)
  await tidyDatabase(databaseUrl)
  await rounds(context, 'meter', sides, results.meter)
  await bare()
  const batches = await batchSizes(databaseUrl, 'meter_values', since)
  if (batches !== null) results.batches.stator = batches

  const ratePerSecond = Math.max(1, Math.round(median((results.meter.stator ?? []).map(metersPerSecond)) / 2))
  await tidyDatabase(databaseUrl)
  for (let round = 1; round <= size.rounds; round++) {
    const name = `meter at half of saturation, Stator, round ${round} of ${size.rounds}`
    results.half.push(await one(context, stator, name, { kind: 'open', ratePerSecond }, size.halfMs))
  }
  await bare()

  progress.step('audit', 4)
  results.audits['Stator, meter'] = await audit('stator', databaseUrl, stator.fleet, theBeginning)
  if (peer !== null && peer.subject.database !== null) {
    results.audits['peer, meter'] = await audit('peer', peer.subject.database.url, peer.fleet, theBeginning)
    peer.fleet.close()
    await peer.subject.stop()
  }
  floor.fleet.close()
  stator.fleet.close()
  await floor.subject.stop()
  await others(context, stator.subject)
  await stator.subject.stop()
}

/** The other mixes: one measurement each of Stator alone, with an audit. */
async function others(context: Context, subject: Subject): Promise<void> {
  const { size, results } = context
  const databaseUrl = subject.database?.url ?? ''
  const variants = [
    { mix: 'meter', version: '2.0.1', identityPrefix: prefix201 },
    { mix: 'day', version: '1.6', identityPrefix: prefix },
  ] as const
  for (const { mix, ...options } of variants) {
    const since = await databaseNow(databaseUrl)
    const fleet = await connectedFleet(subject, { stations: size.stations, ...options })
    context.atEnd(() => fleet.close())
    const side: Side = { name: 'stator', subject, fleet }
    const name = `${mix}, OCPP ${options.version}, Stator`
    await warmUp(context, side, mix, name, size.othersWarmUpMs)
    results.others.push(await one(context, side, name, { kind: 'closed' }, size.durationMs))
    results.audits[`Stator, ${mix}, ${options.version}`] = await audit('stator', databaseUrl, fleet, since)
    fleet.close()
  }
}

async function warmUps(context: Context, mix: 'heartbeat' | 'meter', sides: readonly Side[]): Promise<void> {
  const ms = mix === 'heartbeat' ? context.size.heartbeatWarmUpMs : context.size.meterWarmUpMs
  for (const side of sides) await warmUp(context, side, mix, `${mix}: ${side.name} warms up`, ms[side.name])
}

/** All sides in turn, several times over. */
async function rounds(context: Context, mix: MixName, sides: readonly Side[], into: Rounds): Promise<void> {
  const { size } = context
  for (let round = 1; round <= size.rounds; round++) {
    for (const side of sides) {
      const name = `${mix}: ${side.name}, round ${round} of ${size.rounds}`
      const measurement = await one(context, side, name, { kind: 'closed' }, size.durationMs)
      into[side.name] = [...(into[side.name] ?? []), measurement]
    }
  }
}

// A server is compiled while it runs: the first seconds are not what it costs.
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
    onSlice: ({ messagesPerSecond }) => progress.note(`${Math.round(messagesPerSecond).toLocaleString('en')}/s`),
  })
}
