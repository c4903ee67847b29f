// The cost of the number of stations: memory per station, CPU per message with few and with many stations, and a
// reconnect storm.

import { audit, databaseNow } from '../audit/audit.ts'
import { residentKib } from '../cpu.ts'
import { measure, type Measurement } from '../measure.ts'
import { tidyDatabase } from '../servers/database.ts'
import { startSubject } from '../servers/start.ts'
import { settledResidentKib, storm } from '../storm.ts'
import { connectedFleet, type Context, identitiesOf } from './context.ts'
import { filesMax } from './results.ts'

const prefix = 'FLEET'
const measurements = 3

/** Files that a server or the generator opens besides the sockets of stations. */
const otherFiles = 300

/** How many of these stations the limits of a process allow: each is an open file on both sides. */
export function affordable(stations: number, files: number): number {
  return Math.min(stations, Math.max(1, files - otherFiles))
}

/** Roughly how long it takes, in seconds. */
export function fleetSeconds({ fleet, manyStations, fleetSettleMs, warmUpMs, fixedMs }: Context['size']): number {
  return 6 + (3 * fleet + manyStations) / 2_500 + (2 * fleetSettleMs + 2 * measurements * (warmUpMs + fixedMs)) / 1_000
}

export async function fleetSize(context: Context): Promise<void> {
  const { size, results, progress, postgres } = context
  progress.step('a fresh server for many stations', 2)
  const fleetStations = affordable(size.fleet, filesMax())
  const manyStations = affordable(size.manyStations, filesMax())
  const subject = await startSubject('stator', postgres, {
    identities: identitiesOf(prefix, Math.max(fleetStations, manyStations)),
    databaseName: 'fleet',
  })
  context.atEnd(() => subject.stop())
  const databaseUrl = subject.database?.url ?? ''
  const { pid } = subject.server
  const since = await databaseNow(databaseUrl)

  const residentKibBefore = residentKib(pid)
  progress.step(`${fleetStations} stations connect and boot`, fleetStations / 2_500)
  const fleet = await connectedFleet(subject, { stations: fleetStations, identityPrefix: prefix })
  context.atEnd(() => fleet.close())
  progress.step('memory settles', size.fleetSettleMs / 1_000)
  results.memory = {
    stations: fleetStations,
    residentKibBefore,
    residentKibAfter: await settledResidentKib(pid, size.fleetSettleMs),
  }
  progress.step(`storm of ${fleetStations} stations`, fleetStations / 2_500)
  results.storm = await storm(fleet, pid)
  results.audits['Stator, storm'] = await audit('stator', databaseUrl, fleet, since)
  fleet.close()

  for (const [stations, into] of [
    [size.fewStations, results.few],
    [manyStations, results.many],
  ] as const) {
    await atFixedRate(context, subject, stations, into)
  }
  await subject.stop()
}

async function atFixedRate(
  { size, progress, atEnd }: Context,
  subject: Awaited<ReturnType<typeof startSubject>>,
  stations: number,
  into: Measurement[],
): Promise<void> {
  progress.step(`${stations} stations connect and boot`, stations / 2_500)
  const fleet = await connectedFleet(subject, { stations, identityPrefix: prefix })
  atEnd(() => fleet.close())
  await tidyDatabase(subject.database?.url ?? '')
  fleet.play('meter', size.samples)
  for (let count = 1; count <= measurements; count++) {
    progress.step(
      `meter at ${size.fixedRatePerSecond}/s, ${stations} stations, ${count} of ${measurements}`,
      (size.warmUpMs + size.fixedMs) / 1_000,
    )
    into.push(
      await measure(fleet, {
        loop: { kind: 'open', ratePerSecond: size.fixedRatePerSecond },
        warmUpMs: size.warmUpMs,
        durationMs: size.fixedMs,
        serverPid: subject.server.pid,
        databasePid: subject.database?.pid ?? null,
      }),
    )
  }
  fleet.close()
}
