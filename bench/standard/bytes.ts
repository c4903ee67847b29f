// What a meter sample takes on disk: in all tables, their indexes and the message log, in a database that holds hardly
// anything else.

import { Client } from 'pg'
import type { Fleet } from '../generator/fleet.ts'
import { mergeLines } from '../message-blocks.ts'
import { tableSizes } from '../reads/disk.ts'
import { startSubject } from '../servers/start.ts'
import { connectedFleet, type Context, identitiesOf } from './context.ts'
import type { BytesResult } from './results.ts'

const prefix = 'BYTES'
/** So many that no charging ends while it is measured. */
const samples = 100_000
const settleMsMax = 30_000
const versions = ['1.6', '2.0.1'] as const

/** Roughly how long it takes, in seconds. */
export function bytesSeconds({ bytesMs }: Context['size']): number {
  return versions.length * (8 + (1.25 * bytesMs) / 1_000)
}

export async function bytesOnDisk(context: Context): Promise<void> {
  for (const version of versions) context.results.bytes[version] = await bytesOf(context, version)
}

async function bytesOf(
  { size, postgres, progress, atEnd }: Context,
  version: (typeof versions)[number],
): Promise<BytesResult> {
  progress.step(`bytes on disk of meter samples, OCPP ${version}`, 8 + (1.25 * size.bytesMs) / 1_000)
  const subject = await startSubject('stator', postgres, {
    identities: identitiesOf(prefix, size.stations),
    databaseName: `bytes_${version.replaceAll('.', '_')}`,
  })
  atEnd(() => subject.stop())
  const fleet = await connectedFleet(subject, { stations: size.stations, identityPrefix: prefix, version })
  atEnd(() => fleet.close())
  const url = subject.database?.url ?? ''
  fleet.play('meter', samples)
  // Every charging begins.
  await send(fleet, size.bytesMs / 4)
  const before = await sizesOf(url)
  await send(fleet, size.bytesMs)
  fleet.close()
  // It writes the rest of its message log.
  await subject.stop()
  const after = await sizesOf(url)
  const messages = (after.get('meter_values')?.rows ?? 0) - (before.get('meter_values')?.rows ?? 0)
  const tables = [...after].flatMap(([table, { bytes, indexBytes }]) => {
    const { bytes: bytesBefore = 0, indexBytes: indexBytesBefore = 0 } = before.get(table) ?? {}
    const total = (bytes - bytesBefore) / messages
    const ofIndexes = (indexBytes - indexBytesBefore) / messages
    return total === 0 ? [] : [{ table, bytes: total - ofIndexes, indexBytes: ofIndexes }]
  })
  return { messages, tables }
}

async function send(fleet: Fleet, ms: number): Promise<void> {
  fleet.begin({ kind: 'closed' })
  await Bun.sleep(ms)
  await fleet.settle(settleMsMax)
}

type Sizes = ReadonlyMap<string, Awaited<ReturnType<typeof tableSizes>>[number]>

/** With the message log merged as Stator merges it by and by. */
async function sizesOf(databaseUrl: string): Promise<Sizes> {
  await mergeLines(databaseUrl)
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('CHECKPOINT')
    return new Map((await tableSizes(client)).map((size) => [size.table, size]))
  } finally {
    await client.end()
  }
}
