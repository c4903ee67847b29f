// The audit: after a run, everything that was acknowledged must be in the database, once and unaltered.

import { Client } from 'pg'
import type { Fleet } from '../generator/fleet.ts'
import { type Findings, sumOf } from './comparison.ts'
import { auditPeer } from './peer.ts'
import { auditStator } from './stator.ts'

/** Stations that are compared at a time: the messages of one chunk are held in memory. */
const stationsAtOnce = 100

export type Audited = 'stator' | 'peer'

/** The time of a database now: the beginning of a run, by its own clock. */
export async function databaseNow(databaseUrl: string): Promise<Date> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ now: Date }>('SELECT now()')
    return rows[0]?.now ?? new Date(0)
  })
}

/** Compares what the fleet sent with the database of the server. No message of the fleet may be under way. */
export function audit(which: Audited, databaseUrl: string, fleet: Fleet, since: Date): Promise<Findings> {
  return withClient(databaseUrl, async (client) => {
    const findings: Findings[] = []
    for (let from = 0; from < fleet.ledgers.length; from += stationsAtOnce) {
      const ledgers = fleet.ledgers.slice(from, from + stationsAtOnce)
      const { dialect } = fleet
      findings.push(
        which === 'peer'
          ? await auditPeer(client, ledgers, dialect)
          : await auditStator(client, { ledgers, dialect, since }),
      )
    }
    return sumOf(findings)
  })
}

async function withClient<T>(databaseUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
