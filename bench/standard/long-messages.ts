// Whether workers pay off: Stator on all cores, stations that send long messages in a closed loop (samples with the end
// of a transaction, reports of the device model), and others that send heartbeats at a fixed rate. The same is measured
// without workers.

import { availableParallelism } from 'node:os'
import { audit } from '../audit/audit.ts'
import type { Fleet } from '../generator/fleet.ts'
import { measure } from '../measure.ts'
import { tidyDatabase } from '../servers/database.ts'
import { startSubject, type Subject } from '../servers/start.ts'
import { connectedFleet, type Context, identitiesOf } from './context.ts'
import type { LongRound, LongSide } from './results.ts'

const versions = ['1.6', '2.0.1'] as const
const othersRatePerSecond = 1_000

const sides: readonly { readonly name: LongSide; readonly label: string; readonly settings: Record<string, string> }[] =
  [
    { name: 'workers', label: 'Stator on all cores', settings: {} },
    { name: 'noWorkers', label: 'Stator on all cores, no workers', settings: { Workers__PoolSize: '0' } },
  ]

// Read before this process moves to one core.
const cores = availableParallelism()

interface Side {
  readonly name: LongSide
  readonly label: string
  readonly subject: Subject
  /** Those that send long messages, one fleet for each version. */
  readonly long: readonly Fleet[]
  readonly others: Fleet
}

/** Roughly how long it takes, in seconds. */
export function longMessagesSeconds({ rounds, longWarmUpMs, warmUpMs, longMs }: Context['size']): number {
  return cores < 2 ? 0 : 12 + (2 * (longWarmUpMs + rounds * (warmUpMs + longMs))) / 1_000
}

export async function longMessages(context: Context): Promise<void> {
  // On one core there are no workers.
  if (cores < 2) return
  const { size, results, progress } = context
  const started: Side[] = []
  for (const side of sides) {
    progress.step(`starting ${side.label}`, 4)
    started.push(await startSide(context, side))
  }
  for (const side of started) await talk(context, side, 'warms up', size.longWarmUpMs)
  for (const { subject } of started) await tidyDatabase(subject.database?.url ?? '')
  for (let round = 1; round <= size.rounds; round++) {
    for (const side of started) {
      results.longMessages[side.name].push(await talk(context, side, `round ${round} of ${size.rounds}`, size.longMs))
    }
  }
  for (const { label, subject, long, others } of started) {
    for (const [index, fleet] of long.entries()) {
      const key = `${label}, long messages, OCPP ${versions[index] ?? ''}`
      results.audits[key] = await audit('stator', subject.database?.url ?? '', fleet, new Date(0))
      fleet.close()
    }
    others.close()
    await subject.stop()
  }
}

async function startSide(context: Context, side: (typeof sides)[number]): Promise<Side> {
  const { size, postgres, atEnd } = context
  const { name, label, settings } = side
  const prefixes = { '1.6': 'LONG16', '2.0.1': 'LONG201', others: 'OTHER' } as const
  const subject = await startSubject('stator', postgres, {
    identities: Object.values(prefixes).flatMap((prefix) => identitiesOf(prefix, size.longStations)),
    databaseName: `stator_long_${name.toLowerCase()}`,
    settings,
    core: null,
  })
  atEnd(() => subject.stop())
  const fleetOf = async (identityPrefix: string, version: (typeof versions)[number]): Promise<Fleet> => {
    const fleet = await connectedFleet(subject, { stations: size.longStations, identityPrefix, version })
    atEnd(() => fleet.close())
    return fleet
  }
  const long: Fleet[] = []
  for (const version of versions) {
    const fleet = await fleetOf(prefixes[version], version)
    fleet.play('long', size.samples)
    long.push(fleet)
  }
  const others = await fleetOf(prefixes.others, '1.6')
  others.play('heartbeat', size.samples)
  return { name, label, subject, long, others }
}

/** All fleets send; returns the figures of the heartbeats. */
async function talk({ size, progress }: Context, side: Side, what: string, durationMs: number): Promise<LongRound> {
  const { subject, long, others, label } = side
  progress.step(`long messages: ${label}, ${what}`, (size.warmUpMs + durationMs) / 1_000)
  const beganMs = performance.now()
  for (const fleet of long) {
    fleet.recorder.reset()
    fleet.begin({ kind: 'closed' })
  }
  const measured = await measure(others, {
    loop: { kind: 'open', ratePerSecond: othersRatePerSecond },
    warmUpMs: size.warmUpMs,
    durationMs,
    serverPid: subject.server.pid,
    databasePid: subject.database?.pid ?? null,
    serverHasCore: false,
  })
  const counts = long.flatMap(({ recorder }) => Object.values(recorder.byAction))
  const messages = counts.reduce((sum, count) => sum + count, 0)
  const messagesPerSecond = (messages * 1_000) / (performance.now() - beganMs)
  for (const fleet of long) await fleet.settle(30_000)
  return { others: measured, messagesPerSecond }
}
